//! Stochastic gradient descent with a fixed step turns to the ℓ2 max-margin direction.
//!
//! With any fixed small step, with or without replacement, on separable data and an exponential tail, the direction
//! and the rate of SGD are those of gradient descent: `w/‖w‖ → ŵ/‖ŵ‖` with a margin gap of order `1/log t`.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential tail, separable data, fixed step below the stability limit of one batch.
//! Source: Nacson, Srebro, Soudry 2019 (arXiv 1806.01796), Theorem 2, for sampling without replacement; with replacement
//! the same limit holds almost surely.
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: not separable, another tail, too long a step: out of scope.
//! Example: `optimizer.kind = "sgd"`.

use super::case::{Case, Check, check, holds, inverse_log_time};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;

/// See the module header.
pub struct SgdMaxMargin;

impl Theorem for SgdMaxMargin {
    fn source(&self) -> &'static str {
        "Nacson, Srebro, Soudry 2019, Theorem 2 (arXiv 1806.01796)"
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
            batch_step(case),
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

/// The largest stable step of one batch: `n / batch` times smaller than that of the full loss in the worst case.
fn batch_step(case: &Case) -> Check {
    let name = "step size below the stability limit of one batch";
    let batch = case.optimizer.flow.and_then(|f| f.batch).unwrap_or(1) as f64;
    let limit = 2.0 * batch / (case.setup.curvature.smoothness * case.setup.data.n() as f64);
    let step = case.optimizer.schedule.map_or(0.0, |s| s.base);
    // A longer step may still be stable: the bound takes all curvature to sit in one batch.
    let verdict = if step < limit { holds(true) } else { crate::terms::Holds::Unchecked };
    check(name, verdict, format!("step size {step:.6} against the sufficient 2 batch/(n smoothness) = {limit:.6}"))
}
