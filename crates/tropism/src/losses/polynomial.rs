//! Polynomial-tailed loss `ℓ(m) = (1 + m)^−power` for `m ≥ 0`, continued by `1 − power·m + power(power+1)/2·m²`
//! for `m < 0`: convex, twice continuously differentiable, and *not* exponential-tailed.
//!
//! Shapes: `f [1]`, `y` a sign.
//! Assumes: two classes, `power > 0`.
//! Source: a counter-witness in the sense of Ji, Dudík, Schapire, Telgarsky 2020 (arXiv 2006.11226): such tails
//! select a direction that is not the max margin.
//! Units and invariance: dimensionless; symmetric under `(f, y) → (−f, −y)`.
//! Errors: `power ≤ 0` is refused.
//! Example: `loss.kind = "polynomial"`, `loss.power = 2.0`.

use super::exponential::sign;
use super::{Loss, LossFacts, Tail, Target, Task};
use crate::data::Targets;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// See the module header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Polynomial {
    /// Exponent of the tail, > 0.
    pub power: f64,
}

impl Default for Polynomial {
    fn default() -> Self {
        Self { power: 2.0 }
    }
}

impl Loss for Polynomial {
    fn log_value(&self, f: &[f64], y: Target) -> f64 {
        let (m, a) = (sign(y) * f[0], self.power);
        if m >= 0.0 { -a * m.ln_1p() } else { (1.0 - a * m + 0.5 * a * (a + 1.0) * m * m).ln() }
    }

    fn slope(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        let (m, a) = (sign(y) * f[0], self.power);
        if m >= 0.0 {
            out[0] = -sign(y) * a;
            -(a + 1.0) * m.ln_1p()
        } else {
            out[0] = sign(y) * (-a + a * (a + 1.0) * m);
            0.0
        }
    }

    fn curvature(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        let (m, a) = (sign(y) * f[0], self.power);
        out[0] = a * (a + 1.0);
        if m >= 0.0 { -(a + 2.0) * m.ln_1p() } else { 0.0 }
    }

    fn facts(&self) -> LossFacts {
        LossFacts {
            task: Task::Binary,
            tail: Tail::Polynomial { power: self.power },
            convex: true,
            smoothness: self.power * (self.power + 1.0),
        }
    }

    fn slopes(&self, outputs: &[f64], targets: &Targets, out: &mut [f64]) -> f64 {
        let Targets::Sign(y) = targets else { return 0.0 };
        let a = self.power;
        let lowest = outputs.iter().zip(y).fold(f64::INFINITY, |l, (f, s)| if f * s < l { f * s } else { l });
        let base = lowest.max(0.0).ln_1p();
        for ((o, f), s) in out.iter_mut().zip(outputs).zip(y) {
            let m = f * s;
            let size =
                if m >= 0.0 { a * (-(a + 1.0) * (m.ln_1p() - base)).exp() } else { a - a * (a + 1.0) * m };
            *o = -s * size;
        }
        -(a + 1.0) * base
    }
}
