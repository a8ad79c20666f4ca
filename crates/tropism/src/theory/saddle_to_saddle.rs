//! From a vanishing start, gradient flow on a diagonal network of depth 2 jumps from saddle to saddle.
//!
//! With time in units of `log(1/α)` the path tends to a piecewise constant one as `α → 0`: it stands at a saddle until some `∫g_i dt`
//! reaches its threshold, then jumps to the minimiser over the coordinates whose thresholds are reached. Saddles and jump times
//! are those of an explicit algorithm.
//!
//! Shapes: `w = u² − v² [d]`.
//! Assumes: diagonal network of depth 2, squared loss, gradient flow, a tiny start, inputs in general position. A start that does
//! not vanish shows a saddle only in the middle of a stay that is long beside the jumps: only there it is judged.
//! Source: Pesme, Flammarion 2023 (arXiv 2304.00488), Theorem 2 and Algorithm 1.
//! Units and invariance: distance to the saddle relative to the size of the last one; times in units of the run.
//! Errors: a start that is not tiny, coordinates that jump at once: out of scope.
//! Example: `theorem = "saddle_to_saddle"`, `model.kind = "diagonal"`, `model.init_scale = 1e-100`.

use super::case::{Case, Check, check, in_scope};
use super::scopes::{below, negligible};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::data::Targets;
use crate::losses::Task;
use crate::models::Structure;
use crate::programs::SaddlePath;
use crate::spec::Setup;
use crate::terms::Holds;

/// Largest start at which jumps are short beside the stays, and at which they are not.
const TINY: f64 = 1e-20;
const SMALL: f64 = 1e-6;

/// See the module header.
pub struct SaddleToSaddle;

impl Theorem for SaddleToSaddle {
    fn source(&self) -> &'static str {
        "Pesme, Flammarion 2023, Theorem 2 (arXiv 2304.00488)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let scope = vec![
            case.structure("diagonal network of depth 2", |s| s == Structure::Diagonal { depth: 2 }),
            case.task("squared loss", Task::Regression),
            case.gradient_flow(),
        ];
        if !in_scope(&scope) {
            return scope;
        }
        scope.into_iter().chain([tiny_start(case), general_position(case)]).collect()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the flow stands at a saddle, jumps to the next when a coordinate's threshold is reached, and so on.".into(),
            program: ProgramSpec::SaddlePath,
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "saddle_to_saddle"
                [data]
                kind = "sparse_regression"
                n = 8
                d = 12
                [model]
                kind = "diagonal"
                init_scale = 1e-100
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            counter: r#"
                theorem = "saddle_to_saddle"
                [data]
                kind = "sparse_regression"
                n = 8
                d = 12
                [model]
                kind = "diagonal"
                init_scale = 0.01
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

/// Condition: the start beside a weight that fits, and what it leaves at the saddles of weights that should be zero.
fn tiny_start(case: &Case) -> Check {
    let name = "tiny start";
    let Some(Ok(path)) = case.saddles() else {
        return check(name, Holds::Unchecked, "what it leaves at the last saddle is not known without it");
    };
    let words = format!(
        "a start of at most {:.1e} of the root of a weight that fits, which at the last saddle leaves {:.1e} of its size in weights that \
         should be zero; the theorem is a limit of vanishing starts",
        path.start, path.beside
    );
    check(name, below(path.start, TINY, SMALL).and(negligible(path.beside)), words)
}

/// Condition: the algorithm finds unique saddles, and coordinates that jump one by one.
fn general_position(case: &Case) -> Check {
    let name = "inputs in general position";
    match case.saddles() {
        Some(Ok(path)) => check(name, Holds::Yes, format!("{} saddles, each unique", path.saddles.len())),
        Some(Err(why)) => check(name, Holds::No, why.clone()),
        None => check(name, Holds::No, "the targets are no real numbers"),
    }
}

/// The saddles of a diagonal network of depth 2 with real targets.
pub(super) fn saddles(setup: &Setup) -> Option<Result<SaddlePath, String>> {
    let (Structure::Diagonal { depth: 2 }, Targets::Real(y)) =
        (setup.model.facts().structure, &setup.data.targets)
    else {
        return None;
    };
    let (u, v) = setup.theta0.split_at(setup.data.d());
    Some(SaddlePath::new(&setup.data.x, y, setup.log_weight.exp(), [u, v]).map_err(|e| e.to_string()))
}
