//! The interpolant whose Fourier transform has the least sum of moduli: `min ‖F w‖₁ s.t. X w = y`, `F` the unitary discrete
//! Fourier transform, `‖·‖₁` the sum of complex moduli: sparse in frequency as the ℓ1 interpolant is in the coordinates.
//!
//! Shapes: `X [n × d]`, `y [n]`, `w [d]`, dual `ν [n]`.
//! Assumes: one real output. Rank-deficient `X` is welcome as long as `y` is consistent.
//! Source: basis pursuit (Chen, Donoho, Saunders 1998, SIAM J. Sci. Comput. 20(1)) in the Fourier basis; the penalty is that of
//! two-layer linear convolutional networks (Gunasekar, Lee, Soudry, Srebro 2018, arXiv 1806.00468, Theorem 2, where it is
//! proven for margins). No theorem here claims that a network selects this interpolant.
//! Units and invariance: `value` in units of `w`; commutes with circular shifts of the features and row operations on `(X, y)`.
//! Bound: `⟨ν, y⟩ = ⟨F Xᵀν, F w⟩ ≤ max_k |(F Xᵀν)_k| ‖F w‖₁` for every feasible `w` and every `ν`.
//! Errors: inconsistent `y` is the status [`SolveStatus::Infeasible`], with a `ν` whose bound is large; what could not be
//! solved shows in the certificate.
//!
//! ```
//! use std::sync::Arc;
//! use tropism::numerics::Matrix;
//! use tropism::programs::{Budget, FourierInterpolant, Program, certify};
//!
//! // w₁ + w₂ + w₃ + w₄ = 4: the constant signal, at frequency 0 alone, where |(F w)_0| = 4 / √4.
//! let x = Arc::new(Matrix::from_rows(&[vec![1.0; 4]]).into());
//! let program = FourierInterpolant::new(x, vec![4.0])?;
//! let solution = program.solve(&Budget::default());
//! let certificate = certify(&program, &solution.w, &solution.dual);
//! assert!((certificate.value - 2.0).abs() < 1e-9 && certificate.relative_gap < 1e-9);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::affine::Affine;
use super::conic::{Cone, ConicProblem};
use super::fourier_margin::penalise_moduli;
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::error::Error;
use crate::numerics::fourier::Fourier;
use crate::numerics::{Design, PseudoInverse, compensated, linalg};
use std::sync::Arc;

/// `min ‖F w‖₁ s.t. X w = y`.
#[derive(Debug, Clone)]
pub struct FourierInterpolant {
    affine: Affine,
    fourier: Fourier,
}

impl FourierInterpolant {
    /// `X [n × d]`, `y [n]`.
    ///
    /// # Errors
    /// Shapes that do not fit, entries that are not finite.
    pub fn new(x: Arc<Design>, y: Vec<f64>) -> Result<Self, Error> {
        let start = vec![0.0; x.cols()];
        Ok(Self { fourier: Fourier::new(x.cols()), affine: Affine::new(x, y, start)? })
    }

    /// The second-order cone program, its rows in units of the longest row and the largest target: `w`, `ν`, iterations.
    fn by_cones(&self, budget: &Budget) -> (Vec<f64>, Vec<f64>, usize) {
        let (x, d) = (&self.affine.x, self.affine.start.len());
        let or_one = |v: f64| if v > 0.0 { v } else { 1.0 };
        let longest = or_one(linalg::max_abs(&x.row_norms()));
        let largest = or_one(linalg::max_abs(&self.affine.y));
        let mut p = ConicProblem { q: vec![0.0; d], ..ConicProblem::default() };
        for (i, target) in self.affine.y.iter().enumerate() {
            x.for_row(i, |j, v| p.a.push((i, j, v / longest)));
            p.b.push(target / largest);
        }
        p.cones.push(Cone::Zero(p.b.len()));
        penalise_moduli(&mut p, &self.fourier, d);
        let found = p.solve(budget.iterations.max(100));
        let w = found.x[..d].iter().map(|v| v * largest / longest).collect();
        (w, found.z[..x.rows()].iter().map(|v| -v).collect(), found.iterations)
    }
}

impl Program for FourierInterpolant {
    fn value(&self, w: &[f64]) -> f64 {
        if w.iter().all(|v| *v == 0.0) {
            return 0.0;
        }
        let total = compensated::sum(&self.fourier.moduli_above(w, &vec![0.0; w.len()])).enclosure().hi;
        if total.is_nan() { f64::INFINITY } else { total }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        self.affine.violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        self.affine.bound(dual, |image| {
            let above = self.fourier.moduli_above(&compensated::values(image), &compensated::errors(image));
            above.iter().fold(0.0, |m: f64, v| if v.is_nan() { f64::INFINITY } else { m.max(*v) })
        })
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let Some(inverse) = PseudoInverse::new(self.affine.x.clone()) else {
            let zero = (self.affine.start.clone(), vec![0.0; self.affine.y.len()]);
            return Solution::at_once(zero.0, zero.1, SolveStatus::Stalled, "none");
        };
        let (least, ray) = self.affine.least_norm(&inverse);
        if let Some(ray) = ray {
            return Solution::at_once(least, ray, SolveStatus::Infeasible, "least squares");
        }
        let (mut w, dual, iterations) = self.by_cones(budget);
        self.affine.project(&inverse, &mut w);
        let status = match certify(self, &w, &dual).relative_gap <= budget.relative_gap {
            true => SolveStatus::Converged,
            false => SolveStatus::Stalled,
        };
        Solution { iterations, ..Solution::at_once(w, dual, status, "conic") }
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "fourier_interpolant".into(),
            formula: "min ‖Fw‖₁ s.t. Xw = y".into(),
            scale_invariant: false,
            uniqueness: Uniqueness::Unknown,
        }
    }
}
