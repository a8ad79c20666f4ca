//! A convex loss of a linear predictor with bounds on what rounding does to it: what programs that minimise a loss share.
//!
//! Shapes: `X [n × d]`, `w [k d]`, Hessian `[k d × k d]`.
//! Assumes: a model linear in `w`, a convex loss.
//! Source: elementary; sums are charged as in Higham 2002, chapter 3.
//! Units and invariance: those of the loss.
//! Errors: none.

use crate::data::Targets;
use crate::losses::{Loss, Tail};
use crate::numerics::linalg::{axpy, norm2};
use crate::numerics::{Design, Matrix};
use std::sync::Arc;

/// Relative rounding of one sample's loss or slope: a product of the data, one exponential or logarithm, and their sum.
pub const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// `L(w) = exp(log_weight) Σ_i ℓ(w; x_i, y_i)`.
pub struct DataLoss {
    x: Arc<Design>,
    targets: Targets,
    loss: Box<dyn Loss>,
    log_weight: f64,
    /// ℓ2 norms of the rows of `x`.
    lengths: Vec<f64>,
}

/// Value, gradient and, each in its units (the gradient's in ℓ2), how far rounding may have moved them.
pub struct Jet {
    pub value: f64,
    pub value_error: f64,
    pub gradient: Vec<f64>,
    pub gradient_error: f64,
}

impl DataLoss {
    /// `X [n × d]`, `exp(log_weight)` the weight of one sample.
    pub fn new(x: Arc<Design>, targets: Targets, loss: Box<dyn Loss>, log_weight: f64) -> Self {
        Self { lengths: x.row_norms(), x, targets, loss, log_weight }
    }

    /// Outputs `k` and inputs `d`.
    pub fn shape(&self) -> (usize, usize) {
        (self.targets.outputs(), self.x.cols())
    }

    fn outputs(&self, w: &[f64]) -> Vec<f64> {
        let (k, d) = (self.targets.outputs(), self.x.cols());
        let mut out = vec![0.0; self.x.rows() * k];
        for (i, f) in out.chunks_exact_mut(k).enumerate() {
            f.iter_mut().enumerate().for_each(|(c, f)| *f = self.x.row_dot(i, &w[c * d..(c + 1) * d]));
        }
        out
    }

    /// Value and gradient at `w`.
    pub fn jet(&self, w: &[f64]) -> Jet {
        let (n, k, d) = (self.x.rows(), self.targets.outputs(), self.x.cols());
        let outputs = self.outputs(w);
        let (mut slope, mut value, mut value_error) = (vec![0.0; k], 0.0, 0.0);
        // Sum of the moduli that make the gradient, and what their own errors add.
        let (mut moduli, mut gradient_error) = (0.0, 0.0);
        let mut gradient = vec![0.0; w.len()];
        let (lengths, tail) = (&self.lengths, self.loss.facts().tail);
        // A product of the data is rounded by at most this share of the product of the lengths.
        let product = (d as f64 + 2.0) * f64::EPSILON * norm2(w);
        for i in 0..n {
            let (f, y) = (&outputs[i * k..(i + 1) * k], self.targets.get(i));
            let loss = (self.loss.log_value(f, y) + self.log_weight).exp();
            let scale = (self.loss.slope(f, y, &mut slope) + self.log_weight).exp();
            let steep = scale * norm2(&slope);
            value += loss;
            // The output is off by `moved`; curvatures are below these multiples of slope and loss, that of the squared loss is one.
            let moved = product * lengths[i] * (k as f64).sqrt();
            value_error += loss * ROUNDING + steep * moved;
            let curved = match tail {
                Tail::Exponential => 2.0 * (steep + loss),
                Tail::Polynomial { power } => (power + 2.0) * (steep + loss),
                Tail::FiniteRoot => (steep + loss).max(self.log_weight.exp()),
            };
            moduli += lengths[i] * steep;
            gradient_error += lengths[i] * (steep * ROUNDING + curved * moved);
            for (c, s) in slope.iter().enumerate() {
                self.x.add_row(i, scale * s, &mut gradient[c * d..(c + 1) * d]);
            }
        }
        gradient_error += (n as f64 + 4.0) * f64::EPSILON * moduli;
        value_error += (n as f64 + 8.0) * f64::EPSILON * value;
        Jet { value, value_error, gradient, gradient_error }
    }

    /// `∇²L(w)`, `[k d × k d]`.
    pub fn hessian(&self, w: &[f64]) -> Matrix {
        let (n, k, d) = (self.x.rows(), self.targets.outputs(), self.x.cols());
        let outputs = self.outputs(w);
        let mut h = Matrix::zeros(k * d, k * d);
        let (mut curvature, mut row) = (vec![0.0; k * k], vec![0.0; d]);
        for i in 0..n {
            let scale =
                self.loss.curvature(&outputs[i * k..(i + 1) * k], self.targets.get(i), &mut curvature);
            let weight = (scale + self.log_weight).exp();
            row.fill(0.0);
            self.x.add_row(i, 1.0, &mut row);
            for (a, b) in (0..k).flat_map(|a| (0..k).map(move |b| (a, b))) {
                let c = weight * curvature[a * k + b];
                if c == 0.0 {
                    continue;
                }
                for (j, r) in row.iter().enumerate().filter(|(_, r)| **r != 0.0) {
                    axpy(c * r, &row, &mut h.row_mut(a * d + j)[b * d..(b + 1) * d]);
                }
            }
        }
        h
    }
}
