//! Relative Euclidean distance between predictor and target: `‖w − u‖₂ / ‖u‖₂`.
//!
//! Shapes: `w, u [k * d]`.
//! Assumes: nothing.
//! Source: standard.
//! Units and invariance: dimensionless; invariant under a common scaling.
//! Errors: none; `None` without a target.
//! Example: `selected.direction_distance` of regression experiments.

use super::{Measure, MeasureFacts, View};
use crate::numerics::linalg::norm2;

/// See the module header.
pub struct PointDistance;

impl Measure for PointDistance {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let target = view.target?;
        let w = view.moment.w.as_deref()?;
        let difference: Vec<f64> = w.iter().zip(target).map(|(x, y)| x - y).collect();
        let size = norm2(target);
        Some(if size > 0.0 { norm2(&difference) / size } else { norm2(&difference) })
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: Some(0.0), scale_invariant: false, shown: false }
    }
}
