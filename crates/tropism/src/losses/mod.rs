//! Losses of the model's outputs: value, slope and curvature that stay exact at margins of ±100,000.
//!
//! Everything is kept as `exp(scale) × number`, because at log time the losses are far below the smallest
//! `f64`. A loss never sees parameters; a model never sees targets.

use crate::data::Targets;
pub use crate::data::Task;
use crate::numerics::linalg::max_abs;
use crate::registry::members;
use serde::{Deserialize, Serialize};

members! {
    /// The `[loss]` section.
    "loss" LossSpec {
        cross_entropy => CrossEntropy,
        exponential => Exponential,
        logistic => Logistic,
        polynomial => Polynomial,
        squared => Squared,
    }
}

impl LossSpec {
    /// The loss itself, after checking the ranges of its keys.
    pub fn build(&self) -> Result<Box<dyn Loss>, crate::Error> {
        Ok(match self {
            LossSpec::cross_entropy(l) => Box::new(l.clone()),
            LossSpec::exponential(l) => Box::new(l.clone()),
            LossSpec::logistic(l) => Box::new(l.clone()),
            LossSpec::polynomial(l) if l.power > 0.0 && l.power.is_finite() => Box::new(l.clone()),
            LossSpec::polynomial(l) => {
                return Err(crate::Error::bad_value(
                    "loss",
                    "power",
                    l.power,
                    "it must be a finite number > 0",
                ));
            }
            LossSpec::squared(l) => Box::new(l.clone()),
        })
    }
}

/// The target of one sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    Real(f64),
    Sign(f64),
    Class(usize),
}

impl Targets {
    /// Target of sample `i`.
    pub fn get(&self, i: usize) -> Target {
        match self {
            Targets::Real(y) => Target::Real(y[i]),
            Targets::Sign(y) => Target::Sign(y[i]),
            Targets::Class { labels, .. } => Target::Class(labels[i]),
        }
    }
}

/// How the loss behaves at large margins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Tail {
    /// `ℓ(m) = exp(−m) (1 + o(1))`: the theorems on max margins apply.
    Exponential,
    /// `ℓ(m) = Θ(m^−power)`: they do not.
    Polynomial { power: f64 },
    /// A unique finite minimiser: interpolation, not divergence.
    FiniteRoot,
}

/// What a loss declares about itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossFacts {
    pub task: Task,
    pub tail: Tail,
    pub convex: bool,
    /// Supremum of the largest eigenvalue of the curvature in the outputs; `∞` if unbounded.
    pub smoothness: f64,
}

/// A loss `ℓ(f, y)` of the outputs `f [k]` of one sample.
pub trait Loss: Send + Sync {
    /// `log ℓ(f, y)`; `−∞` where the loss is zero.
    fn log_value(&self, f: &[f64], y: Target) -> f64;

    /// Writes `exp(−s) ∂ℓ/∂f` into `out [k]`, largest modulus about one, and returns `s`.
    fn slope(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64;

    /// Writes `exp(−s) ∂²ℓ/∂f²` into `out [k * k]` and returns `s`.
    fn curvature(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64;

    fn facts(&self) -> LossFacts;

    /// Slopes of all samples on one scale: writes `exp(−s) ∂ℓ_i/∂f_i` into `out [n * k]`, returns `s`.
    ///
    /// The hot loop of training, which must not allocate; members override it where all samples can be done at once.
    fn slopes(&self, outputs: &[f64], targets: &Targets, out: &mut [f64]) -> f64 {
        let k = targets.outputs();
        let mut scale = f64::NEG_INFINITY;
        for (i, o) in out.chunks_exact_mut(k).enumerate() {
            let s = self.slope(&outputs[i * k..(i + 1) * k], targets.get(i), o);
            if max_abs(o) > 0.0 {
                scale = scale.max(s);
            }
        }
        if scale == f64::NEG_INFINITY {
            return 0.0;
        }
        for (i, o) in out.chunks_exact_mut(k).enumerate() {
            let factor = (self.slope(&outputs[i * k..(i + 1) * k], targets.get(i), o) - scale).exp();
            o.iter_mut().for_each(|v| *v *= factor);
        }
        scale
    }

    /// `log Σ_i ℓ(f_i, y_i)`.
    fn log_sum(&self, outputs: &[f64], targets: &Targets) -> f64 {
        let k = targets.outputs();
        // The sum so far is exp(top) · sum; one pass, nothing stored.
        let (mut top, mut sum) = (f64::NEG_INFINITY, 0.0);
        for (i, f) in outputs.chunks_exact(k).enumerate() {
            let log = self.log_value(f, targets.get(i));
            if log > top {
                sum = sum * (top - log).exp() + 1.0;
                top = log;
            } else if log > f64::NEG_INFINITY {
                sum += (log - top).exp();
            } else if log.is_nan() {
                return log;
            }
        }
        if sum == 0.0 { f64::NEG_INFINITY } else { top + sum.ln() }
    }
}
