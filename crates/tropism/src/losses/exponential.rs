//! Exponential loss `ℓ(m) = exp(−m)` of the margin `m = y f`, `y = ±1`.
//!
//! Shapes: `f [1]`, `y` a sign.
//! Assumes: two classes.
//! Source: standard (AdaBoost's loss); Soudry et al. 2018 (arXiv 1710.10345).
//! Units and invariance: dimensionless; `log ℓ` is linear in the margin.
//! Errors: none; exact at margins of ±100,000 through its logarithm.
//! Example: `loss.kind = "exponential"`.

use super::{Loss, LossFacts, Pointwise, Tail, Target, Task};
use crate::data::Targets;
use crate::numerics::fused::{Slope, margin};
use crate::numerics::vexp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// See the module header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Exponential {}

/// The sign of a binary target; the losses of margins are only ever built for binary data.
pub(super) fn sign(y: Target) -> f64 {
    match y {
        Target::Sign(s) | Target::Real(s) => s,
        Target::Class(c) => {
            if c == 0 {
                -1.0
            } else {
                1.0
            }
        }
    }
}

impl Slope for Exponential {
    const RANGE: f64 = 600.0;

    #[inline(always)]
    fn scale(lowest: f64) -> f64 {
        -lowest
    }

    #[inline(always)]
    fn slope(output: f64, target: f64, scale: f64, _factor: f64) -> f64 {
        -target * vexp::exp(-scale - margin(output, target))
    }
}

impl Loss for Exponential {
    fn log_value(&self, f: &[f64], y: Target) -> f64 {
        -sign(y) * f[0]
    }

    fn slope(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        out[0] = -sign(y);
        -sign(y) * f[0]
    }

    fn curvature(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        out[0] = 1.0;
        -sign(y) * f[0]
    }

    fn facts(&self) -> LossFacts {
        LossFacts { task: Task::Binary, tail: Tail::Exponential, convex: true, smoothness: f64::INFINITY }
    }

    fn slopes(&self, outputs: &[f64], targets: &Targets, out: &mut [f64]) -> f64 {
        let Targets::Sign(y) = targets else { return 0.0 };
        super::slopes_of::<Self>(outputs, y, out)
    }

    fn pointwise(&self) -> Option<Pointwise> {
        Some(Pointwise::Exponential)
    }
}
