//! SGD with label noise: `w ← w − η_k ∇ℓ(w; x_i, y_i + σ ξ)`, fresh noise on the targets at every step.
//!
//! For regression the noise is Gaussian with standard deviation `std`; for classification a label is replaced by another class
//! with probability `flip`.
//!
//! Shapes: any parameter vector.
//! Assumes: samples drawn with replacement, one a step by default; default step one over the largest smoothness of one sample.
//! Source: HaoChen, Wei, Lee, Ma 2021 (arXiv 2006.08680): on diagonal networks it drives to a weighted ℓ1 norm; Blanc et al. 2020
//! (1904.09080).
//! Units and invariance: σ has the units of the targets. Commutes with rotations of the parameters.
//! Errors: `std < 0`, `flip` outside [0, 1], the one of them that does not belong to the task, `batch` outside 1..=n, `step_size ≤ 0`.
//! Example: `optimizer.kind = "label_noise_sgd"`, `optimizer.std = 0.5`.

use super::gradient_descent::add_scaled;
use super::second_moment::check_batch_schedule;
use super::{
    Batches, Built, Curvature, Geometry, Noise, Optimizer, OptimizerFacts, Oracle, Order, Schedule,
    ScheduleKind, ScheduleSpec, State, Symmetry, check_nonnegative, check_range,
};
use crate::Error;
use crate::data::Targets;
use crate::numerics::Norm;
use crate::numerics::rng::Rng;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of SGD with label noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LabelNoiseSgdSpec {
    /// Samples a step.
    #[schemars(range(min = 1))]
    pub batch: usize,
    /// The order in which samples come.
    pub order: Order,
    /// Standard deviation of the noise on real targets; 1 if absent.
    pub std: Option<f64>,
    /// Probability that a class label is replaced; 0.1 if absent.
    pub flip: Option<f64>,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for LabelNoiseSgdSpec {
    fn default() -> Self {
        let (order, steps) = (Order::Replacement, ScheduleSpec::default());
        Self { batch: 1, order, std: None, flip: None, steps }
    }
}

/// SGD with label noise and its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelNoiseSgd {
    pub batches: Batches,
    pub noise: Noise,
    pub schedule: Schedule,
}

impl LabelNoiseSgdSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let batches = Batches::new(self.batch, self.order, c.samples)?;
        check_batch_schedule("label_noise_sgd", Some(batches), &self.steps)?;
        let noise = self.noise(c.at_infinity)?;
        let (schedule, origin) = self.steps.build(ScheduleKind::Constant, 0.0, |_| {
            let single = c.single;
            (1.0 / single, format!("1 / largest smoothness of one sample = 1 / {single:.6}"))
        })?;
        let optimizer = Box::new(LabelNoiseSgd { batches, noise, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }

    fn noise(&self, classes: bool) -> Result<Noise, Error> {
        let wrong = |key: &str, missing: &str| Err(Error::incompatible(key, "this loss", missing));
        match (classes, self.std, self.flip) {
            (true, Some(_), _) => {
                wrong("optimizer.std", "class labels cannot be moved; set flip, the share replaced")
            }
            (false, _, Some(_)) => wrong("optimizer.flip", "real targets have no other class; set std"),
            (true, None, flip) => {
                let probability = flip.unwrap_or(0.1);
                check_range(
                    "flip",
                    probability,
                    (0.0..=1.0).contains(&probability),
                    "it must lie in [0, 1]",
                )?;
                Ok(Noise::Flips { probability })
            }
            (false, std, None) => {
                let std = std.unwrap_or(1.0);
                check_nonnegative("std", std)?;
                Ok(Noise::Targets { std })
            }
        }
    }
}

fn disturb(noise: Noise, rng: &mut Rng, targets: &mut Targets) {
    match (noise, targets) {
        (Noise::Targets { std }, Targets::Real(y) | Targets::Sign(y)) => y.iter_mut().for_each(|y| {
            let xi: f64 = StandardNormal.sample(rng);
            *y += std * xi;
        }),
        (Noise::Flips { probability }, Targets::Sign(y)) => y.iter_mut().for_each(|y| {
            if rng.random::<f64>() < probability {
                *y = -*y;
            }
        }),
        (Noise::Flips { probability }, Targets::Class { labels, classes }) => {
            labels.iter_mut().for_each(|c| {
                // Both numbers are always drawn, so that one label's fate does not move another's.
                let (fate, shift) = (rng.random::<f64>(), rng.random_range(1..(*classes).max(2)));
                if fate < probability {
                    *c = (*c + shift) % *classes;
                }
            })
        }
        _ => {}
    }
}

impl Optimizer for LabelNoiseSgd {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let window = self.batches.draw(state);
        let mut g = state.take_scratch();
        let mut rng = state.noise_rng();
        let mut noise = |t: &mut Targets| disturb(self.noise, &mut rng, t);
        let scale = oracle.disturbed_gradient(&state.theta, &state.order[window], &mut noise, &mut g);
        let log_eta = self.schedule.log_step(state.step, || 0.0);
        add_scaled(&mut state.theta, log_eta + scale, &g, -1.0);
        state.tick(log_eta);
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            stochastic: true,
            sampling: Some(self.batches.sampling()),
            noise: Some(self.noise),
            symmetry: Symmetry::Rotation,
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::rng::{Stream, rng};

    /// Standard deviation and share of flips over 40,000 draws: four standard errors are 1.4 % and 0.6 %.
    #[test]
    fn the_noise_is_as_large_as_it_says() {
        let mut r = rng(5, Stream::Optimizer);
        let n = 40_000;
        let mut y = Targets::Real(vec![2.0; n]);
        disturb(Noise::Targets { std: 0.5 }, &mut r, &mut y);
        let Targets::Real(y) = y else { unreachable!() };
        let variance = y.iter().map(|y| (y - 2.0).powi(2)).sum::<f64>() / n as f64;
        assert!((variance.sqrt() / 0.5 - 1.0).abs() < 0.015, "{variance}");
        let mut c = Targets::Class { labels: vec![1; n], classes: 3 };
        disturb(Noise::Flips { probability: 0.1 }, &mut r, &mut c);
        let Targets::Class { labels, .. } = c else { unreachable!() };
        for other in [0, 2] {
            let share = labels.iter().filter(|&&l| l == other).count() as f64 / n as f64;
            assert!((share - 0.05).abs() < 0.0045, "{other}: {share}");
        }
    }
}
