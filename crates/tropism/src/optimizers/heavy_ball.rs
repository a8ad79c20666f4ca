//! Heavy ball (Polyak momentum) `v ← β v + ∇L(w)`, `w ← w − η v`.
//!
//! Shapes: any parameter vector; one slot of the same size.
//! Assumes: `0 ≤ β < 1`; default step `(1 − β)` over the smoothness, inside the range `η < 2(1 − β)/smoothness` proven for smooth
//! convex losses (Ghadimi, Feyzmahdavian, Johansson 2015, arXiv 1412.7457, Theorem 1).
//! Source: Polyak 1964; its flow limit has time `η k / (1 − β)` with error constant `1/(1 − β) − 1/2`
//! (Kovachki, Stuart 2021, arXiv 1906.04285).
//! Units and invariance: commutes with rotations of the parameters. Time is `t = Σ η_k / (1 − β)`.
//! Errors: `momentum` outside [0, 1), `step_size ≤ 0`.
//! Example: `optimizer.kind = "heavy_ball"`, `optimizer.momentum = 0.9`.

use super::gradient_descent::{add_scaled, smooth_step};
use super::{
    Built, Curvature, Curve, FlowLimit, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind,
    ScheduleSpec, State, Symmetry, check_momentum,
};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of the heavy ball.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HeavyBallSpec {
    /// Momentum β in [0, 1).
    pub momentum: f64,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for HeavyBallSpec {
    fn default() -> Self {
        Self { momentum: 0.9, steps: ScheduleSpec::default() }
    }
}

/// Heavy ball with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct HeavyBall {
    pub momentum: f64,
    pub schedule: Schedule,
}

impl HeavyBallSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_momentum(self.momentum)?;
        let (schedule, origin) = self.steps.build(ScheduleKind::Constant, 0.0, |kind| {
            let (step, words) = smooth_step(c, kind);
            ((1.0 - self.momentum) * step, format!("(1 - momentum) × {words}"))
        })?;
        Ok(Built {
            step_size: Some(schedule.base),
            origin,
            optimizer: Box::new(HeavyBall { momentum: self.momentum, schedule }),
        })
    }
}

impl Optimizer for HeavyBall {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 1, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let scale = oracle.gradient(&state.theta, None, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        let v = &mut state.slots[0];
        v.blend(self.momentum, 1.0, scale, &g);
        add_scaled(&mut state.theta, log_eta + v.log_scale, &v.direction, -1.0);
        state.clock.advance_log(log_eta - (1.0 - self.momentum).ln());
        state.step += 1;
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        let factor = 1.0 / (1.0 - self.momentum);
        OptimizerFacts {
            momentum: self.momentum,
            stability: (2.0 * (1.0 - self.momentum), 2.0 * (1.0 + self.momentum)),
            symmetry: Symmetry::Rotation,
            flow: self.schedule.is_constant().then_some(FlowLimit {
                curve: Curve::Flow,
                time_factor: factor,
                error_factor: factor * (factor - 0.5),
                batch: None,
            }),
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        }
    }
}
