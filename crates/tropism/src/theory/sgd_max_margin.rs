//! Stochastic gradient descent with a fixed step turns to the ℓ2 max-margin direction.
//!
//! With any fixed small step, with or without replacement, on separable data and an exponential tail, the direction
//! and the rate of SGD are those of gradient descent: `w/‖w‖ → ŵ/‖ŵ‖` with a margin gap of order `1/log t`.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential tail, separable data, fixed step below the stability limit of one batch.
//! Source: Nacson, Srebro, Soudry 2019 (arXiv 1806.01796), for smooth losses, sampling with and without replacement. Their
//! bound on the step is not restated; we ask for `η < 2/β`, `β` the smoothness of the most curved batch that can be
//! drawn: then every step is nonexpansive towards all separators (cocoercivity), and `Σ‖g_k‖²` over `k` steps is at
//! most `O(log² k)`. Beyond it, or on a loss without a bound on its curvature, the hypothesis is unchecked.
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: not separable, another tail, too long a step: out of scope.
//! Example: `optimizer.kind = "sgd"`.

use super::case::{Case, Check, inverse_log_time};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;

/// See the module header.
pub struct SgdMaxMargin;

impl Theorem for SgdMaxMargin {
    fn source(&self) -> &'static str {
        "Nacson, Srebro, Soudry 2019 (arXiv 1806.01796)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.plain_gradient(true),
            case.constant_steps(),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            case.stable_batch_step(),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "SGD turns to the ℓ2 max-margin direction like gradient descent, with a margin gap of order 1/log t.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: Some(inverse_log_time()),
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
                kind = "logistic"
                [optimizer]
                kind = "sgd"
                batch = 4
                replacement = false
                [horizon]
                time = "1e1000"
            "#,
            counter: r#"
                theorem = "sgd_max_margin"
                [data]
                kind = "gaussian_separable"
                [loss]
                kind = "polynomial"
                [optimizer]
                kind = "sgd"
            "#,
            broken: "exponential tail",
        }
    }
}
