//! Gradients from data: the only place where model, loss and samples meet.

use super::Accumulators;
use super::fused::Fused;
use crate::data::Targets;
use crate::losses::Loss;
use crate::models::{Block, Model, Workspace};
use crate::numerics::Design;
use crate::numerics::fused::LANES;
use crate::numerics::linalg::{axpy, max_abs};
use crate::optimizers::Oracle;
use std::cell::OnceCell;

/// An [`Oracle`] over a data set. All buffers are allocated once.
pub struct DataOracle<'a> {
    model: &'a dyn Model,
    loss: &'a dyn Loss,
    x: &'a Design,
    targets: &'a Targets,
    log_weight: f64,
    outputs: Vec<f64>,
    slopes: Vec<f64>,
    work: Workspace,
    blocks: Vec<Block>,
    batch: Option<Batch>,
    curvature: CurvatureRoom,
    /// One pass instead of two; built when the first full gradient is asked for.
    fused: OnceCell<Option<Fused>>,
    /// Log of what a batch loss is multiplied by to estimate the full one.
    last_weight: f64,
    last_was_batch: bool,
}

/// Memory of a Gauss-Newton matrix: one output's weight, its curvature, the derivatives of a sample's outputs.
#[derive(Default)]
struct CurvatureRoom {
    unit: Vec<f64>,
    h: Vec<f64>,
    rows: Vec<f64>,
}

/// The current batch, in memory that is reused.
struct Batch {
    /// Its rows, where they are copied.
    x: Option<Design>,
    targets: Targets,
}

impl Batch {
    /// The targets of these samples, in `batch`.
    fn targets<'b>(batch: &'b mut Option<Batch>, targets: &Targets, indices: &[usize]) -> &'b mut Batch {
        let b = batch.get_or_insert_with(|| Batch { x: None, targets: targets.select(indices) });
        targets.select_into(indices, &mut b.targets);
        b
    }

    /// Copies the rows of these samples.
    fn rows<'b>(batch: &'b mut Option<Design>, x: &Design, indices: &[usize]) -> &'b Design {
        let rows = batch.get_or_insert_with(|| x.select(indices));
        x.select_into(indices, rows);
        rows
    }
}

impl<'a> DataOracle<'a> {
    pub fn new(
        model: &'a dyn Model,
        loss: &'a dyn Loss,
        x: &'a Design,
        targets: &'a Targets,
        log_weight: f64,
    ) -> Self {
        let len = targets.len() * targets.outputs();
        Self {
            model,
            loss,
            x,
            targets,
            log_weight,
            outputs: vec![0.0; len],
            slopes: vec![0.0; len],
            work: Workspace::default(),
            blocks: model.blocks(),
            batch: None,
            curvature: CurvatureRoom::default(),
            fused: OnceCell::new(),
            last_weight: log_weight,
            last_was_batch: false,
        }
    }

    /// Builds the fused form when it is first of use.
    fn fuse(&mut self) {
        let (model, loss, x, targets) = (self.model, self.loss, self.x, self.targets);
        self.fused.get_or_init(|| Fused::new(model, loss, x, targets));
    }

    fn resize(&mut self, samples: usize) {
        let len = samples * self.targets.outputs();
        self.outputs.resize(len, 0.0);
        self.slopes.resize(len, 0.0);
    }
}

impl DataOracle<'_> {
    /// [`Oracle::descend`] with the sums of its steps; 0 where only single steps will do.
    pub fn descend_summed(
        &mut self,
        theta: &mut [f64],
        eta: f64,
        steps: u64,
        sums: &mut Accumulators,
    ) -> u64 {
        self.fuse();
        match self.fused.get_mut() {
            Some(Some(fused)) => fused.descend_summed(self.x, theta, eta, (self.log_weight, steps), sums),
            _ => 0,
        }
    }
}

