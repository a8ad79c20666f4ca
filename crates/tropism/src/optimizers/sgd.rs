//! Mini-batch stochastic gradient descent, with or without replacement.
//!
//! Shapes: any parameter vector.
//! Assumes: `1 ≤ batch ≤ n`; default step `1 / max_i β_i`, β_i the smoothness of one sample (times n for the summed loss).
//! Source: Nacson, Srebro, Soudry 2019 (arXiv 1806.01796) for the fixed-step limit on separable data.
//! Units and invariance: commutes with rotations of the parameters (batches depend on the seed alone). Time `t = Σ η_k`.
//! Errors: `batch` outside 1..=n, `step_size ≤ 0`.
//! Example: `optimizer.kind = "sgd"`, `optimizer.batch = 1`, `optimizer.replacement = false`.

use super::gradient_descent::add_scaled;
use super::{
    Batches, Built, Curvature, Curve, FlowLimit, Geometry, Optimizer, OptimizerFacts, Oracle, Order, Schedule, ScheduleKind,
    ScheduleSpec, State, Symmetry,
};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of SGD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SgdSpec {
    /// Samples a step.
    pub batch: usize,
    /// Draw with replacement; otherwise every epoch is a fresh random order.
    pub replacement: bool,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for SgdSpec {
    fn default() -> Self {
        Self { batch: 1, replacement: true, steps: ScheduleSpec::default() }
    }
}

/// SGD with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Sgd {
    pub batches: Batches,
    pub schedule: Schedule,
}

impl SgdSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let order = if self.replacement { Order::Replacement } else { Order::Shuffled };
        let batches = Batches::new(self.batch, order, c.samples)?;
        if self.steps.schedule == Some(ScheduleKind::LossNormalized) {
            return Err(Error::incompatible(
                "sgd",
                "optimizer.schedule = \"loss_normalized\"",
                "a mini-batch does not know the full loss; use gradient_descent",
            ));
        }
        let (schedule, origin) = self.steps.build(ScheduleKind::Constant, 0.0, |_| {
            let single = c.single;
            (1.0 / single, format!("1 / largest smoothness of one sample = 1 / {single:.6}"))
        })?;
        let optimizer = Box::new(Sgd { batches, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

impl Optimizer for Sgd {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let range = self.batches.draw(state);
        let mut g = state.take_scratch();
        let scale = oracle.gradient(&state.theta, Some(&state.order[range]), &mut g);
        let log_eta = self.schedule.log_step(state.step, || 0.0);
        add_scaled(&mut state.theta, log_eta + scale, &g, -1.0);
        state.clock.advance_log(log_eta);
        state.step += 1;
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            stochastic: self.batches.is_random(),
            sampling: Some(self.batches.sampling()),
            symmetry: Symmetry::Rotation,
            flow: self.schedule.is_constant().then_some(FlowLimit {
                curve: Curve::Flow,
                time_factor: 1.0,
                error_factor: 0.5,
                batch: Some(self.batches.of_flow()),
            }),
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        }
    }
}
