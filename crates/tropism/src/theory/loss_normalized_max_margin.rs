//! Loss-normalised gradient steps reach the ℓ2 max margin at rate `O(1/k)`.
//!
//! With `η_k = c / L_k`, gradient descent on separable data and an exponential tail has a margin gap of `O(1/k)`
//! after `k` steps: a primal-dual ascent on the margin.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential tail, separable data, loss-normalised constant steps `c` at most one over
//! the relative smoothness.
//! Source: Ji, Telgarsky 2019 (arXiv 1906.04540), for the exponential loss.
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: not separable, another tail: out of scope.
//! Example: `optimizer.schedule = "loss_normalized"`.

use super::case::{Case, Check};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::terms::{Rate, RateClock};

/// See the module header.
pub struct LossNormalizedMaxMargin;

impl Theorem for LossNormalizedMaxMargin {
    fn source(&self) -> &'static str {
        "Ji, Telgarsky 2019 (arXiv 1906.04540)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.plain_gradient(false),
            case.schedule("steps c / L", 0.0, 1.0),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            case.short_normalized_steps(),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the direction tends to the ℓ2 max-margin direction with a margin gap of O(1/k) after k steps.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: Some(Rate {
                law: "gap = O(1 / k)".into(),
                clock: RateClock::Steps,
                exponent: -1.0,
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
                kind = "gradient_descent"
                schedule = "loss_normalized"
                [horizon]
                steps = 20000
            "#,
            counter: r#"
                theorem = "loss_normalized_max_margin"
                [data]
                kind = "overlapping"
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_descent"
                schedule = "loss_normalized"
            "#,
            broken: "separable data",
        }
    }
}
