//! Dual acceleration `g ← k/(k + 1) (g + ∇L/L)`, `w ← w − η (g + ∇L/L)`: Nesterov's method on the dual of the max-margin program,
//! seen in the primal.
//!
//! Shapes: any parameter vector; one slot of the same size.
//! Assumes: exponential loss, start at 0 and `η = 1/B²`, `B` the longest sample, for the theorem: with `B = 1` the ℓ2 margin gap is
//! at most `4 (1 + ln n)(1 + 2 ln(k + 1)) / (γ (k + 1)²)`. On other losses `∇L/L` stands for the mean of the samples under the
//! dual weights, which it becomes in the tail.
//! Source: Ji, Srebro, Telgarsky 2021 (arXiv 2107.00595), Algorithm 1 and Theorem 3.1, with `λ_k = k/(k + 1)`.
//! Units and invariance: does not see the loss's scale. Commutes with rotations of the parameters.
//! Errors: `step_size ≤ 0`.
//! Example: `loss.kind = "exponential"`, `optimizer.kind = "dual_momentum"`.

use super::gradient_descent::{add_scaled, smooth_step};
use super::{
    Acceleration, Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind,
    ScheduleSpec, State, Symmetry,
};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of dual acceleration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DualMomentumSpec {
    /// Step size η; one over the longest sample squared if absent.
    pub step_size: Option<f64>,
}

/// Dual acceleration with its step.
#[derive(Debug, Clone, PartialEq)]
pub struct DualMomentum {
    pub schedule: Schedule,
}

impl DualMomentumSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let steps = ScheduleSpec { step_size: self.step_size, ..Default::default() };
        let (schedule, origin) =
            steps.build(ScheduleKind::LossNormalized, 0.0, |kind| smooth_step(c, kind))?;
        Ok(Built { step_size: Some(schedule.base), origin, optimizer: Box::new(DualMomentum { schedule }) })
    }
}

impl Optimizer for DualMomentum {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 1, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let scale = oracle.gradient(&state.theta, None, &mut g);
        let log_loss = oracle.log_loss();
        let log_eta = self.schedule.log_step(state.step, || log_loss);
        let relative = scale - log_loss;
        let keep = state.step as f64 / (state.step as f64 + 1.0);
        let momentum = &mut state.slots[0];
        if keep > 0.0 {
            momentum.blend(keep, keep, relative, &g);
        }
        let base = self.schedule.base.ln();
        add_scaled(&mut state.theta, base + momentum.log_scale, &momentum.direction, -1.0);
        add_scaled(&mut state.theta, base + relative, &g, -1.0);
        state.tick(log_eta);
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            // Its weight on the past tends to one.
            momentum: 1.0,
            acceleration: Some(Acceleration::Dual),
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

    const Z: [&[f64]; 4] = [&[0.9, 0.1], &[0.2, 0.8], &[0.6, -0.3], &[0.1, 0.9]];

    /// The algorithm with its dual weights written out, and the theorem's bound along the way.
    #[test]
    fn agrees_with_the_dual_form_and_keeps_its_bound() {
        let optimizer =
            DualMomentumSpec { step_size: Some(1.0) }.build(&reference::curvature()).unwrap().optimizer;
        let mut oracle = Exponential::new(&Z);
        let mut state = optimizer.start(vec![0.0; 2], 1);
        let (mut w, mut g) = ([0.0; 2], [0.0; 2]);
        // The ℓ2 max margin in the plane, on a fine grid of directions: to 1e-8.
        let margin = |a: f64| Z.iter().map(|z| z[0] * a.cos() + z[1] * a.sin()).fold(f64::INFINITY, f64::min);
        let best = (0..200_000).map(|i| margin(f64::from(i) * 1e-5)).fold(0.0, f64::max);
        for k in 0..400 {
            let m: Vec<f64> = Z.iter().map(|z| z[0] * w[0] + z[1] * w[1]).collect();
            let least = m.iter().copied().fold(f64::INFINITY, f64::min);
            let q: Vec<f64> = m.iter().map(|m| (least - m).exp()).collect();
            let total: f64 = q.iter().sum();
            let mean = |j: usize| -> f64 { -Z.iter().zip(&q).map(|(z, q)| q * z[j]).sum::<f64>() / total };
            let k = f64::from(k);
            let now = [mean(0), mean(1)];
            g = [0, 1].map(|j| k / (k + 1.0) * (g[j] + now[j]));
            w = [0, 1].map(|j| w[j] - (g[j] + now[j]));
            optimizer.step(&mut state, &mut oracle);
            // Steps of size k accumulate; the softmax is contractive.
            reference::close(&state.theta, &w, 1e-11);
            let bound = 4.0 * (1.0 + 4f64.ln()) * (1.0 + 2.0 * (k + 2.0).ln()) / (best * (k + 2.0).powi(2));
            assert!(oracle.margin(&state.theta) >= best - bound - 1e-8, "step {k}");
        }
        assert!(oracle.margin(&state.theta) > best * (1.0 - 1e-3));
    }
}
