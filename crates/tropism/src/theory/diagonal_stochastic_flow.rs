//! Stochastic gradient flow on a diagonal network of depth 2: the noise of single samples shrinks the effective start.
//!
//! In continuous time SGD ends where the flow would from `α_∞ = α ∘ exp(−4γ diag(XᵀX/n) ∫ L dt)`, `L` the mean of `(x_iᵀw − y_i)²/2`
//! along the run: noisier steps and a slower fit give sparser solutions. The program is fixed before the run, the integral taken
//! along it.
//!
//! It is a model of small steps: it holds up to terms of higher order in γ, and it gives each sample the mean squared residual. A
//! small gap confirms it, a large one does not refute it; `diagonal_finite_steps` is the exact law of the same run.
//!
//! Shapes: `w, α [d]`.
//! Assumes: `w = u² − v²` from `u = v`, squared loss, single samples drawn with replacement, a constant step γ, equations that have a
//! solution.
//! Source: Pesme, Pillaud-Vivien, Flammarion 2021 (arXiv 2106.09524), Theorem 1: there `exp(−2γ diag(XᵀX/n) ∫ L dt)` with
//! `L = (1/4n) Σ (x_iᵀw − y_i)²`, which makes their γ twice ours.
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: inconsistent equations, a step that makes a weight exactly zero: out of scope.
//! Example: `theorem = "diagonal_stochastic_flow"`, `model.kind = "diagonal"`, `optimizer.kind = "sgd"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Cause, Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::models::Structure;
use crate::numerics::Norm;
use crate::optimizers::{Geometry, Order};

/// See the module header.
pub struct DiagonalStochasticFlow;

impl Theorem for DiagonalStochasticFlow {
    fn source(&self) -> &'static str {
        "Pesme, Pillaud-Vivien, Flammarion 2021, Theorem 1 (arXiv 2106.09524)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.structure("diagonal network of depth 2", |s| s == Structure::Diagonal { depth: 2 }),
            case.task("squared loss", Task::Regression),
            single_samples(case),
            case.constant_steps(),
            case.interpolating(),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "up to terms of higher order in the step, the run ends where the flow would from the start that its noise has \
                        shrunk, α exp(−4γ diag(XᵀX/n) ∫ L dt)."
                .into(),
            program: ProgramSpec::DiagonalSmallSteps { cause: Cause::Sampling },
            claim: Claim::NearlySelected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "diagonal_stochastic_flow"
                [data]
                kind = "sparse_regression"
                n = 20
                d = 40
                [model]
                kind = "diagonal"
                init_scale = 0.1
                [loss]
                kind = "squared"
                [optimizer]
                kind = "sgd"
                step_size = 0.005
                [horizon]
                steps = 200000
                [judge]
                tolerance = 1e-4
            "#,
            counter: r#"
                theorem = "diagonal_stochastic_flow"
                [data]
                kind = "sparse_regression"
                n = 20
                d = 40
                [model]
                kind = "diagonal"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "sgd"
                replacement = false
                [horizon]
                steps = 1000
            "#,
            broken: "single samples drawn with replacement",
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}

fn single_samples(case: &Case) -> Check {
    let f = &case.optimizer;
    let plain = f.geometry == Geometry::Norm(Norm::L2) && f.pure() && f.momentum == 0.0 && !f.normalized;
    let drawn = f.sampling.is_some_and(|s| s.batch == 1 && s.order == Order::Replacement);
    let words = match f.sampling {
        Some(s) => format!("{}, batches of {} in {:?} order", case.optimizer_words(), s.batch, s.order)
            .to_lowercase(),
        None => case.optimizer_words(),
    };
    scope(check("single samples drawn with replacement", holds(plain && drawn), words))
}
