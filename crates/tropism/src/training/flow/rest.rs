//! Whether a run has come to rest, and what rounding leaves of its gradient.

use super::rosenbrock::System;
use super::system::LinearFlow;
use crate::numerics::{Matrix, linalg};

/// What a run at a point is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    Moving,
    AtMinimiser,
    /// The gradient cannot be told from rounding, and that does not pin the minimiser down.
    Unresolved,
}

impl LinearFlow<'_> {
    /// Whether the run has come to rest: every coordinate of the gradient is rounding noise of its own terms. Then it is
    /// at a finite minimiser if the curvature is positive definite and even that noise, carried through its inverse,
    /// moves the point by no more than a millionth of its size; otherwise rounding has hidden where the run would go.
    ///
    /// On the way to infinity neither happens: the gradient stays above the margin times the sum of the slopes.
    /// Coordinate by coordinate, because across the settled directions (see `settle`) the gradient is small
    /// but exact.
    pub fn rest(&mut self) -> Rest {
        let dim = self.dim();
        if dim == 0 {
            return Rest::AtMinimiser;
        }
        let shift = -self.forward(None);
        let noise = self.gradient_noise();
        let mut gradient = std::mem::take(&mut self.scratch);
        self.velocity(None, shift, &mut gradient);
        let above = gradient.iter().zip(&noise).any(|(g, n)| g.abs() > *n);
        self.scratch = gradient;
        if above {
            return Rest::Moving;
        }
        let mut matrix = Matrix::zeros(dim, dim);
        self.hessian(shift, &mut matrix);
        let Some(factor) = linalg::Cholesky::new(&matrix) else { return Rest::Unresolved };
        let moved = carried(&factor, &noise);
        let known = moved <= 1e-6 * (self.unit_scale() + linalg::norm2(&self.point));
        if known { Rest::AtMinimiser } else { Rest::Unresolved }
    }

    /// The length of a weight vector that moves an output by one.
    fn unit_scale(&self) -> f64 {
        let longest = (0..self.rows.rows()).map(|i| linalg::norm2(self.rows.row(i))).fold(0.0, f64::max);
        1.0 / longest.max(f64::MIN_POSITIVE)
    }

    /// What rounding alone leaves of each coordinate of the gradient, on the scale of the slopes: a few units in the
    /// last place of `Σ |slope_i| |x_ij|`, and of each output times its curvature.
    pub(super) fn gradient_noise(&self) -> Vec<f64> {
        let (k, r) = (self.targets.outputs(), self.rows.cols());
        let size = linalg::norm2(&self.point);
        let mut block = vec![0.0; k * k];
        let mut noise = vec![0.0; self.dim()];
        for i in 0..self.targets.len() {
            let (range, x) = (i * k..(i + 1) * k, self.rows.row(i));
            let slope = linalg::norm2(&self.slopes[range.clone()]);
            let s = self.loss.curvature(&self.outputs[range.clone()], self.targets.get(i), &mut block);
            // The slopes' own scale was taken out by `forward`; what matters here is their ratio to it.
            let curvature = linalg::norm2(&block) * (s - self.slope_log_scale).exp();
            let uncertain = 4.0 * f64::EPSILON * (slope + curvature * linalg::norm2(x) * size);
            for c in 0..k {
                for (n, v) in noise[c * r..(c + 1) * r].iter_mut().zip(x) {
                    *n += uncertain * v.abs();
                }
            }
        }
        noise
    }
}

/// `‖ |H⁻¹| noise ‖`: how far errors of at most `noise` in each coordinate of the gradient can move the minimiser.
fn carried(factor: &linalg::Cholesky, noise: &[f64]) -> f64 {
    let mut moved = vec![0.0; noise.len()];
    let mut column = vec![0.0; noise.len()];
    for (j, n) in noise.iter().enumerate() {
        column.fill(0.0);
        column[j] = *n;
        factor.solve(&mut column);
        moved.iter_mut().zip(&column).for_each(|(m, c)| *m += c.abs());
    }
    linalg::norm2(&moved)
}
