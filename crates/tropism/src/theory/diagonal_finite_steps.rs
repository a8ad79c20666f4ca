//! The exact limit of finite steps, full batch or mini-batches, on a diagonal network of depth 2.
//!
//! With `a_k = 2 η_k g_k` (`g_k` the stochastic gradient in `w`), `A = Σ log|1 − a_k²|` and `R = Σ (artanh a_k − a_k)`, elementwise, a
//! run that converges to zero loss ends at `argmin_{Xw = y} Φ(w) + 2⟨R, w⟩`, `Φ' = arcsinh(w/(2α_∞²))`, `α_∞² = α² e^A`. Larger steps
//! and smaller batches shrink the effective start: sparser solutions. The program is fixed before the run; `A` and `R` are summed
//! along it.
//!
//! Shapes: `w, A, R [d]`.
//! Assumes: `w = u² − v²` from `u = v`, squared loss, plain gradient steps on batches of any kind, `|a_k| < 1`, convergence.
//! Source: after Even, Pesme, Gunasekar, Flammarion 2023 (arXiv 2302.08982), in our parameterisation.
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: inconsistent equations: out of scope; a step that overshoots: no certified reference, undecided.
//! Example: `model.kind = "diagonal"`, `optimizer.kind = "sgd"`, `optimizer.batch = 1`.

use super::case::{Case, Check};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::models::Structure;

/// See the module header.
pub struct DiagonalFiniteSteps;

impl Theorem for DiagonalFiniteSteps {
    fn source(&self) -> &'static str {
        "after Even, Pesme, Gunasekar, Flammarion 2023 (arXiv 2302.08982)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.structure("diagonal network of depth 2", |s| s == Structure::Diagonal { depth: 2 }),
            case.task("squared loss", Task::Regression),
            case.plain_finite_steps(),
            case.interpolating(),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the run ends at the interpolant that its own step sizes and batches select, in closed form.".into(),
            program: ProgramSpec::DiagonalFiniteSteps,
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
                kind = "diagonal"
                init_scale = 0.1
                [loss]
                kind = "squared"
                [optimizer]
                kind = "sgd"
                step_size = 0.02
                [horizon]
                steps = 100000
            "#,
            counter: r#"
                theorem = "diagonal_finite_steps"
                [data]
                kind = "diabetes"
                [model]
                kind = "diagonal"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_descent"
                [horizon]
                steps = 1000
            "#,
            broken: "interpolation is possible",
        }
    }
}
