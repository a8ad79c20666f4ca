//! Steps `η_k ∝ 1/(√k L_k)` reach the ℓ2 max margin at rate `O(log k/√k)`.
//!
//! Normalised gradient descent with decaying steps on separable data and an exponential tail has a margin gap of
//! `O(log k / √k)` after `k` steps.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential tail, separable data, steps `η (k+1)^{-1/2} / L_k`.
//! Source: Nacson, Lee, Gunasekar, Savarese, Srebro, Soudry 2019 (arXiv 1803.01905).
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: not separable, another tail: out of scope.
//! Example: `optimizer.schedule = "loss_normalized"`, `optimizer.power = 0.5`.

use super::case::{Case, Check};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::terms::{Rate, RateClock};

/// See the module header.
pub struct SqrtNormalizedMaxMargin;

impl Theorem for SqrtNormalizedMaxMargin {
    fn source(&self) -> &'static str {
        "Nacson, Lee, Gunasekar, Savarese, Srebro, Soudry 2019 (arXiv 1803.01905)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.plain_gradient(false),
            case.schedule("steps 1 / (√k L)", 0.5, 1.0),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            case.short_normalized_steps(),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the direction tends to the ℓ2 max-margin direction with a margin gap of O(log k / √k) after k steps.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: Some(Rate {
                law: "gap = O(log k / √k)".into(),
                clock: RateClock::Steps,
                exponent: -0.5,
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
                power = 0.5
                [horizon]
                steps = 50000
            "#,
            counter: r#"
                theorem = "sqrt_normalized_max_margin"
                [data]
                kind = "gaussian_separable"
                [loss]
                kind = "polynomial"
                [optimizer]
                kind = "gradient_descent"
                schedule = "loss_normalized"
                power = 0.5
            "#,
            broken: "exponential tail",
        }
    }
}
