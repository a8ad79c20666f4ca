//! Label noise on a diagonal network of depth 2 drives to a weighted ℓ1 interpolant, whatever the start.
//!
//! Fresh noise of standard deviation σ on the targets multiplies the effective start `α²` by `1 − a²` at every step, `a` with mean
//! square `4 η² σ² h_j / b`, `h = diag(XᵀX/n)`, `b` the batch: after k steps `α_j² = α² e^{−T_j}`, `T_j = 4 η² σ² h_j k / b`. The program
//! `min D_Φ` of that start tends to `min Σ h_j |w_j| s.t. Xw = y`, for `Φ` grows like `T_j |w_j|`. (The same weights are those of the
//! trace of the Hessian, which label noise descends among the interpolants.) After a finite time the weights of the norm are off by
//! a share of the order of `log(1/α²) / T_j`: from a smaller start it takes longer.
//!
//! At a constant step the weights go on fluctuating about that point, by `O(√η σ)`, so their mean over the last part of the run (the
//! last window `[2^j, 2^(j+1))` of steps, a fifth of it at least) is what counts. It is off by terms of higher order in η: a
//! small gap confirms the theorem, a large one does not refute it.
//!
//! Shapes: `w, h [d]`.
//! Assumes: `w = u² − v²` from `u = v > 0`, squared loss, SGD with label noise at a constant step, equations that have a solution, and
//! a run long enough for the noise: the smallest `T_j ≥ 10`.
//! Source: HaoChen, Wei, Lee, Ma 2021 (arXiv 2006.08680), for `w = v ∘ v`; the trace of the Hessian: Li, Wang, Arora 2022 (arXiv
//! 2110.06914), §6. `T_j` by the exact law of finite steps (`diagonal_finite_steps`).
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: inconsistent equations: out of scope.
//! Example: `model.kind = "diagonal"`, `optimizer.kind = "label_noise_sgd"`, `optimizer.std = 0.02`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::models::Structure;
use crate::numerics::Norm;
use crate::optimizers::{Geometry, Noise};
use crate::terms::Holds;

/// Logarithm by which the noise must have shrunk `α²`: then `α² < 5e-5` of what it was.
const LONG: f64 = 10.0;

/// See the module header.
pub struct DiagonalLabelNoise;

impl Theorem for DiagonalLabelNoise {
    fn source(&self) -> &'static str {
        "HaoChen, Wei, Lee, Ma 2021 (arXiv 2006.08680); Li, Wang, Arora 2022, §6 (arXiv 2110.06914)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.structure("diagonal network of depth 2", |s| s == Structure::Diagonal { depth: 2 }),
            case.task("squared loss", Task::Regression),
            label_noise(case),
            case.constant_steps(),
            case.interpolating(),
            long_noise(case),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the run comes to fluctuate about the interpolant of smallest Σ h_j |w_j|, h = diag(XᵀX/n), whatever its start; \
                        the mean of its last part is compared."
                .into(),
            program: ProgramSpec::WeightedInterpolant,
            claim: Claim::NearlySelected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "sparse_regression"
                n = 5
                d = 10
                [model]
                kind = "diagonal"
                init_scale = 0.5
                [loss]
                kind = "squared"
                [optimizer]
                kind = "label_noise_sgd"
                step_size = 0.01
                std = 0.3
                [horizon]
                steps = 2000000
            "#,
            counter: r#"
                [data]
                kind = "diabetes"
                [model]
                kind = "diagonal"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "label_noise_sgd"
                [horizon]
                steps = 1000
            "#,
            broken: "interpolation is possible",
        }
    }
}

/// The standard deviation of the noise on the targets, where that is all that is added to plain stochastic steps.
fn noise(case: &Case) -> Option<f64> {
    let f = &case.optimizer;
    let plain = f.geometry == Geometry::Norm(Norm::L2)
        && f.momentum == 0.0
        && f.weight_decay == 0.0
        && !(f.normalized || f.continuous || f.mixed || f.line_search)
        && f.acceleration.is_none();
    match f.noise {
        Some(Noise::Targets { std }) if plain && std > 0.0 => Some(std),
        _ => None,
    }
}

fn label_noise(case: &Case) -> Check {
    let words = match noise(case) {
        Some(std) => format!("standard deviation {std}"),
        None => case.optimizer_words(),
    };
    scope(check("noise on the targets", holds(noise(case).is_some()), words))
}

/// The smallest `T_j` of the columns that are not zero, by the steps asked for.
fn long_noise(case: &Case) -> Check {
    let setup = case.setup;
    let n = setup.data.n() as f64;
    let step = case.optimizer.schedule.map_or(0.0, |s| s.base) * n * setup.log_weight.exp();
    let batch = case.optimizer.sampling.map_or(n, |s| s.batch as f64);
    let steps = setup.horizon.steps.unwrap_or(0) as f64;
    let least = setup.mean_squares().into_iter().filter(|h| *h > 0.0).fold(f64::INFINITY, f64::min);
    let std = noise(case).unwrap_or(0.0);
    let shrunk = 4.0 * step * step * std * std * least * steps / batch;
    let verdict = if shrunk >= LONG { Holds::Yes } else { Holds::Unchecked };
    let words = format!("by the end α² is multiplied by e^−{shrunk:.1} or less; {LONG} are asked for");
    check("a run long enough for the noise", verdict, words)
}
