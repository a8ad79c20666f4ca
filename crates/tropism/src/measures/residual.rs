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
        let Targets::Real(y) = &view.data.targets else { return None };
        let mut f = vec![0.0; y.len()];
        view.data.x.apply(view.w, &mut f);
        f.iter_mut().zip(y).for_each(|(a, b)| *a -= b);
        Some(max_abs(&f))
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "target", at_target: None, scale_invariant: false }
    }
}
