//! The engine of Adam, AdamW, RMSProp and AdaGrad: steps divided coordinate by coordinate by the root of a second moment.
//!
//! Neither moment ever under- or overflows: the first is `exp(s) × m`, of the second the root is kept, `exp(t) × r`, so that it
//! covers the same range as the gradient. The step is `η m̂ / (r̂ + ε)` with the larger of `r̂` and `ε` setting the scale of the
//! denominator: whether ε is felt depends on the gradient's true size alone.

use super::gradient_descent::add_scaled;
use super::{
    Batches, Curve, FlowLimit, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, State, Symmetry,
};
use crate::Error;
use crate::numerics::logscale::Scaled;
use serde::{Deserialize, Serialize};

/// How gradients are divided by their own history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SecondMoment {
    /// `v ← β₂ v + (1 − β₂) g²`; `None` for the sum `v ← v + g²`.
    pub beta2: Option<f64>,
    /// Added to the root, in the units of the gradient.
    pub epsilon: f64,
    /// `v` at the start.
    pub initial: f64,
    /// Divides both moments by `1 − β^k`.
    pub bias_correction: bool,
}

impl SecondMoment {
    /// Refuses what lies outside the ranges of the keys.
    pub(super) fn check(&self, beta2: &str) -> Result<(), Error> {
        if let Some(b) = self.beta2 {
            super::check_range(beta2, b, (0.0..1.0).contains(&b), "it must lie in [0, 1)")?;
        }
        super::check_nonnegative("epsilon", self.epsilon)?;
        super::check_nonnegative("initial_accumulator", self.initial)
    }

    /// The diagonal metric `√v + ε` that the steps are taken in, `root` the root of `v`; 1 where neither is above zero: a column of
    /// zeros never moves its weight.
    pub fn metric(&self, root: &Scaled) -> Vec<f64> {
        let scale = root.log_scale.exp();
        let one = |r: &f64| match scale * r + self.epsilon {
            d if d > 0.0 => d,
            _ => 1.0,
        };
        root.direction.iter().map(one).collect()
    }

    /// The root of `v` at the start.
    pub(super) fn root(&self, len: usize) -> Scaled {
        if self.initial == 0.0 {
            return Scaled::zeros(len);
        }
        Scaled { log_scale: 0.5 * self.initial.ln(), direction: vec![1.0; len] }
    }

    /// Takes the gradient `exp(scale) g` into the root.
    pub(super) fn absorb(&self, root: &mut Scaled, scale: f64, g: &[f64]) {
        let (keep, weight) = self.beta2.map_or((1.0, 1.0), |b| (b, 1.0 - b));
        let (mine, theirs) = (root.log_scale + 0.5 * keep.ln(), scale + 0.5 * weight.ln());
        if g.iter().all(|&v| v == 0.0) {
            root.log_scale = if mine.is_finite() { mine } else { root.log_scale };
            return;
        }
        let empty = keep == 0.0 || root.direction.iter().all(|&v| v == 0.0);
        let top = if empty { theirs } else { mine.max(theirs) };
        if !top.is_finite() {
            return;
        }
        let a = if empty { 0.0 } else { (mine - top).exp() };
        let b = (theirs - top).exp();
        let mut least = f64::INFINITY;
        for (r, g) in root.direction.iter().zip(g) {
            least = least.min(a * r + b * g.abs());
        }
        if least > 1e-140 {
            for (r, g) in root.direction.iter_mut().zip(g) {
                let (x, y) = (a * *r, b * g);
                *r = (x * x + y * y).sqrt();
            }
        } else {
            // Squares would underflow.
            root.direction.iter_mut().zip(g).for_each(|(r, g)| *r = (a * *r).hypot(b * g));
        }
        root.log_scale = top;
    }

    /// Writes `direction [p]` with `m̂ / (r̂ + ε) = exp(s) × direction` after `count` gradients, and returns `s`.
    ///
    /// A coordinate whose second moment lies more than 10^308 below the largest stands still.
    pub(super) fn divide(&self, m: (&Scaled, f64), root: &Scaled, count: u64, out: &mut [f64]) -> f64 {
        let (first, beta1) = m;
        let corrected = |beta: f64| {
            if self.bias_correction { (-beta.powf(count as f64)).ln_1p() } else { 0.0 }
        };
        let scale = root.log_scale - 0.5 * self.beta2.map_or(0.0, corrected);
        let floor = self.epsilon.ln();
        let top = scale.max(floor);
        let (a, b) = ((scale - top).exp(), (floor - top).exp());
        for ((o, m), r) in out.iter_mut().zip(&first.direction).zip(&root.direction) {
            let d = a * r + b;
            *o = if d >= f64::MIN_POSITIVE { m / d } else { 0.0 };
        }
        first.log_scale - corrected(beta1) - top
    }
}

/// A method that divides its momentum by the root of a second moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Adaptive {
    /// Momentum β₁ in [0, 1).
    pub beta1: f64,
    pub second: SecondMoment,
    /// Decoupled: `w ← w − η λ w`.
    pub weight_decay: f64,
    pub batches: Option<Batches>,
    pub schedule: Schedule,
}

impl Adaptive {
    /// Spends a gradient `exp(scale) g`: updates the moments, and writes the direction of the step into `out`; returns its
    /// scale.
    fn direct(&self, state: &mut State, scale: f64, g: &[f64], out: &mut [f64]) -> f64 {
        let (root, rest) = state.slots.split_at_mut(1);
        let root = &mut root[0];
        self.second.absorb(root, scale, g);
        let m = &mut rest[0];
        m.blend(self.beta1, 1.0 - self.beta1, scale, g);
        self.second.divide((m, self.beta1), root, state.step + 1, out)
    }
}

