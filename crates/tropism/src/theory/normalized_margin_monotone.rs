//! Once a homogeneous network separates its data, its normalised margin never falls.
//!
//! `γ̃ = log(1/L)/‖θ‖^depth`, `L` the summed loss, is nondecreasing along the gradient flow from the time at which `L < 1` for the
//! exponential loss, and tends to the normalised margin `min_i y_i f(θ; x_i)/‖θ‖^depth`.
//!
//! Shapes: `θ [p]`.
//! Assumes: homogeneous model, exponential loss, gradient flow.
//! Source: Lyu, Li 2020 (arXiv 1906.05890).
//! Units and invariance: output units per unit of parameter to the power of the depth.
//! Errors: another tail: out of scope; a run that does not separate the data: undecided.
//! Example: `theorem = "normalized_margin_monotone"`, `model.kind = "diagonal"`, `loss.kind = "exponential"`.

use super::case::{Case, Check, check, holds};
use super::{Prediction, Relation, Theorem, Witnesses};

/// See the module header.
pub struct NormalizedMarginMonotone;

impl Theorem for NormalizedMarginMonotone {
    fn source(&self) -> &'static str {
        "Lyu, Li 2020 (arXiv 1906.05890)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let loss = case.setup.spec.loss.loss.id();
        let mut checks = case.homogeneous_network();
        // For other losses with that tail another function of the loss is monotone.
        checks.push(check("exponential loss", holds(loss == "exponential"), format!("the loss is `{loss}`")));
        checks
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction::law(
            "once the data are separated, log(1/L)/‖θ‖^depth never falls.",
            "normalized_margin",
            Relation::NeverFalls,
        )
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "normalized_margin_monotone"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 6
                [model]
                kind = "diagonal"
                init_scale = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e1000"
            "#,
            counter: r#"
                theorem = "normalized_margin_monotone"
                [data]
                kind = "gaussian_separable"
                [model]
                kind = "diagonal"
                [loss]
                kind = "polynomial"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "exponential tail",
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}
