//! A linear model under a convex loss as the system the integrator works on, in row-space coordinates.

use super::rosenbrock::{Implicit, System};
use crate::data::Targets;
use crate::losses::Loss;
use crate::models::{Model, Workspace, linear};
use crate::numerics::logscale::{log_add_exp, log_sum_exp};
use crate::numerics::{Design, Matrix, linalg};
use crate::training::Job;
use crate::training::coordinates::{embed, split};

/// Absolute and relative tolerance on the outputs of one step. The flow of a convex loss is a contraction, so local
/// errors do not grow; 1e-7 of an output changes a softmax weight by 1e-7 of itself.
const ABSOLUTE: f64 = 1e-6;
const RELATIVE: f64 = 1e-9;

/// The flow `dc/ds = −e^{s + c} ∇L` in coordinates `C [k × r]`: `W = anchor + C Qᵀ`, outputs `X W + offset`.
pub struct LinearFlow<'a> {
    pub(super) loss: &'a dyn Loss,
    pub(super) log_weight: f64,
    pub(super) rows: Matrix,
    pub(super) design: Design,
    pub(super) targets: Targets,
    /// Outputs of what no longer moves, `[n * k]`.
    pub(super) offset: Vec<f64>,
    /// `Q [d × r]`.
    pub(super) basis: Matrix,
    pub(super) anchor: Vec<f64>,
    /// Log loss of samples that have settled and left the system.
    pub(super) settled_log_loss: f64,
    /// The rotation into settled and moving coordinates has been made; this many leading ones settle.
    pub(super) settling: Option<usize>,
    pub(super) point: Vec<f64>,
    model: linear::Linear,
    work: Workspace,
    pub(super) outputs: Vec<f64>,
    pub(super) slopes: Vec<f64>,
    /// Scale of `slopes`, without the weight.
    pub(super) slope_log_scale: f64,
    curvature: Vec<f64>,
    pub(super) scratch: Vec<f64>,
    /// Absolute tolerance on the outputs: a part of a margin, or of the largest residual where the loss has a root.
    absolute: f64,
}

/// Logs of what the continuation bound accumulates, per unit of `s`.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    pub slip: f64,
    pub noise: f64,
    /// `−d log L / ds` of the samples still moving, not a logarithm: 1 on the way to infinity, 0 at rest.
    pub decay: f64,
    /// Largest rate at which the run may be relaxing, per unit of `s`: `e^{log_factor} trace ∇²L`.
    pub stiffness: f64,
}

impl<'a> LinearFlow<'a> {
    /// The system at `theta [k * d]`; `None` if the data cannot be factorised.
    pub fn new(job: &Job<'a>, theta: &[f64]) -> Option<Self> {
        let dense = job.data.x.to_dense();
        let basis = linalg::row_space(&dense)?;
        let rows = linalg::matmul_nn(&dense, &basis);
        Some(Self::over(job, theta, basis, rows))
    }

    /// The system at `theta` in the coordinates of an orthonormal `basis [d × r]`, `rows = X basis`.
    pub(super) fn over(job: &Job<'a>, theta: &[f64], basis: Matrix, rows: Matrix) -> Self {
        let (anchor, inside) = split(theta, &basis, job.data.targets.outputs());
        let offset = vec![0.0; job.data.n() * job.data.targets.outputs()];
        Self::assemble(
            Parts {
                loss: job.loss,
                log_weight: job.log_weight,
                rows,
                targets: job.data.targets.clone(),
                offset,
                basis,
                anchor,
                settled_log_loss: f64::NEG_INFINITY,
                settling: None,
            },
            inside,
        )
    }

