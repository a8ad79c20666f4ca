//! Nuclear norm (Schatten 1-norm) of the effective predictor: `‖W‖_* = Σ σ_r`.
//!
//! Shapes: the effective predictor as a matrix: `rows × cols` where inputs are matrices, `k × d` for several outputs.
//! Assumes: a model with an effective predictor.
//! Source: the conjecture of Gunasekar et al. 2017 (arXiv 1705.09280).
//! Units and invariance: parameter units; invariant under rotations.
//! Errors: none; `None` for a vector, a zero matrix, or a model without an effective predictor.
//! Example: `tropism explain nuclear_norm`.

use super::{Measure, MeasureFacts, View};

/// See the module header.
pub struct NuclearNorm;

impl Measure for NuclearNorm {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let s = view.moment.singular_values(view.setup)?;
        Some(s.iter().sum())
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "predictor", at_target: None, scale_invariant: false, shown: true }
    }
}
