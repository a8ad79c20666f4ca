//! The kernel interpolant `f = f₀ + k(·, X) K⁻¹ (y − f₀(X))`: `min ‖f − f₀‖_K s.t. f(X) = y` over the kernel's function space.
//!
//! Shapes: `K [N × N]` over `n` training points and then `N − n` test points, `y [n]`, dual `ν [n]`. The variable is the
//! coefficient vector `c [N]` of `f − f₀ = Σ c_i k(x_i, ·)`: value and constraint are then products with `K`, which can be
//! enclosed however badly `K` is conditioned. A trained network takes part through its outputs: the function of least norm
//! with its outputs minus `f₀` at all points has the coefficients [`KernelInterpolant::representer`], and the interpolant
//! itself has zeros at the test points.
//! Assumes: `K` positive semidefinite up to rounding. The stored entries define the program.
//! Source: representer theorem (Schölkopf, Herbrich, Smola 2001, Theorem 1); the limit of gradient flow on the squared loss
//! of a lazily trained network (Jacot, Gabriel, Hongler 2018, arXiv 1806.07572, §5; Arora et al. 2019, arXiv
//! 1904.11955, Theorem 3.2), and of gradient descent in the space itself from `f₀`.
//! Units and invariance: `value` in units of `y` over the root of `k`; a constant factor of `k` leaves `f` as it is.
//! Bound: `⟨ν, y − f₀(X)⟩ = ⟨f_ν, f − f₀⟩ ≤ √(νᵀKν) ‖f − f₀‖` for all `ν`; the best multiple in `2⟨ν, r⟩ − νᵀKν`. For a
//! feasible `f`, `‖f − f₀ − f_ν‖² = value² − (2⟨ν, r⟩ − νᵀKν)`, which times `k(x, x)` bounds the squared error at `x`.
//! Errors: depth 0, shapes that do not fit, entries that are not finite. Targets that no function of the space takes (copies of
//! a point with two targets) are [`SolveStatus::Infeasible`], with a `ν` whose bound is large.
//!
//! ```
//! use tropism::numerics::{Kernel, Matrix};
//! use tropism::programs::{Budget, KernelInterpolant, Program, certify};
//!
//! // ⟨x, x'⟩ at 1 and, to be predicted, at 3: the line through the origin.
//! let (x, test) = (Matrix::from_rows(&[vec![1.0]]).into(), Matrix::from_rows(&[vec![3.0]]).into());
//! let program = KernelInterpolant::new(Kernel::Linear, &x, Some(&test), &[2.0], None)?;
//! let solution = program.solve(&Budget::default());
//! assert_eq!(program.outputs(&solution.w), [2.0, 6.0]);
//! assert!(certify(&program, &solution.w, &solution.dual).relative_gap < 1e-14);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::rkhs::Rkhs;
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::error::Error;
use crate::numerics::{Design, Kernel, Matrix, compensated, linalg};

/// `min ‖f − f₀‖_K s.t. f(X) = y`.
#[derive(Debug, Clone)]
pub struct KernelInterpolant {
    all: Rkhs,
    training: Rkhs,
    /// `y − f₀(X)`.
    rest: Vec<f64>,
}

impl KernelInterpolant {
    /// Training inputs `x [n × d]`, test inputs `[m × d]`, targets `y [n]`, outputs of the start `f₀(X) [n]` (zero if `None`).
    ///
    /// # Errors
    /// See the module header.
    pub fn new(
        kernel: Kernel,
        x: &Design,
        test: Option<&Design>,
        y: &[f64],
        start: Option<&[f64]>,
    ) -> Result<Self, Error> {
        if !kernel.is_valid() {
            return Err(Error::bad_value("kernel", "depth", 0, "at least one layer of weights"));
        }
        let Some(test) = test else { return Self::from_gram(kernel.gram(x), y, start) };
        if test.cols() != x.cols() {
            let what = format!("{} training and {} test inputs a sample", x.cols(), test.cols());
            return Err(Error::data("kernel interpolant", what));
        }
        let (top, rest) = (x.to_dense(), test.to_dense());
        let both = [top.as_slice(), rest.as_slice()].concat();
        let points = Matrix::from_vec(x.rows() + test.rows(), x.cols(), both);
        Self::from_gram(kernel.gram(&points.into()), y, start)
    }

