//! Share of misclassified samples (ties count as errors); mean squared error for regression.
//!
//! Shapes: `w [k * d]`.
//! Assumes: nothing.
//! Source: standard.
//! Units and invariance: share, 0 to 1, invariant under positive scaling; squared target units for regression.
//! Errors: none; `None` without samples.
//! Example: the `train_error` and `test_error` columns of the series.

use super::{Measure, MeasureFacts, View};
use crate::data::{Dataset, Targets};

/// See the module header.
pub struct ErrorRate;

impl Measure for ErrorRate {
    fn evaluate(&self, view: &View) -> Option<f64> {
        error_rate(&view.setup.data, &view.moment.outputs)
    }

    fn facts(&self) -> MeasureFacts {
        // A share of samples is invariant, a squared error is not, and the facts are those of the measure as a whole.
        MeasureFacts { unit: "share", at_target: None, scale_invariant: false, shown: false }
    }
}

/// The error of `outputs [n * k]` on `data`, which may be held-out samples; `None` without samples.
pub fn error_rate(data: &Dataset, outputs: &[f64]) -> Option<f64> {
    let n = data.n();
    if n == 0 {
        return None;
    }
    if let Targets::Real(y) = &data.targets {
        let squares = outputs.iter().zip(y).map(|(a, b)| (a - b) * (a - b));
        return Some(squares.sum::<f64>() / n as f64);
    }
    let margins = data.targets.margins(outputs)?;
    let wrong = margins.chunks(margins.len() / n).filter(|c| c.iter().any(|v| *v <= 0.0)).count();
    Some(wrong as f64 / n as f64)
}
