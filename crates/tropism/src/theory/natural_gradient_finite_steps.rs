//! Natural gradient with finite steps does *not* keep the bias of its flow.
//!
//! On `w = u² − v²` the natural gradient's flow `dθ/dt = −(F + δI)⁺ ∇L` moves `arcsinh(w/(2uv))` within the row space of the data and
//! keeps `uv`: whatever the damping, it ends where the gradient flow ends, at the interpolant of smallest divergence from the start. A
//! step `η (F + δI)⁺ ∇L` multiplies `uv` by `1 − a²`, `a` of the order of η: its limit is another one, which
//! `diagonal_finite_steps` gives in closed form. (On a linear model the steps never leave the row space, and nothing is lost.)
//!
//! Shapes: `w [d]`.
//! Assumes: a diagonal network of depth 2, squared loss, full batch, more unknowns than equations, which have a solution.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1802.08246), §3, for natural gradients in a mirror potential, which is what
//! the diagonal network's metric is; the flow by the argument above.
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: none.
//! Example: `theorem = "natural_gradient_finite_steps"`, `optimizer.kind = "natural_gradient"`, `model.kind = "diagonal"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::models::Structure;
use crate::optimizers::Geometry;

/// See the module header.
pub struct NaturalGradientFiniteSteps;

impl Theorem for NaturalGradientFiniteSteps {
    fn source(&self) -> &'static str {
        "Gunasekar, Lee, Soudry, Srebro 2018, §3 (arXiv 1802.08246)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.structure("diagonal network of depth 2", |s| s == Structure::Diagonal { depth: 2 }),
            case.task("squared loss", Task::Regression),
            natural_steps(case),
            case.more_unknowns(),
            case.interpolating(),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "finite steps of the natural gradient end away from the limit of its flow, the interpolant of smallest \
                        divergence from the start."
                .into(),
            program: ProgramSpec::DiagonalInterpolant,
            claim: Claim::NotSelected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "natural_gradient_finite_steps"
                [data]
                kind = "sparse_regression"
                n = 10
                d = 20
                [model]
                kind = "diagonal"
                init_scale = 0.5
                [loss]
                kind = "squared"
                [optimizer]
                kind = "natural_gradient"
                step_size = 1.5
                [horizon]
                steps = 20000
                [judge]
                tolerance = 1e-3
            "#,
            counter: r#"
                theorem = "natural_gradient_finite_steps"
                [data]
                kind = "diabetes"
                [model]
                kind = "diagonal"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "natural_gradient"
                [horizon]
                steps = 100
            "#,
            broken: "more unknowns than equations",
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}

fn natural_steps(case: &Case) -> Check {
    let f = &case.optimizer;
    let yes = matches!(f.geometry, Geometry::GaussNewton { .. }) && f.pure() && !case.mini_batches();
    scope(check("natural gradient steps", holds(yes), case.optimizer_words()))
}
