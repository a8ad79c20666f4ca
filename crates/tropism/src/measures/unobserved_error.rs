//! Reconstruction error on the entries held out: `‖f − y‖₂ / ‖y‖₂` over the held-out samples of a problem on matrices.
//!
//! Shapes: one sample an entry (completion) or a measurement (sensing).
//! Assumes: regression on inputs that are matrices, with held-out samples (`data.test_fraction`, or entries not observed).
//! Source: the reconstruction error of Gunasekar et al. 2017 (arXiv 1705.09280) and Arora et al. 2019 (arXiv 1905.13655).
//! Units and invariance: 0 is exact recovery; 1 is the error of predicting zero.
//! Errors: none; `None` without held-out samples, for classification, or where these targets are all zero.
//! Example: the `unobserved_error` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::data::Targets;
use crate::numerics::linalg::norm2;

/// See the module header.
pub struct UnobservedError;

impl Measure for UnobservedError {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let test = view.setup.data.test.as_deref()?;
        let (Targets::Real(y), Some(_)) = (&test.targets, view.setup.data.shape) else { return None };
        let found = view.setup.outputs(&view.moment.theta, test);
        let wrong: Vec<f64> = found.iter().zip(y).map(|(f, y)| f - y).collect();
        let error = norm2(&wrong) / norm2(y);
        error.is_finite().then_some(error)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: false, shown: true }
    }
}
