//! Sharpness: the largest eigenvalue of the Hessian of the training loss in the parameters, `∇²L = Jᵀ S J + Σ_i r_i ∇²f_i`.
//!
//! By the method of Lanczos on products with the Hessian, which cost about four passes through the model each.
//! Shapes: `∇²L [p × p]`, never formed.
//! Assumes: a model that is not linear in its parameters; small enough: `n k p ≤ 10⁶`.
//! Source: the quantity of Cohen, Kaur, Li, Kolter, Talwalkar 2021 (arXiv 2103.00065); the method as in Parlett 1998, ch. 13.
//! Units and invariance: loss per squared unit of the parameters; not invariant when weight is moved between layers.
//! Errors: none; `None` for models linear in their parameters, and where it would be dear.
//! Example: `measures = ["sharpness"]` in a sweep.

use super::{Measure, MeasureFacts, View};

/// See the module header.
pub struct Sharpness;

impl Measure for Sharpness {
    fn evaluate(&self, view: &View) -> Option<f64> {
        view.moment.sharpness(view.setup)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1/time", at_target: None, scale_invariant: false, shown: false }
    }
}
