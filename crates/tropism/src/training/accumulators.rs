//! Sums along a run that a theorem's program is made of.

use super::Job;
use crate::models::Structure;
use crate::numerics::squares;
use crate::optimizers::{Noise, OptimizerFacts};
use serde::{Deserialize, Serialize};

/// Sums along a run on a diagonal network `w = u² − v²` of depth 2, elementwise.
///
/// Plain steps, `u ← (1 − a_k) u`, `v ← (1 + a_k) v` with `a_k = 2 η_k q_k` and `q_k` in the row space of the data:
/// `A = Σ log|1 − a_k²|` and `R = Σ (artanh a_k − a_k)` make the exact limit (Even, Pesme, Gunasekar, Flammarion 2023, arXiv
/// 2302.08982). With momentum β and `f_k = −a_k` of `u`, `+a_k` of `v`, read off consecutive ratios, each weight has
/// `E = Σ log|ratio| − Σ f_k / (1 − β)`, and `A = E_u + E_v`, `R = (E_v − E_u)/2`: the same for β = 0. Signs do not matter, for `w`
/// sees squares: where `|a_k| > 1`, `artanh a` stands for `½ log|(1 + a)/(1 − a)|`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accumulators {
    /// `A [d]`.
    pub shrink: Vec<f64>,
    /// `R [d]`.
    pub excess: Vec<f64>,
    /// `Σ (ratio − 1)²` of `[u, v]`, with momentum only.
    pub squares: Vec<f64>,
    /// `Σ η² L` with the mean loss and the step that goes with it, for noisy steps only.
    pub noise: f64,
    /// A weight became exactly zero, where it stays, or not a number: the sums mean nothing.
    pub vanished: bool,
    /// With noise on the targets, which never lets the weights rest, the only sum that is taken.
    pub mean: Option<TailMean>,
    memory: Memory,
}

/// Mean of the predictor `u² − v²` over the last part of a run, whenever that ends: windows `[2^j, 2^(j+1))` of steps, of which
/// the newest counts once it is half as long as the one before.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TailMean {
    step: u64,
    now: Window,
    before: Window,
}

/// A sum over consecutive steps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Window {
    count: u64,
    sum: Vec<f64>,
}

impl TailMean {
    /// The next iterate, `[u, v]`.
    fn add(&mut self, theta: &[f64]) {
        self.step += 1;
        let (u, v) = theta.split_at(theta.len() / 2);
        if self.step.is_power_of_two() {
            std::mem::swap(&mut self.now, &mut self.before);
            self.now.count = 0;
            self.now.sum.clear();
            self.now.sum.resize(u.len(), 0.0);
        }
        self.now.count += 1;
        self.now.sum.iter_mut().zip(u.iter().zip(v)).for_each(|(s, (u, v))| *s += (u - v) * (u + v));
    }

    /// The mean `[d]` with the number of steps behind it; `None` before the first.
    pub fn value(&self) -> Option<(Vec<f64>, u64)> {
        let window = if 2 * self.now.count >= self.before.count { &self.now } else { &self.before };
        let mean = window.sum.iter().map(|s| s / window.count as f64).collect();
        (window.count > 0).then_some((mean, window.count))
    }
}

/// What the sums must know of the optimizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Memory {
    momentum: f64,
    /// The gradient is taken where the momentum leads (Nesterov).
    look_ahead: bool,
    /// `ratio − 1` of the last step, `[u, v]`; empty without momentum.
    last: Vec<f64>,
    /// `η²` for the mean loss; 0 without noise.
    step_square: f64,
    /// Steps between looks at the full loss, so that these do not outweigh the steps.
    stride: u64,
}

impl Accumulators {
    /// Empty sums where a theorem could ask for them: a diagonal network of depth 2 with one output under steps in the row
    /// space of the data.
    pub fn wanted(job: &Job, facts: &OptimizerFacts) -> Option<Self> {
        let model = job.model.facts();
        let diagonal = model.structure == Structure::Diagonal { depth: 2 } && model.outputs == 1;
        let noisy = matches!(facts.noise, Some(Noise::Targets { .. }));
        (diagonal && (noisy || facts.row_space_steps())).then(|| Self::new(job, facts, noisy))
    }

    fn new(job: &Job, facts: &OptimizerFacts, noisy: bool) -> Self {
        let p = job.theta0.len();
        let remembered = if facts.momentum > 0.0 { p } else { 0 };
        let samples = job.data.n() as f64;
        let step = facts
            .schedule
            .filter(|s| s.is_constant())
            .map_or(0.0, |s| s.base * samples * job.log_weight.exp());
        let batch = facts.sampling.map_or(job.data.n(), |s| s.batch);
        let memory = Memory {
            momentum: facts.momentum,
            look_ahead: facts.look_ahead,
            last: vec![0.0; remembered],
            step_square: if facts.stochastic { step * step } else { 0.0 },
            stride: (job.data.n() / (8 * batch)).max(1) as u64,
        };
        Self {
            shrink: vec![0.0; p / 2],
            excess: vec![0.0; p / 2],
            squares: vec![0.0; remembered],
            noise: 0.0,
            vanished: false,
            mean: noisy.then(TailMean::default),
            memory,
        }
    }

    /// Whether the full loss at `step` is asked for.
    pub fn wants_loss(&self, step: u64) -> bool {
        self.mean.is_none() && self.memory.step_square > 0.0 && step.is_multiple_of(self.memory.stride)
    }

