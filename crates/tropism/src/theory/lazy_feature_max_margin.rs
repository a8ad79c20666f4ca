//! A scaled network on separable data turns to the largest margin of its tangent kernel for as long as it is lazy.
//!
//! With outputs multiplied by `s → ∞` and any fixed horizon the gradient flow of a loss with an exponential tail stays near that of the tangent
//! model, whose direction tends to `argmin ‖θ‖₂ s.t. y_i ⟨∇f(θ₀; x_i), θ⟩ ≥ 1`: the margin F2 in the tangent kernel at the start. The way
//! there is `log t` times that solution and grows for ever, while the scale is what it is: at any one scale the network leaves the lazy
//! regime at last. Whether it has not at the horizon is read off the network itself, at that point of the tangent model's way, before the
//! run.
//!
//! Shapes: `J [n × p]`, `K = J Jᵀ [n × n]`.
//! Assumes: a model with one output, scaled or centred, two classes, gradient flow, exponential tail, data that the features
//! separate, and a horizon up to which the network hardly bends.
//! Source: Chizat, Oyallon, Bach 2019 (arXiv 1812.07956), Theorem 2.2, for the distance at a fixed time; Soudry et al. 2018
//! (arXiv 1710.10345), Theorem 3, for the tangent model. The bend is our own evidence for the limit of the former.
//! Units and invariance: invariant under a common factor of features and scale.
//! Errors: features that do not separate the data, another tail, a network that bends before its horizon: out of scope.
//! Example: `model.kind = "two_layer_relu"`, `model.output_scale = 1e8`, `model.centered = true`, `loss.kind = "logistic"`.

use super::case::{Case, Check, check, holds, in_scope, inverse_log_time, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::models::Regime;

/// See the module header.
pub struct LazyFeatureMaxMargin;

impl Theorem for LazyFeatureMaxMargin {
    fn source(&self) -> &'static str {
        "Chizat, Oyallon, Bach 2019 (arXiv 1812.07956)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let regime = case.setup.spec.model.regime;
        let words = format!("output scale {}, centered = {}", regime.output_scale, regime.centered);
        let scope = vec![
            case.nearly_linear(),
            scope(check("scaled or centred outputs", holds(regime != Regime::default()), words)),
            case.task("two classes", Task::Binary),
            case.gradient_flow(),
            case.tail_at_infinity(),
        ];
        if !in_scope(&scope) {
            return scope;
        }
        let conditions = [case.exponential_tail(), case.separable_features(), case.lazy_until_the_horizon()];
        scope.into_iter().chain(conditions).collect()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "up to the horizon the network is as good as linear in its parameters, which turn to the largest margin in the unit ball of \
                        their tangent kernel at the start, with a gap of order 1/log t."
                .into(),
            program: ProgramSpec::KernelMargin,
            claim: Claim::Selected,
            rate: Some(inverse_log_time()),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 20
                d = 3
                [model]
                kind = "two_layer_relu"
                width = 60
                output_scale = 1e8
                centered = true
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e1000"
            "#,
            counter: r#"
                theorem = "lazy_feature_max_margin"
                [data]
                kind = "gaussian_separable"
                n = 20
                d = 3
                [model]
                kind = "two_layer_relu"
                width = 60
                output_scale = 10.0
                centered = true
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e1000"
            "#,
            broken: "lazy until the horizon",
        }
    }
}
