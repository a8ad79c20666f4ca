//! Langevin dynamics `w ← w − η ∇L(w) + √(2 η T) ξ`, `ξ` standard Gaussian: samples from `exp(−L/T)` for small steps.
//!
//! Shapes: any parameter vector.
//! Assumes: full batches unless `batch` is set (stochastic gradient Langevin dynamics); default step one over the smoothness.
//! Source: Welling, Teh 2011 (ICML); Raginsky, Rakhlin, Telgarsky 2017 (arXiv 1702.03849).
//! Units and invariance: T has the units of the loss. The noise belongs to the coordinates, so runs commute with no symmetry (their
//! law does, with rotations).
//! Errors: `temperature < 0`, `batch` outside 1..=n, `step_size ≤ 0`.
//! Example: `optimizer.kind = "langevin"`, `optimizer.temperature = 1e-3`.

use super::gradient_descent::{add_scaled, smooth_step};
use super::second_moment::{batch_gradient, check_batch_schedule};
use super::{
    BatchSpec, Batches, Built, Curvature, Geometry, Noise, Optimizer, OptimizerFacts, Oracle, Schedule,
    ScheduleKind, ScheduleSpec, State, check_nonnegative,
};
use crate::Error;
use crate::numerics::Norm;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of Langevin dynamics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LangevinSpec {
    /// Temperature T ≥ 0, in the units of the loss.
    pub temperature: f64,
    #[serde(flatten)]
    pub batches: BatchSpec,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for LangevinSpec {
    fn default() -> Self {
        Self { temperature: 1e-3, batches: BatchSpec::default(), steps: ScheduleSpec::default() }
    }
}

/// Langevin dynamics with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Langevin {
    pub temperature: f64,
    pub batches: Option<Batches>,
    pub schedule: Schedule,
}

impl LangevinSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_nonnegative("temperature", self.temperature)?;
        let batches = self.batches.build(c.samples)?;
        check_batch_schedule("langevin", batches, &self.steps)?;
        let (schedule, origin) = self.steps.build(ScheduleKind::Constant, 0.0, |kind| match batches {
            Some(_) => {
                (1.0 / c.single, format!("1 / largest smoothness of one sample = 1 / {:.6}", c.single))
            }
            None => smooth_step(c, kind),
        })?;
        let optimizer = Box::new(Langevin { temperature: self.temperature, batches, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

impl Optimizer for Langevin {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let scale = batch_gradient(self.batches, state, oracle, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        add_scaled(&mut state.theta, log_eta + scale, &g, -1.0);
        let size = (0.5 * (log_eta + (2.0 * self.temperature).ln())).exp();
        let mut rng = state.noise_rng();
        for w in &mut state.theta {
            let xi: f64 = StandardNormal.sample(&mut rng);
            *w += size * xi;
        }
        state.tick(log_eta);
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            stochastic: self.temperature > 0.0 || self.batches.is_some_and(|b| b.is_random()),
            sampling: self.batches.map(|b| b.sampling()),
            noise: Some(Noise::Langevin { temperature: self.temperature }),
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic};
    use super::*;

    /// On `½ c (w − m)²` the chain is autoregressive: its variance is `T / (c (1 − η c / 2))` exactly.
    #[test]
    fn the_variance_on_a_quadratic_is_the_chains() {
        let (eta, temperature) = (0.1, 0.5);
        let steps = ScheduleSpec { step_size: Some(eta), ..Default::default() };
        let spec = LangevinSpec { temperature, steps, ..Default::default() };
        let optimizer = spec.build(&reference::curvature()).unwrap().optimizer;
        let mut state = optimizer.start((0..6).map(f64::from).collect(), 7);
        let mut oracle = Quadratic::default();
        let mut square = [0.0; 6];
        let total = 200_000;
        for _ in 0..total {
            optimizer.step(&mut state, &mut oracle);
            for (i, s) in square.iter_mut().enumerate() {
                *s += (state.theta[i] - i as f64).powi(2) / f64::from(total);
            }
        }
        for (i, s) in square.iter().enumerate() {
            let c = 1.0 + i as f64;
            let want = temperature / (c * (1.0 - 0.5 * eta * c));
            // At most 1/(ηc) = 10 steps of correlation: 20,000 independent squares, relative error √(2/20,000) = 1 %, times four.
            assert!((s / want - 1.0).abs() < 0.04, "{i}: {s} {want}");
        }
    }
}
