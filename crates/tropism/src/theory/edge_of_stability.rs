//! Edge of stability: on networks full-batch gradient descent with a constant step sharpens until `λ_max(∇²L)` reaches `2/η`, and
//! hovers there while the loss goes on falling, not monotonically.
//!
//! An observation, not a theorem: it was made on many networks and is proven for none of the models here. It is not made where the
//! run converges before it has sharpened that far: a short enough step follows the flow to a solution that is flatter than
//! `2/η`, and the verdict is then `disagrees`.
//!
//! What is judged is the mean of `|η λ_max − 2| / 2` over the moments recorded in the last two thirds of the run's time: single
//! moments swing, but a run that jumps between two points astride the edge (its minimisers are all sharper than `2/η`) does not
//! hover. A run that is neither near nor at rest is undecided.
//!
//! Shapes: `θ [p]`.
//! Assumes: a model that is not linear in its parameters, squared loss, full-batch gradient descent without momentum or decay, a
//! constant step, and a start that is flatter than the edge (from a sharper one the run first jumps to where it is flatter).
//! Source: Cohen, Kaur, Li, Kolter, Talwalkar 2021 (arXiv 2103.00065). They find values at, or just above, `2/η`; small networks
//! come to rest a few per cent below. The tolerance is the experiment's own.
//! Units and invariance: a number; unchanged when the loss is multiplied by a constant and the step divided by it.
//! Errors: mini-batches, momentum, another loss, a linear model: out of scope; a model too large to measure: undecided.
//! Example: `theorem = "edge_of_stability"`, `model.kind = "deep_linear"`, `judge.tolerance = 0.1`.

use super::case::{Case, Check, check, holds, in_scope, scope, short};
use super::{Prediction, Relation, Theorem, Witnesses};
use crate::losses::Task;
use crate::terms::Holds;

/// `η λ` at which steps on a quadratic of curvature `λ` no longer shrink.
const EDGE: f64 = 2.0;

/// See the module header.
pub struct EdgeOfStability;

impl Theorem for EdgeOfStability {
    fn source(&self) -> &'static str {
        "Cohen, Kaur, Li, Kolter, Talwalkar 2021 (arXiv 2103.00065), an observation"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let mut checks = vec![
            curved(case),
            case.task("squared loss", Task::Regression),
            full_batch(case),
            case.constant_steps(),
        ];
        if in_scope(&checks) {
            checks.push(flat_start(case));
        }
        checks
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction::law(
            "the sharpness rises to 2/η and hovers there: an observation, which no theorem backs, and which is not made where the \
             run converges to something flatter.",
            "sharpness_step",
            Relation::HoversAt(EDGE),
        )
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "edge_of_stability"
                [data]
                kind = "dense_regression"
                n = 10
                d = 30
                norm = 3.0
                [model]
                kind = "deep_linear"
                depth = 3
                width = 20
                init_scale = 0.2
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_descent"
                step_size = 0.08
                [horizon]
                steps = 20000
                [judge]
                tolerance = 0.05
            "#,
            counter: r#"
                theorem = "edge_of_stability"
                [data]
                kind = "dense_regression"
                n = 10
                d = 5
                [model]
                kind = "deep_linear"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "sgd"
                [horizon]
                steps = 100
            "#,
            broken: "full-batch gradient descent",
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}

fn curved(case: &Case) -> Check {
    let yes = !case.setup.model.facts().linear_in_parameters;
    let words = format!("the model is `{}`", case.setup.spec.model.id());
    scope(check("a model curved in its parameters", holds(yes), words))
}

fn full_batch(case: &Case) -> Check {
    let yes = case.optimizer.bare_gradient_steps() && !case.mini_batches();
    scope(check("full-batch gradient descent", holds(yes), case.optimizer_words()))
}

/// Condition: the sharpness at the start lies below the edge.
fn flat_start(case: &Case) -> Check {
    let name = "a start below the edge";
    let step = case.optimizer.schedule.map_or(0.0, |s| s.base);
    match case.setup.sharpness(&case.setup.theta0) {
        Some(sharpness) => {
            let words = format!(
                "sharpness {} at the start, the edge is 2/η = {}",
                short(sharpness),
                short(EDGE / step)
            );
            check(name, holds(step * sharpness < EDGE), words)
        }
        None => check(name, Holds::Unchecked, "the model is too large for its sharpness to be measured"),
    }
}
