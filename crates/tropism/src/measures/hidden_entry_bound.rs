//! What a determinant of known sign leaves for the hidden entry of a 2 × 2 completion, over the entry itself:
//! `(|z| − e)₊ (|z'| − e)₊ / (|w| (|ε| + e))`, `w` the hidden entry, `z`, `z'` the targets beside it, `ε` the one across, `e` the
//! Euclidean norm of the residuals, `√(2 · squared loss)`.
//!
//! Where the determinant has the sign of `± z z'` (plus if the hidden entry is on the diagonal), `|w| |w_across| > |w_z| |w_z'|`, so
//! this is at most 1: as the loss goes to zero with `ε = 0`, `|w| ≥ |z z'|/e` goes to infinity.
//!
//! Shapes: a 2 × 2 predictor.
//! Assumes: three of four entries observed, factors whose determinants keep their signs beyond rounding.
//! Source: Razin, Cohen 2020 (arXiv 2005.06398), Theorem 1 and its extension to perturbed observations; the constants are ours,
//! from the inequality above.
//! Units and invariance: a number of at least 0.
//! Errors: none; `None` for other data, for factors that are not square, and where the sign of a determinant has changed since
//! the start or cannot be told from rounding.
//! Example: the `hidden_entry_bound` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::data::HiddenEntry;
use crate::models::determinant_sign;
use crate::numerics::linalg::distance;

/// See the module header.
pub struct HiddenEntryBound;

impl Measure for HiddenEntryBound {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let (setup, moment) = (view.setup, view.moment);
        let entry = HiddenEntry::of(&setup.data)?;
        let kept = |b| determinant_sign(&setup.theta0, b) * determinant_sign(&moment.theta, b) > 0.0;
        if !setup.model.blocks().iter().all(kept) {
            return None;
        }
        let crate::data::Targets::Real(y) = &setup.data.targets else { return None };
        let e = distance(&moment.outputs, y);
        let room = entry.beside.iter().map(|z| (z.abs() - e).max(0.0)).product::<f64>();
        let w = moment.w.as_deref()?.get(entry.hidden)?.abs();
        let value = room / (w * (entry.across.abs() + e));
        value.is_finite().then_some(value)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: false, shown: true }
    }
}
