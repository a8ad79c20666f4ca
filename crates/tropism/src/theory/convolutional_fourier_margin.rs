//! A linear convolutional network of two layers turns to the max margin in the ℓ1 norm of the Fourier transform.
//!
//! For a full-width circular network `β = w_1 ⋆ w_2` under gradient flow with an exponential tail, the direction tends to a
//! stationary point of `min ‖F β‖₁ s.t. Zβ ≥ 1` (complex moduli, `F` the unitary discrete Fourier transform), a convex program.
//!
//! Shapes: `β [d]`, `Z [n × d]`.
//! Assumes: two layers, kernels as long as the input, one channel, gradient flow, exponential tail, separable data, convergence of
//! direction and gradients.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1806.00468), Theorem 2.
//! Units and invariance: invariant under cyclic shifts of all inputs.
//! Errors: not separable, another tail: out of scope.
//! Example: `model.kind = "convolutional"`, `model.depth = 2`.

use super::case::{Case, Check};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::models::Structure;

/// See the module header.
pub struct ConvolutionalFourierMargin;

impl Theorem for ConvolutionalFourierMargin {
    fn source(&self) -> &'static str {
        "Gunasekar, Lee, Soudry, Srebro 2018, Theorem 2 (arXiv 1806.00468)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        case.separable_network("full-width convolutional network of two layers", |s| {
            s == Structure::Convolutional { depth: 2, full: true }
        })
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the predictor turns to the direction of largest margin in the ℓ1 norm of its Fourier transform.".into(),
            program: ProgramSpec::FourierMargin,
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
                kind = "convolutional"
                init_scale = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e100000"
            "#,
            counter: r#"
                theorem = "convolutional_fourier_margin"
                [data]
                kind = "overlapping"
                [model]
                kind = "convolutional"
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "separable data",
        }
    }
}
