//! Gradient descent on cross-entropy turns to the multiclass Frobenius max margin.
//!
//! With a constant step below the stability limit, or the flow, and separable data: `W/‖W‖_F → Ŵ/‖Ŵ‖_F`, `Ŵ =
//! argmin ‖W‖_F s.t. (W_{y_i} − W_c) x_i ≥ 1` for all `i` and `c ≠ y_i`; gap of order `1/log t`.
//!
//! Shapes: `W [k × d]`.
//! Assumes: linear model, cross-entropy, separable data, constant step below the stability limit.
//! Source: Soudry et al. 2018 (arXiv 1710.10345), its extension to several classes.
//! Units and invariance: invariant under rotations of the inputs and permutations of the classes.
//! Errors: not separable or too long a step: out of scope.
//! Example: `loss.kind = "cross_entropy"`.

use super::case::{Case, Check, inverse_log_time};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;

/// See the module header.
pub struct MulticlassMaxMargin;

impl Theorem for MulticlassMaxMargin {
    fn source(&self) -> &'static str {
        "Soudry, Hoffer, Nacson, Gunasekar, Srebro 2018 (arXiv 1710.10345)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("several classes", Task::Multiclass),
            case.plain_gradient(false),
            case.constant_steps(),
            case.exponential_tail(),
            case.separable(),
            case.stable_step(),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "W(t)/‖W(t)‖ tends to the multiclass Frobenius max-margin direction, with a margin gap of order 1/log t.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: Some(inverse_log_time()),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "multiclass_gaussian"
                class_count = 3
                per_class = 5
                d = 20
                [loss]
                kind = "cross_entropy"
                [optimizer]
                kind = "gradient_descent"
                [horizon]
                time = "1e1000"
            "#,
            counter: r#"
                theorem = "multiclass_max_margin"
                [data]
                kind = "multiclass_gaussian"
                class_count = 3
                per_class = 5
                d = 20
                [loss]
                kind = "cross_entropy"
                [optimizer]
                kind = "gradient_descent"
                step_size = 1e6
            "#,
            broken: "step size below the stability limit",
        }
    }
}
