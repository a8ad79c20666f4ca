//! What a step of the flow of a curved model may be wrong by.

use super::model::{ModelFlow, Turned};
use crate::numerics::linalg;

/// What one step may be wrong by.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// Of an output: absolute and relative.
    pub absolute: f64,
    pub relative: f64,
    /// Of a parameter, relative to what it has moved; of a weight matrix, relative to its norm, where there are kinks.
    pub parameters: f64,
}

impl Tolerance {
    pub const SMOOTH: Self = Self { absolute: 1e-6, relative: 1e-8, parameters: 1e-8 };
    /// Every kink a step crosses costs an error of first order; one crosses thousands.
    pub const KINKED: Self = Self { absolute: 1e-2, relative: 1e-6, parameters: 1e-3 };
}

/// Error of a step relative to the step: what grows from small beginnings grows at its own rate.
const GROWTH: f64 = 1e-3;

/// Shorter side of the weight matrices whose singular values are looked at in every step.
const MEASURED: usize = 200;
/// A few units in the last place of a number.
const GRAIN: f64 = 4e-15;
/// Units in the last place that eight columns of the extrapolation make of one.
const UNITS: f64 = 1e3;
/// Error of an output of a network with kinks, relative to the largest residual there is.
const NEAR_REST: f64 = 1e-2;

/// Steps of this size, relative to all parameters, are rounding at a point of rest: units in the last place of the velocities, which a
/// long step multiplies and its implicit part takes back.
const STILL: f64 = 1e-12;

/// An output whose slope is below `e^-FAINT` of the largest may be wrong by this part of what is beyond.
const FAINT: f64 = 25.0;
const FAINT_SLOPE: f64 = 0.02;

