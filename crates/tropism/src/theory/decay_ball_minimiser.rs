//! With decoupled weight decay `λ`, steps of unit size minimise the loss in the ball `‖w‖ ≤ 1/λ` of their norm: AdamW and Lion in
//! ℓ∞, Muon in the spectral norm.
//!
//! `w ← (1 − ηλ) w + ηλ s`, `s = argmin_{‖s‖ ≤ 1/λ} ⟨∇L, s⟩`, is the method of Frank and Wolfe with steps `ηλ`. Momenta whose
//! memory is short beside `1/(ηλ)` see the newest gradient up to a vanishing share. Where AdamW's second moment has settled its
//! step is `g/(|g| + ε)`, and the flow `ẇ = −λw − g/(|g| + ε)` descends, coordinate by coordinate, on `L(w) + (ε/λ) Σ χ(λ|w_j|)`, `χ(u) =
//! −u − ln(1 − u)`: `ε` is a barrier inside the box. Steps of constant size hover about the minimiser: there a small gap
//! confirms it, and a large one does not refute it.
//!
//! Shapes: `w [k d]`.
//! Assumes: linear model, convex loss, all samples in every step, `weight_decay = λ > 0`.
//! Source: AdamW: Xie, Li 2024 (arXiv 2404.04454), whose limits, if they exist, are KKT points in the box (`ε = 0`, `β₁ ≤ β₂`), so a large gap refutes nothing there; Lion: Chen, Liu,
//! Liang, Liu 2024 (2310.05898); steps in a ball: Frank, Wolfe 1956, Dunn, Harshbarger 1978 (J. Math. Anal. Appl. 62). The barrier is
//! elementary: `λw + g/(|g| + ε)` and `g + ελw/(1 − λ|w|)` have one sign.
//! Units and invariance: λ is one over a weight; invariant under the symmetries of the norm.
//! Errors: mini-batches, another model: silent.
//! Example: `optimizer.kind = "adamw"`, `optimizer.weight_decay = 0.5`.

use super::case::{Case, Check, check, holds, scope, short};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::numerics::Norm;
use crate::optimizers::Geometry;
use crate::terms::{Holds, Rate, RateClock};

/// See the module header.
pub struct DecayBallMinimiser;

impl Theorem for DecayBallMinimiser {
    fn source(&self) -> &'static str {
        "Xie, Li 2024 (arXiv 2404.04454); Chen, Liu, Liang, Liu 2024 (arXiv 2310.05898); Frank, Wolfe 1956"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let f = &case.optimizer;
        let steps = [decayed_unit_steps(case), case.convex_loss(), case.endless_steps(), steps_inside(case)];
        let second = matches!(f.geometry, Geometry::Adaptive(_)).then(|| case.longer_second_memory());
        // Where only a small gap counts, the end point is its own proof.
        let memory = (refutable(case) && f.momentum > 0.0).then(|| short_memory(case));
        [case.linear_model()].into_iter().chain(steps).chain(second).chain(memory).collect()
    }

    fn predict(&self, case: &Case) -> Prediction {
        let lambda = case.optimizer.weight_decay;
        let (norm, epsilon) = ball(case).unwrap_or((Norm::LInf, 0.0));
        let (base, power) = case.optimizer.schedule.map_or((0.0, 0.0), |s| (s.base, s.power));
        let ends = if fades(case) { "ends at" } else { "comes to hover about" };
        let ball = format!("{} ≤ 1/λ = {}", norm.symbol("w"), plain(1.0 / lambda));
        let least = match epsilon {
            0.0 => format!("the least loss in {ball}"),
            _ => format!("the least loss in {ball}, with the barrier that ε = {epsilon:e} makes inside it"),
        };
        // With steps η/(k + 1) the start is forgotten like k^-ηλ, which may be slower than the steps fade.
        let exponent = if power == 1.0 { power.min(base * lambda) } else { power };
        let rated = refutable(case) && power >= LEAST_POWER;
        Prediction {
            statement: format!("the run {ends} {least}."),
            program: ProgramSpec::BallMinimiser { norm, radius: 1.0 / lambda, epsilon },
            claim: if refutable(case) { Claim::Selected } else { Claim::NearlySelected },
            rate: rated.then(|| Rate {
                law: "gap = O(η_k) + O(exp(−λ Σ η_k))".into(),
                clock: RateClock::Steps,
                exponent: -exponent,
                upper_bound_only: true,
            }),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "overlapping"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "lion"
                weight_decay = 2.0
                step_size = 0.1
                power = 0.75
                [horizon]
                steps = 20000
            "#,
            counter: r#"
                [data]
                kind = "overlapping"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "lion"
                weight_decay = 2.0
                step_size = 0.1
                power = 1.5
                [horizon]
                steps = 1000
            "#,
            broken: "steps sum to infinity",
        }
    }
}

