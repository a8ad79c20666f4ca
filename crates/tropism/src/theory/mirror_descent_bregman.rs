//! Mirror descent on an interpolation problem ends at the Bregman projection of its start.
//!
//! For a strictly convex potential `Φ` and any loss with a unique finite root, mirror descent, with momentum or on
//! realizable batches, tends to `argmin_{Xw = y} D_Φ(w, w₀)`.
//!
//! Shapes: `w [d]`, `X [n × d]`.
//! Assumes: linear model, squared loss, interpolation possible, start inside the domain, convergent steps.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1802.08246), Theorem 1.
//! Units and invariance: invariant under (signed) permutations of the inputs.
//! Errors: inconsistent equations: out of scope.
//! Example: `optimizer.kind = "mirror_descent"`, `optimizer.potential = "hypentropy"`.

use super::case::{Case, Check};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Potential;
use crate::optimizers::Geometry;

/// See the module header.
pub struct MirrorDescentBregman;

impl Theorem for MirrorDescentBregman {
    fn source(&self) -> &'static str {
        "Gunasekar, Lee, Soudry, Srebro 2018, Theorem 1 (arXiv 1802.08246)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("squared loss", Task::Regression),
            case.mirror_steps(),
            case.constant_steps(),
            case.interpolating(),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        Prediction {
            statement: "the run ends at the Bregman projection of its start onto the interpolants.".into(),
            program: ProgramSpec::BregmanInterpolant { potential: potential(case) },
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "sparse_regression"
                n = 10
                d = 20
                [model]
                kind = "linear"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "mirror_descent"
                potential = "hypentropy"
                beta = 0.1
                [horizon]
                steps = 100000
            "#,
            counter: r#"
                theorem = "mirror_descent_bregman"
                [data]
                kind = "diabetes"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "mirror_descent"
                potential = "hypentropy"
                [horizon]
                steps = 1000
            "#,
            broken: "interpolation is possible",
        }
    }
}

fn potential(case: &Case) -> Potential {
    match case.optimizer.geometry {
        Geometry::Mirror(potential) => potential,
        _ => Potential::HalfSquare,
    }
}
