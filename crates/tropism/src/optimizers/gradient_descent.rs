//! Gradient descent `w ← w − η_k ∇L(w)`, with weight decay `w ← (1 − η_k λ) w − η_k ∇L(w)`: descent on `L + (λ/2)‖w‖²`.
//!
//! Shapes: any parameter vector.
//! Assumes: default step `η = 1/(β + λ)`, β the smoothness of the loss on these data; constant steps need `η < 2/(β + λ)`. With decay there is no flow.
//! Source: Soudry et al. 2018 (arXiv 1710.10345) for constant steps; Nacson et al. 2018 (1803.01905) and Ji, Telgarsky
//! 2019 (1906.04540) for loss-normalised ones (`schedule = "loss_normalized"`, with `power = 0.5` or `0`).
//! Units and invariance: commutes with rotations of the parameters. Time is `t = Σ η_k`.
//! Errors: `step_size ≤ 0`, `weight_decay < 0`, `power` outside [0, 2].
//! Example: `optimizer.kind = "gradient_descent"`.

use super::second_moment::decay;
use super::{
    Built, Curvature, Curve, FlowLimit, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind,
    ScheduleSpec, State, Symmetry, check_nonnegative,
};
use crate::Error;
use crate::numerics::Norm;
use crate::numerics::linalg::axpy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of gradient descent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GradientDescentSpec {
    /// Weight decay λ ≥ 0: gradient descent on the loss plus `(λ/2)‖w‖²`.
    pub weight_decay: f64,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

/// Gradient descent with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientDescent {
    pub weight_decay: f64,
    pub schedule: Schedule,
}

/// The step size of plain gradient methods: one over the smoothness; for loss-normalised steps one over `B²`, `B` the
/// longest sample, because `∇²L ⪯ B² L` for the losses with a tail.
pub(super) fn smooth_step(c: &Curvature, kind: ScheduleKind) -> (f64, String) {
    match kind {
        ScheduleKind::LossNormalized => {
            let square = c.radius.l2 * c.radius.l2;
            (1.0 / square, format!("1 / longest sample squared = 1 / {square:.6}"))
        }
        _ => (1.0 / c.smoothness, format!("1 / smoothness = 1 / {:.6}", c.smoothness)),
    }
}

/// The step that is `step = 1/β` without decay: `1/(β + λ)`.
pub(super) fn penalised_step(step: f64, words: String, lambda: f64) -> (f64, String) {
    if lambda == 0.0 {
        return (step, words);
    }
    (step / (1.0 + step * lambda), format!("{words}, with weight decay added to the smoothness"))
}

impl GradientDescentSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_nonnegative("weight_decay", self.weight_decay)?;
        let (schedule, origin) = self.steps.build(ScheduleKind::Constant, 0.0, |kind| {
            let (step, words) = smooth_step(c, kind);
            penalised_step(step, words, self.weight_decay)
        })?;
        Ok(Built {
            step_size: Some(schedule.base),
            origin,
            optimizer: Box::new(GradientDescent { weight_decay: self.weight_decay, schedule }),
        })
    }
}

/// `w += c exp(log) v`, skipping what cannot change a bit of `w`.
#[inline]
pub(super) fn add_scaled(w: &mut [f64], log: f64, v: &[f64], sign: f64) {
    let factor = log.exp();
    if factor > 0.0 {
        axpy(sign * factor, v, w);
    }
}

impl Optimizer for GradientDescent {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let scale = oracle.gradient(&state.theta, None, &mut g);
        if self.schedule.is_constant() {
            decay(&mut state.theta, self.weight_decay, self.schedule.base.ln());
            let factor = if scale == 0.0 { self.schedule.base } else { self.schedule.base * scale.exp() };
            axpy(-factor, &g, &mut state.theta);
            state.clock.advance(self.schedule.base);
        } else {
            let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
            decay(&mut state.theta, self.weight_decay, log_eta);
            add_scaled(&mut state.theta, log_eta + scale, &g, -1.0);
            state.clock.advance_log(log_eta);
        }
        state.step += 1;
        state.scratch = g;
    }

    fn steps(&self, state: &mut State, oracle: &mut dyn Oracle, count: u64) {
        let end = state.step + count;
        while state.step < end {
            if self.schedule.is_constant() && self.weight_decay == 0.0 {
                let taken = oracle.descend(&mut state.theta, self.schedule.base, end - state.step);
                (0..taken).for_each(|_| state.clock.advance(self.schedule.base));
                state.step += taken;
            }
            // What cannot be taken in one go is taken singly, and then tried again: the bits depend on the point alone.
            if state.step < end {
                self.step(state, oracle);
            }
        }
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            // Decay also moves what lies outside the row space of the data.
            symmetry: if self.weight_decay == 0.0 { Symmetry::Rotation } else { Symmetry::SignedPermutation },
            weight_decay: self.weight_decay,
            flow: (self.schedule.is_constant() && self.weight_decay == 0.0).then_some(FlowLimit {
                curve: Curve::Flow,
                time_factor: 1.0,
                error_factor: 0.5,
                batch: None,
            }),
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        }
    }
}
