//! Euclidean distance between the unit vectors of predictor and target: `‖w/‖w‖ − u/‖u‖‖₂`.
//!
//! Shapes: `w, u [k * d]`.
//! Assumes: nothing.
//! Source: standard.
//! Units and invariance: dimensionless, 0 to 2; invariant under positive scaling of either.
//! Errors: none; `None` for a zero vector or no target.
//! Example: `selected.direction_distance` in `verdict.json`.

use super::{Measure, MeasureFacts, View};
use crate::numerics::linalg::norm2;

/// See the module header.
pub struct DirectionDistance;

impl Measure for DirectionDistance {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let target = view.target?;
        let w = view.moment.w.as_deref()?;
        let (a, b) = (norm2(w), norm2(target));
        if a == 0.0 || b == 0.0 {
            return None;
        }
        let difference: Vec<f64> = w.iter().zip(target).map(|(x, y)| x / a - y / b).collect();
        Some(norm2(&difference))
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: Some(0.0), scale_invariant: true, shown: false }
    }
}
