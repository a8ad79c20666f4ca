//! With weight decay there is nothing left to select: gradient descent ends at the one minimiser of `L(w) + (λ/2)‖w‖²`.
//!
//! `w ← (1 − ηλ) w − η ∇L(w)` is gradient descent on the penalised loss, which is strongly convex: on separable data the weights stay
//! finite, on equations that can be solved they do not interpolate, and the start is forgotten. Stochastic steps with decay fluctuate
//! about that point, the less the shorter they are: there a small distance confirms it, and a large one does not refute it.
//!
//! Shapes: `w [k d]`.
//! Assumes: linear model, convex loss, gradient steps with `weight_decay = λ > 0`, `η < 2/(β + λ)`.
//! Source: elementary (descent on a strongly convex function); weight decay as a penalty: Krogh, Hertz 1992 (NeurIPS 4). As `λ → 0` the
//! minimisers are those of `regularization_path`.
//! Units and invariance: λ in units of the loss over squared weights; invariant under rotations of the inputs.
//! Errors: none.
//! Example: `optimizer.kind = "gradient_descent"`, `optimizer.weight_decay = 0.01`.

use super::case::{Case, Check, check, holds, scope, short};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::numerics::Norm;
use crate::numerics::linalg::norm2;
use crate::optimizers::Geometry;
use crate::terms::Holds;

/// See the module header.
pub struct WeightDecayMinimiser;

impl Theorem for WeightDecayMinimiser {
    fn source(&self) -> &'static str {
        "elementary, descent on a strongly convex function; for λ → 0 Ji, Dudík, Schapire, Telgarsky 2020 (arXiv 2006.11226)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            decayed_steps(case),
            case.constant_steps(),
            case.convex_loss(),
            short_steps(case),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        let lambda = case.optimizer.weight_decay;
        let noisy = case.mini_batches();
        let ends = if noisy { "comes to fluctuate about" } else { "ends at" };
        Prediction {
            statement: format!(
                "the run {ends} the minimiser of L(w) + (λ/2)‖w‖², λ = {lambda}, whatever its start."
            ),
            program: ProgramSpec::PenalisedLoss { lambda },
            claim: if noisy { Claim::NearlySelected } else { Claim::Selected },
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 40
                d = 5
                margin = 0.5
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_descent"
                weight_decay = 0.01
                [horizon]
                steps = 20000
            "#,
            counter: r#"
                [data]
                kind = "gaussian_separable"
                n = 40
                d = 5
                margin = 0.5
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_descent"
                weight_decay = 0.01
                step_size = 400.0
                [horizon]
                steps = 1000
            "#,
            broken: "step size below the stability limit",
        }
    }
}

fn decayed_steps(case: &Case) -> Check {
    let f = &case.optimizer;
    let plain = f.geometry == Geometry::Norm(Norm::L2)
        && f.momentum == 0.0
        && f.noise.is_none()
        && !(f.normalized || f.continuous || f.mixed || f.line_search)
        && f.acceleration.is_none();
    scope(check(
        "gradient steps with weight decay",
        holds(plain && f.weight_decay > 0.0),
        case.optimizer_words(),
    ))
}

/// `η (β + λ) < 2`, `β` the curvature of the loss (for stochastic steps of its steepest sample); where that is bounded only
/// below the starting loss, full steps descend and stay there.
fn short_steps(case: &Case) -> Check {
    let (c, f) = (&case.setup.curvature, &case.optimizer);
    let noisy = case.mini_batches();
    let unbounded = case.setup.loss.facts().smoothness.is_infinite();
    // Descent is on the penalised loss, below whose start the loss itself may rise.
    let start = norm2(&case.setup.theta0);
    let rise = if unbounded { 1.0 + 0.5 * f.weight_decay * start * start / c.log_loss.exp() } else { 1.0 };
    let beta = if noisy { c.single } else { c.smoothness * rise };
    let step = f.schedule.map_or(0.0, |s| s.base);
    let limit = 2.0 / (beta + f.weight_decay);
    let verdict = match step < limit {
        true if unbounded && noisy => Holds::Unchecked,
        true => Holds::Yes,
        // The largest curvature of a batch, or below a starting loss, is a bound only.
        false if noisy || unbounded => Holds::Unchecked,
        false => Holds::No,
    };
    let words = format!("step size {} against {} = 2 / (smoothness + λ)", short(step), short(limit));
    check("step size below the stability limit", verdict, words)
}
