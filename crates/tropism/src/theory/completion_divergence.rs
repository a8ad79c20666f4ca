//! Completing a 2 × 2 matrix by a product of factors drives every norm to infinity while the effective rank falls.
//!
//! Of `W` all entries but one are observed: `z`, `z'` beside it, `ε` across. If the product starts with `det > 0` (for a hidden entry on
//! the diagonal and `z z' > 0`; the other cases by symmetry), the flow keeps the sign, so `|w| ≥ (|z| − e)(|z'| − e)/(|ε| + e)`,
//! `e = √(2 loss)`. For `ε = 0` the hidden entry and with it every norm grow like `1/√loss`, and the effective rank falls to its infimum:
//! no norm explains what is selected.
//!
//! Shapes: 2 × 2.
//! Assumes: matrix factorisation of at least two square factors, squared loss, gradient flow, balanced start, a determinant of
//! the right sign.
//! Source: Razin, Cohen 2020 (arXiv 2005.06398), Theorem 1; the constants are those of the inequality above.
//! Units and invariance: the bound over the entry, at most 1.
//! Errors: a determinant of the other sign: out of scope; a run that loses the sign to rounding, as depth 2 does soon: undecided.
//! Example: `data.entries = [[nan, 1.0], [1.0, 0.0]]`, `model.kind = "matrix_factorization"`, `model.depth = 3`.

use super::case::{Case, Check, check, holds, in_scope, scope};
use super::{Prediction, Relation, Theorem, Witnesses};
use crate::data::HiddenEntry;
use crate::losses::Task;
use crate::models::{Structure, determinant_sign};

/// See the module header.
pub struct CompletionDivergence;

impl Theorem for CompletionDivergence {
    fn source(&self) -> &'static str {
        "Razin, Cohen 2020, Theorem 1 (arXiv 2005.06398)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let hidden = HiddenEntry::of(&case.setup.data);
        let words = hidden.map_or("other data".into(), |h| {
            format!("{:?} beside the hidden entry, {} across", h.beside, h.across)
        });
        let scope = vec![
            case.structure(
                "matrix factorisation",
                |s| matches!(s, Structure::Factorized { depth, .. } if depth >= 2),
            ),
            scope(check("2 × 2 with one entry hidden", holds(hidden.is_some()), words)),
            case.task("squared loss", Task::Regression),
            case.gradient_flow(),
        ];
        if !in_scope(&scope) {
            return scope;
        }
        scope.into_iter().chain([case.balanced_start(), right_sign(case, hidden)]).collect()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction::law(
            "the hidden entry is at least what the sign of the determinant leaves it: with zero across it grows like 1/√loss, and so does every norm.",
            "hidden_entry_bound",
            Relation::AtMost(1.0),
        )
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "matrix"
                entries = [[nan, 1.0], [1.0, 0.0]]
                [model]
                kind = "matrix_factorization"
                depth = 3
                init = "identity"
                init_scale = 0.5
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = 1e6
            "#,
            counter: r#"
                theorem = "completion_divergence"
                [data]
                kind = "matrix"
                entries = [[nan, -1.0], [1.0, 0.0]]
                [model]
                kind = "matrix_factorization"
                depth = 3
                init = "identity"
                init_scale = 0.5
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = 1e3
            "#,
            broken: "determinant of the right sign",
        }
    }
}

/// Condition: the product's determinant at the start has the sign of the entries beside the hidden one.
fn right_sign(case: &Case, hidden: Option<HiddenEntry>) -> Check {
    let signs =
        case.setup.model.blocks().iter().map(|b| determinant_sign(&case.setup.theta0, b)).product::<f64>();
    let wanted = hidden.map_or(0.0, |h| h.sign());
    let words = format!("the determinant at the start has the sign {signs}, asked for: {wanted}");
    check("determinant of the right sign", holds(signs * wanted > 0.0), words)
}
