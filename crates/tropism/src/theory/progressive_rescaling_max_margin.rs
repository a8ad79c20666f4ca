//! Progressive rescaling reaches the ℓ2 max margin exponentially fast.
//!
//! Normalised gradient steps between rescalings of `w` to an ever larger radius: far out the softmax weights of all samples
//! but the support vectors vanish, what pulls `w` back to the max-margin direction does not, and the margin gap falls
//! like `e^{-Ω(k)}` in the number of steps, where plain normalisation has `1/k`.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential loss, separable data.
//! Source: Wang, Min, Wu, ICML 2024 (arXiv 2311.14387). The radii and periods of the theorem depend on constants of the data that are
//! not known beforehand; ours grow by a fixed factor, so the rate is not put to the test, only the limit.
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: not separable, a tail that is not exponential: out of scope; another loss with that tail: unchecked. Periods too short for the growth freeze the direction:
//! such a run never counts as settled elsewhere, it is undecided.
//! Example: `optimizer.kind = "progressive_rescaling"`, `loss.kind = "exponential"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::optimizers::Acceleration;
use crate::terms::Holds;

/// See the module header.
pub struct ProgressiveRescalingMaxMargin;

impl Theorem for ProgressiveRescalingMaxMargin {
    fn source(&self) -> &'static str {
        "Wang, Min, Wu 2024 (ICML, arXiv 2311.14387)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let rescaling = matches!(case.optimizer.acceleration, Some(Acceleration::Rescaling { .. }));
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            scope(check(
                "progressive rescaling",
                holds(rescaling),
                format!("the optimizer is `{}`", case.setup.spec.optimizer.id()),
            )),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            case.short_normalized_steps(),
            exponential_loss(case),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the direction tends to the ℓ2 max-margin direction exponentially fast in the number of steps.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 40
                d = 5
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "progressive_rescaling"
                [horizon]
                steps = 20000
            "#,
            counter: r#"
                theorem = "progressive_rescaling_max_margin"
                [data]
                kind = "overlapping"
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "progressive_rescaling"
                [horizon]
                steps = 2000
            "#,
            broken: "separable data",
        }
    }
}

/// Proven for the exponential loss; other losses have its weights only up to a factor that tends to one.
fn exponential_loss(case: &Case) -> Check {
    let id = case.setup.spec.loss.loss.id();
    let verdict = if id == "exponential" { Holds::Yes } else { Holds::Unchecked };
    check("exponential loss", verdict, format!("the loss is `{id}`"))
}
