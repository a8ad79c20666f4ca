//! Adam and RMSProp with a stability constant turn to the ℓ2 max margin, once the second moment has fallen below `ε²`.
//!
//! The step is `η m̂ / (√v̂ + ε)`. On separable data the gradient vanishes, so `ε > 0` overtakes the root of the second moment sooner or later,
//! and from then on all coordinates are divided alike: gradient descent with step `η/ε`, and `w/‖w‖ → ŵ/‖ŵ‖`. Before, the run
//! goes the way of ε = 0 (`adam_max_margin`), and nothing can be said about the limit from what is seen: a run that has
//! not passed the crossover is undecided, and the verdict says so.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential tail, separable data, full batches, `ε > 0`, `β₁ ≤ β₂`, a constant step
//! with `η/ε` below the stability limit of gradient descent.
//! Source: Wang, Meng, Chen, Liu 2021 (arXiv 2012.06244) for RMSProp; with momentum Wang et al. 2022 (arXiv 2110.03891), which
//! have `√(v + ε)`. Their bounds on the step and on β₁, β₂ are not restated: ours are the ones of the limiting gradient
//! descent, and `β₁ ≤ β₂`; beyond them, and for decaying steps, the hypothesis is unchecked.
//! Units and invariance: ε has the units of the gradient; the limit is invariant under rotations, the run is not.
//! Errors: not separable, another tail, `ε = 0`: out of scope.
//! Example: `optimizer.kind = "adam"`, `optimizer.epsilon = 1.0`, `optimizer.schedule = "constant"`.

use super::case::{Case, Check, check, holds, scope, short};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::terms::{Holds, Rate, RateClock};

/// See the module header.
pub struct AdamEpsilonMaxMargin;

impl Theorem for AdamEpsilonMaxMargin {
    fn source(&self) -> &'static str {
        "Wang, Meng, Chen, Liu 2021 (arXiv 2012.06244); Wang et al. 2022 (arXiv 2110.03891)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.adam(false),
            case.tail_at_infinity(),
            case.exponential_tail(),
            stability_constant(case),
            case.separable(),
            constant_steps(case),
            short_steps(case),
            case.longer_second_memory(),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        let epsilon = case.second_moment().map_or(0.0, |s| s.epsilon);
        Prediction {
            statement: format!(
                "once the root of the second moment has fallen below ε = {epsilon:e}, the direction turns to the ℓ2 max-margin direction."
            ),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Selected,
            rate: case.optimizer.schedule.is_some_and(|s| s.is_constant()).then(|| Rate {
                law: "gap = O(1 / log t)".into(),
                clock: RateClock::LogTime,
                exponent: -1.0,
                upper_bound_only: true,
            }),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 3
                d = 2
                margin = 0.5
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "adam"
                beta2 = 0.99
                epsilon = 1.0
                schedule = "constant"
                step_size = 1.0
                [horizon]
                steps = 1000000
            "#,
            counter: r#"
                theorem = "adam_epsilon_max_margin"
                [data]
                kind = "gaussian_separable"
                n = 3
                d = 2
                margin = 0.5
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "adam"
                epsilon = 0.0
                schedule = "constant"
                [horizon]
                steps = 1000
            "#,
            broken: "a stability constant",
        }
    }
}

fn stability_constant(case: &Case) -> Check {
    let epsilon = case.second_moment().map_or(0.0, |s| s.epsilon);
    scope(check("a stability constant", holds(epsilon > 0.0), format!("ε = {epsilon:e}")))
}

fn constant_steps(case: &Case) -> Check {
    let schedule = case.optimizer.schedule;
    let verdict = match schedule {
        Some(s) if s.is_constant() => Holds::Yes,
        Some(s) if s.power > 1.0 => Holds::No,
        _ => Holds::Unchecked,
    };
    let words = schedule.map_or("no schedule".into(), |s| {
        let loss = if s.loss_power == 0.0 { "" } else { " / loss" };
        format!("steps decay like (k+1)^-{}{loss}", s.power)
    });
    check("constant steps", verdict, words)
}

/// No step is longer than that of gradient descent with `η/ε`.
fn short_steps(case: &Case) -> Check {
    let name = "step size over ε below the stability limit";
    let epsilon = case.second_moment().map_or(0.0, |s| s.epsilon);
    let step = case.optimizer.schedule.map_or(0.0, |s| s.base) / epsilon;
    let limit = 2.0 / case.setup.curvature.smoothness;
    let verdict = if step < limit { Holds::Yes } else { Holds::Unchecked };
    check(name, verdict, format!("{} against {} = 2 / smoothness", short(step), short(limit)))
}
