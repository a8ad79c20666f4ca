//! Logistic loss `ℓ(m) = log(1 + exp(−m))` of the margin `m = y f`, `y = ±1`.
//!
//! Shapes: `f [1]`, `y` a sign.
//! Assumes: two classes.
//! Source: standard; exponential tail as in Soudry et al. 2018 (arXiv 1710.10345), Definition 2.
//! Units and invariance: nats; symmetric under `(f, y) → (−f, −y)`.
//! Errors: none; exact at margins of ±100,000 through its logarithm.
//! Example: `loss.kind = "logistic"`.

use super::exponential::sign;
use super::{Loss, LossFacts, Tail, Target, Task};
use crate::data::Targets;
use crate::numerics::logscale::log_logistic;
use crate::numerics::{linalg::lowest_product, vexp, wide::wide};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// See the module header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Logistic {}

/// `σ(−m) exp(−s)` for a common scale `s = min(0, −m_min)`, `factor = exp(s)`.
#[inline(always)]
fn scaled_sigmoid(m: f64, scale: f64, factor: f64) -> f64 {
    // For m < 0 the scale is 0 and exp(m) is safe; for m ≥ 0 the shifted exponential never overflows.
    let positive = m >= 0.0;
    let e = vexp::exp(if positive { -m - scale } else { m });
    let (top, weight) = if positive { (e, factor) } else { (1.0, 1.0) };
    top / (1.0 + e * weight)
}

#[inline(always)]
fn slopes_of_eight(f: &[f64; 8], y: &[f64; 8], scale: f64, factor: f64, out: &mut [f64; 8]) {
    for l in 0..8 {
        out[l] = -y[l] * scaled_sigmoid(f[l] * y[l], scale, factor);
    }
}

wide! {
    fn scaled_slopes<'a>(outputs: &'a [f64], y: &'a [f64], out: &'a mut [f64]) -> f64 {
        let scale = (-lowest_product(outputs, y)).min(0.0);
        let factor = vexp::exp(scale);
        let (blocks, rest) = outputs.as_chunks::<8>();
        let (signs, last) = y.as_chunks::<8>();
        let (results, left) = out.as_chunks_mut::<8>();
        for ((o, f), s) in results.iter_mut().zip(blocks).zip(signs) {
            slopes_of_eight(f, s, scale, factor, o);
        }
        // The last few take the same wide path, filled up with zeros.
        let (mut f, mut s, mut o) = ([0.0; 8], [0.0; 8], [0.0; 8]);
        f[..rest.len()].copy_from_slice(rest);
        s[..rest.len()].copy_from_slice(&last[..rest.len()]);
        slopes_of_eight(&f, &s, scale, factor, &mut o);
        left.copy_from_slice(&o[..left.len()]);
        scale
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
        scaled_slopes(outputs, y, out)
    }
}
