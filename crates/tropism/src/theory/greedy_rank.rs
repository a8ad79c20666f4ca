//! From a vanishing start, gradient flow on a matrix factorisation of depth 2 learns one rank after the other.
//!
//! As the start goes to zero the flow passes the points `W_1, W_2, …` of greedy low-rank learning, `W_r` of rank `r`, and ends at the
//! last: each is where the flow among the products of rank `r` comes to rest when it leaves `W_{r−1}` along the top singular vectors of
//! the negative gradient. No norm is minimised: the rank is as low as greedy steps find it.
//!
//! Shapes: `W = W_2 W_1 [rows × cols]`.
//! Assumes: matrix factorisation of depth 2, squared loss, gradient flow; points that are strict minimisers of their rank; a start so
//! small that one direction comes to size while all others are still small, and that the flow comes to rest between. A start that does
//! not vanish shows a point only in the middle of a stay that is long beside the jumps: only there it is judged. Deeper products leave
//! saddles by powers of time, not exponentially, and are not covered.
//! Source: Li, Luo, Lyu 2021 (arXiv 2012.09839), there for symmetric factorisations; `[U; V]` lifts this one. What they assume of later
//! points, that the next direction is the leading one, is checked here by following the rest of the start from point to point.
//! Units and invariance: distance to the point relative to the size of the last one; times in units of the run.
//! Errors: a start that is not tiny, directions that grow alike, points that are not strict: out of scope. A start so small that
//! rounding comes before it: undecided.
//! Example: `theorem = "greedy_rank"`, `model.kind = "matrix_factorization"`, `model.init_scale = 1e-10`.

use super::case::{Case, Check, check, in_scope};
use super::scopes::negligible;
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::data::Targets;
use crate::losses::Task;
use crate::models::Structure;
use crate::numerics::Matrix;
use crate::programs::GreedyRank;
use crate::spec::Setup;
use crate::terms::Holds;

/// See the module header.
pub struct GreedyLowRank;

impl Theorem for GreedyLowRank {
    fn source(&self) -> &'static str {
        "Li, Luo, Lyu 2021 (arXiv 2012.09839)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let scope = vec![
            case.structure("matrix factorisation of depth 2", |s| {
                matches!(s, Structure::Factorized { depth: 2, .. })
            }),
            case.task("squared loss", Task::Regression),
            case.gradient_flow(),
        ];
        if !in_scope(&scope) {
            return scope;
        }
        scope.into_iter().chain(conditions(case)).collect()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the flow passes the points of greedy low-rank learning, one rank after the other, and ends at the last."
                .into(),
            program: ProgramSpec::GreedyRank,
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "greedy_rank"
                [data]
                kind = "matrix_completion"
                rows = 6
                cols = 5
                rank = 2
                observed = 24
                norm = 5.0
                [model]
                kind = "matrix_factorization"
                init_scale = 1e-10
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            counter: r#"
                theorem = "greedy_rank"
                [data]
                kind = "matrix_completion"
                rows = 6
                cols = 5
                rank = 2
                observed = 24
                norm = 5.0
                [model]
                kind = "matrix_factorization"
                init_scale = 0.5
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "tiny start",
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}

/// Strict points, and a start so small that each comes alone.
fn conditions(case: &Case) -> Vec<Check> {
    let name = "strict minimisers of each rank";
    match case.greedy() {
        Some(Ok(greedy)) => {
            let points = format!("points of rank 1 to {}, each strict", greedy.path.saddles.len() - 1);
            vec![check(name, Holds::Yes, points), tiny_start(greedy.beside), above_rounding(greedy.rounding)]
        }
        Some(Err(why)) => vec![check(name, Holds::No, why.clone())],
        None => vec![check(name, Holds::No, "the targets are no real numbers")],
    }
}

/// Condition: what grows beside each next direction, relative to it.
fn tiny_start(beside: f64) -> Check {
    let words = if beside.is_finite() {
        format!(
            "when a direction comes to size, the others or the remains of the last point are at most {beside:.1e} of it"
        )
    } else {
        "the next direction is not small at the start, or another one comes to size before it".into()
    };
    check("tiny start", negligible(beside), words)
}

/// Condition: what feeds each next direction is the start, not rounding of the factors.
fn above_rounding(share: f64) -> Check {
    let words = format!(
        "rounding of the factors feeds the next direction at most {share:.1e} times as much as the start does; far above one, a run \
         leaves the points sooner than the flow"
    );
    check("start above rounding", if share <= 1.0 { Holds::Yes } else { Holds::Unchecked }, words)
}

/// The points of a factorisation of depth 2 with real targets.
pub(super) fn points(setup: &Setup) -> Option<Result<GreedyRank, String>> {
    let (Structure::Factorized { depth: 2, rows, .. }, Targets::Real(y)) =
        (setup.model.facts().structure, &setup.data.targets)
    else {
        return None;
    };
    let blocks = setup.model.blocks();
    let (first, second) = (blocks.first()?, blocks.get(1)?);
    let theta = &setup.theta0;
    let start = Matrix::from_fn(second.rows + first.cols, first.rows, |i, k| {
        if i < second.rows {
            theta[second.offset + i * second.cols + k]
        } else {
            theta[first.offset + k * first.cols + i - second.rows]
        }
    });
    Some(GreedyRank::new(&setup.data.x, y, setup.log_weight.exp(), rows, &start).map_err(|e| e.to_string()))
}
