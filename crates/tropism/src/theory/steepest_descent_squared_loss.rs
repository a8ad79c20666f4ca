//! Steepest descent in a general norm on squared loss does *not* end at the min-norm interpolant.
//!
//! A negative result: outside ℓ2 the limit of (normalized) steepest descent on an interpolation problem depends on
//! the step size and on the start, and is in general not `argmin ‖w − w₀‖ s.t. Xw = y`.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, squared loss, a norm other than ℓ2, interpolation possible with more unknowns than equations.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1802.08246), §3.
//! Units and invariance: invariant under signed permutations of the inputs.
//! Errors: none.
//! Example: `optimizer.kind = "steepest_descent"` with `loss.kind = "squared"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::optimizers::Geometry;

/// See the module header.
pub struct SteepestDescentSquaredLoss;

impl Theorem for SteepestDescentSquaredLoss {
    fn source(&self) -> &'static str {
        "Gunasekar, Lee, Soudry, Srebro 2018, §3 (arXiv 1802.08246)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("squared loss", Task::Regression),
            other_norm(case),
            case.interpolating(),
            underdetermined(case),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        Prediction {
            statement: format!(
                "the limit depends on the step size and is not the {} min-norm interpolant.",
                case.norm().name()
            ),
            program: ProgramSpec::MinNormInterpolant { norm: case.norm() },
            claim: Claim::NotSelected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "dense_regression"
                n = 10
                d = 30
                [loss]
                kind = "squared"
                [optimizer]
                kind = "steepest_descent"
                norm = "linf"
                normalized = false
                [horizon]
                steps = 50000
            "#,
            counter: r#"
                theorem = "steepest_descent_squared_loss"
                [data]
                kind = "diabetes"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "steepest_descent"
                norm = "linf"
                [horizon]
                steps = 1000
            "#,
            broken: "interpolation is possible",
        }
    }
}

fn other_norm(case: &Case) -> Check {
    let norm = matches!(case.optimizer.geometry, Geometry::Norm(_)) && case.norm() != Norm::L2;
    let yes = norm && case.optimizer.pure();
    scope(check("steepest descent outside ℓ2", holds(yes), format!("the norm is {}", case.norm().name())))
}

fn underdetermined(case: &Case) -> Check {
    let (n, d) = (case.setup.data.n(), case.setup.data.d());
    check("several equations, more unknowns", holds(d > n && n > 1), format!("{d} inputs, {n} samples"))
}
