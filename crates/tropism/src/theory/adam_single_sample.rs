//! Adam on one sample at a time does *not* maximise the ℓ∞ margin.
//!
//! A negative result: the second moment then averages the squares of single samples' gradients, whose root is not the size
//! of the full gradient's coordinate, so the steps are no signs. The limit depends on the data: on samples whose
//! coordinates are all of one size it is the ℓ2 max margin, in general that of a norm made of the data.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential tail, separable data, one sample a step, `ε = 0`, `β₁ ≤ β₂`, steps `η (k+1)^{-a}` with
//! `0 < a ≤ 1`, several samples and inputs.
//! Source: Baek, Song, Yun 2025 (arXiv 2510.26303), for the data's own order (incremental Adam); another order is unchecked.
//! Units and invariance: does not see the loss's scale; invariant under signed permutations of the inputs.
//! Errors: not separable, another tail, `ε > 0`, larger batches: out of scope. Data on which it does reach the ℓ∞ margin, such as
//! the paper's shifted diagonal ones, come out undecided.
//! Example: `optimizer.kind = "adam"`, `optimizer.epsilon = 0.0`, `optimizer.batch = 1`, `optimizer.order = "cyclic"`.

use super::case::{Case, Check, check, holds};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::optimizers::Order;
use crate::terms::Holds;

/// See the module header.
pub struct AdamSingleSample;

impl Theorem for AdamSingleSample {
    fn source(&self) -> &'static str {
        "Baek, Song, Yun 2025 (arXiv 2510.26303)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let sampling = case.optimizer.sampling;
        let epsilon = case.second_moment().map_or(f64::NAN, |s| s.epsilon);
        let batch = sampling.map_or(0, |s| s.batch);
        let own = sampling.is_some_and(|s| s.order == Order::Cyclic);
        let order = if own { Holds::Yes } else { Holds::Unchecked };
        let (n, d) = (case.setup.data.n(), case.setup.data.d());
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.adam(true),
            case.tail_at_infinity(),
            case.exponential_tail(),
            check("one sample at a time", holds(batch == 1), format!("batches of {batch}")),
            check("no stability constant", holds(epsilon == 0.0), format!("ε = {epsilon:e}")),
            case.separable(),
            case.vanishing_steps(),
            case.longer_second_memory(),
            check("samples in the data's own order", order, format!("{sampling:?}")),
            check("several samples and inputs", holds(n > 1 && d > 1), format!("{n} samples, {d} inputs")),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the limit depends on the data and is in general not the ℓ∞ max-margin direction of full-batch Adam.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::LInf },
            claim: Claim::NotSelected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 20
                d = 5
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "adam"
                epsilon = 0.0
                beta2 = 0.99
                batch = 1
                order = "cyclic"
                step_size = 5.0
                [horizon]
                steps = 400000
            "#,
            counter: r#"
                theorem = "adam_single_sample"
                [data]
                kind = "gaussian_separable"
                n = 20
                d = 5
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "adam"
                epsilon = 0.0
                batch = 5
                order = "cyclic"
                [horizon]
                steps = 1000
            "#,
            broken: "one sample at a time",
        }
    }
}
