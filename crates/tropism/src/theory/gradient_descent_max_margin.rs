//! Gradient descent on separable data turns to the ℓ2 max-margin direction.
//!
//! For gradient descent with a constant step `η < 2/β`, or the gradient flow, on a loss with an exponential tail and
//! separable data: `‖w(t)‖ → ∞` and `w(t)/‖w(t)‖ → ŵ/‖ŵ‖`, `ŵ = argmin ‖w‖₂ s.t. Zw ≥ 1`; the loss is `Θ(1/t)`,
//! `‖w‖ = Θ(log t)`, and for almost all data the margin gap is `Θ(1/log t)`.
//!
//! Shapes: `w [d]`, `Z [n × d]` with rows `y_i x_i`.
//! Assumes: linear model, two classes, exponential tail, separable data, constant step below the stability limit.
//! Momentum with constant step is covered by Wang et al. 2022 (arXiv 2110.03891).
//! Source: Soudry, Hoffer, Nacson, Gunasekar, Srebro 2018 (arXiv 1710.10345), Theorem 3; on degenerate
//! data the gap is `O(log log t / log t)`. Soudry et al. ask for `η < 2/β` for the descent lemma; for momentum we test the
//! stability range of quadratics, `η < 2(1 + β_m)/β`.
//! Units and invariance: invariant under rotations of the inputs and a common scaling of the data.
//! Errors: not separable, another tail, too long a step: out of scope with the hypothesis named.
//! Example: `tropism run experiments/breast-cancer-gd.toml`.

use super::case::{Case, Check, inverse_log_time};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;

/// See the module header.
pub struct GradientDescentMaxMargin;

impl Theorem for GradientDescentMaxMargin {
    fn source(&self) -> &'static str {
        "Soudry, Hoffer, Nacson, Gunasekar, Srebro 2018, Theorem 3 (arXiv 1710.10345)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.plain_gradient(false),
            case.constant_steps(),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            case.stable_step(),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement:
                "w(t)/‖w(t)‖ tends to the ℓ2 max-margin direction ŵ/‖ŵ‖, with a margin gap of order 1/log t."
                    .into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: Some(inverse_log_time()),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "soudry_fig1"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_descent"
                [horizon]
                time = "1e1000"
            "#,
            counter: r#"
                theorem = "gradient_descent_max_margin"
                [data]
                kind = "overlapping"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_descent"
            "#,
            broken: "separable data",
        }
    }
}
