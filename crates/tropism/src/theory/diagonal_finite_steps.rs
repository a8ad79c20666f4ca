//! The exact limit of finite steps, full batch or mini-batches, with or without momentum, on a diagonal network of depth 2.
//!
//! With `a_k = 2 η_k q_k` (`q_k` the stochastic gradient in `w`), `A = Σ log|1 − a_k²|` and `R = Σ (artanh a_k − a_k)`, elementwise
//! (absolute values inside the logarithms: signs of weights do not matter), a run that converges to zero loss ends at
//! `argmin_{Xw = y} Φ(w) + 2⟨R, w⟩`, `Φ' = arcsinh(w/(2α_∞²))`, `α_∞² = α² e^A`. Larger steps and smaller batches shrink the effective
//! start: sparser solutions. A natural gradient steps by another `q_k`, which lies in the row space as well: the same law holds.
//!
//! With momentum β each weight keeps `E = Σ log|u_{k+1}/u_k| − Σ f_k/(1 − β)`, `f_k` what the gradient alone changed, relatively, and
//! `A = E_u + E_v`, `R = (E_v − E_u)/2`. To leading order `A = −(1 + β)/(2(1 − β)) Σ (Δu²/u² + Δv²/v²)`, in continuous time
//! `−λ ∫ ((u̇/u)² + (v̇/v)²) dt` with `λ = η/(1 − β)²`. The program is fixed before the run; the sums are taken along it.
//!
//! Shapes: `w, A, R [d]`.
//! Assumes: `w = u² − v²` from `u = v`, squared loss, steps that combine gradients of samples (gradient descent, SGD with batches
//! of any kind, heavy ball, Nesterov, natural gradient), no weight that becomes exactly zero, convergence.
//! Source: plain steps after Even, Pesme, Gunasekar, Flammarion 2023 (arXiv 2302.08982), in our parameterisation; momentum in
//! continuous time: Papazov, Pesme, Flammarion 2024 (arXiv 2403.05293); its finite steps and the natural gradient by the same
//! argument: `log|u|` and `log|v|` telescope.
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: inconsistent equations, a step that makes a weight exactly zero: out of scope.
//! Example: `model.kind = "diagonal"`, `optimizer.kind = "sgd"`, `optimizer.batch = 1`.

use super::case::{Case, Check};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::models::Structure;

/// See the module header.
pub struct DiagonalFiniteSteps;

impl Theorem for DiagonalFiniteSteps {
    fn source(&self) -> &'static str {
        "after Even, Pesme, Gunasekar, Flammarion 2023 (arXiv 2302.08982); momentum after Papazov, Pesme, Flammarion 2024 (arXiv 2403.05293)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.structure("diagonal network of depth 2", |s| s == Structure::Diagonal { depth: 2 }),
            case.task("squared loss", Task::Regression),
            case.row_space_steps(),
            case.interpolating(),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        let beta = case.optimizer.momentum;
        let statement = match beta {
            0.0 => {
                "the run ends at the interpolant that its own step sizes and batches select, in closed form."
                    .to_string()
            }
            _ => format!(
                "the run ends at the interpolant that its own steps select, in closed form; small steps act through λ = η/(1 − β)² = \
                 {:.4e} alone.",
                case.momentum_scale()
            ),
        };
        Prediction {
            statement,
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
