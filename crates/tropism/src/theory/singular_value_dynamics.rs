//! From a balanced start the singular values of a product of `N` factors move by `σ̇_r = −N (σ_r²)^{1−1/N} ⟨∇ℓ(W), u_r v_rᵀ⟩`: large ones
//! grow faster, the more so the deeper the product.
//!
//! At every recorded moment the speed of each singular value, from the true velocity of the factors, is held against the formula.
//!
//! Shapes: `W = W_N ⋯ W_1 [rows × cols]`.
//! Assumes: deep linear network or matrix factorisation, gradient flow, balanced start.
//! Source: Arora, Cohen, Hu, Luo 2019 (arXiv 1905.13655), Theorem 3.
//! Units and invariance: relative to the largest speed.
//! Errors: a start that is not balanced: out of scope.
//! Example: `theorem = "singular_value_dynamics"`, `model.init = "balanced"`.

use super::case::{Case, Check};
use super::{Prediction, Relation, Theorem, Witnesses};

/// See the module header.
pub struct SingularValueDynamics;

impl Theorem for SingularValueDynamics {
    fn source(&self) -> &'static str {
        "Arora, Cohen, Hu, Luo 2019, Theorem 3 (arXiv 1905.13655)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        case.balanced_product()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction::law(
            "each singular value moves in proportion to the power 2 − 2/N of itself.",
            "singular_value_dynamics",
            // The flow keeps the balance of factors to this share; the formula is exact where it is kept.
            Relation::AtMost(1e-3),
        )
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "singular_value_dynamics"
                [data]
                kind = "matrix_completion"
                rows = 6
                cols = 5
                rank = 2
                observed = 22
                norm = 5.0
                [model]
                kind = "matrix_factorization"
                depth = 3
                init_scale = 0.3
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = 1e3
            "#,
            counter: r#"
                theorem = "singular_value_dynamics"
                [data]
                kind = "matrix_completion"
                [model]
                kind = "matrix_factorization"
                depth = 3
                init = "gaussian"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = 1e3
            "#,
            broken: "balanced start",
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}
