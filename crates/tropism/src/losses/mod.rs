//! Losses of the model's outputs: value, slope and curvature that stay exact at margins of ±100,000.
//!
//! Everything is kept as `exp(scale) × number`, because at log time the losses are far below the smallest
//! `f64`. A loss never sees parameters; a model never sees targets.

use crate::data::Targets;
pub use crate::data::Task;
use crate::numerics::fused::{LANES, Slope};
use crate::numerics::linalg::{lowest_product, max_abs};
use crate::numerics::vexp;
use crate::registry::members;
pub(crate) use exponential::Exponential;
pub(crate) use logistic::Logistic;
use serde::{Deserialize, Serialize};
pub(crate) use squared::Squared;
use std::marker::PhantomData;

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

/// Losses of one output and one number as target whose slopes the fused passes over the data know how to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointwise {
    Exponential,
    Logistic,
    Squared,
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

    /// The fused form of [`Loss::slopes`], where there is one: gradients of linear predictors then take one pass over the data.
    fn pointwise(&self) -> Option<Pointwise> {
        None
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

/// [`Loss::slopes`] of a loss that has a [`Slope`], in blocks.
struct Slopes<'a, S> {
    outputs: &'a [f64],
    targets: &'a [f64],
    out: &'a mut [f64],
    slope: PhantomData<S>,
}

impl<S: Slope> pulp::NullaryFnOnce for Slopes<'_, S> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let scale = S::scale(lowest_product(self.outputs, self.targets));
        let factor = vexp::exp(scale);
        let (blocks, rest) = self.outputs.as_chunks::<LANES>();
        let (targets, last) = self.targets.as_chunks::<LANES>();
        let (results, left) = self.out.as_chunks_mut::<LANES>();
        let eight = |f: &[f64; LANES], y: &[f64; LANES], o: &mut [f64; LANES]| {
            for l in 0..LANES {
                o[l] = S::slope(f[l], y[l], scale, factor);
            }
        };
        for ((o, f), y) in results.iter_mut().zip(blocks).zip(targets) {
            eight(f, y, o);
        }
        // The last few take the same wide path, filled up with zeros.
        let (mut f, mut y, mut o) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        f[..rest.len()].copy_from_slice(rest);
        y[..rest.len()].copy_from_slice(&last[..rest.len()]);
        eight(&f, &y, &mut o);
        left.copy_from_slice(&o[..left.len()]);
        scale
    }
}

/// Slopes of all samples on one scale, as [`Loss::slopes`] wants them.
fn slopes_of<S: Slope>(outputs: &[f64], targets: &[f64], out: &mut [f64]) -> f64 {
    pulp::Arch::new().dispatch(Slopes::<S> { outputs, targets, out, slope: PhantomData })
}
