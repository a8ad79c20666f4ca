//! Whether the flow of a curved model has come to rest, and at what.

use super::model::ModelFlow;
use crate::data::Targets;
use crate::numerics::linalg;

/// Units in the last place that the products leave.
const UNITS: f64 = 8.0;
/// Eigenvalues of the Hessian above minus this part of the largest count as zero: rounding of finite differences.
const FLAT: f64 = 1e-5;
/// Residual beside the largest target that counts as none where the gradient is rounding.
const FITTED: f64 = 1e-13;
/// How many times the rounding of outputs a residual may be there: sums of the moduli of all terms are what it is measured by.
const FEW: f64 = 8.0;
/// Distance of parameters that fit, relative to the present ones, which no judge sees.
const BESIDE: f64 = 1e-6;
/// Residual beside the largest target from which on it is worth asking where the flow ends; every so many looks.
const CLOSE: f64 = 1e-6;
const SELDOM: u32 = 4;
/// Second step of Newton's method beside the first, where the model is as good as linear.
const CONTRACTS: f64 = 0.1;
/// Change of a predictor, relative to itself, that counts as none; residuals alike, where the gradient is rounding.
const AS_IT_IS: f64 = 1e-9;
/// Power iterations for an extreme eigenvalue.
const ITERATIONS: usize = 200;

/// What a run at a point is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Moving,
    AtMinimiser,
    /// No gradient, and a direction in which the loss falls.
    AtSaddle,
    /// The gradient cannot be told from rounding, and that does not pin a minimiser down.
    Unresolved,
}

