//! A diagonal network on separable data from a large start tends to the margin program of its scale and its accuracy together.
//!
//! For `w = u^D − v^D` from `u = v = α` under gradient flow with an exponential tail, stopped at loss `ε`: with
//! `μ = α^D/log(1/ε)` held fixed while `α → ∞`, the direction tends to that of `argmin Q_μ(w) s.t. Zw ≥ 1`, `Q_μ(w) = Σ μ q(w_i/μ)`:
//! ℓ2 for `μ → ∞`, ℓ1 for `μ → 0`; at depth 2, `q(z) = 2 − √(4 + z²) + z arcsinh(z/2)`. The loss along the flow is `1/t` to leading
//! order, so `μ = α^D/log t` at the horizon.
//!
//! What a finite start leaves out is of order `1/α^D`. From depth 3 on the dual stays bounded, so that this weighs more and more as
//! `μ → 0` at a fixed start, and in the end only stationarity is left (`diagonal_bridge_stationarity`). At any depth a dual weight that
//! would have to fall as `μ` falls cannot. So the law can be confirmed and not refuted.
//!
//! Shapes: `w [d]`, `Z [n × d]`.
//! Assumes: depth `D ≥ 2`, one `α`, gradient flow, exponential tail, separable data, `α` large (the theorem is a limit).
//! Source: Moroshko, Woodworth, Gunasekar, Lee, Srebro, Soudry 2020 (arXiv 2007.06738).
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: not separable, another tail, a start `α` below 10 (see `diagonal_bridge_stationarity`): out of scope.
//! Example: `model.kind = "diagonal"`, `model.init_scale = 100`, `horizon.time = "1e10000"`.

use super::case::{Case, Check};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::models::Structure;

/// See the module header.
pub struct DiagonalMaxMargin;

impl Theorem for DiagonalMaxMargin {
    fn source(&self) -> &'static str {
        "Moroshko et al. 2020 (arXiv 2007.06738)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let mut checks = case.separable_network_flow("diagonal network", |s| depth_of(s).is_some());
        checks.push(case.large_start());
        checks
    }

    fn predict(&self, case: &Case) -> Prediction {
        let log_time = (case.setup.horizon.log_time.unwrap_or(1.0) + case.plain_time()).max(1.0);
        let depth = depth_of(case.setup.model.facts().structure).unwrap_or(2);
        let mu = case.plain_start().first().map_or(1.0, |a| a.powi(depth as i32)) / log_time;
        let power = if depth == 2 { "α²".into() } else { format!("α^{depth}") };
        Prediction {
            statement: format!(
                "at the horizon the direction is that of the Q_μ margin of depth {depth} with μ = {power}/log t = {mu:.4e}."
            ),
            program: ProgramSpec::QMargin { mu, depth },
            claim: Claim::SelectedFromLargeStarts,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 6
                [model]
                kind = "diagonal"
                init_scale = 50.0
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e2000"
            "#,
            counter: r#"
                theorem = "diagonal_max_margin"
                [data]
                kind = "overlapping"
                [model]
                kind = "diagonal"
                init_scale = 50.0
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "separable data",
        }
    }
}

/// Depth of a diagonal network of at least two layers.
fn depth_of(structure: Structure) -> Option<u32> {
    match structure {
        Structure::Diagonal { depth } if depth >= 2 => u32::try_from(depth).ok(),
        _ => None,
    }
}
