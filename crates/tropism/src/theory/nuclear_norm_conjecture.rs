//! The conjecture that a factorisation with a small start selects the smallest nuclear norm: stated at depth 2, and put to the same test at every
//! depth, as Arora et al. 2019 do.
//!
//! Gradient flow on `½ Σ (⟨A_i, W_2 W_1⟩ − b_i)²` from a start that tends to zero would tend to
//! `argmin ‖W‖_* s.t. ⟨A_i, W⟩ = b_i`. True where the `A_i` commute (and `W` is symmetric positive semidefinite); in general refuted
//! where few entries are observed: the run is then judged against the conjecture, and “disagrees” refutes it. At depth 2 the limit of
//! vanishing starts is approached like `1/log(1/α)`: a run whose gap the conjecture's own potential leaves at its start refutes nothing.
//!
//! Shapes: `W [rows × cols]`, `A_i [rows × cols]`.
//! Assumes: matrix factorisation, squared loss, gradient flow (or descent with small steps), small start.
//! Source: Gunasekar, Woodworth, Bhojanapalli, Neyshabur, Srebro 2017 (arXiv 1705.09280), conjecture and Theorem 1; refuted by Arora,
//! Cohen, Hu, Luo 2019 (arXiv 1905.13655) and Razin, Cohen 2020 (arXiv 2005.06398).
//! Units and invariance: invariant under rotations of rows and columns.
//! Errors: a start that is not small: out of scope.
//! Example: `data.kind = "matrix_completion"`, `model.kind = "matrix_factorization"`, `model.init_scale = 0.01`.

use super::case::{Case, Check, check, holds};
use super::symmetry::{keeps_symmetry, least_eigenvalue};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::data::Targets;
use crate::losses::Task;
use crate::models::Structure;
use crate::numerics::linalg::max_abs;
use crate::programs::{NuclearInterpolant, Program};
use crate::terms::Holds;

/// Negative eigenvalues of a certified solution that are none, relative to its largest entry.
const SEMIDEFINITE: f64 = 1e-4;

/// See the module header.
pub struct NuclearNormConjecture;

impl Theorem for NuclearNormConjecture {
    fn source(&self) -> &'static str {
        "Gunasekar et al. 2017 (arXiv 1705.09280), a conjecture"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        [
            case.structure(
                "matrix factorisation",
                |s| matches!(s, Structure::Factorized { depth, .. } if depth >= 2),
            ),
            case.task("squared loss", Task::Regression),
            case.plain_gradient(false),
            case.interpolating(),
            case.small_start(),
            case.small_steps(),
            full_width(case),
        ]
        .into_iter()
        .chain(signs_are_free(case))
        .collect()
    }

    fn predict(&self, case: &Case) -> Prediction {
        let rows = case.setup.data.shape.map_or(1, |(rows, _)| rows);
        Prediction {
            statement:
                "the run ends at an interpolant of smallest nuclear norm (a conjecture, refuted in general)."
                    .into(),
            program: ProgramSpec::NuclearInterpolant { rows },
            claim: Claim::SelectedFromSmallStarts,
            rate: None,
        }
    }

    fn is_conjecture(&self) -> bool {
        true
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "matrix_sensing"
                rows = 5
                cols = 5
                rank = 1
                n = 3
                norm = 5.0
                commuting = true
                [model]
                kind = "matrix_factorization"
                init = "identity"
                init_scale = 0.0001
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            counter: r#"
                theorem = "nuclear_norm_conjecture"
                [data]
                kind = "matrix_completion"
                [model]
                kind = "matrix_factorization"
                init_scale = 3.0
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "small start",
        }
    }
}

/// Condition, where every `A_i` is symmetric and a balanced start is positive semidefinite: the flow then stays so, and the smallest
/// nuclear norm must be that of a positive semidefinite matrix.
fn signs_are_free(case: &Case) -> Option<Check> {
    let setup = case.setup;
    if case.balanced_start().hypothesis.holds != Holds::Yes {
        return None;
    }
    let rows = keeps_symmetry(setup).filter(|kept| kept.semidefinite)?.order;
    let name = "signs of eigenvalues are free";
    let Targets::Real(y) = &setup.data.targets else { return None };
    let program = NuclearInterpolant::new(setup.data.x.clone(), y.clone(), rows).ok()?;
    let solution = program.solve(&setup.budget).w;
    let share = least_eigenvalue(rows, &solution)? / max_abs(&solution).max(f64::MIN_POSITIVE);
    let words = format!(
        "all measurements are symmetric and the start is positive semidefinite, so the flow stays positive semidefinite; the matrix of \
         smallest nuclear norm has a least eigenvalue of {share:.1e} of its largest entry"
    );
    Some(check(name, holds(share >= -SEMIDEFINITE), words))
}

/// Condition: no factor is narrower than the matrix, so that the factors can reach every matrix.
fn full_width(case: &Case) -> Check {
    let (rows, cols) = case.setup.data.shape.unwrap_or((1, case.setup.data.d()));
    let blocks = case.setup.model.blocks();
    let inner = blocks.iter().map(|b| b.rows.min(b.cols)).min().unwrap_or(0);
    let words = format!("the narrowest factor has rank at most {inner}, the matrix {}", rows.min(cols));
    check("factors of full width", holds(inner >= rows.min(cols)), words)
}
