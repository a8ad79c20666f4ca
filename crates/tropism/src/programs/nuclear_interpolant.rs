//! The matrix of least nuclear norm that fits the measurements: `min ‖W‖_* s.t. ⟨A_i, W⟩ = b_i`.
//!
//! Completion is the case where each `A_i` has a single entry: a sparse one-hot row.
//!
//! Shapes: `W [rows × cols]` row by row, `A [n × rows·cols]` with `vec(A_i)` as row `i`, `b [n]`, dual `ν [n]`.
//! Assumes: nothing. A row or column of `W` that no measurement sees is zero in the solution found, and the value is
//! what it is.
//! Source: Recht, Fazel, Parrilo 2010, arXiv 0706.4138, §2.1 (program and dual); Gunasekar et al. 2017, arXiv 1705.09280 (as
//! the conjectured bias of depth-2 factorisation), refuted by Arora et al. 2019, arXiv 1905.13655.
//! Units and invariance: `value` in units of `W`; commutes with rotations of either side (`A_i → P A_i Q`), with
//! transposition and with row operations on `(A, b)`.
//! Bound: `⟨ν, b⟩ = ⟨A*ν, W⟩ ≤ σ_max(A*ν) ‖W‖_*` for every feasible `W` and every `ν`. Singular values are never
//! believed: norms are bounded from any decomposition by what it leaves over.
//! Errors: measurements that contradict each other are the status [`SolveStatus::Infeasible`], with a `ν` whose bound is larger
//! than any reachable norm.
//!
//! ```
//! use std::sync::Arc;
//! use tropism::numerics::{Csr, Design};
//! use tropism::programs::{Budget, NuclearInterpolant, Program, certify};
//!
//! // [[1, ?], [1, 1]]: the rank-one completion, of nuclear norm 2.
//! let mask = Csr { rows: 3, cols: 4, offsets: vec![0, 1, 2, 3], indices: vec![0, 2, 3], values: vec![1.0; 3] };
//! let program = NuclearInterpolant::new(Arc::new(Design::Sparse(mask)), vec![1.0; 3], 2)?;
//! let solution = program.solve(&Budget::default());
//! let certificate = certify(&program, &solution.w, &solution.dual);
//! assert!((certificate.value - 2.0).abs() < 1e-8 && certificate.relative_gap < 1e-8);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::affine::Affine;
use super::proximal_nuclear::Sensing;
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::error::Error;
use crate::numerics::{Design, Matrix, PseudoInverse, compensated, linalg, singular};
use std::sync::Arc;

/// `min ‖W‖_* s.t. ⟨A_i, W⟩ = b_i`.
#[derive(Debug, Clone)]
pub struct NuclearInterpolant {
    affine: Affine,
    rows: usize,
}

impl NuclearInterpolant {
    /// `A [n × rows·cols]`, `b [n]`, and the number of rows of `W`.
    ///
    /// Errors: shapes that do not fit, entries that are not finite.
    pub fn new(x: Arc<Design>, b: Vec<f64>, rows: usize) -> Result<Self, Error> {
        if rows == 0 || x.cols() == 0 || !x.cols().is_multiple_of(rows) {
            let expected = format!("a divisor of the {} entries that a measurement has", x.cols());
            return Err(Error::bad_value("program", "rows", rows, &expected));
        }
        let start = vec![0.0; x.cols()];
        Ok(Self { affine: Affine::new(x, b, start)?, rows })
    }

    fn cols(&self) -> usize {
        self.affine.start.len() / self.rows
    }

    fn shaped(&self, w: &[f64]) -> Matrix {
        Matrix::from_vec(self.rows, self.cols(), w.to_vec())
    }

    fn iterate(&self, inverse: &PseudoInverse, least: &[f64], budget: &Budget) -> Solution {
        let (x, b) = (&*self.affine.x, &self.affine.y[..]);
        let sensing = Sensing { x, inverse, b, rows: self.rows, cols: self.cols() };
        let found = sensing.solve(least, budget);
        let mut w = found.w;
        self.affine.project(inverse, &mut w);
        let gap = certify(self, &w, &found.nu).relative_gap;
        let status = match gap <= budget.relative_gap {
            true => SolveStatus::Converged,
            false if found.iterations >= budget.iterations => SolveStatus::BudgetSpent,
            false => SolveStatus::Stalled,
        };
        let method = "proximal point, semismooth Newton".into();
        let uniqueness =
            if gap <= CLEAR * CLEAR { self.uniqueness(&w, &found.nu) } else { Uniqueness::Unknown };
        Solution { w, dual: found.nu, status, iterations: found.iterations, method, uniqueness }
    }

