//! Effective number of support vectors: `exp` of the entropy of `softmax(−m)`, the weights that drive the flow.
//!
//! Shapes: `w [k * d]`.
//! Assumes: an exponential tail, for which `softmax(−m)` are the shares of the samples in the gradient; reports show it only
//! there, and only once every margin is positive.
//! Source: entropy-based effective size as in Roy, Vetterli 2007, applied to the flow's weights.
//! Units and invariance: a number between 1 and the number of margins.
//! Errors: none; `None` for regression.
//! Example: `effective number of support vectors` in a report, `selected.support_dimension` in its JSON.

use super::{Measure, MeasureFacts, View};
use crate::numerics::logscale::log_sum_exp;

/// See the module header.
pub struct SupportDimension;

impl Measure for SupportDimension {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let margins = view.moment.margins.as_ref()?;
        let logits: Vec<f64> = margins.iter().map(|v| -v).collect();
        let total = log_sum_exp(&logits);
        // A weight that underflows contributes nothing: p log p → 0.
        let entropy: f64 =
            logits.iter().map(|l| l - total).map(|l| if l > -700.0 { -l.exp() * l } else { 0.0 }).sum();
        Some(entropy.exp())
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "samples", at_target: None, scale_invariant: false, shown: true }
    }
}
