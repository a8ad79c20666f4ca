//! Stable rank of the effective predictor: `‖W‖_F² / ‖W‖₂²`.
//!
//! Shapes: the effective predictor as a matrix: `rows × cols` where inputs are matrices, `k × d` for several outputs.
//! Assumes: a model with an effective predictor.
//! Source: Rudelson, Vershynin 2007 (J. ACM 54(4)), "numerical rank"; a lower bound on the rank.
//! Units and invariance: a number from 1 to the rank; invariant under scaling and rotations.
//! Errors: none; `None` for a vector, a zero matrix, or a model without an effective predictor.
//! Example: the `stable_rank` column of the series.

use super::{Measure, MeasureFacts, View};

/// See the module header.
pub struct StableRank;

impl Measure for StableRank {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let s = view.moment.singular_values(view.setup)?;
        Some(s.iter().map(|v| (v / s[0]).powi(2)).sum())
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: true, shown: true }
    }
}
