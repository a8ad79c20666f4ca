//! Gradients from data: the only place where model, loss and samples meet.

use super::fused::Fused;
use crate::data::Targets;
use crate::losses::Loss;
use crate::models::{Block, Model, Workspace};
use crate::numerics::Design;
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
    /// One pass instead of two; built when the first full gradient is asked for.
    fused: OnceCell<Option<Fused>>,
    /// Log of what a batch loss is multiplied by to estimate the full one.
    last_weight: f64,
    last_was_batch: bool,
}

/// The rows of the current batch, copied into memory that is reused.
struct Batch {
    x: Design,
    targets: Targets,
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

impl Oracle for DataOracle<'_> {
    fn samples(&self) -> usize {
        self.targets.len()
    }

    fn gradient(&mut self, theta: &[f64], batch: Option<&[usize]>, out: &mut [f64]) -> f64 {
        let n = self.targets.len();
        self.last_was_batch = batch.is_some();
        self.last_weight = self.log_weight + batch.map_or(0.0, |b| (n as f64 / b.len() as f64).ln());
        self.resize(batch.map_or(n, <[usize]>::len));
        if batch.is_none() {
            self.fuse();
            if let Some(Some(fused)) = self.fused.get_mut() {
                let scale = fused.gradient(self.x, theta, out);
                fused.outputs(&mut self.outputs);
                return scale + self.last_weight;
            }
        }
        let (x, targets) = match batch {
            None => (self.x, self.targets),
            Some(indices) => {
                let b = self.batch.get_or_insert_with(|| Batch {
                    x: self.x.select(indices),
                    targets: self.targets.select(indices),
                });
                self.x.select_into(indices, &mut b.x);
                self.targets.select_into(indices, &mut b.targets);
                (&b.x, &b.targets)
            }
        };
        self.model.predict(theta, x, &mut self.work, &mut self.outputs);
        let scale = self.loss.slopes(&self.outputs, targets, &mut self.slopes);
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
}
