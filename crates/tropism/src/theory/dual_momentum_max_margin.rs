//! Momentum in the dual reaches the ℓ2 max margin at rate `O(1/k²)`, up to logarithms.
//!
//! Dual acceleration on the exponential loss of separable data is Nesterov's method on the dual of the max-margin
//! program. From zero and with `η = 1/B²`, `B` the longest sample, the margin gap after `k` steps is at most
//! `4 B² (1 + ln n)(1 + 2 ln(k + 1)) / (γ (k + 1)²)`.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential loss, separable data, start at zero, step at most `1/B²`.
//! Source: Ji, Srebro, Telgarsky 2021 (arXiv 2107.00595); the constants are scaled from `B = 1`.
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: not separable, a tail that is not exponential: out of scope; another loss with that tail, another start, a longer
//! step: unchecked.
//! Example: `optimizer.kind = "dual_momentum"`, `loss.kind = "exponential"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::optimizers::Acceleration;
use crate::terms::{Holds, Rate, RateClock};

/// See the module header.
pub struct DualMomentumMaxMargin;

impl Theorem for DualMomentumMaxMargin {
    fn source(&self) -> &'static str {
        "Ji, Srebro, Telgarsky 2021 (arXiv 2107.00595)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let dual = case.optimizer.acceleration == Some(Acceleration::Dual);
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            scope(check(
                "dual momentum",
                holds(dual),
                format!("the optimizer is `{}`", case.setup.spec.optimizer.id()),
            )),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            case.short_normalized_steps(),
            exponential_loss(case),
            from_zero(case),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the direction tends to the ℓ2 max-margin direction with a margin gap of O(log k / k²) after k steps."
                .into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: Some(Rate {
                law: "gap = O(log k / k²)".into(),
                clock: RateClock::Steps,
                exponent: -2.0,
                upper_bound_only: true,
            }),
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
                kind = "dual_momentum"
                [horizon]
                steps = 5000
            "#,
            counter: r#"
                theorem = "dual_momentum_max_margin"
                [data]
                kind = "overlapping"
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "dual_momentum"
                [horizon]
                steps = 1000
            "#,
            broken: "separable data",
        }
    }
}

/// The proof is for `∇L/L`, which is the mean of the samples under the dual weights only for the exponential loss.
fn exponential_loss(case: &Case) -> Check {
    let id = case.setup.spec.loss.loss.id();
    let verdict = if id == "exponential" { Holds::Yes } else { Holds::Unchecked };
    check("exponential loss", verdict, format!("the loss is `{id}`"))
}

fn from_zero(case: &Case) -> Check {
    let zero = case.setup.theta0.iter().all(|&w| w == 0.0);
    let verdict = if zero { Holds::Yes } else { Holds::Unchecked };
    check("start at zero", verdict, "every weight of the start was looked at")
}
