//! The layers of a deep linear network align: each becomes rank one along its neighbours.
//!
//! Under gradient flow on separable data with an exponential tail every `W_j/‖W_j‖_F` tends to a rank-one matrix `u_j v_jᵀ` with
//! `|⟨v_{j+1}, u_j⟩| → 1`.
//!
//! Shapes: all weight matrices.
//! Assumes: as for `deep_linear_max_margin`.
//! Source: Ji, Telgarsky 2018 (arXiv 1810.02032).
//! Units and invariance: invariant under scaling of each layer.
//! Errors: not separable, another tail: out of scope.
//! Example: `theorem = "layer_alignment"`, `model.kind = "deep_linear"`.

use super::case::{Case, Check};
use super::{Prediction, Relation, Theorem, Witnesses};
use crate::models::Structure;

/// See the module header.
pub struct LayerAlignment;

impl Theorem for LayerAlignment {
    fn source(&self) -> &'static str {
        "Ji, Telgarsky 2018 (arXiv 1810.02032)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        case.separable_network(
            "deep linear network",
            |s| matches!(s, Structure::DeepLinear { depth } if depth >= 2),
        )
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction::law(
            "every layer becomes rank one and aligns with its neighbours.",
            "layer_alignment",
            Relation::TendsTo(0.0),
        )
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "layer_alignment"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 6
                [model]
                kind = "deep_linear"
                init_scale = 0.5
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e10000"
            "#,
            counter: r#"
                theorem = "layer_alignment"
                [data]
                kind = "overlapping"
                [model]
                kind = "deep_linear"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "separable data",
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}
