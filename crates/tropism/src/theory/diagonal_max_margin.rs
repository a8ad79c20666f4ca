//! A diagonal network of depth 2 on separable data tends to the ℓ1 max-margin direction, on the way from ℓ2.
//!
//! For `w = u² − v²` from `u = v = α` under gradient flow with an exponential tail, stopped at loss `ε`: with
//! `μ = α²/log(1/ε)` held fixed while `α → ∞`, the direction tends to that of `argmin Q_μ(w) s.t. Zw ≥ 1`,
//! `Q_μ(w) = Σ μ q(w_i/μ)`, `q(z) = 2 − √(4 + z²) + z arcsinh(z/2)`: ℓ2 for `μ → ∞`, ℓ1 for `μ → 0`. The loss along the flow is
//! `1/t` to leading order, so `μ = α²/log t` at the horizon.
//!
//! Shapes: `w [d]`, `Z [n × d]`.
//! Assumes: depth 2, one `α`, gradient flow, exponential tail, separable data, `α` large (the theorem is a limit).
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
        let mut checks = case.separable_network_flow("diagonal network of depth 2", |s| s == Structure::Diagonal { depth: 2 });
        checks.push(case.large_start());
        checks
    }

    fn predict(&self, case: &Case) -> Prediction {
        let log_time = case.setup.horizon.log_time.unwrap_or(1.0).max(1.0);
        let mu = case.setup.theta0.first().map_or(1.0, |a| a * a) / log_time;
        Prediction {
            statement: format!("at the horizon the direction is that of the Q_μ margin with μ = α²/log t = {mu:.4e}."),
            program: ProgramSpec::QMargin { mu },
            claim: Claim::Selected,
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
