//! Euclidean norm of the predictor.
//!
//! Shapes: `w [k * d]`.
//! Assumes: nothing.
//! Source: standard; `Θ(log t)` on separable data (Soudry et al. 2018, arXiv 1710.10345).
//! Units and invariance: parameter units.
//! Errors: none.
//! Example: the `norm` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::numerics::linalg::norm2;

/// See the module header.
pub struct Norm;

impl Measure for Norm {
    fn evaluate(&self, view: &View) -> Option<f64> {
        Some(norm2(view.moment.vector()))
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "parameter", at_target: None, scale_invariant: false, shown: false }
    }
}
