//! A deep linear convolutional network turns to a first-order stationary direction of the Fourier ℓ_{2/L} margin.
//!
//! For a full-width circular network of `L ≥ 3` layers under gradient flow with an exponential tail, the direction tends to a
//! stationary point of `min ‖F β‖_{2/L} s.t. Zβ ≥ 1`: not convex, so only stationarity is claimed and certified.
//!
//! As in diagonal networks the deviation may fall like a small power of `log t` only; horizons up to `1e10000000` are cheap.
//!
//! Shapes: `β [d]`, `Z [n × d]`.
//! Assumes: kernels as long as the input, one channel, gradient flow, exponential tail, separable data, convergence of direction and
//! gradients.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1806.00468), Theorem 2.
//! Units and invariance: invariant under cyclic shifts of all inputs.
//! Errors: not separable, another tail: out of scope.
//! Example: `model.kind = "convolutional"`, `model.depth = 3`.

use super::case::{Case, Check};
use super::{Prediction, Relation, Theorem, Witnesses};
use crate::models::Structure;

/// See the module header.
pub struct ConvolutionalBridgeStationarity;

impl Theorem for ConvolutionalBridgeStationarity {
    fn source(&self) -> &'static str {
        "Gunasekar, Lee, Soudry, Srebro 2018, Theorem 2 (arXiv 1806.00468)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        case.separable_network(
            "full-width convolutional network of three or more layers",
            |s| matches!(s, Structure::Convolutional { depth, full: true } if depth >= 3),
        )
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction::law(
            "the predictor becomes first-order stationary for the margin program in the Fourier ℓ_{2/L} quasi-norm.",
            "bridge_stationarity",
            Relation::TendsTo(0.0),
        )
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 6
                [model]
                kind = "convolutional"
                depth = 3
                init_scale = 0.8
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e100000"
            "#,
            counter: r#"
                theorem = "convolutional_bridge_stationarity"
                [data]
                kind = "overlapping"
                [model]
                kind = "convolutional"
                depth = 3
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "separable data",
        }
    }
}