    /// Every minimiser is `U M Vᵀ` with `M ⪰ 0` of order `q`, where `U`, `V` carry the singular values of `A*ν` that
    /// are one. So it is the only one if `M ↦ A(U M Vᵀ)` is injective on symmetric `M`; it is not if `M` has more entries
    /// than there are measurements and room to move, `M ≻ 0`. Counting a value too many as one is safe for the former.
    fn uniqueness(&self, w: &[f64], nu: &[f64]) -> Uniqueness {
        let mut image = vec![0.0; w.len()];
        self.affine.x.adjoint(nu, &mut image);
        let Some(svd) = linalg::svd(&self.shaped(&image)) else { return Uniqueness::Unknown };
        let q = svd.s.iter().take_while(|s| **s > (1.0 - CLEAR) * svd.s[0]).count();
        let free = q * (q + 1) / 2;
        let n = self.affine.y.len();
        if free > n {
            let values = linalg::singular_values(&self.shaped(w));
            let interior = values[q - 1] > CLEAR * values[0];
            return if interior { Uniqueness::NotUnique } else { Uniqueness::Unknown };
        }
        if free > LARGEST {
            return Uniqueness::Unknown;
        }
        let map = self.on_face(&svd.u, &svd.v, q);
        match linalg::symmetric_eigen(&linalg::matmul_tn(&map, &map)) {
            Some((e, _)) if e[0] > CLEAR * CLEAR * e[free - 1] => Uniqueness::Unique,
            _ => Uniqueness::Unknown,
        }
    }

    /// `M ↦ A(U M Vᵀ)` on symmetric matrices, `[n × q(q+1)/2]`.
    fn on_face(&self, u: &Matrix, v: &Matrix, q: usize) -> Matrix {
        let (n, cols) = (self.affine.y.len(), self.cols());
        let mut map = Matrix::zeros(n, q * (q + 1) / 2);
        let mut corner = Matrix::zeros(q, cols);
        for i in 0..n {
            // Uᵀ A_i first, in the columns of W that this measurement sees.
            self.affine.x.for_row(i, |j, a| {
                let (row, column) = (j / cols, j % cols);
                (0..q).for_each(|k| corner.set(k, column, corner.get(k, column) + a * u.get(row, k)));
            });
            let mut seen: Vec<usize> = vec![];
            self.affine.x.for_row(i, |j, _| seen.push(j % cols));
            seen.sort_unstable();
            seen.dedup();
            let entry =
                |k: usize, l: usize| -> f64 { seen.iter().map(|&c| corner.get(k, c) * v.get(c, l)).sum() };
            let row = map.row_mut(i);
            let mut at = 0;
            for k in 0..q {
                for l in 0..=k {
                    row[at] = if k == l { entry(k, k) } else { entry(k, l) + entry(l, k) };
                    at += 1;
                }
            }
            seen.iter().for_each(|&c| (0..q).for_each(|k| corner.set(k, c, 0.0)));
        }
        map
    }
}

/// How far from one a singular value must be to count as smaller, and from zero to count as positive.
const CLEAR: f64 = 1e-4;
/// Largest dimension of a face on which injectivity is decided.
const LARGEST: usize = 1500;

impl Program for NuclearInterpolant {
    fn value(&self, w: &[f64]) -> f64 {
        singular::nuclear_above(&self.shaped(w))
    }

    fn violation(&self, w: &[f64]) -> f64 {
        self.affine.violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        self.affine.bound(dual, |image| {
            let (values, errors) = (compensated::values(image), compensated::errors(image));
            // The spectral norm of what rounding hides is at most its Frobenius norm.
            let hidden = linalg::norm2(&errors) * (1.0 + 1e-9);
            (singular::spectral_above(&self.shaped(&values)) + hidden).next_up()
        })
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let nothing = || vec![0.0; self.affine.y.len()];
        let zero = self.affine.start.clone();
        let Some(inverse) = PseudoInverse::new(self.affine.x.clone()) else {
            return Solution::at_once(zero, nothing(), SolveStatus::Stalled, "none");
        };
        let (least, ray) = self.affine.least_norm(&inverse);
        if let Some(ray) = ray {
            return Solution::at_once(least, ray, SolveStatus::Infeasible, "least squares");
        }
        if linalg::max_abs(&least) == 0.0 {
            let at_zero = Solution::at_once(zero, nothing(), SolveStatus::Converged, "zero fits");
            return Solution { uniqueness: Uniqueness::Unique, ..at_zero };
        }
        self.iterate(&inverse, &least, budget)
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "nuclear_interpolant".into(),
            formula: "min ‖W‖_* s.t. ⟨A_i, W⟩ = b_i".into(),
            scale_invariant: false,
            uniqueness: Uniqueness::Unknown,
        }
    }
}
