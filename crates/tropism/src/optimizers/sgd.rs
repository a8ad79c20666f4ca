//! Mini-batch stochastic gradient descent, with or without replacement, with weight decay `w ← (1 − η λ) w − η g` where asked for.
//!
//! Shapes: any parameter vector.
//! Assumes: `1 ≤ batch ≤ n`; default step `1 / max_i β_i`, β_i the smoothness of one sample (times n for the summed loss).
//! Source: Nacson, Srebro, Soudry 2019 (arXiv 1806.01796) for the fixed-step limit on separable data.
//! Units and invariance: commutes with rotations of the parameters (batches depend on the seed alone). Time `t = Σ η_k`.
//! Errors: `batch` outside 1..=n, `weight_decay < 0`, `step_size ≤ 0`.
//! Example: `optimizer.kind = "sgd"`, `optimizer.batch = 1`, `optimizer.replacement = false`.

use super::gradient_descent::{add_scaled, penalised_step};
use super::second_moment::decay;
use super::{
    Batches, Built, Curvature, Curve, FlowLimit, Geometry, Optimizer, OptimizerFacts, Oracle, Order,
    Schedule, ScheduleKind, ScheduleSpec, State, Symmetry, check_nonnegative,
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
    #[schemars(range(min = 1))]
    pub batch: usize,
    /// Draw with replacement; otherwise every epoch is a fresh random order.
    pub replacement: bool,
    /// Weight decay λ ≥ 0.
    pub weight_decay: f64,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for SgdSpec {
    fn default() -> Self {
        Self { batch: 1, replacement: true, weight_decay: 0.0, steps: ScheduleSpec::default() }
    }
}

/// SGD with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Sgd {
    pub weight_decay: f64,
    pub batches: Batches,
    pub schedule: Schedule,
}

impl SgdSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_nonnegative("weight_decay", self.weight_decay)?;
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
            let words = format!("1 / largest smoothness of one sample = 1 / {single:.6}");
            penalised_step(1.0 / single, words, self.weight_decay)
        })?;
        let optimizer = Box::new(Sgd { weight_decay: self.weight_decay, batches, schedule });
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
        decay(&mut state.theta, self.weight_decay, log_eta);
        add_scaled(&mut state.theta, log_eta + scale, &g, -1.0);
        state.clock.advance_log(log_eta);
        state.step += 1;
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            stochastic: self.batches.is_random(),
            sampling: Some(self.batches.sampling()),
            // Decay also moves what lies outside the row space of the data.
            symmetry: if self.weight_decay == 0.0 { Symmetry::Rotation } else { Symmetry::SignedPermutation },
            weight_decay: self.weight_decay,
            flow: (self.schedule.is_constant() && self.weight_decay == 0.0).then_some(FlowLimit {
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
