//! Forms and systems with a kernel matrix, enclosed: what the kernel programs are made of.

use crate::numerics::directed::{Enclosure, enclosed_dot};
use crate::numerics::linalg::{self, Cholesky};
use crate::numerics::{Matrix, compensated};

/// A symmetric positive semidefinite matrix `K [N × N]` of kernel values.
#[derive(Debug, Clone)]
pub(super) struct Rkhs {
    pub k: Matrix,
}

/// A solution of `K c = b`.
pub(super) struct Solved {
    pub c: Vec<f64>,
    /// `b − K c`, to twice the working precision.
    pub rest: Vec<f64>,
    /// `K` is positive definite beyond rounding.
    pub definite: bool,
}

/// Rounds of iterative refinement: each gains the digits that the condition number leaves.
const ROUNDS: usize = 6;

impl Rkhs {
    /// Contains `K c`, `[N]`.
    pub fn outputs(&self, c: &[f64]) -> Vec<Enclosure> {
        (0..self.k.rows()).map(|i| enclosed_dot(self.k.row(i), c)).collect()
    }

    /// An upper bound on `cᵀKc`, which is never negative.
    ///
    /// `K` is a kernel matrix up to rounding: where the form is not above what rounding of its entries can make of it,
    /// that much is added, so that nothing is concluded from a direction in which only rounding is left.
    pub fn form_above(&self, c: &[f64]) -> f64 {
        let outputs = self.outputs(c);
        let mut form = compensated::Accumulator::default();
        let mut inherited = 0.0;
        for (v, o) in c.iter().zip(&outputs) {
            form.add_product(*v, o.mid());
            inherited += v.abs() * o.width();
        }
        let error = (form.error() + inherited * (1.0 + 1e-6)).next_up();
        let n = self.k.rows();
        let diagonal = (0..n).fold(0.0, |m: f64, i| m.max(self.k.get(i, i)));
        let allowance = n as f64 * f64::EPSILON * diagonal * linalg::dot(c, c);
        let above = (form.value() + error).next_up();
        if form.value() - error > allowance { above } else { (above.max(0.0) + allowance).next_up() }
    }

    /// `‖Σ c_i k(x_i, ·)‖_K`, rounded up.
    pub fn norm_above(&self, c: &[f64]) -> f64 {
        if c.iter().all(|&v| v == 0.0) {
            return 0.0;
        }
        // A power of two, so that squares neither overflow nor vanish.
        let top = linalg::max_abs(c);
        if !top.is_finite() {
            return f64::INFINITY;
        }
        let unit = top.log2().floor().clamp(-1000.0, 1000.0).exp2();
        let scaled: Vec<f64> = c.iter().map(|v| v / unit).collect();
        (self.form_above(&scaled).sqrt().next_up() * unit).next_up()
    }

    /// The leading `n × n` block.
    pub fn leading(&self, n: usize) -> Rkhs {
        Rkhs { k: Matrix::from_fn(n, n, |i, j| self.k.get(i, j)) }
    }

    /// `c` with `K c = b`, or the shortest with the least residual where `K` is singular to rounding; `None` if it could
    /// not be factorised.
    pub fn solve(&self, b: &[f64]) -> Option<Solved> {
        if let Some(factor) = Cholesky::new(&self.k) {
            let (least, most) = factor.pivots();
            let solved = self.refine(b, |r| {
                let mut c = r.to_vec();
                factor.solve(&mut c);
                c
            });
            // Pivots are at most the root of the condition number apart.
            let definite = least > 1e-7 * most;
            if definite || linalg::max_abs(&solved.rest) <= 1e-13 * linalg::max_abs(b) {
                return Some(Solved { definite, ..solved });
            }
        }
        let (values, vectors) = linalg::symmetric_eigen(&self.k)?;
        let largest = values.last().copied().unwrap_or(0.0);
        let cut = self.k.rows() as f64 * f64::EPSILON * largest;
        Some(self.refine(b, |r| {
            let mut spectrum = vec![0.0; r.len()];
            linalg::matvec_transposed(&vectors, r, &mut spectrum);
            spectrum.iter_mut().zip(&values).for_each(|(s, l)| *s = if *l > cut { *s / l } else { 0.0 });
            let mut c = vec![0.0; r.len()];
            linalg::matvec(&vectors, &spectrum, &mut c);
            c
        }))
    }

    fn refine(&self, b: &[f64], step: impl Fn(&[f64]) -> Vec<f64>) -> Solved {
        let mut c = vec![0.0; b.len()];
        let mut rest = b.to_vec();
        for _ in 0..ROUNDS {
            let mut next = c.clone();
            linalg::axpy(1.0, &step(&rest), &mut next);
            let left = self.residual(&next, b);
            if linalg::norm2(&left) >= 0.9 * linalg::norm2(&rest) || left.iter().any(|v| v.is_nan()) {
                break;
            }
            (c, rest) = (next, left);
        }
        Solved { c, rest, definite: false }
    }

    fn residual(&self, c: &[f64], b: &[f64]) -> Vec<f64> {
        let row = |(i, &bi): (usize, &f64)| {
            // The output is known to twice the precision only as an interval; its centre loses nothing below 1e-16 |Kc|,
            // so the difference is formed inside the sum.
            let mut acc = compensated::dot(self.k.row(i), c);
            acc.add(-bi);
            -acc.value()
        };
        b.iter().enumerate().map(row).collect()
    }
}
