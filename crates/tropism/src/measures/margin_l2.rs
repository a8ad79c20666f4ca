//! Smallest margin of the predictor at unit Euclidean norm: `min_i m_i / ‖w‖₂`.
//!
//! Shapes: `w [k * d]`.
//! Assumes: nothing.
//! Source: standard.
//! Units and invariance: data units; invariant under positive scaling.
//! Errors: none; `None` for regression or a zero predictor.
//! Example: the `margin_l2` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::numerics::linalg::norm2;

/// See the module header.
pub struct MarginL2;

impl Measure for MarginL2 {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let size = norm2(view.moment.w.as_deref()?);
        let least = view.moment.min_margin()?;
        (size > 0.0).then(|| least / size)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "data", at_target: None, scale_invariant: true, shown: false }
    }
}
