//! Drift of the tangent kernel: `‖K_t − K_0‖_F / ‖K_0‖_F`, `K = J Jᵀ` on the training samples.
//!
//! Shapes: `K [n k × n k]`.
//! Assumes: a model that is not linear in its parameters; small enough: `(n k)² p ≤ 10⁸`.
//! Source: Chizat, Oyallon, Bach 2019 (arXiv 1812.07956); `O(1/√width)` in the lazy limit (Jacot, Gabriel, Hongler 2018,
//! arXiv 1806.07572).
//! Units and invariance: a number of at least 0; 0 is lazy.
//! Errors: none; `None` for models linear in their parameters, whose kernel is constant, and where it would be dear.
//! Example: the `kernel_drift` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::numerics::linalg::norm2;

/// Multiplications that are cheap enough for every recorded moment.
const MOST_WORK: usize = 100_000_000;

/// See the module header.
pub struct KernelDrift;

impl Measure for KernelDrift {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let (model, x) = (&view.setup.model, &view.setup.data.x);
        let (rows, p) = (x.rows() * model.facts().outputs, model.dim());
        if model.facts().linear_in_parameters || rows * rows * p > MOST_WORK {
            return None;
        }
        let (now, start) = (view.setup.kernel(&view.moment.theta), view.setup.start_kernel());
        let change: Vec<f64> = now.as_slice().iter().zip(start.as_slice()).map(|(a, b)| a - b).collect();
        let drift = norm2(&change) / norm2(start.as_slice());
        drift.is_finite().then_some(drift)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: false, shown: true }
    }
}
