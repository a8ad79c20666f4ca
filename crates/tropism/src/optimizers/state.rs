//! What an optimizer remembers: parameters, scaled vectors, the clock.

use crate::numerics::decomposition::Decomposition;
use crate::numerics::logscale::{Scaled, log_add_exp};
use crate::numerics::rng::{self, Rng, Stream};
use serde::{Deserialize, Serialize};

/// Gradient-flow time `t = Σ η_k`, which may be far beyond the range of `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    linear: f64,
    log: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { linear: 0.0, log: f64::NEG_INFINITY }
    }
}

impl Clock {
    /// Adds a step `exp(log_eta)`.
    pub fn advance_log(&mut self, log_eta: f64) {
        if log_eta < 600.0 {
            self.linear += log_eta.exp();
        } else {
            self.log = log_add_exp(self.log, log_eta);
        }
    }

    /// Adds a step.
    pub fn advance(&mut self, eta: f64) {
        self.linear += eta;
    }

    /// Natural logarithm of the time; `−∞` at the start.
    pub fn log(&self) -> f64 {
        log_add_exp(self.linear.ln(), self.log)
    }
}

/// Everything an optimizer remembers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub theta: Vec<f64>,
    /// Momenta, second moments, dual variables: scale × direction.
    pub slots: Vec<Scaled>,
    pub step: u64,
    pub clock: Clock,
    pub seed: u64,
    /// Current epoch's order of samples, for sampling without replacement.
    pub order: Vec<usize>,
    /// The search has found what it was looking for.
    pub done: bool,
    #[serde(skip)]
    pub(super) scratch: Vec<f64>,
    #[serde(skip)]
    pub(super) second: Vec<f64>,
    /// Work space of matrix and population methods.
    #[serde(skip)]
    pub(super) work: Vec<f64>,
    #[serde(skip)]
    pub(super) decomposition: Decomposition,
}

impl State {
    /// A state at `theta` with `slots` zero slots.
    pub fn new(theta: Vec<f64>, slots: usize, seed: u64) -> Self {
        let p = theta.len();
        Self {
            slots: vec![Scaled::zeros(p); slots],
            scratch: vec![0.0; p],
            second: vec![0.0; p],
            theta,
            step: 0,
            clock: Clock::default(),
            seed,
            order: vec![],
            done: false,
            work: vec![],
            decomposition: Decomposition::default(),
        }
    }

    /// The scratch vector `[p]`, taken out so that it can be filled while the state is read.
    pub(super) fn take_scratch(&mut self) -> Vec<f64> {
        let mut s = std::mem::take(&mut self.scratch);
        s.resize(self.theta.len(), 0.0);
        s
    }

    /// Another such vector.
    pub(super) fn take_second(&mut self) -> Vec<f64> {
        let mut s = std::mem::take(&mut self.second);
        s.resize(self.theta.len(), 0.0);
        s
    }

    /// `state.step` goes on by one and the clock by `exp(log_eta)`.
    pub(super) fn tick(&mut self, log_eta: f64) {
        self.clock.advance_log(log_eta);
        self.step += 1;
    }

    /// A copy without the scratch memory: two states that will go on alike compare equal.
    pub fn saved(&self) -> State {
        State { scratch: vec![], second: vec![], work: vec![], ..self.clone() }
    }

    /// Random numbers of this step that do not overlap with [`State::rng`]'s: the upper half of the step's words.
    pub(super) fn noise_rng(&self) -> Rng {
        let mut r = self.rng();
        r.set_word_pos((u128::from(self.step) << 36) + (1 << 35));
        r
    }

    /// Random numbers of this step: a function of seed and step alone, so that a reloaded state continues alike.
    pub(super) fn rng(&self) -> Rng {
        let mut r = rng::rng(self.seed, Stream::Optimizer);
        // 2^36 words a step: more than any step draws.
        r.set_word_pos(u128::from(self.step) << 36);
        r
    }
}
