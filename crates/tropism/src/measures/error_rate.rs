//! Share of misclassified samples (ties count as errors); mean squared error for regression.
//!
//! Shapes: `w [k * d]`.
//! Assumes: nothing.
//! Source: standard.
//! Units and invariance: share, 0 to 1, invariant under positive scaling; squared target units for regression.
//! Errors: none; `None` without samples, and of a run that left the numbers (NaN is no correct answer).
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

/// The error of `outputs [n * k]` on `data`, which may be held-out samples; `None` without samples, or where an output is no number.
pub fn error_rate(data: &Dataset, outputs: &[f64]) -> Option<f64> {
    let n = data.n();
    if n == 0 || outputs.iter().any(|f| f.is_nan()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Matrix;

    /// One wrong, one tied; with an output that is no number there is no error.
    #[test]
    fn no_number_is_no_correct_answer() {
        let x = Matrix::from_rows(&[vec![1.0], vec![2.0], vec![3.0], vec![4.0]]);
        let data = Dataset::binary("four", x, vec![1.0, 1.0, -1.0, -1.0]);
        assert_eq!(error_rate(&data, &[0.5, -0.5, -0.5, 0.0]), Some(0.5));
        assert_eq!(error_rate(&data, &[0.5, 0.5, -0.5, f64::NAN]), None);
    }
}