impl ModelFlow<'_> {
    /// Error of a step of size `h` to `(theta, outputs)` in units of the tolerance.
    pub fn error(
        &mut self,
        (theta, outputs): (&[f64], &[f64]),
        (off_theta, off_outputs): (&[f64], &[f64]),
        h: f64,
    ) -> f64 {
        self.model.predict(theta, &self.x, &mut self.work, &mut self.reached);
        self.loss.slopes(&self.reached, self.targets, &mut self.slopes);
        let t = self.tolerance;
        let noise = self.newton.noise();
        // Kinks leave errors of the size that is allowed: measured by the start they would keep the run from its rest.
        let close = self.kinked && self.has_root();
        let mut worst: f64 = 0.0;
        for i in 0..outputs.len() {
            let f = self.reached[i];
            let noise = noise.get(i).copied().unwrap_or(0.0);
            let off = off_outputs[i].abs().max((f - outputs[i]).abs());
            let faint = if self.gates.is_some() { self.faintness(i) } else { 0.0 };
            let allowed = if close {
                t.absolute.min(NEAR_REST * self.steepest)
            } else {
                t.absolute + faint + t.relative * f.abs()
            };
            worst = largest(worst, off / (allowed + 4.0 * noise));
        }
        let parameters = if self.kinked {
            self.error_of_blocks(theta, off_theta)
        } else {
            self.error_of_parameters(theta, off_theta, h)
        };
        largest(worst, parameters)
    }

    /// What the output of a sample may be wrong by because its slope is so small that it has no say.
    fn faintness(&self, output: usize) -> f64 {
        let k = self.targets.outputs();
        let slopes = &self.slopes[output / k * k..(output / k + 1) * k];
        let logs = -linalg::max_abs(slopes).max(f64::MIN_POSITIVE).ln();
        FAINT_SLOPE * (logs - FAINT).max(0.0)
    }

    /// Error of a step of size `h` to `theta` in units of the tolerance, where outputs follow from the parameters.
    pub fn error_of_parameters_alone(&mut self, theta: &[f64], off: &[f64], h: f64) -> f64 {
        self.model.predict(theta, &self.x, &mut self.work, &mut self.reached);
        self.error_of_parameters(theta, off, h)
    }

    /// Largest error of a weight matrix relative to its norm.
    fn error_of_blocks(&self, theta: &[f64], off: &[f64]) -> f64 {
        self.blocks.iter().fold(0.0, |worst, b| {
            let (size, off) = (linalg::norm2(&theta[b.range()]), linalg::norm2(&off[b.range()]));
            if off == 0.0 { worst } else { largest(worst, off / (self.tolerance.parameters * size)) }
        })
    }

    /// Every parameter relative to how far it has been from its start, and in this step; all of them relative to the step.
    fn error_of_parameters(&self, theta: &[f64], off: &[f64], h: f64) -> f64 {
        let t = self.tolerance.parameters;
        let (mut worst, mut size, mut moved, mut total) = (0.0, 0.0, 0.0, 0.0);
        for (j, e) in off.iter().enumerate() {
            let step = (theta[j] - self.theta[j]).abs();
            let since = theta[j].abs().min(self.furthest[j].max((theta[j] - self.start[j]).abs()));
            if *e != 0.0 {
                let rounding = h * self.rounding[j] + GRAIN * theta[j].abs().max(self.largest_beside[j]);
                worst = largest(worst, e.abs() / (t * (since + step + self.least[j]) + rounding));
            }
            size += theta[j] * theta[j];
            moved += step * step;
            total += e * e;
        }
        if total == 0.0 {
            return worst;
        }
        largest(worst, total.sqrt() / (GROWTH * f64::sqrt(moved) + STILL * f64::sqrt(size)))
    }

    /// Entries of a matrix pass through zero for no other reason than the basis they are written in: what counts is the smallest of its
    /// singular values. Where the matrix is graded, an entry counts by the two singular values `σ_i ≥ σ_j` of its row and its column:
    /// changes by parts of `√(σ_i σ_j)` change every singular value by such a part. Rounding of a row's or a column's largest entry
    /// in the others only turns it.
    pub fn measure_blocks(&mut self) {
        for b in self.blocks.iter().filter(|b| !b.is_vector() && b.rows.min(b.cols) <= MEASURED) {
            let block = b.matrix(&self.theta);
            let values = linalg::singular_values(&block);
            let least = values.last().copied().unwrap_or(0.0);
            self.least[b.range()].fill(least);
            if !matches!(self.turned, Some(Turned::Graded(_))) {
                continue;
            }
            let roots: Vec<f64> = values.iter().map(|s| s.sqrt()).collect();
            let root = |i: usize| roots.get(i).copied().unwrap_or(least.sqrt());
            let rows: Vec<f64> = (0..b.rows).map(|i| linalg::max_abs(block.row(i))).collect();
            let turned = block.transposed();
            let columns: Vec<f64> = (0..b.cols).map(|j| linalg::max_abs(turned.row(j))).collect();
            for e in 0..b.rows * b.cols {
                let (i, j) = (e / b.cols, e % b.cols);
                self.least[b.offset + e] = root(i) * root(j);
                self.largest_beside[b.offset + e] = rows[i].max(columns[j]);
            }
        }
    }

    /// Units in the last place of the sums that make up the velocities; none are known where the derivatives are not kept.
    pub fn round(&mut self, log_factor: f64) {
        let scale = self.slope_scale();
        let factor = (scale + log_factor).exp();
        self.rounding.fill(0.0);
        let Some(jacobian) = self.newton.jacobian() else { return };
        for (i, q) in self.slopes.iter().enumerate().filter(|(_, q)| **q != 0.0) {
            let unit = UNITS * f64::EPSILON * factor * q.abs();
            self.rounding.iter_mut().zip(jacobian.row(i)).for_each(|(r, j)| *r += unit * j.abs());
        }
        // A loss without a root leaves no gradient that vanishes on what has grown: it goes on growing.
        if self.apart && self.has_root() {
            let mut silent = std::mem::take(&mut self.silent);
            self.noise_of_gradient(scale - self.log_weight, &mut silent.1);
            silent.0 = scale;
            self.silent = silent;
        }
    }

    /// Sets to zero what is rounding in a pullback of slopes whose scale, weight included, is `e^scale`. In bases of its own a product of
    /// matrices keeps small velocities apart from large ones; what is left in the other entries is rounding, which would turn the
    /// bases away over a long wait.
    pub fn silence(&self, scale: f64, v: &mut [f64]) {
        let (log_unit, noise) = &self.silent;
        let unit = (log_unit - scale).exp();
        for (v, noise) in v.iter_mut().zip(noise) {
            if v.abs() <= unit * noise {
                *v = 0.0;
            }
        }
    }
}

/// The larger of two errors; NaN wins.
fn largest(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}
