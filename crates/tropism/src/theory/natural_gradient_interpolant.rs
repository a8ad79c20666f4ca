//! On a linear model the natural gradient ends at the interpolant nearest to its start, whatever its step and damping.
//!
//! `w ← w − η (XᵀX/n + δI)⁺ Xᵀ(Xw − y)/n` stays in `w₀ + rowspace(X)`, and each mode's residual shrinks by `1 − η σ²/(σ² + nδ)`, which
//! lies in `(−1, 1)` for `0 < η < 2`: the limit is `w₀ + X⁺(y − Xw₀)`, as for gradient descent, at a speed that does not depend on
//! the data where δ = 0.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, squared loss, full batch, constant step, equations that have a solution.
//! Source: elementary, as above; cf. Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1802.08246), §2.
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: none.
//! Example: `optimizer.kind = "natural_gradient"`, `optimizer.step_size = 0.5`, `loss.kind = "squared"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::optimizers::Geometry;

/// See the module header.
pub struct NaturalGradientInterpolant;

impl Theorem for NaturalGradientInterpolant {
    fn source(&self) -> &'static str {
        "elementary; cf. Gunasekar, Lee, Soudry, Srebro 2018, §2 (arXiv 1802.08246)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("squared loss", Task::Regression),
            natural_steps(case),
            case.constant_steps(),
            case.interpolating(),
            short_steps(case),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement:
                "the run ends at the interpolant nearest to its start in ℓ2, whatever its step and damping."
                    .into(),
            program: ProgramSpec::MinNormInterpolant { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "dense_regression"
                n = 10
                d = 30
                [loss]
                kind = "squared"
                [optimizer]
                kind = "natural_gradient"
                step_size = 0.5
                damping = 0.1
                [horizon]
                steps = 20000
            "#,
            counter: r#"
                [data]
                kind = "dense_regression"
                n = 10
                d = 30
                [loss]
                kind = "squared"
                [optimizer]
                kind = "natural_gradient"
                step_size = 2.1
                [horizon]
                steps = 100
            "#,
            broken: "step size below two",
        }
    }
}

fn natural_steps(case: &Case) -> Check {
    let yes = matches!(case.optimizer.geometry, Geometry::GaussNewton { .. }) && case.optimizer.pure();
    scope(check("natural gradient steps", holds(yes), case.optimizer_words()))
}

fn short_steps(case: &Case) -> Check {
    let step = case.optimizer.schedule.map_or(0.0, |s| s.base);
    check("step size below two", holds(step < 2.0), format!("step size {step}"))
}
