//! Gradient flow of the modified loss `L + (η/4)‖∇L‖²`, which gradient descent with step η follows to second order.
//!
//! One step is a classical Runge–Kutta step of length η along `−∇L − (η/2) ∇²L ∇L`, so that its clock is that of gradient
//! descent; `∇²L ∇L` is a central difference of gradients.
//! Shapes: any parameter vector.
//! Assumes: a loss and model smooth in the parameters.
//! Source: Barrett, Dherin 2021 (arXiv 2009.11162), Theorem 3.1; Runge–Kutta of order four: Hairer, Nørsett, Wanner 1993, §II.1.
//! Units and invariance: commutes with rotations of the parameters. Time is `t = ηk`; the error of a step is `O(η⁵)`.
//! Errors: `step_size ≤ 0`.
//! Example: `optimizer.kind = "modified_gradient_flow"`, `optimizer.step_size = 0.1`.

use super::gradient_descent::smooth_step;
use super::{
    Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind, ScheduleSpec,
    State, Symmetry,
};
use crate::Error;
use crate::numerics::linalg::norm2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of the flow of the modified loss.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ModifiedGradientFlowSpec {
    /// η > 0: the step size of the gradient descent it stands for. Derived from the data like that of gradient descent if
    /// absent.
    pub step_size: Option<f64>,
}

/// The flow with its step.
#[derive(Debug, Clone, PartialEq)]
pub struct ModifiedGradientFlow {
    eta: f64,
}

impl ModifiedGradientFlowSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let steps = ScheduleSpec { step_size: self.step_size, ..ScheduleSpec::default() };
        let (schedule, origin) = steps.build(ScheduleKind::Constant, 0.0, |kind| smooth_step(c, kind))?;
        let Schedule { base: eta, .. } = schedule;
        Ok(Built { step_size: Some(eta), origin, optimizer: Box::new(ModifiedGradientFlow { eta }) })
    }
}

/// Relative step of the central difference: balances its error against rounding.
const DIFFERENCE: f64 = 6e-6;

impl ModifiedGradientFlow {
    /// Writes `−∇L − (η/2) ∇²L ∇L` at `theta` into `out`; `g`, `ahead` are scratch.
    fn velocity(&self, oracle: &mut dyn Oracle, theta: &[f64], work: &mut [f64], out: &mut [f64]) {
        let (g, rest) = work.split_at_mut(theta.len());
        let (ahead, point) = rest.split_at_mut(theta.len());
        let scale = oracle.gradient(theta, None, g).exp();
        let length = norm2(g);
        if length == 0.0 || !length.is_finite() {
            out.iter_mut().zip(&*g).for_each(|(o, v)| *o = -scale * v);
            return;
        }
        let h = DIFFERENCE * (1.0 + norm2(theta)) / length;
        let mut gradient_at = |sign: f64, ahead: &mut [f64]| {
            for ((p, t), v) in point.iter_mut().zip(theta).zip(&*g) {
                *p = t + sign * h * v;
            }
            oracle.gradient(point, None, ahead).exp()
        };
        // ∇²L applied to the direction, times the gradient's scale: ∇²L ∇L.
        let factor = 0.25 * self.eta * scale / h;
        let forward = gradient_at(1.0, ahead);
        out.iter_mut().zip(&*ahead).for_each(|(o, a)| *o = -factor * forward * a);
        let backward = gradient_at(-1.0, ahead);
        out.iter_mut().zip(&*ahead).for_each(|(o, b)| *o += factor * backward * b);
        out.iter_mut().zip(&*g).for_each(|(o, v)| *o -= scale * v);
    }
}

impl Optimizer for ModifiedGradientFlow {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let p = state.theta.len();
        let mut all = std::mem::take(&mut state.work);
        all.resize(6 * p, 0.0);
        let (work, rest) = all.split_at_mut(3 * p);
        let (stage, rest) = rest.split_at_mut(p);
        let (v, sum) = rest.split_at_mut(p);
        stage.copy_from_slice(&state.theta);
        sum.fill(0.0);
        // Weights of the classical scheme, and how far along each velocity the next stage lies.
        for (weight, next) in [(1.0, 0.5), (2.0, 0.5), (2.0, 1.0), (1.0, 0.0)] {
            self.velocity(oracle, stage, work, v);
            for j in 0..p {
                sum[j] += weight * v[j];
                stage[j] = state.theta[j] + next * self.eta * v[j];
            }
        }
        state.theta.iter_mut().zip(&*sum).for_each(|(t, s)| *t += self.eta / 6.0 * s);
        state.work = all;
        state.tick(self.eta.ln());
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            symmetry: Symmetry::Rotation,
            ..OptimizerFacts::plain(Geometry::Modified { eta: self.eta })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic, START};
    use super::*;

    /// On a quadratic with curvature a the modified flow is `w(T) − w* = exp(−(a + η a²/2) T) (w₀ − w*)`.
    #[test]
    fn it_solves_the_modified_quadratic() {
        for eta in [0.02, 0.01] {
            let built =
                ModifiedGradientFlowSpec { step_size: Some(eta) }.build(&reference::curvature()).unwrap();
            let mut oracle = Quadratic::default();
            let mut state = built.optimizer.start(START.to_vec(), 0);
            built.optimizer.steps(&mut state, &mut oracle, (0.5 / eta).round() as u64);
            for (i, (w, start)) in state.theta.iter().zip(START).enumerate() {
                let (a, goal) = (1.0 + i as f64, i as f64);
                let rate = a + 0.5 * eta * a * a;
                let exact = goal + (start - goal) * f64::exp(-0.5 * rate);
                // Global error of the scheme, and the rounding of the difference quotient.
                let scheme = (start - goal).abs() * 0.5 / eta * (eta * rate).powi(5) / 120.0;
                assert!((w - exact).abs() < 2.0 * scheme + 1e-9, "{w} {exact} {scheme}");
                // Without the modification it would be off by more than that.
                let plain = goal + (start - goal) * f64::exp(-0.5 * a);
                assert!((w - plain).abs() > 4.0 * scheme || start == goal, "{w} {plain}");
            }
            assert!((state.clock.log().exp() - 0.5).abs() < 1e-12);
        }
    }
}
