//! Data that are not separable: a finite minimiser on one subspace, max margin across it.
//!
//! The rows split uniquely into `Z_c`, carried by some `q ≥ 0` with `Zᵀq = 0`, and `Z_s`. With `S = span Z_c`: the
//! part of `w(t)` in `S` tends to `v̄`, the unique minimiser of the loss of `Z_c` there; if `Z_s` is not empty,
//! `w/‖w‖` tends to `ū`, the max-margin direction of `Z_s` projected onto the complement of `S`, with `‖w‖ = Θ(log
//! t)`.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential tail, data proven not separable, constant step below the stability limit.
//! Source: Ji, Telgarsky 2018 (arXiv 1803.07300).
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: separable data, another tail: out of scope.
//! Example: `tropism run experiments/iris-versicolor-virginica.toml`.

use super::case::{Case, Check, check, describe, inverse_log_time};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::programs::Separability;
use crate::terms::Holds;

/// See the module header.
pub struct PartlySeparable;

impl Theorem for PartlySeparable {
    fn source(&self) -> &'static str {
        "Ji, Telgarsky 2018, Theorems 1.1 and 3.1 (arXiv 1803.07300)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.plain_gradient(false),
            case.constant_steps(),
            case.tail_at_infinity(),
            case.exponential_tail(),
            not_separable(case),
            case.stable_step(),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        let split = case.decomposition();
        let all_hold = split.is_some_and(|d| d.separable.is_empty());
        let statement = match split {
            Some(d) if all_hold => format!(
                "all {} samples hold each other: the run tends to the unique finite minimiser of the loss.",
                d.convex.len()
            ),
            Some(d) => format!(
                "{} samples hold each other in {} dimensions, where the run tends to their finite minimiser; across them it \
                 tends to the max-margin direction of the other {}.",
                d.convex.len(),
                d.basis.cols(),
                d.separable.len()
            ),
            None => {
                "in the span of the samples that hold each other the run tends to their finite minimiser."
                    .into()
            }
        };
        Prediction {
            statement,
            program: ProgramSpec::Decomposition,
            claim: Claim::Selected,
            // Towards a finite minimiser convergence is exponential in t, not a power of log t.
            rate: (!all_hold).then(inverse_log_time),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "partly_separable"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_descent"
                [horizon]
                time = "1e1000"
            "#,
            counter: r#"
                theorem = "partly_separable"
                [data]
                kind = "soudry_fig1"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_descent"
                [horizon]
                time = "1e100"
            "#,
            broken: "data not separable",
        }
    }
}

fn not_separable(case: &Case) -> Check {
    let name = "data not separable";
    match case.separability() {
        None => check(name, Holds::No, "the targets are real numbers"),
        Some(s) => {
            let verdict = match s {
                Separability::Separable { .. } => Holds::No,
                Separability::NotSeparable { .. } => Holds::Yes,
                Separability::Undecided { .. } => Holds::Unchecked,
            };
            check(name, verdict, describe(s))
        }
    }
}
