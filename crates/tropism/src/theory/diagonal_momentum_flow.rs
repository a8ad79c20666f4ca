//! Momentum gradient flow on a diagonal network of depth 2: momentum shrinks the effective start, through `λ = η/(1 − β)²` alone.
//!
//! `λ θ̈ + θ̇ + ∇L = 0` from rest ends where the plain flow would from `α_∞² = α² exp(−λ ∫ ((u̇/u)² + (v̇/v)²) dt)`, with the linear term
//! `λ ∫ ((u̇/u)² − (v̇/v)²) dt`: a larger λ gives a sparser solution. Heavy ball with step η and momentum β follows that equation up to
//! terms of order `1 − β` and η; the integrals are sums along the run.
//!
//! It is a model of small steps and strong momentum: a small gap confirms it, a large one does not refute it;
//! `diagonal_finite_steps` is the exact law of the same run.
//!
//! Shapes: `w, α [d]`.
//! Assumes: `w = u² − v²` from `u = v`, squared loss, heavy ball or Nesterov's method on all samples with a constant step, equations
//! that have a solution.
//! Source: Papazov, Pesme, Flammarion 2024 (arXiv 2403.05293), for their parameterisation; in ours `d/dt` of `u̇/u` gives it in one
//! line: `ü/u = (u̇/u)˙ + (u̇/u)²`.
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: inconsistent equations, a step that makes a weight exactly zero: out of scope.
//! Example: `theorem = "diagonal_momentum_flow"`, `model.kind = "diagonal"`, `optimizer.kind = "heavy_ball"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Cause, Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::models::Structure;

/// See the module header.
pub struct DiagonalMomentumFlow;

impl Theorem for DiagonalMomentumFlow {
    fn source(&self) -> &'static str {
        "Papazov, Pesme, Flammarion 2024 (arXiv 2403.05293)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.structure("diagonal network of depth 2", |s| s == Structure::Diagonal { depth: 2 }),
            case.task("squared loss", Task::Regression),
            case.row_space_steps(),
            momentum(case),
            case.interpolating(),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        Prediction {
            statement: format!(
                "up to terms of order 1 − β and η, the run ends where the flow would from the start that momentum has shrunk through \
                 λ = η/(1 − β)² = {:.4e}.",
                case.momentum_scale()
            ),
            program: ProgramSpec::DiagonalSmallSteps { cause: Cause::Momentum },
            claim: Claim::NearlySelected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "diagonal_momentum_flow"
                [data]
                kind = "sparse_regression"
                n = 10
                d = 20
                [model]
                kind = "diagonal"
                init_scale = 0.1
                [loss]
                kind = "squared"
                [optimizer]
                kind = "heavy_ball"
                momentum = 0.9
                step_size = 0.001
                [horizon]
                steps = 100000
                [judge]
                tolerance = 1e-4
            "#,
            counter: r#"
                theorem = "diagonal_momentum_flow"
                [data]
                kind = "sparse_regression"
                [model]
                kind = "diagonal"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_descent"
                [horizon]
                steps = 1000
            "#,
            broken: "momentum",
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}

fn momentum(case: &Case) -> Check {
    let beta = case.optimizer.momentum;
    scope(check("momentum", holds(beta > 0.0), format!("momentum {beta}")))
}