    pub(super) fn assemble(parts: Parts<'a>, point: Vec<f64>) -> Self {
        let (n, r, k) = (parts.rows.rows(), parts.rows.cols(), parts.targets.outputs());
        let model = linear::Linear { inputs: r, outputs: k, spec: linear::LinearSpec::default() };
        Self {
            loss: parts.loss,
            log_weight: parts.log_weight,
            design: Design::Dense(parts.rows.clone()),
            rows: parts.rows,
            targets: parts.targets,
            offset: parts.offset,
            basis: parts.basis,
            anchor: parts.anchor,
            settled_log_loss: parts.settled_log_loss,
            settling: parts.settling,
            point,
            model,
            work: Workspace::default(),
            outputs: vec![0.0; n * k],
            slopes: vec![0.0; n * k],
            slope_log_scale: 0.0,
            curvature: vec![0.0; n * k * k],
            scratch: vec![0.0; r * k],
            absolute: ABSOLUTE,
        }
        .with_tolerance()
    }

    /// A loss with a root has no unit of margin; its tolerance is a part of the largest slope (residual) at the start.
    fn with_tolerance(mut self) -> Self {
        if self.loss.facts().tail == crate::losses::Tail::FiniteRoot {
            let scale = self.forward(None) - self.log_weight;
            self.absolute = 1e-2 * ABSOLUTE * linalg::max_abs(&self.slopes) * scale.exp();
        }
        self
    }

    /// Number of coordinates, `k * r`.
    pub fn dim(&self) -> usize {
        self.point.len()
    }

    /// Parameters in the user's coordinates.
    pub fn parameters(&self) -> Vec<f64> {
        embed(&self.anchor, &self.basis, &self.point)
    }

    /// Log of an upper estimate of the largest curvature of the loss at the start.
    pub fn log_smoothness(&self, job: &Job) -> f64 {
        let sigma = linalg::spectral_norm(&self.design);
        let bound = job.loss.facts().smoothness;
        let curvature = if bound.is_finite() { bound.ln() } else { self.log_loss() - self.log_weight };
        2.0 * sigma.ln() + curvature + self.log_weight
    }

    /// `log L`, settled samples included.
    pub fn log_loss(&self) -> f64 {
        let outputs = self.outputs_at(&self.point);
        log_add_exp(self.loss.log_sum(&outputs, &self.targets) + self.log_weight, self.settled_log_loss)
    }

