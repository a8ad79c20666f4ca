//! The constraint `X w = y` and its starting point, shared by all interpolation programs.

use crate::error::Error;
use crate::numerics::compensated::{self, Accumulator};
use crate::numerics::directed::{self, Enclosure};
use crate::numerics::{Design, PseudoInverse, linalg};
use std::sync::Arc;

/// `{w : X w = y}`, seen from `w0`. `X [n × d]`, `y [n]`, `w0 [d]`.
#[derive(Debug, Clone)]
pub(super) struct Affine {
    pub x: Arc<Design>,
    pub y: Vec<f64>,
    pub start: Vec<f64>,
    /// `y − X w0`, to twice the working precision, rounded once.
    pub rest: Vec<f64>,
    rest_error: Vec<f64>,
}

impl Affine {
    /// Checks shapes and finiteness.
    pub fn new(x: Arc<Design>, y: Vec<f64>, start: Vec<f64>) -> Result<Self, Error> {
        let name = "interpolation program";
        if y.len() != x.rows() || start.len() != x.cols() {
            let (n, d) = (x.rows(), x.cols());
            let what =
                format!("{n} rows and {d} columns, {} targets, start of length {}", y.len(), start.len());
            return Err(Error::data(name, what));
        }
        let bad = |list: &[f64]| list.iter().position(|v| !v.is_finite());
        let fault = |what: &str, at: usize| {
            let what = format!(
                "{what} {} is NaN, infinite or too large; every number must be finite, and inputs small enough for their squares \
                 to be: divide them by a constant.",
                at + 1
            );
            Err(Error::data(name, what))
        };
        if let Some(i) = bad(&x.row_norms()) {
            return fault("an entry in row", i);
        }
        if let Some(i) = bad(&y) {
            return fault("the target of row", i);
        }
        if let Some(j) = bad(&start) {
            return fault("the start in column", j);
        }
        let zero_start = start.iter().all(|&v| v == 0.0);
        let rest = compensated::residual(&x, &start, &y);
        // Subtracting zero rounds nothing.
        let rest_error = if zero_start { vec![0.0; y.len()] } else { compensated::errors(&rest) };
        let rest = if zero_start { y.clone() } else { compensated::values(&rest) };
        Ok(Self { x, y, start, rest, rest_error })
    }

    /// `‖Xw − y‖_∞ / max(‖y‖_∞, ‖X w0‖_∞)` (the plain residual if both vanish), up to rounding.
    pub fn violation(&self, w: &[f64]) -> f64 {
        let rest = compensated::residual(&self.x, w, &self.y);
        let worst = linalg::max_abs(&compensated::values(&rest));
        let shift = self.y.iter().zip(&self.rest).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
        let scale = linalg::max_abs(&self.y).max(shift);
        let relative = if scale > 0.0 { worst / scale } else { worst };
        if relative.is_nan() { f64::INFINITY } else { relative }
    }

    /// Contains `⟨ν, y − X w0⟩`.
    pub fn dual_value(&self, nu: &[f64]) -> Enclosure {
        let product = directed::enclosed_dot(nu, &self.rest);
        let moduli: Vec<f64> = nu.iter().map(|v| v.abs()).collect();
        let inherited = directed::dot(&moduli, &self.rest_error).hi;
        let inherited = inherited.max(0.0);
        Enclosure { lo: (product.lo - inherited).next_down(), hi: (product.hi + inherited).next_up() }
    }

    /// `Xᵀ ν` with error bounds, each `[d]`.
    pub fn adjoint(&self, nu: &[f64]) -> Vec<Accumulator> {
        compensated::adjoint(&self.x, nu)
    }

    /// `⟨ν, y − X w0⟩ / ‖Xᵀν‖`, rounded down and at least zero: for every `ν` a lower bound on the distance of the constraint
    /// from `w0` in the norm whose dual `above` bounds from above at `Xᵀν`.
    pub fn bound(&self, nu: &[f64], above: impl FnOnce(&[Accumulator]) -> f64) -> f64 {
        let product = self.dual_value(nu);
        // −ν is as good a dual vector as ν.
        let numerator = product.lo.max(-product.hi);
        let bound = (numerator / above(&self.adjoint(nu))).next_down();
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    /// Shortest step from `w0` to the constraint and what remains of it: `None` where the step leaves more than
    /// rounding explains, so that no `w` satisfies the constraint.
    ///
    /// A backward stable least-squares solution leaves at most a small multiple of
    /// `max(n, d) u (‖X‖ ‖u‖ + ‖r‖)` of a consistent right-hand side; the factor 64 covers constants.
    pub fn least_norm(&self, inverse: &PseudoInverse) -> (Vec<f64>, Option<Vec<f64>>) {
        let step = inverse.solve(&self.rest);
        let left = compensated::values(&compensated::residual(&self.x, &step, &self.rest));
        let size = linalg::norm2(&self.x.row_norms()) * linalg::norm2(&step) + linalg::norm2(&self.rest);
        let slack = 64.0 * self.x.rows().max(self.x.cols()) as f64 * f64::EPSILON * size;
        if linalg::norm2(&left) <= slack {
            return (step, None);
        }
        // Once more off the range of X, to the precision of the ray itself. Then every solution is at least
        // ‖ray‖²/‖Xᵀ ray‖ long (in units where ⟨ray, r⟩ = ‖ray‖²): where that is not absurd, a singular value at
        // rounding level may explain the rest, and nothing is proved.
        let inside = inverse.solve(&left);
        let ray = compensated::values(&compensated::residual(&self.x, &inside, &left));
        let image = linalg::norm2(&compensated::values(&compensated::adjoint(&self.x, &ray)));
        let length = linalg::dot(&ray, &self.rest) / image.max(f64::MIN_POSITIVE);
        let absurd = length > 1e5 * linalg::norm2(&step);
        (step, absurd.then_some(ray))
    }

    /// Removes what is left of the constraint by the shortest step.
    pub fn project(&self, inverse: &PseudoInverse, w: &mut [f64]) {
        let left = compensated::values(&compensated::residual(&self.x, w, &self.y));
        linalg::axpy(1.0, &inverse.solve(&left), w);
    }

    /// `w0 + u`.
    pub fn at(&self, u: &[f64]) -> Vec<f64> {
        self.start.iter().zip(u).map(|(a, b)| a + b).collect()
    }
}