impl Oracle for DataOracle<'_> {
    fn samples(&self) -> usize {
        self.targets.len()
    }

    fn gradient(&mut self, theta: &[f64], batch: Option<&[usize]>, out: &mut [f64]) -> f64 {
        match batch {
            Some(indices) => self.disturbed_gradient(theta, indices, &mut |_| {}, out),
            None => {
                self.resize(self.targets.len());
                self.last_was_batch = false;
                self.last_weight = self.log_weight;
                self.fuse();
                if let Some(Some(fused)) = self.fused.get_mut() {
                    let scale = fused.gradient(self.x, theta, out);
                    fused.outputs(&mut self.outputs);
                    return scale + self.last_weight;
                }
                self.model.predict(theta, self.x, &mut self.work, &mut self.outputs);
                let scale = self.loss.slopes(&self.outputs, self.targets, &mut self.slopes);
                self.model.pullback(theta, self.x, &self.slopes, &mut self.work, out);
                scale + self.last_weight
            }
        }
    }

    fn disturbed_gradient(
        &mut self,
        theta: &[f64],
        batch: &[usize],
        disturb: &mut dyn FnMut(&mut Targets),
        out: &mut [f64],
    ) -> f64 {
        self.resize(batch.len());
        self.fuse();
        let b = Batch::targets(&mut self.batch, self.targets, batch);
        disturb(&mut b.targets);
        self.last_was_batch = true;
        self.last_weight = self.log_weight + (self.targets.len() as f64 / batch.len() as f64).ln();
        if let (Some(Some(fused)), Targets::Sign(y) | Targets::Real(y), true) =
            (self.fused.get_mut(), &b.targets, batch.len() >= LANES)
        {
            let scale = fused.batch_gradient(self.x, theta, (batch, y), &mut self.outputs, out);
            return scale + self.last_weight;
        }
        let x = Batch::rows(&mut b.x, self.x, batch);
        self.model.predict(theta, x, &mut self.work, &mut self.outputs);
        let scale = self.loss.slopes(&self.outputs, &b.targets, &mut self.slopes);
        self.model.pullback(theta, x, &self.slopes, &mut self.work, out);
        scale + self.last_weight
    }

    fn descend(&mut self, theta: &mut [f64], eta: f64, steps: u64) -> u64 {
        self.fuse();
        match self.fused.get_mut() {
            Some(Some(fused)) => fused.descend(self.x, theta, eta, self.log_weight, steps),
            _ => 0,
        }
    }

    fn log_loss(&mut self) -> f64 {
        let targets = match &self.batch {
            Some(b) if self.last_was_batch => &b.targets,
            _ => self.targets,
        };
        self.loss.log_sum(&self.outputs, targets) + self.last_weight
    }

    fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn log_loss_at(&mut self, theta: &[f64]) -> f64 {
        self.resize(self.targets.len());
        self.last_was_batch = false;
        self.last_weight = self.log_weight;
        self.model.predict(theta, self.x, &mut self.work, &mut self.outputs);
        self.log_loss()
    }

    fn errors_at(&mut self, theta: &[f64]) -> Option<usize> {
        self.resize(self.targets.len());
        self.model.predict(theta, self.x, &mut self.work, &mut self.outputs);
        match self.targets {
            Targets::Real(_) => None,
            Targets::Sign(y) => Some(self.outputs.iter().zip(y).filter(|(f, y)| **f * **y <= 0.0).count()),
            Targets::Class { labels, classes } => {
                let wrong =
                    |(f, &y): (&[f64], &usize)| f.iter().enumerate().any(|(c, v)| c != y && *v >= f[y]);
                Some(self.outputs.chunks_exact(*classes).zip(labels).filter(|s| wrong(*s)).count())
            }
        }
    }

    fn gauss_newton(&mut self, theta: &[f64], out: &mut [f64]) -> Option<f64> {
        let (n, k, p) = (self.targets.len(), self.targets.outputs(), theta.len());
        self.resize(n);
        self.model.predict(theta, self.x, &mut self.work, &mut self.outputs);
        let CurvatureRoom { unit, h, rows } = &mut self.curvature;
        unit.resize(k, 0.0);
        h.resize(k * k, 0.0);
        rows.resize(k * p, 0.0);
        let scales = (0..n).map(|i| {
            let f = &self.outputs[i * k..(i + 1) * k];
            let scale = self.loss.curvature(f, self.targets.get(i), h);
            if max_abs(h) > 0.0 { scale } else { f64::NEG_INFINITY }
        });
        let top = scales.fold(f64::NEG_INFINITY, f64::max);
        out.fill(0.0);
        if top == f64::NEG_INFINITY {
            return Some(0.0);
        }
        for i in 0..n {
            let f = &self.outputs[i * k..(i + 1) * k];
            let factor = (self.loss.curvature(f, self.targets.get(i), h) - top).exp();
            let b = Batch::targets(&mut self.batch, self.targets, &[i]);
            let x = Batch::rows(&mut b.x, self.x, &[i]);
            for c in 0..k {
                unit.fill(0.0);
                unit[c] = 1.0;
                self.model.pullback(theta, x, unit, &mut self.work, &mut rows[c * p..(c + 1) * p]);
            }
            add_products(rows, h, factor, out);
        }
        self.last_was_batch = false;
        Some(top + self.log_weight)
    }
}

/// `out += factor Jᵀ H J` for the rows `J [k × p]` and `H [k × k]`.
fn add_products(rows: &[f64], h: &[f64], factor: f64, out: &mut [f64]) {
    let k = h.len().isqrt();
    let p = rows.len() / k;
    for (ab, weight) in h.iter().enumerate().filter(|(_, h)| **h != 0.0) {
        let (left, right) = (&rows[ab / k * p..][..p], &rows[ab % k * p..][..p]);
        for (v, out) in left.iter().zip(out.chunks_exact_mut(p)).filter(|(v, _)| **v != 0.0) {
            axpy(factor * weight * v, right, out);
        }
    }
}