    /// From a kernel matrix `[N × N]` whose first `n` points have the targets `y [n]`, as for the tangent kernel of a network
    /// of finite width.
    ///
    /// # Errors
    /// See the module header.
    pub fn from_gram(k: Matrix, y: &[f64], start: Option<&[f64]>) -> Result<Self, Error> {
        let (rows, n) = (k.rows(), y.len());
        let fits = k.cols() == rows && n <= rows && start.is_none_or(|s| s.len() == n);
        if !fits {
            let outputs = start.map_or(n, <[f64]>::len);
            let what =
                format!("a {rows} x {} kernel matrix, {n} targets, {outputs} starting outputs", k.cols());
            return Err(Error::data("kernel interpolant", what));
        }
        let rest: Vec<f64> = match start {
            Some(start) => y.iter().zip(start).map(|(y, f)| y - f).collect(),
            None => y.to_vec(),
        };
        if !k.as_slice().iter().chain(&rest).all(|v| v.is_finite()) {
            return Err(Error::data("kernel interpolant", "an entry is NaN or infinite"));
        }
        let all = Rkhs { k };
        Ok(Self { training: all.leading(n), all, rest })
    }

    /// `f − f₀` at all points, `[N]`, for coefficients `c [N]`.
    pub fn outputs(&self, c: &[f64]) -> Vec<f64> {
        self.all.outputs(c).iter().map(|o| o.mid()).collect()
    }

    /// Coefficients of the function of least norm with `outputs [N]` (minus those of the start), and the largest error
    /// with which it takes them; `None` if the kernel matrix could not be factorised.
    pub fn representer(&self, outputs: &[f64]) -> Option<(Vec<f64>, f64)> {
        let solved = self.all.solve(outputs)?;
        Some((solved.c, linalg::max_abs(&solved.rest)))
    }
}

impl Program for KernelInterpolant {
    fn value(&self, c: &[f64]) -> f64 {
        let above = self.all.norm_above(c);
        if above.is_nan() { f64::INFINITY } else { above }
    }

    fn violation(&self, c: &[f64]) -> f64 {
        let error = |(i, r): (usize, &f64)| {
            let mut sum = compensated::dot(self.all.k.row(i), c);
            sum.add(-r);
            sum.value()
        };
        let errors: Vec<f64> = self.rest.iter().enumerate().map(error).collect();
        let scale = linalg::max_abs(&self.rest);
        let worst = linalg::max_abs(&errors) / if scale > 0.0 { scale } else { 1.0 };
        if worst.is_nan() { f64::INFINITY } else { worst }
    }

    fn bound(&self, nu: &[f64]) -> f64 {
        let product = compensated::dot(nu, &self.rest).enclosure();
        // −ν is as good a dual vector as ν.
        let above = product.lo.max(-product.hi);
        let bound = (above / self.training.norm_above(nu)).next_down();
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let n = self.rest.len();
        let mut solution = Solution {
            w: vec![0.0; self.all.k.rows()],
            dual: vec![0.0; n],
            status: SolveStatus::Stalled,
            iterations: 1,
            method: "Cholesky".into(),
            uniqueness: Uniqueness::Unknown,
        };
        let Some(solved) = self.training.solve(&self.rest) else { return solution };
        let left = linalg::max_abs(&solved.rest);
        if left > 1e-8 * linalg::max_abs(&self.rest) {
            // What the range of K does not reach: the norm needed is at least ‖ray‖²/√(rayᵀK ray).
            solution.dual = solved.rest;
            solution.status = SolveStatus::Infeasible;
            return solution;
        }
        solution.w[..n].copy_from_slice(&solved.c);
        solution.dual = solved.c;
        if !solved.definite {
            solution.method = "symmetric eigenvalues".into();
        }
        // Coefficients at test points that add nothing new are not determined.
        if solved.definite && (n == self.all.k.rows() || definite(&self.all)) {
            solution.uniqueness = Uniqueness::Unique;
        }
        let certificate = certify(self, &solution.w, &solution.dual);
        if certificate.relative_gap.max(certificate.violation) <= budget.relative_gap {
            solution.status = SolveStatus::Converged;
        }
        solution
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "kernel_interpolant".into(),
            formula: "min ‖f − f₀‖_K s.t. f(X) = y".into(),
            scale_invariant: false,
            uniqueness: Uniqueness::Unknown,
        }
    }
}

fn definite(space: &Rkhs) -> bool {
    linalg::Cholesky::new(&space.k).is_some_and(|f| {
        let (least, most) = f.pivots();
        least > 1e-7 * most
    })
}
