//! Ratio of nuclear to Frobenius norm of the effective predictor: `‖W‖_* / ‖W‖_F`.
//!
//! Shapes: the effective predictor as a matrix: `rows × cols` where inputs are matrices, `k × d` for several outputs.
//! Assumes: a model with an effective predictor.
//! Source: the explicit regulariser of Zhao 2022 (arXiv 2306.00342).
//! Units and invariance: from 1 to the root of the rank; invariant under scaling and rotations.
//! Errors: none; `None` for a vector, a zero matrix, or a model without an effective predictor.
//! Example: the `nuclear_to_frobenius` column of the series.

use super::{Measure, MeasureFacts, View};

/// See the module header.
pub struct NuclearToFrobenius;

impl Measure for NuclearToFrobenius {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let s = view.moment.singular_values(view.setup)?;
        let (sum, square) = s.iter().fold((0.0, 0.0), |(a, b), v| (a + v / s[0], b + (v / s[0]).powi(2)));
        Some(sum / f64::sqrt(square))
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: true, shown: true }
    }
}
