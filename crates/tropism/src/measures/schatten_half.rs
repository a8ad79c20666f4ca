//! Schatten quasi-norm of order one half of the effective predictor: `(Σ σ_r^{1/2})²`.
//!
//! Shapes: the effective predictor as a matrix: `rows × cols` where inputs are matrices, `k × d` for several outputs.
//! Assumes: a model with an effective predictor.
//! Source: the penalty that balanced factors of depth 4 put on `W` (Arora et al. 2019, arXiv 1905.13655, §2).
//! Units and invariance: parameter units; invariant under rotations.
//! Errors: none; `None` for a vector, a zero matrix, or a model without an effective predictor.
//! Example: `tropism explain schatten_half`.

use super::{Measure, MeasureFacts, View};

/// See the module header.
pub struct SchattenHalf;

impl Measure for SchattenHalf {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let s = view.moment.singular_values(view.setup)?;
        Some(s[0] * s.iter().map(|v| (v / s[0]).sqrt()).sum::<f64>().powi(2))
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "predictor", at_target: None, scale_invariant: false, shown: false }
    }
}