    /// Takes the full mean loss, which stands for the next stride.
    pub fn add_loss(&mut self, mean_loss: f64) {
        self.noise += self.memory.step_square * self.memory.stride as f64 * mean_loss;
    }

    /// One step from `before` to `after`, both `[u, v]`.
    pub fn add(&mut self, before: &[f64], after: &[f64]) {
        if let Some(mean) = &mut self.mean {
            return mean.add(after);
        }
        if self.memory.momentum > 0.0 {
            return self.add_with_momentum(before, after);
        }
        self.vanished |= squares::add_step(before, after, &mut self.shrink, &mut self.excess);
    }

    fn add_with_momentum(&mut self, before: &[f64], after: &[f64]) {
        let d = self.shrink.len();
        let beta = self.memory.momentum;
        for i in 0..2 * d {
            let change = (after[i] - before[i]) / before[i];
            let last = self.memory.last[i];
            // What the memory alone would have changed, and what the gradient did.
            let carried = beta * last / (1.0 + last);
            let ahead = if self.memory.look_ahead { 1.0 + carried } else { 1.0 };
            let pushed = (change - carried) / ahead;
            self.vanished |= !(change.is_finite() && change != -1.0 && ahead != 0.0);
            let growth = if change > -1.0 { change.ln_1p() } else { (-1.0 - change).ln() };
            let rest = growth - pushed / (1.0 - beta);
            self.shrink[i % d] += rest;
            self.excess[i % d] += if i < d { -0.5 * rest } else { 0.5 * rest };
            self.squares[i] += change * change;
            self.memory.last[i] = change;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums for one input.
    fn empty(momentum: f64, look_ahead: bool) -> Accumulators {
        let p = if momentum > 0.0 { 2 } else { 0 };
        let memory = Memory { momentum, look_ahead, last: vec![0.0; p], step_square: 0.0, stride: 1 };
        Accumulators {
            shrink: vec![0.0],
            excess: vec![0.0],
            squares: vec![0.0; p],
            noise: 0.0,
            vanished: false,
            mean: None,
            memory,
        }
    }

    #[test]
    fn the_mean_is_that_of_the_last_window() {
        let mut mean = TailMean::default();
        assert_eq!(mean.value(), None);
        // Predictors 1, 4, 9, ...: windows [1], [2, 3], [4 … 7], [8 … 11].
        for k in 1..=11 {
            mean.add(&[f64::from(k), 0.0]);
            let want = match k {
                1 => (1.0, 1),
                2 => (4.0, 1),
                3 => (6.5, 2),
                4 => (16.0, 1),
                5 => (20.5, 2),
                8 => (31.5, 4),
                11 => (91.5, 4),
                _ => continue,
            };
            assert_eq!(mean.value(), Some((vec![want.0], want.1)), "{k}");
        }
    }

    /// Gradients `2 q (u, −v)` of prescribed q: `log(v/u) = 2R + 4 η Σq / (1 − β)` and `log(uv/α²) = A` at every step.
    #[test]
    fn momentum_leaves_the_sum_of_gradients_and_what_the_sums_hold() {
        for (beta, ahead) in [(0.0, false), (0.9, false), (0.9, true), (0.5, true)] {
            let mut sums = empty(beta, ahead);
            let (mut now, mut speed, mut plain) = ([0.3_f64, 0.3], [0.0, 0.0], 0.0);
            for k in 0..200 {
                let q = 0.02 * (0.3 * f64::from(k)).cos() * (-0.05 * f64::from(k)).exp();
                let before = now;
                for (i, sign) in [(0, -1.0), (1, 1.0)] {
                    let at = if ahead { now[i] + beta * speed[i] } else { now[i] };
                    speed[i] = beta * speed[i] + sign * 2.0 * q * at;
                    now[i] += speed[i];
                }
                sums.add(&before, &now);
                plain += q;
            }
            let (u, v) = (now[0], now[1]);
            assert!((sums.shrink[0] - (u * v / 0.09).ln()).abs() < 1e-13, "{beta} {ahead}");
            let left = (v / u).ln() - 2.0 * sums.excess[0] - 4.0 * plain / (1.0 - beta);
            assert!(left.abs() < 1e-12, "{beta} {ahead}: {left}");
        }
    }

    #[test]
    fn the_sums_are_those_of_the_factors() {
        let mut sums = empty(0.0, false);
        let (mut u, mut v, mut plain) = (0.3_f64, 0.3_f64, 0.0);
        for a in [0.2, -0.5, 0.01, 0.9] {
            let next = (u * (1.0 - a), v * (1.0 + a));
            sums.add(&[u, v], &[next.0, next.1]);
            (u, v) = next;
            plain += a;
        }
        // u v = α² e^A, and Σ artanh a = ½ log(v/u).
        assert!((sums.shrink[0] - (u * v / 0.09).ln()).abs() < 1e-14);
        assert!((sums.excess[0] - (0.5 * (v / u).ln() - plain)).abs() < 1e-14);
        // Past zero and on.
        sums.add(&[u, v], &[-0.1 * u, 2.1 * v]);
        (u, v, plain) = (-0.1 * u, 2.1 * v, plain + 1.1);
        assert!((sums.shrink[0] - (u * v / 0.09).abs().ln()).abs() < 1e-14);
        assert!((sums.excess[0] - (0.5 * (v / u).abs().ln() - plain)).abs() < 1e-14);
        assert!(!sums.vanished);
        sums.add(&[1.0, 1.0], &[0.0, 2.0]);
        assert!(sums.vanished);
    }
}
