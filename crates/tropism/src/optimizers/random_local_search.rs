//! Greedy random local search: a Gaussian step from where it stands, kept if the training loss falls.
//!
//! Shapes: any parameter vector; one number remembered.
//! Assumes: every coordinate moves with standard deviation `η_k = η (k + 1)^−power`, constant by default, such that an output moves by
//! about a tenth.
//! Source: Chiang et al. 2023 (ICLR, "Loss landscapes are all you need"), greedy random search; Rastrigin 1963.
//! Units and invariance: losses are compared, never subtracted: any monotone function of the loss gives the same run. Steps belong to
//! the coordinates.
//! Errors: `target_loss ≤ 0`, `step_size ≤ 0`.
//! Example: `optimizer.kind = "random_local_search"`.

use super::guess_and_check::{check_target, reached};
use super::{
    Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind, ScheduleSpec,
    State,
};
use crate::Error;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of random local search.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RandomLocalSearchSpec {
    /// Stop at this training loss; never if absent.
    pub target_loss: Option<f64>,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

/// Random local search with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomLocalSearch {
    pub target_loss: Option<f64>,
    pub schedule: Schedule,
}

impl RandomLocalSearchSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_target(self.target_loss)?;
        let (schedule, origin) = self.steps.build(ScheduleKind::Constant, 0.0, |_| {
            let longest = c.radius.l2;
            (0.1 / longest, format!("0.1 / longest sample = 0.1 / {longest:.6}"))
        })?;
        let optimizer = Box::new(RandomLocalSearch { target_loss: self.target_loss, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

impl Optimizer for RandomLocalSearch {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        let mut state = State::new(theta, 1, seed);
        // The log of the loss where it stands, in the place of a scale; known after the first step.
        state.slots[0].direction = vec![];
        state
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        if state.step == 0 {
            state.slots[0].log_scale = oracle.log_loss_at(&state.theta);
        }
        let best = state.slots[0].log_scale;
        let log_eta = self.schedule.log_step(state.step, || best);
        if !state.done {
            let mut candidate = state.take_scratch();
            let (mut rng, eta) = (state.rng(), log_eta.exp());
            for (c, w) in candidate.iter_mut().zip(&state.theta) {
                let xi: f64 = StandardNormal.sample(&mut rng);
                *c = w + eta * xi;
            }
            let log_loss = oracle.log_loss_at(&candidate);
            if log_loss < best {
                state.slots[0].log_scale = log_loss;
                std::mem::swap(&mut candidate, &mut state.theta);
            }
            state.done = reached(self.target_loss, state.slots[0].log_scale);
            state.scratch = candidate;
        }
        state.tick(log_eta);
    }

    fn facts(&self) -> OptimizerFacts {
        let schedule = Some(self.schedule);
        OptimizerFacts { stochastic: true, schedule, ..OptimizerFacts::plain(Geometry::Search) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic};
    use super::*;

    #[test]
    fn the_loss_falls_at_every_accepted_step_and_the_target_ends_it() {
        let spec = RandomLocalSearchSpec { target_loss: Some(1e-2), ..Default::default() };
        let optimizer = spec.build(&reference::curvature()).unwrap().optimizer;
        let mut oracle = Quadratic::default();
        let mut state = optimizer.start(reference::START.to_vec(), 3);
        let mut last = oracle.log_loss_at(&state.theta);
        while !optimizer.finished(&state) && state.step < 20_000 {
            let before = state.theta.clone();
            optimizer.step(&mut state, &mut oracle);
            let now = oracle.log_loss_at(&state.theta);
            assert!(now < last || state.theta == before);
            last = now;
        }
        assert!(last <= 1e-2f64.ln(), "{last} after {}", state.step);
    }
}
