//! Gradient flow on a product of matrices conserves `W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ`: balanced factors stay balanced.
//!
//! Shapes: all factors.
//! Assumes: deep linear network or matrix factorisation, gradient flow, balanced start.
//! Source: Arora, Cohen, Hazan 2018 (arXiv 1802.06509).
//! Units and invariance: relative to the size of the factors.
//! Errors: a start that is not balanced: out of scope; discrete steps lose it at second order in the step.
//! Example: `theorem = "balancedness_conserved"`, `model.init = "balanced"`.

use super::case::{Case, Check};
use super::{Prediction, Relation, Theorem, Witnesses};

/// See the module header.
pub struct BalancednessConserved;

impl Theorem for BalancednessConserved {
    fn source(&self) -> &'static str {
        "Arora, Cohen, Hazan 2018 (arXiv 1802.06509)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        case.balanced_product()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction::law(
            "the factors stay balanced along the whole run.",
            "balancedness",
            Relation::AtMost(1e-3),
        )
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "balancedness_conserved"
                [data]
                kind = "matrix_completion"
                rows = 6
                cols = 5
                rank = 1
                observed = 22
                norm = 5.0
                [model]
                kind = "matrix_factorization"
                init_scale = 0.1
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            counter: r#"
                theorem = "balancedness_conserved"
                [data]
                kind = "matrix_completion"
                [model]
                kind = "matrix_factorization"
                init = "gaussian"
                init_scale = 0.1
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "balanced start",
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}
