//! Gradient methods on the squared loss of a model linear in fixed features end at the kernel interpolant nearest to their start.
//!
//! With features `φ(x) = ∇_θ f(θ₀; x)` and their kernel `k = ⟨φ, φ⟩`: `f(∞; x) = f₀(x) + k(x, X) K⁻¹ (y − f₀(X))` at every `x`, seen or
//! not, and `θ(∞) = θ₀ + J⁺(y − f₀(X))`. Networks linearised at their start are such models, with the tangent kernel; so are
//! networks of which only the output layer is trained.
//!
//! Shapes: `J [n × p]`, `K [n × n]`, `y [n]`.
//! Assumes: model linear in what is trained, squared loss, interpolation possible, constant step below the stability limit.
//! Source: classical, as `least_squares_nearest_interpolant` in the features; in this form Jacot, Gabriel, Hongler 2018 (arXiv
//! 1806.07572), §5.
//! Units and invariance: invariant under rotations of the features; judged relative to what is added to the start.
//! Errors: equations without a solution, too long a step, a model curved in its parameters: out of scope.
//! Example: `model.kind = "two_layer_relu"`, `model.linearized = true`, `loss.kind = "squared"`, `data.test_fraction = 0.3`.

use super::case::{Case, Check};
use super::least_squares_nearest_interpolant::gradient_steps;
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;

/// See the module header.
pub struct FixedFeatureInterpolant;

impl Theorem for FixedFeatureInterpolant {
    fn source(&self) -> &'static str {
        "classical; Jacot, Gabriel, Hongler 2018, §5 (arXiv 1806.07572)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let scope =
            vec![case.fixed_features(), case.task("squared loss", Task::Regression), gradient_steps(case)];
        if !super::case::in_scope(&scope) {
            return scope;
        }
        let step = if case.mini_batches() { case.stable_batch_step() } else { case.stable_step() };
        let conditions = [case.constant_steps(), case.interpolating_features(), step];
        scope.into_iter().chain(conditions).collect()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the run ends at the kernel interpolant f₀ + k(·, X) K⁻¹ (y − f₀(X)), on held-out inputs as well.".into(),
            program: ProgramSpec::KernelInterpolant,
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "dense_regression"
                n = 24
                d = 5
                test_fraction = 0.5
                [model]
                kind = "two_layer_relu"
                width = 50
                linearized = true
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            counter: r#"
                theorem = "fixed_feature_interpolant"
                [data]
                kind = "dense_regression"
                n = 40
                d = 3
                [model]
                kind = "two_layer_relu"
                width = 10
                trained = "output_layer"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "interpolation is possible",
        }
    }
}
