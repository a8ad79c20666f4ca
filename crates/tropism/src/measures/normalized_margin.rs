//! Smoothed normalized margin of a homogeneous model: `γ̃ = ln(1/L) / ‖θ‖^D`, `L` the summed loss, `D` the degree.
//!
//! Shapes: `θ [p]`, all trained parameters.
//! Assumes: a homogeneous model, a loss with an exponential tail, and separated data: every margin above zero.
//! Source: Lyu, Li 2020 (arXiv 1906.05890), equation 3: it never decreases under the flow of the exponential loss once L < 1. For the
//! logistic loss theirs differs by `ln ln(1 + …)` terms that vanish with the loss.
//! Units and invariance: margin units per parameter unit to the power D; tends to `min_i m_i / ‖θ‖^D` from below.
//! Errors: none; `None` before separation and while L ≥ 1, for other losses and for models that are not homogeneous.
//! Example: the `normalized_margin` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::losses::Tail;
use crate::numerics::linalg::norm2;

/// See the module header.
pub struct NormalizedMargin;

impl Measure for NormalizedMargin {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let degree = view.setup.model.facts().homogeneity?;
        // A linear predictor has `margin_l2`, without the smoothing.
        let plain = view.setup.model.facts().linear_in_parameters;
        if plain || view.setup.loss.facts().tail != Tail::Exponential || view.moment.min_margin()? <= 0.0 {
            return None;
        }
        let log_loss = view.setup.loss.log_sum(&view.moment.outputs, &view.setup.data.targets);
        if log_loss >= 0.0 {
            return None;
        }
        let value = -log_loss * (-degree * norm2(&view.moment.theta).ln()).exp();
        value.is_finite().then_some(value)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "margin", at_target: None, scale_invariant: false, shown: true }
    }
}
