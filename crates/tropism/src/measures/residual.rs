//! Largest residual of a regression: `max_i |⟨x_i, w⟩ − y_i|`.
//!
//! Shapes: `w [d]`.
//! Assumes: nothing.
//! Source: standard.
//! Units and invariance: target units.
//! Errors: none; `None` for classification.
//! Example: the `residual` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::data::Targets;
use crate::numerics::linalg::max_abs;

/// See the module header.
pub struct Residual;

impl Measure for Residual {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let Targets::Real(y) = &view.setup.data.targets else { return None };
        let rest: Vec<f64> = view.moment.outputs.iter().zip(y).map(|(a, b)| a - b).collect();
        Some(max_abs(&rest))
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "target", at_target: None, scale_invariant: false, shown: false }
    }
}
