//! A deep linear network on separable data turns to the ℓ2 max-margin predictor, whatever its depth.
//!
//! Under gradient flow (or descent with suitably small steps) on a loss with an exponential tail the layers grow without bound,
//! align and become rank one, and the product turns to `ŵ/‖ŵ‖`, `ŵ = argmin ‖w‖₂ s.t. Zw ≥ 1`.
//!
//! Shapes: `w [d]` the product of all layers, `Z [n × d]`.
//! Assumes: fully connected deep linear network with one output, exponential tail, separable data. The theorem asks for a
//! start with smaller loss than at `w = 0`; a run that separates the data, as every judged one does, has passed such a point.
//! Source: Ji, Telgarsky 2018 (arXiv 1810.02032).
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: not separable, another tail: out of scope; discrete steps are not checked against their bound.
//! Example: `model.kind = "deep_linear"`, `optimizer.kind = "gradient_flow"`.

use super::case::{Case, Check};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::models::Structure;
use crate::numerics::Norm;

/// See the module header.
pub struct DeepLinearMaxMargin;

impl Theorem for DeepLinearMaxMargin {
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
        Prediction {
            statement: "the product of the layers turns to the ℓ2 max-margin direction.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
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
                theorem = "deep_linear_max_margin"
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
}