    pub(super) fn outputs_at(&self, point: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.offset.len()];
        self.model.predict(point, &self.design, &mut Workspace::default(), &mut out);
        linalg::axpy(1.0, &self.offset, &mut out);
        out
    }

    /// Fills outputs and slopes at `point` (the present one if `None`); returns the slopes' scale with the weight.
    pub(super) fn forward(&mut self, point: Option<&[f64]>) -> f64 {
        let at = point.unwrap_or(&self.point);
        self.model.predict(at, &self.design, &mut self.work, &mut self.outputs);
        linalg::axpy(1.0, &self.offset, &mut self.outputs);
        self.slope_log_scale = self.loss.slopes(&self.outputs, &self.targets, &mut self.slopes);
        self.slope_log_scale + self.log_weight
    }

    /// `out = e^{log_factor} ∇²L` at the present point (symmetric, both triangles).
    pub fn hessian(&mut self, log_factor: f64, out: &mut Matrix) {
        let (k, n, r) = (self.targets.outputs(), self.targets.len(), self.rows.cols());
        self.forward(None);
        for i in 0..n {
            let f = &self.outputs[i * k..(i + 1) * k];
            let block = &mut self.curvature[i * k * k..(i + 1) * k * k];
            let scale = self.loss.curvature(f, self.targets.get(i), block) + self.log_weight + log_factor;
            // Beyond e^600 the identity beside it is long lost; capping keeps the factorisation finite.
            let factor = scale.min(600.0).exp();
            block.iter_mut().for_each(|v| *v *= factor);
        }
        out.as_mut_slice().fill(0.0);
        for a in 0..k {
            for b in 0..=a {
                let block = self.weighted_gram(a, b, k);
                for i in 0..r {
                    for j in 0..r {
                        out.set(a * r + i, b * r + j, block.get(i, j));
                        out.set(b * r + j, a * r + i, block.get(i, j));
                    }
                }
            }
        }
    }

    /// `Σ_i D_i[a, b] x_i x_iᵀ` over the samples whose weight can be seen beside the identity.
    fn weighted_gram(&self, a: usize, b: usize, k: usize) -> Matrix {
        let r = self.rows.cols();
        let weight = |i: usize| self.curvature[i * k * k + a * k + b];
        let active: Vec<usize> = (0..self.targets.len())
            .filter(|&i| weight(i).abs() > 1e-22 * (1.0 + self.largest(i, k)))
            .collect();
        let data = active.iter().flat_map(|&i| {
            let c = weight(i);
            self.rows.row(i).iter().map(move |v| v * c)
        });
        let left = Matrix::from_vec(active.len(), r, data.collect());
        let right: Vec<f64> = active.iter().flat_map(|&i| self.rows.row(i).iter().copied()).collect();
        let right = Matrix::from_vec(active.len(), r, right);
        linalg::matmul_tn(&left, &right)
    }

    fn largest(&self, i: usize, k: usize) -> f64 {
        linalg::max_abs(&self.curvature[i * k * k..(i + 1) * k * k])
    }

    /// Logs of `‖∇²L ∇L‖ dt/ds` and of `mean‖∇ℓ_i‖² dt/ds` at the present point, `dt/ds = e^{log_factor}`.
    pub fn rates(&mut self, log_factor: f64) -> Rates {
        let k = self.targets.outputs();
        let scale = self.forward(None);
        let noise: Vec<f64> = (0..self.targets.len())
            .map(|i| {
                let s = linalg::norm2(&self.slopes[i * k..(i + 1) * k]) * linalg::norm2(self.rows.row(i));
                2.0 * (s.ln() + scale - self.log_weight)
            })
            .collect();
        let mut gradient = std::mem::take(&mut self.scratch);
        self.model.pullback(&self.point, &self.design, &self.slopes, &mut self.work, &mut gradient);
        // What is only rounding noise makes no iterate slip.
        for (g, n) in gradient.iter_mut().zip(self.gradient_noise()) {
            *g = if g.abs() > n { *g } else { 0.0 };
        }
        let product = self.curvature_times(&gradient);
        let log_square = 2.0 * (linalg::norm2(&gradient).ln() + scale);
        self.scratch = gradient;
        let log_loss = self.loss.log_sum(&self.outputs, &self.targets) + self.log_weight;
        Rates {
            decay: (log_square - log_loss + log_factor).exp(),
            stiffness: (self.log_trace() + log_factor).exp(),
            slip: product + scale + log_factor,
            noise: log_sum_exp(&noise) - (self.targets.len() as f64).ln() + log_factor,
        }
    }

    /// `log trace ∇²L` at the outputs of the last forward pass.
    fn log_trace(&self) -> f64 {
        let k = self.targets.outputs();
        let mut block = vec![0.0; k * k];
        let terms: Vec<f64> = (0..self.targets.len())
            .map(|i| {
                let s =
                    self.loss.curvature(&self.outputs[i * k..(i + 1) * k], self.targets.get(i), &mut block);
                let trace: f64 = (0..k).map(|a| block[a * k + a]).sum();
                s + trace.ln() + 2.0 * linalg::norm2(self.rows.row(i)).ln()
            })
            .collect();
        log_sum_exp(&terms) + self.log_weight
    }

    /// `log ‖∇²L v‖` at the outputs of the last forward pass.
    fn curvature_times(&mut self, v: &[f64]) -> f64 {
        let k = self.targets.outputs();
        let mut directional = vec![0.0; self.outputs.len()];
        self.model.predict(v, &self.design, &mut self.work, &mut directional);
        let mut block = vec![0.0; k * k];
        let mut scales = Vec::with_capacity(self.targets.len());
        for i in 0..self.targets.len() {
            let range = i * k..(i + 1) * k;
            let s = self.loss.curvature(&self.outputs[range.clone()], self.targets.get(i), &mut block);
            let row: Vec<f64> = (0..k)
                .map(|a| linalg::dot(&block[a * k..(a + 1) * k], &directional[range.clone()]))
                .collect();
            directional[range].copy_from_slice(&row);
            scales.push(s);
        }
        let top = scales.iter().fold(f64::NEG_INFINITY, |m: f64, v| m.max(*v));
        for (i, s) in scales.iter().enumerate() {
            directional[i * k..(i + 1) * k].iter_mut().for_each(|v| *v *= (s - top).exp());
        }
        let mut out = vec![0.0; v.len()];
        self.model.pullback(&self.point, &self.design, &directional, &mut self.work, &mut out);
        linalg::norm2(&out).ln() + top + self.log_weight
    }

    /// Whether rounding of the outputs is still small beside one unit of margin.
    ///
    /// Only an exponential tail cares about absolute margins; a polynomial one about relative margins, which rounding
    /// leaves alone.
    pub fn resolves_margins(&self) -> bool {
        if self.loss.facts().tail != crate::losses::Tail::Exponential {
            return linalg::norm2(&self.point) < 1e150;
        }
        let largest = (0..self.rows.rows()).map(|i| linalg::norm2(self.rows.row(i))).fold(0.0, f64::max);
        largest * linalg::norm2(&self.point) * f64::EPSILON < 1e-3
    }

    /// `log |slope_i|` of every sample at the present point (binary and regression).
    pub(super) fn log_slopes(&self) -> Vec<f64> {
        let outputs = self.outputs_at(&self.point);
        let k = self.targets.outputs();
        let mut out = vec![0.0; k];
        (0..self.targets.len())
            .map(|i| {
                let s = self.loss.slope(&outputs[i * k..(i + 1) * k], self.targets.get(i), &mut out);
                s + linalg::norm2(&out).ln()
            })
            .collect()
    }
}

