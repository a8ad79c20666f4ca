//! The hard-margin kernel machine `min ‖f‖_K s.t. y_i f(x_i) ≥ 1`; its optimum is `1/γ`, `γ` the largest margin in the unit
//! ball of the kernel's function space.
//!
//! Shapes: `K [n × n]`, labels `y [n]` in {−1, +1}, dual `a [n]`. The variable is the coefficient vector `c [n]` of
//! `f = Σ c_i k(x_i, ·)`: margins and norm are then products with `K`. A trained network takes part through its outputs at
//! the training points: [`KernelMargin::representer`] gives the function of least norm with these outputs, so its value is
//! the smallest norm that any function with the network's margins can have.
//! Assumes: `K` positive semidefinite up to rounding. Where the data are not separable in the space (copies of a point with
//! two labels) there is no feasible point, `value = +∞`.
//! Source: Boser, Guyon, Vapnik 1992; for the random features of a two-layer network, the space F2 of Bach 2017 (JMLR
//! 18(19), §2.3), whose margin is selected when only the output layer is trained (Chizat, Bach 2020, arXiv 2002.04486,
//! Theorem 5). With features uniform on the unit sphere, `K = nngp(2)/d`, the F2 margin is at most the variation-norm margin.
//! Units and invariance: value and bound are `1/margin`; only the direction of `c` matters. The solution has margin one
//! and a dual with `c_i = a_i y_i`, `Σa = 1/γ²`.
//! Bound: any `a ≥ 0` gives `Σa / √((ya)ᵀK(ya)) ≤ ‖f‖/min_i y_i f(x_i)`; negative entries are dropped.
//! Errors: depth 0, shapes that do not fit, labels other than ±1, entries that are not finite.
//!
//! ```
//! use tropism::numerics::{Kernel, Matrix};
//! use tropism::programs::{Budget, KernelMargin, Program, certify};
//!
//! // Two opposite points: f = k(x, ·) − k(−x, ·) over its norm √(2k(x, x)); a ReLU feature sees only one of the two.
//! let x = Matrix::from_rows(&[vec![2.0, 0.0], vec![-2.0, 0.0]]).into();
//! let program = KernelMargin::new(Kernel::Nngp { depth: 2 }, &x, &[1.0, -1.0])?;
//! let solution = program.solve(&Budget::default());
//! let certificate = certify(&program, &solution.w, &solution.dual);
//! // k(x, x) = ‖x‖²/2 = 2, k(x, −x) = 0: the margin is 1/‖f‖ at f(±x) = ±1, c = ±1/2: ‖f‖ = 1.
//! assert!((certificate.value - 1.0).abs() < 1e-14 && certificate.relative_gap < 1e-13);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::rkhs::Rkhs;
use super::{Budget, MaxMargin, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::data::MarginMap;
use crate::error::Error;
use crate::numerics::directed::{self, Enclosure};
use crate::numerics::linalg::{self, Cholesky};
use crate::numerics::{Design, Kernel, Matrix, Norm};
use std::sync::Arc;

/// `min ‖f‖_K s.t. y_i f(x_i) ≥ 1`.
#[derive(Debug, Clone)]
pub struct KernelMargin {
    space: Rkhs,
    y: Vec<f64>,
}

impl KernelMargin {
    /// Inputs `x [n × d]`, labels `y [n]`.
    ///
    /// # Errors
    /// See the module header.
    pub fn new(kernel: Kernel, x: &Design, y: &[f64]) -> Result<Self, Error> {
        if !kernel.is_valid() {
            return Err(Error::bad_value("kernel", "depth", 0, "at least one layer of weights"));
        }
        Self::from_gram(kernel.gram(x), y)
    }

    /// From a kernel matrix `[n × n]`.
    ///
    /// # Errors
    /// See the module header.
    pub fn from_gram(k: Matrix, y: &[f64]) -> Result<Self, Error> {
        if k.rows() != y.len() || k.cols() != y.len() {
            let what = format!("a {} x {} kernel matrix and {} labels", k.rows(), k.cols(), y.len());
            return Err(Error::data("kernel margin", what));
        }
        if let Some(other) = y.iter().find(|v| v.abs() != 1.0) {
            return Err(Error::data("kernel margin", format!("the label {other}; labels are -1 and +1")));
        }
        if !k.as_slice().iter().all(|v| v.is_finite()) {
            return Err(Error::data("kernel margin", "a kernel value is NaN or infinite"));
        }
        Ok(Self { space: Rkhs { k }, y: y.to_vec() })
    }

    /// `f` at the training points, `[n]`, for coefficients `c [n]`.
    pub fn outputs(&self, c: &[f64]) -> Vec<f64> {
        self.space.outputs(c).iter().map(|o| o.mid()).collect()
    }

    /// Coefficients of the function of least norm with `outputs [n]`, and the largest error with which it takes them;
    /// `None` if the kernel matrix could not be factorised.
    pub fn representer(&self, outputs: &[f64]) -> Option<(Vec<f64>, f64)> {
        let solved = self.space.solve(outputs)?;
        Some((solved.c, linalg::max_abs(&solved.rest)))
    }

    /// A number below the smallest margin; NaN if a margin is.
    fn least_margin(&self, c: &[f64]) -> f64 {
        let below = |(o, y): (&Enclosure, &f64)| if *y > 0.0 { o.lo } else { -o.hi };
        let outputs = self.space.outputs(c);
        let margins = outputs.iter().zip(&self.y).map(below);
        margins.fold(f64::INFINITY, |m, v| if v.is_nan() || m.is_nan() { f64::NAN } else { m.min(v) })
    }

    fn signed(&self, a: &[f64]) -> Vec<f64> {
        a.iter().zip(&self.y).map(|(a, y)| a * y).collect()
    }

    /// Rows `y_i φ(x_i)` with `⟨φ(x_i), φ(x_j)⟩ = K_ij`: Cholesky's triangle, or eigenvectors where `K` is singular.
    fn features(&self) -> Option<(Design, bool)> {
        let n = self.y.len();
        if let Some(factor) = Cholesky::new(&self.space.k) {
            let (least, most) = factor.pivots();
            if least > 1e-7 * most {
                let l = factor.lower();
                let rows = Matrix::from_fn(n, n, |i, j| if j <= i { self.y[i] * l.get(i, j) } else { 0.0 });
                return Some((Design::Lower(rows), true));
            }
        }
        let (values, vectors) = linalg::symmetric_eigen(&self.space.k)?;
        let cut = n as f64 * f64::EPSILON * values.last().copied().unwrap_or(0.0);
        let kept: Vec<usize> = (0..n).filter(|&l| values[l] > cut).collect();
        let entry = |i: usize, l: usize| self.y[i] * vectors.get(i, kept[l]) * values[kept[l]].sqrt();
        Some((Matrix::from_fn(n, kept.len(), entry).into(), false))
    }
}

impl Program for KernelMargin {
    fn value(&self, c: &[f64]) -> f64 {
        let least = self.least_margin(c);
        if least.is_nan() || least <= 0.0 || least.is_infinite() {
            return f64::INFINITY;
        }
        let value = (self.space.norm_above(c) / least).next_up();
        if value.is_nan() { f64::INFINITY } else { value }
    }

    fn violation(&self, c: &[f64]) -> f64 {
        if self.value(c).is_finite() {
            return 0.0;
        }
        let size = self.space.norm_above(c);
        let least = self.least_margin(c);
        if size > 0.0 && least.is_finite() { (-least / size).max(0.0) } else { f64::INFINITY }
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let largest = dual.iter().fold(0.0, |m: f64, &a| if a.is_finite() { m.max(a) } else { m });
        if largest <= 0.0 {
            return 0.0;
        }
        let unit = largest.log2().floor().clamp(-1000.0, 1000.0).exp2();
        let a: Vec<f64> =
            dual.iter().map(|&a| if a.is_finite() && a > 0.0 { a / unit } else { 0.0 }).collect();
        let bound = (directed::sum(&a).lo / self.space.norm_above(&self.signed(&a))).next_down();
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let n = self.y.len();
        let Some((rows, definite)) = self.features() else {
            return Solution {
                w: vec![0.0; n],
                dual: vec![0.0; n],
                status: SolveStatus::Stalled,
                iterations: 0,
                method: "none".into(),
                uniqueness: Uniqueness::Unknown,
            };
        };
        let flat = MaxMargin::new(MarginMap::Binary { z: Arc::new(rows) }, Norm::L2);
        let mut solution = flat.solve(budget);
        // The feature weights are Σ a_i y_i φ(x_i): their coefficients are the signed duals.
        solution.w = self.signed(&solution.dual);
        let least = self.least_margin(&solution.w);
        if least > 0.0 && least.is_finite() {
            solution.w.iter_mut().for_each(|v| *v /= least);
        }
        let certificate = certify(self, &solution.w, &solution.dual);
        solution.status = match solution.status {
            SolveStatus::Stalled | SolveStatus::Converged if certificate.value.is_finite() => {
                let reached = certificate.relative_gap <= budget.relative_gap.max(directed::gamma(8 * n));
                if reached { SolveStatus::Converged } else { SolveStatus::Stalled }
            }
            other => other,
        };
        solution.method = format!("{} in feature space", solution.method);
        solution.uniqueness = if definite { Uniqueness::Unique } else { Uniqueness::Unknown };
        solution
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "kernel_margin".into(),
            formula: "min ‖f‖_K s.t. y f(X) ≥ 1".into(),
            scale_invariant: true,
            uniqueness: Uniqueness::Unknown,
        }
    }
}
