//! Sharpness times step size, `η λ_max(∇²L)`: gradient descent on a quadratic is stable below 2, the edge of stability.
//!
//! Shapes: a number.
//! Assumes: an optimizer with steps of constant size, and what `sharpness` assumes.
//! Source: Cohen, Kaur, Li, Kolter, Talwalkar 2021 (arXiv 2103.00065).
//! Units and invariance: a number; unchanged when the loss is multiplied by a constant and the step divided by it.
//! Errors: none; `None` for flows, for steps that change, and where `sharpness` has no value.
//! Example: the `sharpness_step` column of a series with `theorem = "edge_of_stability"`.

use super::{Measure, MeasureFacts, View};

/// See the module header.
pub struct SharpnessStep;

impl Measure for SharpnessStep {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let schedule = view.setup.built.optimizer.facts().schedule.filter(|s| s.is_constant())?;
        let product = schedule.base * view.moment.sharpness(view.setup)?;
        product.is_finite().then_some(product)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: false, shown: false }
    }
}
