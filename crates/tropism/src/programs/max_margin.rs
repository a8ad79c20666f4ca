//! The max-margin program `min ‖w‖ s.t. Z w ≥ 1` in any [`Norm`]; its optimum is `1/γ`, `γ` the ‖·‖-margin
//! `max_{‖w‖ ≤ 1} min_i (Zw)_i`.
//!
//! Only the direction of `w` matters: `value(w) = ‖w‖ / min_i (Zw)_i`. Any `a ≥ 0` bounds the optimum from below,
//! `Σa / ‖Zᵀa‖_* ≤ ‖w‖ / min_i (Zw)_i`, because `min_i (Zw)_i Σa ≤ ⟨a, Zw⟩ ≤ ‖Zᵀa‖_* ‖w‖`; negative entries of `a` are dropped.
//!
//! Shapes: `w [k d]` row by row, dual `[N]`, `N = n` or `n (k − 1)`.
//! Assumes: nothing; data that are not separable have no feasible point, `value = +∞`.
//! Source: Soudry et al. 2018, 1710.10345, eq. 4 (ℓ2); Gunasekar et al. 2018, 1802.08246, Thm 5 (general norms); Fan,
//! Schmidt, Thrampoulidis 2025, 2502.04664 (matrix norms).
//! Units: value and bound are `1 / margin`, inverse units of the data. The solution is scaled to margin 1 and its
//! dual so that `Zᵀa ∈ ∂ ½‖w‖²`: for ℓ2, `ŵ = Σ a_i z_i` and `Σa = 1/γ²`.
//! Errors: none; what could not be solved shows in the certificate.

use super::margin_solver;
use super::{Budget, Certificate, Program, ProgramFacts, Solution, Uniqueness};
use crate::data::MarginMap;
use crate::numerics::{Norm, directed};

/// `min ‖w‖ s.t. Z w ≥ 1`.
#[derive(Debug, Clone)]
pub struct MaxMargin {
    pub margins: MarginMap,
    pub norm: Norm,
}

impl MaxMargin {
    pub fn new(margins: MarginMap, norm: Norm) -> Self {
        Self { margins, norm }
    }

    /// The margin interval `[1/value, 1/lower_bound]` that a certificate of this program proves: the largest
    /// margin in the unit ball lies between the two. `[0, ∞]` if it proves nothing.
    pub fn margin_between(certificate: &Certificate) -> (f64, f64) {
        let low = if certificate.value > 0.0 { (1.0 / certificate.value).next_down().max(0.0) } else { 0.0 };
        (low, (1.0 / certificate.lower_bound.max(0.0)).next_up())
    }

    /// The margin that the certified `w` attains, `1 / value`: 0 if it does not separate.
    pub fn margin_of(certificate: &Certificate) -> f64 {
        1.0 / certificate.value
    }

    /// Upper bound on `‖Zᵀa‖_*`.
    pub(super) fn dual_norm_above(&self, a: &[f64]) -> f64 {
        let (v, error) = self.margins.adjoint_enclosed(a);
        let (dual, k) = (self.norm.dual(), self.margins.outputs());
        // The triangle inequality: the error's own norm is added, its singular values bounded by Frobenius.
        let slack = match dual {
            Norm::Spectral => Norm::L2.value(&error, k),
            Norm::Nuclear => Norm::L2.value(&error, k) * (k.min(self.margins.inputs()) as f64).sqrt(),
            other => other.value(&error, k),
        };
        let rounding = dual.rounding(v.len());
        (dual.value(&v, k) * (1.0 + 2.0 * rounding) + slack * (1.0 + 1e-6)).next_up()
    }
}

impl Program for MaxMargin {
    fn value(&self, w: &[f64]) -> f64 {
        let least = self.margins.min_margin_below(w);
        // Written so that NaN counts as not separating.
        if least.is_nan() || least <= 0.0 || least.is_infinite() {
            return f64::INFINITY;
        }
        let size = self.norm.value(w, self.margins.outputs());
        let up = (size * (1.0 + 2.0 * self.norm.rounding(w.len()))).next_up();
        (up / least).next_up()
    }

    fn violation(&self, w: &[f64]) -> f64 {
        if self.value(w).is_finite() {
            return 0.0;
        }
        let size = self.norm.value(w, self.margins.outputs());
        let least = self.margins.min_margin(w);
        if size > 0.0 && least.is_finite() { (-least / size).max(0.0) } else { f64::INFINITY }
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let Some((a, _)) = exact_weights(dual) else { return 0.0 };
        let above = self.dual_norm_above(&a);
        let bound = (directed::sum(&a).lo / above).next_down();
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        margin_solver::solve(self, budget)
    }

    fn facts(&self) -> ProgramFacts {
        let unique = self.norm.strictly_convex()
            || (self.margins.outputs() == 1 && matches!(self.norm, Norm::Spectral | Norm::Nuclear));
        ProgramFacts {
            id: "max_margin".into(),
            formula: format!("min {} s.t. Zw ≥ 1", self.norm.symbol("w")),
            scale_invariant: true,
            uniqueness: if unique { Uniqueness::Unique } else { Uniqueness::Unknown },
        }
    }
}

/// The nonnegative finite part of a dual vector, rescaled to a largest entry between 1 and 2, and the factor;
/// `None` if nothing is left.
pub(super) fn exact_weights(dual: &[f64]) -> Option<(Vec<f64>, f64)> {
    let largest = dual.iter().fold(0.0, |m: f64, &a| if a.is_finite() { m.max(a) } else { m });
    if largest <= 0.0 {
        return None;
    }
    // A power of two, so that the rescaled vector is exact and nothing overflows.
    let unit = (-largest.log2().floor()).exp2();
    let weight = |&a: &f64| if a.is_finite() && a > 0.0 { a * unit } else { 0.0 };
    Some((dual.iter().map(weight).collect(), unit))
}
