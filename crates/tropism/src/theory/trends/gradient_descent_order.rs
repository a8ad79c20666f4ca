//! Gradient descent leaves the gradient flow in proportion to its step size.
//!
//! At a fixed time `T = ηk`, `‖θ_k − θ(T)‖ = c η + O(η²)`.
//! Shapes: any parameter vector.
//! Assumes: a smooth loss and model, constant steps, no momentum, a horizon of fixed time within the exact steps.
//! Source: Hairer, Nørsett, Wanner 1993 (Solving Ordinary Differential Equations I), §II.3, for Euler's method; the counterpart
//! of `modified_flow_order` (Barrett, Dherin 2021, arXiv 2009.11162).
//! Units and invariance: parameters; the exponent is free of units.
//! Errors: out of scope for kinked models, momentum and batches.
//! Example: `experiments/sweeps/implicit-gradient-order.toml`.

use super::{Companion, Quantity, Shape, SweepCase, Trend, TrendPrediction};
use crate::models::Structure;
use crate::terms::Holds;
use crate::theory::case::{holds, scope, short};
use crate::theory::{Case, Check, Witnesses, check};

/// See the module header.
pub struct GradientDescentOrder;

/// Scope: a model without kinks.
pub(super) fn smooth_model(case: &Case) -> Check {
    let smooth = !matches!(case.setup.model.facts().structure, Structure::Relu { .. });
    scope(check("smooth model", holds(smooth), format!("the model is `{}`", case.setup.spec.model.id())))
}

/// Largest step, in units of one over the smoothness, that counts as small.
const SMALL: f64 = 0.5;

/// Condition: steps small enough for the leading order.
fn short_steps(sweep: &SweepCase, sizes: &[f64]) -> Check {
    let longest = sizes.iter().fold(0.0f64, |m, v| m.max(*v));
    let limit = SMALL / sweep.case.setup.curvature.smoothness;
    let words = format!(
        "the longest step is {} against {} = {SMALL} / smoothness at the start",
        short(longest),
        short(limit)
    );
    check(
        "steps small enough for the leading order",
        if longest <= limit { Holds::Yes } else { Holds::Unchecked },
        words,
    )
}

/// What both laws of the order of gradient descent assume.
pub(super) fn order_test(sweep: &SweepCase) -> Vec<Check> {
    let case = sweep.case;
    let horizon = &case.setup.horizon;
    // Beyond its exact steps a run is the flow itself.
    let steps = sweep.variants.iter().map(|v| v.spec.horizon.exact_steps.unwrap_or(u64::MAX) as f64);
    let sizes = sweep.sweep.axes.first().and_then(|a| a.numbers()).unwrap_or_default();
    let time = horizon.log_time.map(f64::exp);
    let within = time.is_some_and(|t| sizes.iter().zip(steps).all(|(eta, n)| eta * n >= t * (1.0 - 1e-9)));
    let whole = time.is_some_and(|t| sizes.iter().all(|eta| ((t / eta).round() - t / eta).abs() < 1e-6));
    vec![
        sweep.only("optimizer.step_size"),
        case.plain_gradient(false),
        case.constant_steps(),
        smooth_model(case),
        check(
            "a horizon of fixed time within the exact steps",
            holds(within && whole),
            match time {
                Some(t) if within && whole => format!("every run takes exact steps up to t = {t}"),
                Some(t) if within => format!("t = {t} is not a whole number of every step size"),
                Some(t) => format!("some runs have too few exact steps for t = {t}: set horizon.exact_steps"),
                None => "no horizon.time is set".into(),
            },
        ),
        sweep.values_for_a_power_law(),
        short_steps(sweep, &sizes),
    ]
}

impl Trend for GradientDescentOrder {
    fn source(&self) -> &'static str {
        "Euler's method is of order one (Hairer, Nørsett, Wanner 1993, §II.3)"
    }

    fn hypotheses(&self, sweep: &SweepCase) -> Vec<Check> {
        order_test(sweep)
    }

    fn predict(&self, _: &SweepCase) -> TrendPrediction {
        TrendPrediction {
            statement: "At a fixed time the distance between gradient descent and the gradient flow is proportional to the step \
                        size."
                .into(),
            quantity: Quantity::ParameterDistance(Companion::Flow),
            shape: Shape::Power { exponent: 1.0, at_least: false },
            abscissa: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: include_str!("../../../../../experiments/sweeps/implicit-gradient-order.toml"),
            counter: include_str!("../../../../../experiments/sweeps/implicit-gradient-too-few-steps.toml"),
            broken: "a horizon of fixed time within the exact steps",
        }
    }
}
