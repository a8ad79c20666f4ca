//! Distance of the parameters from a KKT point of the margin program in the optimizer's own norm: `min ‖θ‖ s.t. margins ≥ 1`.
//!
//! `1 − max { ⟨g, θ⟩ / ‖θ‖ : g = Σ λ_i ∇m_i, λ ≥ 0, ‖g‖_* ≤ 1 }` over samples with near-minimal margin (the certified upper end), or
//! the complementarity `slack/(1 + slack)` that these samples may have, whichever is larger; the best of several limits on
//! near-minimal. Zero exactly at KKT points. For the spectral norm, the largest singular value of any weight matrix.
//!
//! Shapes: `θ [p]`, one gradient `[p]` for each margin.
//! Assumes: a homogeneous model that separates the data, and an optimizer of steepest descent in a norm.
//! Source: Tsilivis, Vardi, Kempe 2025 (arXiv 2410.22069), KKT points of the margin program in the norm of the algorithm.
//! Units and invariance: between 0 and 1; invariant under scaling of the parameters.
//! Errors: none; `None` for regression, where a margin is not positive, for other optimizers, for ReLU networks (which stand on
//! kinks at such points, where a gradient is a choice), and for problems too large to hold all gradients.
//! Example: the law of `tropism explain steepest_descent_kkt`.

use super::kkt_residual::{least, margin_gradients, near_minimal};
use super::{Measure, MeasureFacts, View};
use crate::models::Structure;
use crate::numerics::Norm;
use crate::programs::kkt;

/// See the module header.
pub struct GeometryKktResidual;

impl Measure for GeometryKktResidual {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let (setup, moment) = (view.setup, view.moment);
        let facts = setup.model.facts();
        facts.homogeneity.filter(|_| !matches!(facts.structure, Structure::Relu { .. }))?;
        let norm = setup.built.optimizer.facts().norm_without_memory()?;
        let margins = moment.margins.as_ref()?;
        let near = near_minimal(margins)?;
        let gradients = margin_gradients(view, &near)?;
        let chosen: Vec<f64> = near.iter().map(|&i| margins[i]).collect();
        let blocks = setup.model.blocks();
        least(setup, |slack| {
            let found = match norm {
                Norm::Spectral => {
                    kkt::spectral_residual(&gradients, &moment.theta, &chosen, (slack, &blocks))
                }
                _ => kkt::norm_residual(&gradients, &moment.theta, &chosen, (slack, norm)),
            };
            Some(found?.above.max(slack / (1.0 + slack)))
        })
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: true, shown: false }
    }
}
