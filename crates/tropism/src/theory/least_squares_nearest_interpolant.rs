//! Gradient methods on squared loss end at the interpolant nearest to their start.
//!
//! Gradient descent, momentum, SGD with a small constant step and the gradient flow never leave `w₀ + rowspace(X)`;
//! if `Xw = y` has a solution they tend to `w₀ + X⁺(y − Xw₀)`, from zero to the min-norm interpolant.
//!
//! Shapes: `w [d]`, `X [n × d]`.
//! Assumes: linear model, squared loss, interpolation possible, constant step below the stability limit.
//! Source: classical; stated with SGD and momentum in Gunasekar et al. 2018 (arXiv 1802.08246), §2.
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: inconsistent equations (no interpolant) or too long a step: out of scope.
//! Example: `loss.kind = "squared"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::optimizers::Geometry;

/// See the module header.
pub struct LeastSquaresNearestInterpolant;

impl Theorem for LeastSquaresNearestInterpolant {
    fn source(&self) -> &'static str {
        "classical; Gunasekar, Lee, Soudry, Srebro 2018, §2 (arXiv 1802.08246)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("squared loss", Task::Regression),
            gradient_steps(case),
            case.constant_steps(),
            long_run(case),
            case.interpolating(),
            if case.mini_batches() { case.stable_batch_step() } else { case.stable_step() },
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the run ends at the interpolant nearest to its start in ℓ2.".into(),
            program: ProgramSpec::MinNormInterpolant { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "sparse_regression"
                n = 20
                d = 40
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_descent"
            "#,
            counter: r#"
                theorem = "least_squares_nearest_interpolant"
                [data]
                kind = "diabetes"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_descent"
            "#,
            broken: "interpolation is possible",
        }
    }
}

/// Scope: steps along gradients, of all samples or of some, with or without momentum.
pub(super) fn gradient_steps(case: &Case) -> Check {
    let f = &case.optimizer;
    let yes =
        f.geometry == Geometry::Norm(Norm::L2) && !f.normalized && f.pure() && !case.is_regularization_path();
    scope(check(
        "gradient steps",
        holds(yes),
        format!("the optimizer is `{}`", case.setup.spec.optimizer.id()),
    ))
}

/// A flow stopped at a finite time is on its path, not at its limit; that is another theorem's business.
fn long_run(case: &Case) -> Check {
    let stopped = super::spectral_filter_path::stopped_early(case);
    let words = match case.is_gradient_flow() {
        true => "the horizon is beyond the slowest mode's time",
        false => "the steps are discrete; whether they have come to rest is judged in the run",
    };
    scope(check("run to the end", holds(!stopped), words))
}