/// The ball of the optimizer's unit steps, and what is added to the roots of its second moment.
fn ball(case: &Case) -> Option<(Norm, f64)> {
    let f = &case.optimizer;
    match f.geometry {
        Geometry::Norm(norm @ (Norm::L2 | Norm::LInf | Norm::Spectral)) if f.normalized => Some((norm, 0.0)),
        Geometry::Adaptive(s) if s.beta2.is_some() && s.initial == 0.0 => Some((Norm::LInf, s.epsilon)),
        _ => None,
    }
}

fn decayed_unit_steps(case: &Case) -> Check {
    let f = &case.optimizer;
    let bare = f.noise.is_none() && !f.line_search && f.acceleration.is_none() && !case.mini_batches();
    let yes = ball(case).is_some() && f.weight_decay > 0.0 && bare;
    scope(check("unit steps with weight decay, on all samples", holds(yes), case.optimizer_words()))
}

/// `η λ ≤ 1`: a longer first step overshoots the ball.
fn steps_inside(case: &Case) -> Check {
    let share = case.optimizer.schedule.map_or(0.0, |s| s.base) * case.optimizer.weight_decay;
    let of_loss = case.optimizer.schedule.is_some_and(|s| s.loss_power != 0.0);
    let verdict = if share <= 1.0 && !of_loss { Holds::Yes } else { Holds::Unchecked };
    check("steps that stay in the ball", verdict, format!("step size times weight decay is {}", short(share)))
}

/// The steps have faded to this share at the horizon, or the run still hovers.
const FADED: f64 = 0.1;
/// Slower fades give slopes that any wiggle shows.
const LEAST_POWER: f64 = 0.25;
/// Share of `1/(ηλ)` that a memory may be long.
const SHORT: f64 = 0.1;

/// `η_k/η_0` at the horizon.
fn left_of_steps(case: &Case) -> f64 {
    let power = case.optimizer.schedule.map_or(0.0, |s| s.power);
    (case.setup.horizon.most_steps() as f64 + 1.0).powf(-power)
}

fn fades(case: &Case) -> bool {
    left_of_steps(case) <= FADED
}

/// A large gap at the end speaks against the theorem. Of adaptive steps it says only what limits there may be.
fn refutable(case: &Case) -> bool {
    fades(case) && matches!(case.optimizer.geometry, Geometry::Norm(_))
}

/// `η_k λ ≪ 1 − β` at the horizon: the momentum is that of the gradient of now.
fn short_memory(case: &Case) -> Check {
    let f = &case.optimizer;
    let step = f.schedule.map_or(0.0, |s| s.base) * left_of_steps(case);
    let share = step * f.weight_decay / (1.0 - f.momentum);
    let verdict = if share <= SHORT { Holds::Yes } else { Holds::Unchecked };
    let words = format!("at the horizon its length is {} of 1/(ηλ)", short(share));
    check("a memory short beside 1/(ηλ)", verdict, words)
}

/// A number without the zeros that say nothing.
fn plain(v: f64) -> String {
    let text = short(v);
    if text.contains('e') { text } else { text.trim_end_matches('0').trim_end_matches('.').into() }
}
