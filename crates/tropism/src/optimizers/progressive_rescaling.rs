//! Progressive rescaling gradient descent (PRGD): every `period` steps `w ← R w/‖w‖` with a radius `R` that grows by `growth`; in
//! between `w ← w − η ∇L/L`, projected onto the ball of radius `R`.
//!
//! Shapes: any parameter vector; one number remembered.
//! Assumes: `warmup` steps without rescaling first; then `R` starts from the norm reached. `R` stops growing at `max_radius`, beyond
//! which rounding of the margins is all that is left.
//! Source: Wang, Min, Wu, ICML 2024 (arXiv 2311.14387), Algorithm 1, with geometric radii and equal
//! periods as in its experiments, but longer ones: each period must turn the parameters by more than the rescaling carries them from
//! the axis, `period · η · turning > (growth − 1) · distance`, or the direction freezes.
//! Units and invariance: does not see the loss's scale. Commutes with rotations of the parameters.
//! Errors: `growth ≤ 1`, `period = 0`, `max_radius ≤ 0`, `step_size ≤ 0`.
//! Example: `loss.kind = "exponential"`, `optimizer.kind = "progressive_rescaling"`.

use super::gradient_descent::{add_scaled, smooth_step};
use super::{
    Acceleration, Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind,
    ScheduleSpec, State, Symmetry, check_positive, check_range,
};
use crate::Error;
use crate::numerics::Norm;
use crate::numerics::linalg::norm2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of progressive rescaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProgressiveRescalingSpec {
    /// Step size η; one over the longest sample squared if absent.
    pub step_size: Option<f64>,
    /// Factor by which the radius grows, > 1.
    pub growth: f64,
    /// Steps from one rescaling to the next, at least 1.
    #[schemars(range(min = 1))]
    pub period: u64,
    /// Steps before the first rescaling.
    pub warmup: u64,
    /// Largest radius; 10^12 over the longest sample if absent.
    pub max_radius: Option<f64>,
}

impl Default for ProgressiveRescalingSpec {
    fn default() -> Self {
        Self { step_size: None, growth: 1.2, period: 100, warmup: 1000, max_radius: None }
    }
}

/// Progressive rescaling with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressiveRescaling {
    pub growth: f64,
    pub period: u64,
    pub warmup: u64,
    pub max_radius: f64,
    pub schedule: Schedule,
}

impl ProgressiveRescalingSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let fits = self.growth > 1.0 && self.growth.is_finite();
        check_range("growth", self.growth, fits, "it must be a finite number > 1")?;
        if self.period == 0 {
            return Err(Error::bad_value("optimizer", "period", 0, "it must be at least 1"));
        }
        let max_radius = self.max_radius.unwrap_or(1e12 / c.radius.l2.max(f64::MIN_POSITIVE));
        check_positive("max_radius", max_radius)?;
        let steps = ScheduleSpec { step_size: self.step_size, ..Default::default() };
        let (schedule, origin) =
            steps.build(ScheduleKind::LossNormalized, 0.0, |kind| smooth_step(c, kind))?;
        let (growth, period, warmup) = (self.growth, self.period, self.warmup);
        let optimizer = Box::new(ProgressiveRescaling { growth, period, warmup, max_radius, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

impl ProgressiveRescaling {
    /// Projects onto the ball, or where a period ends out to its grown radius.
    fn rescale(&self, state: &mut State) {
        let length = norm2(&state.theta);
        let radius = &mut state.slots[0].direction[0];
        let due = state.step >= self.warmup && (state.step - self.warmup).is_multiple_of(self.period);
        if due {
            let from = if *radius > 0.0 { *radius } else { length };
            *radius = (self.growth * from).min(self.max_radius);
        }
        if length > 0.0 && *radius > 0.0 && (due || length > *radius) {
            let factor = *radius / length;
            state.theta.iter_mut().for_each(|w| *w *= factor);
        }
    }
}

impl Optimizer for ProgressiveRescaling {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        let mut state = State::new(theta, 1, seed);
        // The slot holds the radius alone; 0 before the first rescaling.
        state.slots[0].direction = vec![0.0];
        state
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let scale = oracle.gradient(&state.theta, None, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        add_scaled(&mut state.theta, log_eta + scale, &g, -1.0);
        state.tick(log_eta);
        self.rescale(state);
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            acceleration: Some(Acceleration::Rescaling { growth: self.growth, period: self.period }),
            symmetry: Symmetry::Rotation,
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Exponential};
    use super::*;

    /// Exponentially fast: on Wang, Min and Wu's first data set (angles unequal about the margin direction) a few hundred
    /// steps leave a relative gap that gradient steps of the same length do not reach.
    #[test]
    fn the_margin_gap_falls_geometrically() {
        let rows: [&[f64]; 2] = [&[0.6, 0.8], &[0.2, -0.1]];
        let gap = |warmup: u64, steps: u64| {
            let spec = ProgressiveRescalingSpec { step_size: Some(1.0), warmup, ..Default::default() };
            let optimizer = spec.build(&reference::curvature()).unwrap().optimizer;
            let mut oracle = Exponential::new(&rows);
            let mut state = optimizer.start(vec![0.0; 2], 1);
            (0..steps).for_each(|_| optimizer.step(&mut state, &mut oracle));
            let margin =
                |a: f64| rows.iter().map(|z| z[0] * a.cos() + z[1] * a.sin()).fold(f64::INFINITY, f64::min);
            let best = (-1_000_000..1_000_000).map(|i| margin(f64::from(i) * 1e-6)).fold(0.0, f64::max);
            1.0 - oracle.margin(&state.theta) / best
        };
        // The radius grows by 1.2^30 = 237 in between.
        let (early, late) = (gap(50, 1050), gap(50, 4050));
        assert!(late < 0.02 * early, "{early} {late}");
        assert!(late < 0.5 * gap(4050, 4050), "{late}");
    }
}
