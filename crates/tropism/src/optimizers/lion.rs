//! Lion `w ← (1 − η_k λ) w − η_k sign(β₁ m + (1 − β₁) g)`, then `m ← β₂ m + (1 − β₂) g`.
//!
//! Shapes: any parameter vector; one slot of the same size.
//! Assumes: steps `η_k = η (k + 1)^−power`, by default `power = 0.5`.
//! Source: Chen et al. 2023 (arXiv 2302.06675), Algorithm 2; with λ > 0 it minimises the loss over `‖w‖_∞ ≤ 1/λ`: Chen, Liu,
//! Liang, Liu 2024 (2310.05898).
//! Units and invariance: does not see the loss's scale; λ is one over a weight. Commutes with signed permutations of the
//! coordinates.
//! Errors: `beta1` or `beta2` outside [0, 1), `weight_decay < 0`, `batch` outside 1..=n, `step_size ≤ 0`.
//! Example: `optimizer.kind = "lion"`, `optimizer.weight_decay = 0.1`.

use super::second_moment::{batch_gradient, check_batch_schedule, decay};
use super::{
    BatchSpec, Batches, Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule,
    ScheduleKind, ScheduleSpec, State, Symmetry, check_nonnegative, check_range, steepest,
};
use crate::Error;
use crate::numerics::Norm;
use crate::numerics::linalg::axpy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of Lion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LionSpec {
    /// Share β₁ of the momentum in the step, in [0, 1).
    pub beta1: f64,
    /// Memory β₂ of the momentum in [0, 1).
    pub beta2: f64,
    /// Decoupled weight decay λ ≥ 0.
    pub weight_decay: f64,
    #[serde(flatten)]
    pub batches: BatchSpec,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for LionSpec {
    fn default() -> Self {
        let (batches, steps) = (BatchSpec::default(), ScheduleSpec::default());
        Self { beta1: 0.9, beta2: 0.99, weight_decay: 0.0, batches, steps }
    }
}

/// Lion with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Lion {
    pub beta1: f64,
    pub beta2: f64,
    pub weight_decay: f64,
    pub batches: Option<Batches>,
    pub schedule: Schedule,
}

impl LionSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_range("beta1", self.beta1, (0.0..1.0).contains(&self.beta1), "it must lie in [0, 1)")?;
        check_range("beta2", self.beta2, (0.0..1.0).contains(&self.beta2), "it must lie in [0, 1)")?;
        check_nonnegative("weight_decay", self.weight_decay)?;
        let batches = self.batches.build(c.samples)?;
        check_batch_schedule("lion", batches, &self.steps)?;
        let (schedule, origin) = self.steps.build(ScheduleKind::PowerLaw, 0.5, |_| {
            let reach = c.radius.dual(Norm::LInf);
            (1.0 / reach, format!("1 / longest sample in l1 = 1 / {reach:.6}"))
        })?;
        let (beta1, beta2, weight_decay) = (self.beta1, self.beta2, self.weight_decay);
        let optimizer = Box::new(Lion { beta1, beta2, weight_decay, batches, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

impl Optimizer for Lion {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        // The momentum, and the mix that the last step followed.
        State::new(theta, 2, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let (mut g, mut v) = (state.take_scratch(), state.take_second());
        let scale = batch_gradient(self.batches, state, oracle, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        let (m, mix) = state.slots.split_at_mut(1);
        let (m, mix) = (&mut m[0], &mut mix[0]);
        mix.log_scale = m.log_scale;
        mix.direction.copy_from_slice(&m.direction);
        mix.blend(self.beta1, 1.0 - self.beta1, scale, &g);
        m.blend(self.beta2, 1.0 - self.beta2, scale, &g);
        steepest(Norm::LInf, &mix.direction, &[], &mut state.decomposition, &mut v);
        decay(&mut state.theta, self.weight_decay, log_eta);
        axpy(log_eta.exp(), &v, &mut state.theta);
        state.tick(log_eta);
        (state.scratch, state.second) = (g, v);
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            momentum: self.beta2,
            mixed: true,
            normalized: true,
            weight_decay: self.weight_decay,
            stochastic: self.batches.is_some_and(|b| b.is_random()),
            sampling: self.batches.map(|b| b.sampling()),
            symmetry: Symmetry::SignedPermutation,
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Norm(Norm::LInf))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic};
    use super::*;

    #[test]
    fn agrees_with_the_textbook() {
        let steps = ScheduleSpec { step_size: Some(0.1), ..Default::default() };
        let spec = LionSpec { weight_decay: 0.05, steps, ..Default::default() };
        let got = reference::run(&*spec.build(&reference::curvature()).unwrap().optimizer, 150);
        let mut w = reference::START.to_vec();
        let mut m = vec![0.0; w.len()];
        for k in 1..=150 {
            let (g, eta) = (Quadratic::slope(&w), 0.1 / f64::from(k).sqrt());
            for i in 0..w.len() {
                let mix: f64 = 0.9 * m[i] + 0.1 * g[i];
                w[i] -= eta * 0.05 * w[i];
                // The exact zero at w_i = i is not the sign of anything.
                w[i] -= eta * if mix == 0.0 { 0.0 } else { mix.signum() };
                m[i] = 0.99 * m[i] + 0.01 * g[i];
            }
        }
        reference::close(&got, &w, 1e-12);
    }
}
