//! Share of misclassified samples (ties count as errors); mean squared error for regression.
//!
//! Shapes: `w [k * d]`.
//! Assumes: nothing.
//! Source: standard.
//! Units and invariance: share, 0 to 1, invariant under positive scaling; squared target units for regression.
//! Errors: none; `None` without samples.
//! Example: the `train_error` and `test_error` columns of the series.

use super::{Measure, MeasureFacts, View};
use crate::data::Targets;

/// See the module header.
pub struct ErrorRate;

impl Measure for ErrorRate {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let (data, n) = (view.data, view.data.n());
        if n == 0 {
            return None;
        }
        if let Targets::Real(y) = &data.targets {
            let mut f = vec![0.0; n];
            data.x.apply(view.w, &mut f);
            return Some(f.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / n as f64);
        }
        let margins = view.margins?;
        let mut m = vec![0.0; margins.rows()];
        margins.apply(view.w, &mut m);
        let per = margins.rows() / n;
        let wrong = m.chunks(per).filter(|c| c.iter().any(|v| *v <= 0.0)).count();
        Some(wrong as f64 / n as f64)
    }

    fn facts(&self) -> MeasureFacts {
        // A share of samples is invariant, a squared error is not, and the facts are those of the measure as a whole.
        MeasureFacts { unit: "share", at_target: None, scale_invariant: false }
    }
}
