//! Losses of the model's outputs: value, slope and curvature that stay exact at margins of ±100,000.
//!
//! Everything is kept as `exp(scale) × number`, because at log time the losses are far below the smallest
//! `f64`. A loss never sees parameters; a model never sees targets.

use crate::data::Targets;
pub use crate::data::Task;
use crate::numerics::linalg::max_abs;
use crate::numerics::logscale::log_sum_exp;
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
    /// The hot loop of training; members override it where all samples can be done at once.
    fn slopes(&self, outputs: &[f64], targets: &Targets, out: &mut [f64]) -> f64 {
        let k = targets.outputs();
        let mut scale = f64::NEG_INFINITY;
        let mut scales = vec![0.0; targets.len()];
        for (i, s) in scales.iter_mut().enumerate() {
            let range = i * k..(i + 1) * k;
            *s = self.slope(&outputs[range.clone()], targets.get(i), &mut out[range.clone()]);
            if max_abs(&out[range]) > 0.0 {
                scale = scale.max(*s);
            }
        }
        if scale == f64::NEG_INFINITY {
            return 0.0;
        }
        for (i, s) in scales.iter().enumerate() {
            let factor = (s - scale).exp();
            out[i * k..(i + 1) * k].iter_mut().for_each(|v| *v *= factor);
        }
        scale
    }

    /// `log Σ_i ℓ(f_i, y_i)`.
    fn log_sum(&self, outputs: &[f64], targets: &Targets) -> f64 {
        let k = targets.outputs();
        let logs: Vec<f64> = (0..targets.len())
            .map(|i| self.log_value(&outputs[i * k..(i + 1) * k], targets.get(i)))
            .collect();
        log_sum_exp(&logs)
    }
}
