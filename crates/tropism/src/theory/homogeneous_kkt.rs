//! A homogeneous network that separates its data turns to a KKT point of the margin program in parameter space.
//!
//! For `f(cθ; x) = c^L f(θ; x)` under gradient flow on a loss with an exponential tail, once the loss is small enough: every
//! limit direction of `θ/‖θ‖` is, scaled to margin one, a KKT point of `min ½‖θ‖² s.t. y_i f(θ; x_i) ≥ 1`. KKT is not optimality
//! (Vardi, Shamir, Srebro 2022, arXiv 2110.02732).
//!
//! Shapes: `θ [p]`; one constraint for each sample and wrong class.
//! Assumes: homogeneous model, exponential tail, gradient flow, a time at which the data are separated (seen in the run).
//! Source: Lyu, Li 2020 (arXiv 1906.05890); convergence of the direction: Ji, Telgarsky 2020 (arXiv 2006.06657).
//! Units and invariance: invariant under scaling of the parameters.
//! Errors: another tail: out of scope; a run that does not separate the data: undecided.
//! Example: `model.kind = "deep_relu"`, `optimizer.kind = "gradient_flow"`.

use super::case::{Case, Check};
use super::{Prediction, Relation, Theorem, Witnesses};

/// See the module header.
pub struct HomogeneousKkt;

impl Theorem for HomogeneousKkt {
    fn source(&self) -> &'static str {
        "Lyu, Li 2020 (arXiv 1906.05890)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        case.homogeneous_network()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction::law(
            "the direction of the parameters becomes a KKT point of the margin program min ½‖θ‖² s.t. y f(θ; x) ≥ 1.",
            "kkt_residual",
            Relation::TendsTo(0.0),
        )
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "homogeneous_kkt"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 6
                [model]
                kind = "deep_linear"
                depth = 2
                init_scale = 0.5
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e100000"
            "#,
            counter: r#"
                theorem = "homogeneous_kkt"
                [data]
                kind = "gaussian_separable"
                [model]
                kind = "deep_linear"
                [loss]
                kind = "polynomial"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "exponential tail",
        }
    }
}