impl Optimizer for Adaptive {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        let root = self.second.root(theta.len());
        let mut state = State::new(theta, 2, seed);
        state.slots[0] = root;
        state
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let (mut g, mut u) = (state.take_scratch(), state.take_second());
        let scale = batch_gradient(self.batches, state, oracle, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        let log = self.direct(state, scale, &g, &mut u);
        decay(&mut state.theta, self.weight_decay, log_eta);
        add_scaled(&mut state.theta, log_eta + log, &u, -1.0);
        state.tick(log_eta);
        (state.scratch, state.second) = (g, u);
    }

    fn facts(&self) -> OptimizerFacts {
        let plain = self.beta1 == 0.0 && self.weight_decay == 0.0 && self.batches.is_none();
        let settles = self.second.beta2.is_none() && plain && self.schedule.is_constant();
        OptimizerFacts {
            momentum: self.beta1,
            // Sums of squares settle where the gradients die out; a mean of squares never does.
            flow: settles.then_some(FlowLimit {
                curve: Curve::Flow,
                time_factor: 1.0,
                error_factor: 0.5,
                batch: None,
            }),
            // Without an absolute size anywhere the steps do not see the gradient's.
            normalized: self.second.epsilon == 0.0 && self.second.initial == 0.0,
            stochastic: self.batches.is_some_and(|b| b.is_random()),
            symmetry: Symmetry::SignedPermutation,
            schedule: Some(self.schedule),
            weight_decay: self.weight_decay,
            sampling: self.batches.map(|b| b.sampling()),
            ..OptimizerFacts::plain(Geometry::Adaptive(self.second))
        }
    }
}

/// The gradient of this step: on its batch, or on all samples.
pub(super) fn batch_gradient(
    batches: Option<Batches>,
    state: &mut State,
    oracle: &mut dyn Oracle,
    g: &mut [f64],
) -> f64 {
    match batches {
        None => oracle.gradient(&state.theta, None, g),
        Some(b) => {
            let window = b.draw(state);
            oracle.gradient(&state.theta, Some(&state.order[window]), g)
        }
    }
}

/// Decoupled weight decay `w ← (1 − η λ) w`.
pub(super) fn decay(theta: &mut [f64], lambda: f64, log_eta: f64) {
    if lambda > 0.0 {
        let keep = 1.0 - lambda * log_eta.exp();
        theta.iter_mut().for_each(|w| *w *= keep);
    }
}

/// Loss-normalised steps need the full loss.
pub(super) fn check_batch_schedule(
    name: &str,
    batches: Option<Batches>,
    steps: &super::ScheduleSpec,
) -> Result<(), Error> {
    if batches.is_some() && steps.schedule == Some(super::ScheduleKind::LossNormalized) {
        let missing =
            "a mini-batch does not know the full loss; remove optimizer.batch or choose another schedule";
        return Err(Error::incompatible(name, "optimizer.schedule = \"loss_normalized\"", missing));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: SecondMoment =
        SecondMoment { beta2: Some(0.9), epsilon: 0.0, initial: 0.0, bias_correction: true };

    /// A gradient of true size e^-100000 against ε = 1e-8: the step is `g/ε` to the last bit, and with ε = 0 it is the sign.
    #[test]
    fn epsilon_acts_by_the_gradients_true_size() {
        let g = [3.0, -1e-200, 0.5];
        for (epsilon, deep) in [(0.0, -1e5), (0.0, 1e5), (1e-8, -1e5), (1e-8, 1e5)] {
            let second = SecondMoment { epsilon, ..PLAIN };
            let mut root = second.root(3);
            second.absorb(&mut root, deep, &g);
            let first = Scaled { log_scale: deep + 0.5f64.ln(), direction: g.to_vec() };
            let mut out = [0.0; 3];
            let s = second.divide((&first, 0.5), &root, 1, &mut out);
            let felt = epsilon > 0.0 && deep < 0.0;
            for (o, g) in out.iter().zip(&g) {
                // log step = log|g| + deep − log ε where ε is felt, else 0: one logarithm and exponential of size 1e5 each.
                let want = if felt { g.abs().ln() + deep - epsilon.ln() } else { 0.0 };
                assert!((o.abs().ln() + s - want).abs() < 1e-10, "{epsilon} {deep}: {o} {s}");
                assert_eq!(o.signum(), g.signum());
            }
        }
    }

    #[test]
    fn a_memory_of_roots_is_the_root_of_a_memory() {
        let mut root = PLAIN.root(2);
        let mut want = [0.0, 0.0];
        for k in 0..20 {
            let g = [f64::from(k) - 7.5, (0.3 * f64::from(k)).sin()];
            let scale = -0.1 * f64::from(k);
            PLAIN.absorb(&mut root, scale, &g);
            for (w, g) in want.iter_mut().zip(g) {
                *w = 0.9 * *w + 0.1 * (g * f64::exp(scale)).powi(2);
            }
        }
        for (r, w) in root.direction.iter().zip(want) {
            let got = r * root.log_scale.exp();
            assert!((got - w.sqrt()).abs() < 1e-13 * w.sqrt(), "{got} {w}");
        }
    }
}
