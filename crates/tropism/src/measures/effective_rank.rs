//! Effective rank of the effective predictor: `exp(−Σ p_r ln p_r)`, `p_r = σ_r / Σ σ`.
//!
//! Shapes: the effective predictor as a matrix: `rows × cols` where inputs are matrices, `k × d` for several outputs.
//! Assumes: a model with an effective predictor.
//! Source: Roy, Vetterli 2007 (EUSIPCO), Definition 1; followed along training in Arora et al. 2019 (arXiv 1905.13655).
//! Units and invariance: a number from 1 to the rank; invariant under scaling and rotations.
//! Errors: none; `None` for a vector, a zero matrix, or a model without an effective predictor.
//! Example: the `effective_rank` column of the series.

use super::{Measure, MeasureFacts, View};

/// See the module header.
pub struct EffectiveRank;

impl Measure for EffectiveRank {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let s = view.moment.singular_values(view.setup)?;
        let total: f64 = s.iter().map(|v| v / s[0]).sum();
        let shares = s.iter().map(|v| v / s[0] / total);
        // p ln p → 0.
        Some(shares.map(|p| if p > 0.0 { -p * p.ln() } else { 0.0 }).sum::<f64>().exp())
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: true, shown: true }
    }
}
