//! Logistic loss `ℓ(m) = log(1 + exp(−m))` of the margin `m = y f`, `y = ±1`.
//!
//! Shapes: `f [1]`, `y` a sign.
//! Assumes: two classes.
//! Source: standard; exponential tail as in Soudry et al. 2018 (arXiv 1710.10345), Definition 2.
//! Units and invariance: nats; symmetric under `(f, y) → (−f, −y)`.
//! Errors: none; exact at margins of ±100,000 through its logarithm.
//! Example: `loss.kind = "logistic"`.

use super::exponential::sign;
use super::{Loss, LossFacts, Pointwise, Tail, Target, Task};
use crate::data::Targets;
use crate::numerics::fused::{Slope, margin};
use crate::numerics::logscale::log_logistic;
use crate::numerics::vexp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// See the module header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Logistic {}

impl Slope for Logistic {
    const RANGE: f64 = 600.0;

    #[inline(always)]
    fn scale(lowest: f64) -> f64 {
        (-lowest).min(0.0)
    }

    /// `−y σ(−m) exp(−scale)`.
    #[inline(always)]
    fn slope(output: f64, target: f64, scale: f64, factor: f64) -> f64 {
        let m = margin(output, target);
        // A negative margin makes the scale 0, so that −|m| − scale is never positive. No branches: they would keep the
        // compiler from vectors.
        let e = vexp::exp(-m.abs() - scale);
        let top = if m >= 0.0 { e } else { 1.0 };
        -target * (top / (1.0 + e * factor))
    }
}

impl Loss for Logistic {
    fn log_value(&self, f: &[f64], y: Target) -> f64 {
        log_logistic(sign(y) * f[0])
    }

    fn slope(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        let m = sign(y) * f[0];
        let scale = (-m).min(0.0);
        // For m ≥ 0 the exponential has gone into the scale.
        out[0] = -sign(y) / (1.0 + (-m.abs()).exp());
        scale
    }

    fn curvature(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        // ℓ'' = σ(m) σ(−m) = e / (1 + e)², e = exp(−|m|).
        let a = (sign(y) * f[0]).abs();
        out[0] = 1.0 / (1.0 + (-a).exp()).powi(2);
        -a
    }

    fn facts(&self) -> LossFacts {
        LossFacts { task: Task::Binary, tail: Tail::Exponential, convex: true, smoothness: 0.25 }
    }

    fn slopes(&self, outputs: &[f64], targets: &Targets, out: &mut [f64]) -> f64 {
        let Targets::Sign(y) = targets else { return 0.0 };
        super::slopes_of::<Self>(outputs, y, out)
    }

    fn pointwise(&self) -> Option<Pointwise> {
        Some(Pointwise::Logistic)
    }
}
