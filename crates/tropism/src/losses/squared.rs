//! Squared loss `ℓ(f, y) = (f − y)² / 2`, summed over the outputs.
//!
//! Shapes: `f [1]`, `y` real (or a sign, which is then regressed on).
//! Assumes: nothing.
//! Source: standard.
//! Units and invariance: squared units of `y`; invariant under a common shift of `f` and `y`.
//! Errors: none.
//! Example: `loss.kind = "squared"`.

use super::{Loss, LossFacts, Pointwise, Tail, Target, Task};
use crate::data::Targets;
use crate::numerics::fused::Slope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// See the module header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Squared {}

fn target(y: Target) -> f64 {
    match y {
        Target::Real(v) | Target::Sign(v) => v,
        Target::Class(c) => c as f64,
    }
}

impl Slope for Squared {
    const RANGE: f64 = f64::INFINITY;

    #[inline(always)]
    fn scale(_lowest: f64) -> f64 {
        0.0
    }

    #[inline(always)]
    fn slope(output: f64, target: f64, _scale: f64, _factor: f64) -> f64 {
        output - target
    }
}

impl Loss for Squared {
    fn log_value(&self, f: &[f64], y: Target) -> f64 {
        2.0 * (f[0] - target(y)).abs().ln() - std::f64::consts::LN_2
    }

    fn slope(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        out[0] = f[0] - target(y);
        0.0
    }

    fn curvature(&self, _f: &[f64], _y: Target, out: &mut [f64]) -> f64 {
        out[0] = 1.0;
        0.0
    }

    fn facts(&self) -> LossFacts {
        LossFacts { task: Task::Regression, tail: Tail::FiniteRoot, convex: true, smoothness: 1.0 }
    }

    fn slopes(&self, outputs: &[f64], targets: &Targets, out: &mut [f64]) -> f64 {
        match targets {
            Targets::Real(y) | Targets::Sign(y) => {
                out.iter_mut().zip(outputs).zip(y).for_each(|((o, f), y)| *o = f - y);
            }
            Targets::Class { labels, .. } => {
                out.iter_mut().zip(outputs).zip(labels).for_each(|((o, f), c)| *o = f - *c as f64);
            }
        }
        0.0
    }

    fn pointwise(&self) -> Option<Pointwise> {
        Some(Pointwise::Squared)
    }
}
