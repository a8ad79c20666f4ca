//! AdaBoost does *not* maximise the ℓ1 margin in general.
//!
//! A negative result: greedy coordinate steps that minimise the exponential loss along their coordinate are not short, and
//! the run may end in a cycle over a few coordinates whose ℓ1 margin is below the largest one. With vanishing steps the
//! margin is reached (`steepest_descent_max_margin`). On many data sets AdaBoost comes close to it all the same, and the
//! verdict is then undecided.
//!
//! Shapes: `w [d]`, columns are weak hypotheses.
//! Assumes: linear model, two classes, exponential loss, separable data, steps of exact line search, several inputs.
//! Source: Rudin, Daubechies, Schapire 2004 (JMLR 5), for hypotheses with values ±1; with real values the same steps are taken.
//! Units and invariance: invariant under signed permutations of the inputs.
//! Errors: not separable, another loss: out of scope.
//! Example: `optimizer.kind = "adaboost"`, `loss.kind = "exponential"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::optimizers::Geometry;

/// See the module header.
pub struct AdaBoostMargin;

impl Theorem for AdaBoostMargin {
    fn source(&self) -> &'static str {
        "Rudin, Daubechies, Schapire 2004 (JMLR 5); on the steps Telgarsky 2013 (arXiv 1303.4172)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let id = case.setup.spec.loss.loss.id();
        let d = case.setup.data.d();
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            boosting(case),
            case.tail_at_infinity(),
            check("exponential loss", holds(id == "exponential"), format!("the loss is `{id}`")),
            case.separable(),
            check("several inputs", holds(d > 1), format!("{d} inputs")),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the run need not reach the ℓ1 max margin.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L1 },
            claim: Claim::NotSelected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 10
                d = 20
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "adaboost"
                [horizon]
                steps = 20000
            "#,
            counter: r#"
                theorem = "adaboost_margin"
                [data]
                kind = "overlapping"
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "adaboost"
                [horizon]
                steps = 1000
            "#,
            broken: "separable data",
        }
    }
}

fn boosting(case: &Case) -> Check {
    let f = &case.optimizer;
    let yes = f.line_search && f.geometry == Geometry::Norm(Norm::L1);
    scope(check("exact line search along coordinates", holds(yes), case.optimizer_words()))
}
