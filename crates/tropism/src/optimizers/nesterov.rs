//! Nesterov momentum `v ← β v + ∇L(w − η β v)`, `w ← w − η v`, with constant β.
//!
//! Shapes: any parameter vector; one slot of the same size.
//! Assumes: `0 ≤ β < 1`; default step one over the smoothness, up to which the energy
//! `L + ‖Δw‖²/(2η)` never rises (Chambolle, Dossal 2015, J. Optim. Theory Appl. 166).
//! Source: Nesterov 1983 in the constant-momentum form; flow limit as for the heavy ball with error constant
//! `1/(1 − β) − 1/2 − β` per unit of effective step (Kovachki, Stuart 2021, arXiv 1906.04285, Theorem 4 with a = 1).
//! Units and invariance: commutes with rotations of the parameters. Time is `t = Σ η_k / (1 − β)`.
//! Errors: `momentum` outside [0, 1), `step_size ≤ 0`.
//! Example: `optimizer.kind = "nesterov"`, `optimizer.momentum = 0.9`.

use super::gradient_descent::{add_scaled, smooth_step};
use super::{
    Built, Curvature, Curve, FlowLimit, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind,
    ScheduleSpec, State, Symmetry, check_momentum,
};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of Nesterov momentum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NesterovSpec {
    /// Momentum β in [0, 1).
    pub momentum: f64,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for NesterovSpec {
    fn default() -> Self {
        Self { momentum: 0.9, steps: ScheduleSpec::default() }
    }
}

/// Nesterov momentum with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Nesterov {
    pub momentum: f64,
    pub schedule: Schedule,
}

impl NesterovSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_momentum(self.momentum)?;
        if self.steps.schedule == Some(ScheduleKind::LossNormalized) {
            return Err(Error::incompatible(
                "nesterov",
                "optimizer.schedule = \"loss_normalized\"",
                "the look-ahead point needs the step size before the loss is known; use gradient_descent or heavy_ball",
            ));
        }
        let (schedule, origin) =
            self.steps.build(ScheduleKind::Constant, 0.0, |kind| smooth_step(c, kind))?;
        Ok(Built {
            step_size: Some(schedule.base),
            origin,
            optimizer: Box::new(Nesterov { momentum: self.momentum, schedule }),
        })
    }
}

impl Optimizer for Nesterov {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 1, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let log_eta = self.schedule.log_step(state.step, || 0.0);
        let v = &mut state.slots[0];
        // The look-ahead point goes into the scratch vector, the parameters stay where they are.
        let ahead = (log_eta + v.log_scale).exp() * self.momentum;
        g.copy_from_slice(&state.theta);
        state.theta.iter_mut().zip(&v.direction).for_each(|(t, d)| *t -= ahead * d);
        std::mem::swap(&mut g, &mut state.theta);
        let mut gradient = std::mem::take(&mut state.second);
        gradient.resize(g.len(), 0.0);
        let scale = oracle.gradient(&g, None, &mut gradient);
        v.blend(self.momentum, 1.0, scale, &gradient);
        add_scaled(&mut state.theta, log_eta + v.log_scale, &v.direction, -1.0);
        state.clock.advance_log(log_eta - (1.0 - self.momentum).ln());
        state.step += 1;
        state.second = gradient;
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        let factor = 1.0 / (1.0 - self.momentum);
        OptimizerFacts {
            momentum: self.momentum,
            look_ahead: true,
            stability: (1.0 + 1e-9, 2.0 * (1.0 + self.momentum) / (1.0 + 2.0 * self.momentum)),
            symmetry: Symmetry::Rotation,
            flow: self.schedule.is_constant().then_some(FlowLimit {
                curve: Curve::Flow,
                time_factor: factor,
                error_factor: factor * (factor - 0.5 - self.momentum).abs(),
                batch: None,
            }),
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        }
    }
}
