//! Gradient flow on a diagonal network with the squared loss ends at the interpolant its start selects.
//!
//! For `w = u^D − v^D` from `u = v = α` (for `D = 2` from any `u`, `v`, with `D_Φ(w, w₀)` and `β_i = 2 u_i v_i`): `w(∞) = argmin_{Xw = y} Φ_α(w)`, with hypentropy (`β_i = 2α_i²`) for `D = 2`, and
//! `Φ' = h_D⁻¹(w/α^D)`, `h_D(z) = (1 − z)^{−D/(D−2)} − (1 + z)^{−D/(D−2)}` for `D ≥ 3`: from ℓ2 (`α → ∞`) to ℓ1 (`α → 0`).
//!
//! Shapes: `w [d]`, `X [n × d]`, `α [d]`.
//! Assumes: diagonal network of depth `D ≥ 2`, squared loss, gradient flow, an interpolant exists, and the flow converges to
//! zero loss.
//! Source: Woodworth, Gunasekar, Lee, Moroshko, Savarese, Golan, Soudry, Srebro 2020 (arXiv 2002.09277), section 4 (D = 2) and
//! section 5 (D ≥ 3).
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: another model, discrete steps (see `diagonal_finite_steps`), inconsistent equations: out of scope.
//! Example: `model.kind = "diagonal"`, `model.init_scale = 0.01`, `optimizer.kind = "gradient_flow"`.

use super::case::{Case, Check, check, holds};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::models::Structure;

/// See the module header.
pub struct DiagonalInterpolant;

impl Theorem for DiagonalInterpolant {
    fn source(&self) -> &'static str {
        "Woodworth et al. 2020 (arXiv 2002.09277)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.scaled_structure(
                "diagonal network",
                |s| matches!(s, Structure::Diagonal { depth } if depth >= 2),
            ),
            case.task("squared loss", Task::Regression),
            case.gradient_flow(),
            case.interpolating(),
            even_start(case),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the flow ends at the interpolant of smallest divergence from its start: between ℓ1 (small start) and ℓ2 (large start).".into(),
            program: ProgramSpec::DiagonalInterpolant,
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "sparse_regression"
                n = 10
                d = 20
                [model]
                kind = "diagonal"
                init_scale = 0.01
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            counter: r#"
                theorem = "diagonal_interpolant"
                [data]
                kind = "diabetes"
                [model]
                kind = "diagonal"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "interpolation is possible",
        }
    }
}

/// Condition: beyond depth 2 the closed form is that of `u = v`.
fn even_start(case: &Case) -> Check {
    let (u, v) = case.setup.theta0.split_at(case.setup.theta0.len() / 2);
    let shallow = matches!(case.setup.model.facts().structure, Structure::Diagonal { depth: 2 });
    let words = if u == v { "u = v at the start" } else { "u and v start apart" };
    check("start with a closed form", holds(shallow || u == v), words)
}
