//! AdaGrad tends to the max margin of the norm that its own early steps have weighted.
//!
//! The squared gradients of an exponential tail can be summed: `G = Σ g_k²` converges, and with it the metric `D = √G + ε`. From there
//! on AdaGrad is gradient descent in `D^½ w`, and `w/‖w‖` tends to the direction of `argmin Σ D_j w_j² s.t. Zw ≥ 1`. What weighs most
//! in `G` are the first gradients: another start, or another step size, selects another direction; the ℓ2 max margin is none of
//! them but by accident. The program is fixed before the run, `G` is summed along it.
//!
//! Shapes: `w, G [d]`.
//! Assumes: linear model, two classes, all samples at every step, constant step size, no decay and no momentum, exponential tail,
//! separable data. The weights are those of the end of the exact steps; from there the run is continued in their metric, and what
//! the sums would still grow joins the bound on the continuation.
//! Source: Qian, Qian 2019 (arXiv 1905.11545); Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1802.08246), §3.3, for the dependence on
//! the start.
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: not separable: out of scope.
//! Example: `optimizer.kind = "adagrad"`, `horizon.time = "1e10000"`.

use super::case::{Case, Check, check, holds, inverse_log_time, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::terms::Holds;

/// See the module header.
pub struct AdaGradMargin;

impl Theorem for AdaGradMargin {
    fn source(&self) -> &'static str {
        "Qian, Qian 2019 (arXiv 1905.11545); Gunasekar, Lee, Soudry, Srebro 2018, §3.3 (arXiv 1802.08246)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            summed_squares(case),
            case.tail_at_infinity(),
            case.constant_steps(),
            case.exponential_tail(),
            case.separable(),
            continued(case),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "w(t)/‖w(t)‖ tends to the max-margin direction of the norm √(Σ (√G_j + ε) w_j²), G the sum of squared \
                        gradients along the run."
                .into(),
            program: ProgramSpec::AccumulatedMargin,
            claim: Claim::Selected,
            rate: Some(inverse_log_time()),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 30
                d = 8
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "adagrad"
                [horizon]
                time = "1e10000"
            "#,
            counter: r#"
                [data]
                kind = "overlapping"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "adagrad"
                [horizon]
                time = "1e100"
            "#,
            broken: "separable data",
        }
    }
}

fn summed_squares(case: &Case) -> Check {
    let summed = case.second_moment().is_some_and(|s| s.beta2.is_none());
    let yes = summed && case.optimizer.momentum == 0.0 && !case.mini_batches();
    scope(check("AdaGrad on all samples", holds(yes), case.optimizer_words()))
}

/// After a number of steps the sums are not the limit's, and nothing bounds what they still grow.
fn continued(case: &Case) -> Check {
    let yes = case.optimizer.flow.is_some() && case.setup.horizon.log_time.is_some();
    let (verdict, words) = match yes {
        true => (
            Holds::Yes,
            "where its exact steps end the run goes on in the metric of its sums, and what these would grow is bounded",
        ),
        false => (Holds::Unchecked, "the run ends after its steps; with horizon.time it is continued"),
    };
    check("sums of squares that have settled", verdict, words)
}
