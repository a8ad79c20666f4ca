//! Normalized steepest descent in a norm maximises the margin in that norm.
//!
//! On separable data and an exponential tail, with steps that vanish but do not sum, the limit direction of
//! normalized steepest descent in `‖·‖` attains `max_{‖w‖ ≤ 1} min_i m_i`: ℓ1 for greedy coordinate descent
//! (boosting), ℓ∞ for sign descent, spectral for Muon and for Shampoo without memory; with momentum the limit is the same.
//! A step along a mix of momentum and newest gradient (Lion, Nesterov's Muon) follows a mean of past gradients with geometric
//! weights, as momentum itself does, and the same argument holds: as the steps vanish, such a mean and the newest gradient
//! agree up to a vanishing share. The rate is stated for momentum only.
//!
//! Shapes: `W [k × d]`.
//! Assumes: linear model, exponential tail (two or more classes), separable data, steps `η (k+1)^{-a}` with `0 < a ≤ 1`.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1802.08246), Theorem 5; multiclass, spectral norm and momentum: Fan,
//! Schmidt, Thrampoulidis 2025 (arXiv 2502.04664), with a gap of about `1/√k` up to logarithms for `a = 1/2`.
//! Units and invariance: value statements only where the norm is not strictly convex: the maximiser need not be unique.
//! Errors: not separable, another tail, constant or loss-normalised steps: out of scope; steps that are not normalised and longer
//! than the proof allows, or with momentum: unchecked.
//! Example: `optimizer.kind = "steepest_descent"`, `optimizer.norm = "linf"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::numerics::Norm;
use crate::optimizers::Geometry;
use crate::terms::{Holds, Rate, RateClock};

/// See the module header.
pub struct SteepestDescentMaxMargin;

impl Theorem for SteepestDescentMaxMargin {
    fn source(&self) -> &'static str {
        "Gunasekar, Lee, Soudry, Srebro 2018, Theorem 5 (arXiv 1802.08246); Fan, Schmidt, Thrampoulidis 2025 (arXiv 2502.04664)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            steepest_steps(case),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            vanishing_steps(case),
            short_steps(case),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        Prediction {
            statement: format!("the limit direction attains the {} max margin.", case.norm().name()),
            program: ProgramSpec::MaxMargin { norm: case.norm() },
            claim: Claim::Selected,
            rate: root_steps(case).then(|| Rate {
                law: "gap = O(1/√k) up to logarithms".into(),
                clock: RateClock::Steps,
                exponent: -0.5,
                upper_bound_only: true,
            }),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 30
                d = 10
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "steepest_descent"
                norm = "linf"
                [horizon]
                steps = 100000
            "#,
            counter: r#"
                theorem = "steepest_descent_max_margin"
                [data]
                kind = "overlapping"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "steepest_descent"
                norm = "linf"
            "#,
            broken: "separable data",
        }
    }
}

fn steepest_steps(case: &Case) -> Check {
    // In ℓ2 without normalisation this is gradient descent, which has a sharper theorem of its own.
    let yes = match case.optimizer.geometry {
        Geometry::Norm(norm) => case.optimizer.normalized || norm != Norm::L2,
        _ => false,
    };
    let pure = case.optimizer.pure() || case.optimizer.normalized && case.optimizer.pure_or_mixed();
    let mut words = case.optimizer_words();
    if case.optimizer.mixed {
        words += ", which follows a mean of past gradients with weights that decay geometrically";
    }
    scope(check("steepest descent", holds(yes && pure && !case.mini_batches()), words))
}

fn vanishing_steps(case: &Case) -> Check {
    if case.optimizer.normalized {
        return case.vanishing_steps();
    }
    let (power, of_loss) = case.optimizer.schedule.map_or((0.0, false), |s| (s.power, s.loss_power != 0.0));
    let words = if of_loss {
        "steps are proportional to the gradient over the loss, which does not vanish"
    } else {
        "steps are proportional to the gradient, which vanishes"
    };
    check("steps vanish but do not sum", holds(power <= 1.0 && !of_loss), words)
}

/// Without normalisation the proof asks for `η B² L(w₀) ≤ 1`, `B` the largest dual norm of a sample, one output and no
/// memory; a normalised step has no such bound.
fn short_steps(case: &Case) -> Check {
    let name = "steps normalised, or short and without momentum";
    if case.optimizer.normalized {
        return check(name, Holds::Yes, "the length of a step does not depend on the gradient");
    }
    let c = &case.setup.curvature;
    let reach = c.radius.dual(case.norm());
    let step = case.optimizer.schedule.map_or(0.0, |s| s.base);
    let limit = 1.0 / (reach * reach * c.log_loss.exp());
    let binary = case.setup.data.targets.outputs() == 1;
    let yes = binary && case.optimizer.momentum == 0.0 && step <= limit * (1.0 + 1e-9);
    let verdict = if yes { Holds::Yes } else { Holds::Unchecked };
    let words = format!(
        "step size {step:.6} against {limit:.6} = 1 / (largest dual norm² · loss at the start), momentum {}",
        case.optimizer.momentum
    );
    check(name, verdict, words)
}

/// The rate is stated for `η_k ∝ 1/√k`; other decays have others.
fn root_steps(case: &Case) -> bool {
    case.optimizer.normalized
        && !case.optimizer.mixed
        && case.optimizer.schedule.is_some_and(|s| s.power == 0.5)
}
