//! Smallest margin at unit ℓ1 norm, `min_i m_i / ‖w‖₁`.
//!
//! Shapes: `w [k * d]`, margins of all samples.
//! Assumes: classification with a linear predictor.
//! Source: Schapire, Freund, Bartlett, Lee 1998 (Annals of Statistics 26), §2: the margin of boosting.
//! Units and invariance: data units, invariant under positive scaling.
//! Errors: none; `None` for regression, without a linear predictor, and where it does not separate the samples.
//! Example: `picture = "margin_l1"` in a `[sweep]`.

use super::{Measure, MeasureFacts, View};

/// See the module header.
pub struct MarginL1;

impl Measure for MarginL1 {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let size: f64 = view.moment.w.as_ref()?.iter().map(|v| v.abs()).sum();
        let least = view.moment.min_margin()?;
        (least > 0.0).then(|| least / size)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "data units", at_target: None, scale_invariant: true, shown: false }
    }
}
