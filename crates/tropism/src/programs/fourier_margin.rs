//! The margin of a two-layer linear convolutional network: `min ‖F w‖₁ s.t. Z w ≥ 1`, `F` the unitary discrete Fourier
//! transform, `‖·‖₁` the sum of complex moduli.
//!
//! Only the direction of `w` matters: `value(w) = ‖F w‖₁ / min_i (Zw)_i`.
//!
//! Shapes: `w [d]`, dual `[n]`. Assumes: two classes; data that are not separable have no feasible point, `value = +∞`.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018, arXiv 1806.00468, Theorem 2 with `L = 2` layers of full width. For
//! `L ≥ 3` the penalty is not convex: see [`super::kkt::bridge_stationarity`].
//! Units and invariance: value and bound in inverse units of the data; commutes with circular shifts of the features.
//! Bound: `Σa / max_k |(F Zᵀa)_k|` for every `a ≥ 0`; negative entries are dropped.
//! Errors: none; what could not be solved shows in the certificate.

use super::conic::{Cone, ConicProblem};
use super::max_margin::exact_weights;
use super::{Budget, MaxMargin, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::data::MarginMap;
use crate::error::Error;
use crate::numerics::fourier::Fourier;
use crate::numerics::{Norm, compensated, directed, linalg};

/// `min ‖F w‖₁ s.t. Z w ≥ 1`.
#[derive(Debug, Clone)]
pub struct FourierMargin {
    margins: MarginMap,
    fourier: Fourier,
}

impl FourierMargin {
    /// Errors: more than two classes.
    pub fn new(margins: MarginMap) -> Result<Self, Error> {
        if margins.outputs() != 1 {
            return Err(Error::incompatible("fourier_margin", "several outputs", "it needs two classes"));
        }
        Ok(Self { fourier: Fourier::new(margins.cols()), margins })
    }
}

impl Program for FourierMargin {
    fn value(&self, w: &[f64]) -> f64 {
        let least = self.margins.min_margin_below(w);
        if least.is_nan() || least <= 0.0 || least.is_infinite() {
            return f64::INFINITY;
        }
        let moduli = self.fourier.moduli_above(w, &vec![0.0; w.len()]);
        let total = compensated::sum(&moduli).enclosure().hi;
        if total.is_nan() { f64::INFINITY } else { (total / least).next_up() }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        MaxMargin::new(self.margins.clone(), Norm::L2).violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let Some((a, _)) = exact_weights(dual) else { return 0.0 };
        let (v, error) = self.margins.adjoint_enclosed(&a);
        let above = linalg::max_abs(&self.fourier.moduli_above(&v, &error));
        let bound = (directed::sum(&a).lo / above).next_down();
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    /// A second-order cone program.
    fn solve(&self, budget: &Budget) -> Solution {
        let (n, d) = (self.margins.rows(), self.margins.cols());
        let z = self.margins.to_dense();
        let longest = (0..n).map(|i| linalg::norm2(z.row(i))).fold(0.0, f64::max);
        let unit = if longest > 0.0 { longest } else { 1.0 };
        let mut p = ConicProblem { q: vec![0.0; d], b: vec![-1.0; n], ..ConicProblem::default() };
        for i in 0..n {
            p.a.extend((0..d).map(|j| (i, j, -z.get(i, j) / unit)));
        }
        p.cones.push(Cone::Nonnegative(n));
        penalise_moduli(&mut p, &self.fourier, d);
        let s = p.solve(budget.iterations.max(100));
        let (mut w, dual) = (s.x[..d].to_vec(), s.z[..n].to_vec());
        let least = self.margins.min_margin(&w);
        if least > 0.0 {
            w.iter_mut().for_each(|v| *v /= least);
        }
        let c = certify(self, &w, &dual);
        let status = match c.relative_gap <= budget.relative_gap {
            true => SolveStatus::Converged,
            false if c.value.is_infinite() => SolveStatus::Infeasible,
            false => SolveStatus::Stalled,
        };
        let uniqueness = Uniqueness::Unknown;
        Solution { w, dual, status, iterations: s.iterations, method: "conic".into(), uniqueness }
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "fourier_margin".into(),
            formula: "min ‖Fw‖₁ s.t. Zw ≥ 1".into(),
            scale_invariant: true,
            uniqueness: Uniqueness::Unknown,
        }
    }
}

/// Adds `‖F w‖₁` to an objective whose first `d` variables are `w`: `Σ c_k t_k` with `t_k ≥ |(F w)_k|`, over one of each pair of
/// conjugate frequencies.
pub(super) fn penalise_moduli(p: &mut ConicProblem, fourier: &Fourier, d: usize) {
    for k in 0..=d / 2 {
        let alone = k == 0 || 2 * k == d;
        p.q.push(if alone { 1.0 } else { 2.0 });
        let row = p.b.len();
        p.a.push((row, d + k, -1.0));
        for j in 0..d {
            let (re, im) = fourier.entry(k, j);
            p.a.extend([(row + 1, j, -re), (row + 2, j, -im)]);
        }
        p.b.extend([0.0; 3]);
        p.cones.push(Cone::SecondOrder(3));
    }
}