impl System for LinearFlow<'_> {
    fn point(&self) -> &[f64] {
        &self.point
    }

    fn set(&mut self, point: &[f64]) {
        self.point.copy_from_slice(point);
    }

    /// `out = −e^{log_factor} ∇L` at `point`.
    fn velocity(&mut self, point: Option<&[f64]>, log_factor: f64, out: &mut [f64]) {
        let scale = (self.forward(point) + log_factor).exp();
        self.model.pullback(&self.point, &self.design, &self.slopes, &mut self.work, out);
        out.iter_mut().for_each(|v| *v *= -scale);
    }

    fn implicit(&mut self, log_factor: f64, matrix: &mut Matrix) -> Option<Implicit> {
        self.hessian(log_factor, matrix);
        Implicit::new(matrix, vec![])
    }

    /// Error of a step in units of the tolerance, measured on the outputs.
    fn error(&mut self, point: &[f64], error: &[f64]) -> f64 {
        self.model.predict(point, &self.design, &mut self.work, &mut self.outputs);
        linalg::axpy(1.0, &self.offset, &mut self.outputs);
        let mut off = std::mem::take(&mut self.slopes);
        self.model.predict(error, &self.design, &mut self.work, &mut off);
        let absolute = self.absolute;
        let worst = off
            .iter()
            .zip(&self.outputs)
            .map(|(e, f)| e.abs() / (absolute + RELATIVE * f.abs()))
            .fold(0.0, |m: f64, v| if v.is_nan() { f64::NAN } else { m.max(v) });
        self.slopes = off;
        worst
    }
}

/// What a system is assembled from.
pub(super) struct Parts<'a> {
    pub loss: &'a dyn Loss,
    pub log_weight: f64,
    pub rows: Matrix,
    pub targets: Targets,
    pub offset: Vec<f64>,
    pub basis: Matrix,
    pub anchor: Vec<f64>,
    pub settled_log_loss: f64,
    pub settling: Option<usize>,
}