impl ModelFlow<'_> {
    /// Whether the outputs are the targets, to the rounding of the outputs: then the loss is at its smallest value.
    pub fn fits_all(&mut self) -> bool {
        self.fits_within(|noise| UNITS * noise)
    }

    /// Whether every residual is below what is allowed for the rounding of its output.
    fn fits_within(&mut self, allowed: impl Fn(f64) -> f64) -> bool {
        if !self.has_root() {
            return false;
        }
        let scale = self.loss.slopes(&self.outputs, self.targets, &mut self.slopes).exp();
        let noise = self.newton.noise();
        self.slopes.iter().zip(&self.outputs).enumerate().all(|(i, (slope, f))| {
            let rounding = noise.get(i).copied().unwrap_or(0.0).max(f64::EPSILON * f.abs());
            (slope * scale).abs() <= allowed(rounding)
        })
    }

    /// Whether every residual is rounding beside the largest target, or a few times that of its output: with a gradient that is rounding
    /// as well, no point is nearer.
    fn fits_nearly(&mut self) -> bool {
        let Targets::Real(y) = self.targets else { return false };
        // In coordinates that keep them apart, those that have not grown are seen to fade, by powers of time: they are all that is left.
        let close = if self.apart { AS_IT_IS } else { FITTED } * linalg::max_abs(y);
        self.fits_within(|noise| close.max(FEW * UNITS * noise))
    }

    /// Log of the size of the slopes, weight included.
    pub fn slope_scale(&mut self) -> f64 {
        self.loss.slopes(&self.outputs, self.targets, &mut self.slopes) + self.log_weight
    }

    /// Log of an upper estimate of the fastest rate at which outputs relax, `trace JᵀSJ`; `−∞` where `J` is not kept.
    pub fn log_relaxation(&mut self) -> f64 {
        self.linearise(0.0);
        let Some(jacobian) = self.newton.jacobian() else { return f64::NEG_INFINITY };
        let k = self.targets.outputs();
        let mut block = vec![0.0; k * k];
        let mut worst = f64::NEG_INFINITY;
        for i in 0..self.targets.len() {
            let range = i * k..(i + 1) * k;
            let s = self.loss.curvature(&self.outputs[range], self.targets.get(i), &mut block);
            for c in 0..k {
                let row = 2.0 * linalg::norm2(jacobian.row(i * k + c)).ln();
                worst = worst.max(s + block[c * k + c].ln() + row);
            }
        }
        worst + self.log_weight + (self.targets.len() as f64).ln()
    }

    /// What the run is doing at the present point, whose `dθ/ds` is `velocity` with `e^{log_factor}` for `dt/ds`.
    pub fn standing(&mut self, velocity: &[f64], log_factor: f64) -> Standing {
        if self.fits_all() || self.ends_as_it_is() {
            return Standing::AtMinimiser;
        }
        let (still, faint) = self.is_noise(velocity, log_factor);
        if faint && self.fits_nearly() {
            return Standing::AtMinimiser;
        }
        if !still {
            return Standing::Moving;
        }
        if self.rests_as_predictor() || self.beside_an_interpolant() {
            return Standing::AtMinimiser;
        }
        // A convex loss of a linear predictor has no other minimisers than those.
        let other = !(self.model.facts().linear_in_inputs && self.loss.facts().convex);
        match self.extreme_curvatures() {
            Some((lowest, highest)) if lowest < -FLAT * highest => Standing::AtSaddle,
            Some((lowest, highest))
                if other && highest > 0.0 && lowest > FLAT * highest && !self.leaves_some() =>
            {
                Standing::AtMinimiser
            }
            _ => Standing::Unresolved,
        }
    }

    /// Whether, of a loss without a root, some samples have left the others behind: their slopes are nothing beside those of samples that the
    /// model cannot move, and yet the outputs grow on. No finite point is a minimiser then.
    fn leaves_some(&mut self) -> bool {
        if self.has_root() {
            return false;
        }
        self.loss.slopes(&self.outputs, self.targets, &mut self.slopes);
        let most = linalg::max_abs(&self.slopes);
        let k = self.targets.outputs();
        let Some(jacobian) = self.newton.jacobian() else { return false };
        self.slopes.chunks_exact(k).enumerate().any(|(i, q)| {
            linalg::max_abs(q) <= f64::EPSILON * most
                && (0..k).any(|c| jacobian.row(i * k + c).iter().any(|j| *j != 0.0))
        })
    }

    /// Whether parameters that fit are so near, to first order `‖r‖/σ_min(J)`, that what is left is of no account.
    fn beside_an_interpolant(&mut self) -> bool {
        if !self.has_root() {
            return false;
        }
        let scale = self.loss.slopes(&self.outputs, self.targets, &mut self.slopes).exp();
        let rest = linalg::norm2(&self.slopes) * scale;
        let far = self.newton.least_singular_value().map(|s| rest / s);
        far.is_some_and(|far| far <= BESIDE * linalg::norm2(&self.theta))
    }

    /// Whether parameters that fit are so near that the flow ends at them, and with a predictor that cannot be told from the present one.
    ///
    /// Where `‖J⁺r₁‖ ≤ CONTRACTS ‖J⁺r‖` for the residual `r₁` after the step `−J⁺r`, the model is as good as linear in its parameters on the
    /// whole way, and the flow of a linear model ends at just that step. The ranks that have not grown leave residuals behind that would
    /// take powers of their inverse size to fade, and the predictor no longer changes.
    fn ends_as_it_is(&mut self) -> bool {
        // Other models come to rest to the last bit.
        let (Targets::Real(y), true) = (self.targets, self.apart) else { return false };
        let off = |f: &[f64]| -> Vec<f64> { f.iter().zip(y).map(|(f, y)| f - y).collect() };
        let rest = off(&self.outputs);
        if linalg::max_abs(&rest) > CLOSE * linalg::max_abs(y) {
            return false;
        }
        self.looks += 1;
        if !self.looks.is_multiple_of(SELDOM) {
            return false;
        }
        let Some(before) = self.model.effective(&self.theta) else { return false };
        let Some(usv) = self.newton.jacobian().filter(|j| j.rows() <= j.cols()).and_then(linalg::svd) else {
            return false;
        };
        let (p, _) = self.dims();
        let mut along = vec![0.0; usv.s.len()];
        let mut newton = |rest: &[f64], theta: &mut [f64]| -> f64 {
            linalg::matvec_transposed(&usv.u, rest, &mut along);
            along.iter_mut().zip(&usv.s).for_each(|(a, s)| *a /= s);
            let mut step = vec![0.0; p];
            linalg::matvec(&usv.v, &along, &mut step);
            linalg::axpy(-1.0, &step, theta);
            linalg::norm2(&step)
        };
        let mut theta = self.theta.clone();
        let first = newton(&rest, &mut theta);
        let mut outputs = self.outputs.clone();
        self.model.predict(&theta, &self.x, &mut self.work, &mut outputs);
        let second = newton(&off(&outputs), &mut theta);
        let after = self.model.effective(&theta).unwrap_or_default();
        second <= CONTRACTS * first && linalg::distance(&before, &after) <= AS_IT_IS * linalg::norm2(&before)
    }

    /// Whether a convex loss of a linear predictor has no gradient in the predictor itself: then no parameters have a smaller loss, however
    /// flat it is in them.
    fn rests_as_predictor(&mut self) -> bool {
        if !(self.model.facts().linear_in_inputs && self.loss.facts().convex) {
            return false;
        }
        let (k, d) = (self.targets.outputs(), self.x.cols());
        let scale = self.loss.slopes(&self.outputs, self.targets, &mut self.slopes);
        let mut block = vec![0.0; k * k];
        let (mut gradient, mut noise) = (vec![0.0; k * d], vec![0.0; d]);
        for i in 0..self.targets.len() {
            for c in 0..k {
                self.x.add_row(i, self.slopes[i * k + c], &mut gradient[c * d..(c + 1) * d]);
            }
            let uncertain = self.uncertainty(i, scale, &mut block);
            self.x.for_row(i, |j, v| noise[j] += uncertain * v.abs());
        }
        gradient.chunks_exact(d).all(|g| g.iter().zip(&noise).all(|(g, n)| g.abs() <= *n))
    }

    /// Rounding of the slopes of sample `i`, which are in units of `e^scale`: their own, and that of its outputs times the curvature.
    pub(super) fn uncertainty(&self, i: usize, scale: f64, block: &mut [f64]) -> f64 {
        let k = self.targets.outputs();
        let range = i * k..(i + 1) * k;
        let s = self.loss.curvature(&self.outputs[range.clone()], self.targets.get(i), block) - scale;
        let curvature = linalg::norm2(block) * s.exp();
        let rounding = self.newton.noise()[range.clone()].iter().fold(0.0, |m: f64, v| m.max(*v));
        UNITS * (f64::EPSILON * linalg::norm2(&self.slopes[range]) + curvature * rounding)
    }

    /// Whether every coordinate of the gradient is rounding of its own terms, of slopes and of outputs times their curvature; and whether
    /// the gradient as a whole is, which does not depend on the bases it is written in.
    fn is_noise(&mut self, velocity: &[f64], log_factor: f64) -> (bool, bool) {
        if self.newton.jacobian().is_none() {
            return (false, false);
        }
        let scale = self.loss.slopes(&self.outputs, self.targets, &mut self.slopes);
        let unit = (-(scale + self.log_weight + log_factor)).exp();
        let mut noise = std::mem::take(&mut self.still.1);
        self.noise_of_gradient(scale, &mut noise);
        let still = velocity.iter().zip(&noise).all(|(v, n)| v.abs() * unit <= *n);
        let faint = linalg::norm2(velocity) * unit <= linalg::norm2(&noise);
        self.still.1 = noise;
        (still, faint)
    }

    /// Rounding of every coordinate of the gradient at the present point, whose slopes are in units of `e^scale`: `noise [p]` in the same.
    pub fn noise_of_gradient(&mut self, scale: f64, noise: &mut Vec<f64>) {
        noise.clear();
        noise.resize(self.theta.len(), 0.0);
        let Some(jacobian) = self.newton.jacobian() else { return };
        let k = self.targets.outputs();
        let mut block = std::mem::take(&mut self.still.0);
        block.resize(k * k, 0.0);
        for i in 0..self.targets.len() {
            let uncertain = self.uncertainty(i, scale, &mut block);
            for c in i * k..(i + 1) * k {
                noise.iter_mut().zip(jacobian.row(c)).for_each(|(n, j)| *n += uncertain * j.abs());
            }
        }
        self.still.0 = block;
    }

    /// Estimates of the smallest and the largest eigenvalue of `∇²L` (on one common scale), by power iteration on central
    /// differences of the gradient.
    fn extreme_curvatures(&mut self) -> Option<(f64, f64)> {
        let scale = self.slope_scale();
        let (p, m) = self.dims();
        let mut v: Vec<f64> = (0..p).map(|j| 1.0 + 0.5 * ((j * 7 + 3) % 11) as f64 / 11.0).collect();
        let mut image = vec![0.0; p];
        let mut memory = [vec![0.0; p], vec![0.0; m], vec![0.0; m]];
        let mut extreme = |flow: &mut Self, shift: f64| {
            let mut value = 0.0;
            for _ in 0..ITERATIONS {
                let length = linalg::norm2(&v);
                if length == 0.0 || !length.is_finite() {
                    return (length == 0.0).then_some(value);
                }
                v.iter_mut().for_each(|e| *e /= length);
                flow.curvature_times(&v, scale, &mut image, &mut memory);
                image.iter_mut().zip(&v).for_each(|(i, v)| *i -= shift * v);
                value = linalg::dot(&v, &image) + shift;
                std::mem::swap(&mut v, &mut image);
            }
            Some(value)
        };
        let dominant = extreme(self, 0.0)?;
        // Shifted by the dominant eigenvalue, the other end of the spectrum is the farthest.
        let other = extreme(self, dominant)?;
        Some((dominant.min(other), dominant.max(other)))
    }

    /// `out = e^{−scale} ∇²L v`.
    fn curvature_times(&mut self, v: &[f64], scale: f64, out: &mut [f64], memory: &mut [Vec<f64>; 3]) {
        let [back, outputs, speed] = memory;
        // The cube root of the rounding of a gradient balances it against the third derivative.
        let step = 6e-6 * linalg::norm2(&self.theta).max(f64::MIN_POSITIVE);
        out.fill(0.0);
        for sign in [1.0, -1.0] {
            let at: Vec<f64> = self.theta.iter().zip(v).map(|(t, d)| t + sign * step * d).collect();
            self.model.predict(&at, &self.x, &mut self.work, outputs);
            self.velocity(&at, outputs, -scale, back, speed);
            linalg::axpy(-sign / (2.0 * step), back, out);
        }
    }
}
