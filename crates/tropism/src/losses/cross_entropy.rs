//! Cross-entropy `ℓ(f, y) = log Σ_c exp(f_c) − f_y` of `k` scores.
//!
//! Shapes: `f [k]`, `y` a class in `0..k`.
//! Assumes: at least two classes.
//! Source: standard; multiclass exponential tail as in Soudry et al. 2018 (arXiv 1710.10345), §4.
//! Units and invariance: nats; invariant under adding one number to all scores.
//! Errors: none; exact at margins of ±100,000 through its logarithm.
//! Example: `loss.kind = "cross_entropy"`.

use super::{Loss, LossFacts, Tail, Target, Task};
use crate::data::Targets;
use crate::numerics::logscale::{log_logistic, log_sum_exp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// See the module header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrossEntropy {}

fn class(y: Target) -> usize {
    match y {
        Target::Class(c) => c,
        Target::Sign(s) | Target::Real(s) => usize::from(s > 0.0),
    }
}

/// Log of the total weight of the wrong classes relative to the right one: `log Σ_{c≠y} exp(f_c − f_y)`.
fn log_odds(f: &[f64], y: usize) -> f64 {
    let top = f.iter().enumerate().filter(|(c, _)| *c != y).fold(f64::NEG_INFINITY, |m, (_, v)| m.max(*v));
    let s: f64 = f.iter().enumerate().filter(|(c, _)| *c != y).map(|(_, v)| (v - top).exp()).sum();
    top - f[y] + s.ln()
}

impl Loss for CrossEntropy {
    fn log_value(&self, f: &[f64], y: Target) -> f64 {
        // ℓ = log(1 + exp(v)) with v the log-odds: the logistic loss at margin −v.
        log_logistic(-log_odds(f, class(y)))
    }

    fn slope(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        let y = class(y);
        let norm = log_sum_exp(f);
        let scale =
            f.iter().enumerate().filter(|(c, _)| *c != y).fold(f64::NEG_INFINITY, |m, (_, v)| m.max(*v))
                - norm;
        let mut total = 0.0;
        for (c, o) in out.iter_mut().enumerate() {
            if c != y {
                *o = (f[c] - norm - scale).exp();
                total += *o;
            }
        }
        out[y] = -total;
        scale
    }

    fn curvature(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        // diag(p) − p pᵀ with 1 − p_y = Σ_{c≠y} p_c taken as that sum, so that nothing cancels.
        let (k, y) = (f.len(), class(y));
        let norm = log_sum_exp(f);
        let scale =
            f.iter().enumerate().filter(|(c, _)| *c != y).fold(f64::NEG_INFINITY, |m, (_, v)| m.max(*v))
                - norm;
        let p = |c: usize| (f[c] - norm).exp();
        let scaled = |c: usize| (f[c] - norm - scale).exp();
        let wrong: f64 = (0..k).filter(|&c| c != y).map(scaled).sum();
        for a in 0..k {
            for b in 0..k {
                out[a * k + b] = match (a == b, a == y, b == y) {
                    (true, true, _) => p(y) * wrong,
                    (true, false, _) => scaled(a) * (1.0 - p(a)),
                    (false, true, _) => -p(y) * scaled(b),
                    (false, false, _) => -scaled(a) * p(b),
                };
            }
        }
        scale
    }

    fn facts(&self) -> LossFacts {
        LossFacts { task: Task::Multiclass, tail: Tail::Exponential, convex: true, smoothness: 0.5 }
    }

    fn slopes(&self, outputs: &[f64], targets: &Targets, out: &mut [f64]) -> f64 {
        let Targets::Class { labels, classes: k } = targets else { return 0.0 };
        let samples = || outputs.chunks_exact(*k).zip(labels);
        // First the scale; each sample's normaliser waits in the place of its true class, which is written last.
        let mut scale = f64::NEG_INFINITY;
        for ((f, &y), o) in samples().zip(out.chunks_exact_mut(*k)) {
            o[y] = log_sum_exp(f);
            let best = (0..*k).filter(|&c| c != y).fold(f64::NEG_INFINITY, |m, c| m.max(f[c]));
            scale = scale.max(best - o[y]);
        }
        for ((f, &y), o) in samples().zip(out.chunks_exact_mut(*k)) {
            let shift = o[y] + scale;
            o[y] = 0.0;
            let mut total = 0.0;
            for c in (0..*k).filter(|&c| c != y) {
                o[c] = (f[c] - shift).exp();
                total += o[c];
            }
            o[y] = -total;
        }
        scale
    }
}
