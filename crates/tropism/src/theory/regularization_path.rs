//! The regularisation path ends where gradient descent ends.
//!
//! `w(λ) = argmin L(w) + (λ/2)‖w − w₀‖²` as `λ → 0`: on separable data and an exponential tail the direction of the ℓ2
//! max margin, with a gap of order `1/log(1/λ)`; on a polynomial tail the direction of least `Σ m_i^-a`; on a squared
//! loss that can be interpolated the interpolant nearest to `w₀`. Those are the limits of gradient descent from `w₀`.
//!
//! Shapes: `w [k d]`.
//! Assumes: linear model; separable data, or equations that have a solution.
//! Source: Rosset, Zhu, Hastie 2003 (Margin maximizing loss functions, NeurIPS 16) for the max margin, two classes and
//! several; Ji, Dudík, Schapire, Telgarsky 2020 (arXiv 2006.11226) for every convex, strictly decreasing loss of two classes; ridge
//! regression is classical. The rates: on the path `λ w = Σ |ℓ'(m_i)| z_i`, so margins of support vectors differ by
//! constants while they grow like `log(1/λ)`; for a polynomial tail see `tail_direction`, with `1/λ` for `t`.
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: not separable, no interpolant: out of scope.
//! Example: `optimizer.kind = "regularization_path"`.

use super::case::{Case, Check, inverse_log_time};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Tail;
use crate::numerics::Norm;
use crate::terms::{Rate, RateClock};

/// See the module header.
pub struct RegularizationPath;

impl Theorem for RegularizationPath {
    fn source(&self) -> &'static str {
        "Rosset, Zhu, Hastie 2003 (NeurIPS 16); Ji, Dudík, Schapire, Telgarsky 2020 (arXiv 2006.11226)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let limit = match case.setup.loss.facts().tail {
            Tail::FiniteRoot => case.interpolating(),
            Tail::Exponential | Tail::Polynomial { .. } => case.separable(),
        };
        vec![case.linear_model(), case.regularization_path(), limit]
    }

    fn predict(&self, case: &Case) -> Prediction {
        let (statement, program, rate) = match case.setup.loss.facts().tail {
            Tail::Exponential => (
                "as λ → 0 the direction of argmin L + (λ/2)‖w − w₀‖² tends to the ℓ2 max-margin direction, with a gap of order \
                 1/log(1/λ)."
                    .to_string(),
                ProgramSpec::MaxMargin { norm: Norm::L2 },
                Some(Rate { law: "gap = Θ(1 / log(1/λ))".into(), ..inverse_log_time() }),
            ),
            Tail::Polynomial { power: a } => (
                format!(
                    "as λ → 0 the direction of argmin L + (λ/2)‖w − w₀‖² tends to the direction of least Σ m_i^-{a}."
                ),
                ProgramSpec::TailDirection { power: a },
                Some(Rate {
                    law: format!("gap = O(λ^(2/{}))", a + 2.0),
                    clock: RateClock::Time,
                    exponent: -2.0 / (a + 2.0),
                    upper_bound_only: true,
                }),
            ),
            Tail::FiniteRoot => (
                "as λ → 0 argmin L + (λ/2)‖w − w₀‖² tends to the interpolant nearest to w₀ in ℓ2.".to_string(),
                ProgramSpec::MinNormInterpolant { norm: Norm::L2 },
                None,
            ),
        };
        Prediction { statement, program, claim: Claim::Selected, rate }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 40
                d = 5
                margin = 0.5
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "regularization_path"
                [horizon]
                time = "1e100000"
            "#,
            counter: r#"
                [data]
                kind = "overlapping"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "regularization_path"
                [horizon]
                time = "1e100"
            "#,
            broken: "separable data",
        }
    }
}
