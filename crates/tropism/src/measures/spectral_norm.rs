//! Spectral norm (Schatten ∞-norm) of the effective predictor: `‖W‖₂ = σ_1`.
//!
//! Shapes: the effective predictor as a matrix: `rows × cols` where inputs are matrices, `k × d` for several outputs.
//! Assumes: a model with an effective predictor.
//! Source: standard.
//! Units and invariance: parameter units; invariant under rotations.
//! Errors: none; `None` for a vector, a zero matrix, or a model without an effective predictor.
//! Example: `tropism explain spectral_norm`.

use super::{Measure, MeasureFacts, View};

/// See the module header.
pub struct SpectralNorm;

impl Measure for SpectralNorm {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let s = view.moment.singular_values(view.setup)?;
        s.first().copied()
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "predictor", at_target: None, scale_invariant: false, shown: false }
    }
}
