//! The tangent kernel of a wide network moves by `O(1/√width)`.
//!
//! `‖K_t − K_0‖_F / ‖K_0‖_F = O(m^{-1/2})` at a fixed time, or at the end of a run to zero loss.
//! Shapes: networks whose hidden layers have width m.
//! Assumes: the parametrisation `m^{-1/2} Σ a_j relu(⟨w_j, x⟩)`, and that of more layers, with independent standard Gaussians at the start, squared loss,
//! gradient descent with a small step or its flow.
//! Source: Jacot, Gabriel, Hongler 2018 (arXiv 1806.07572), Theorem 2, for the limit; Chizat, Oyallon, Bach 2019 (arXiv
//! 1812.07956) for the rate. It is an upper bound: where the signs of `a_j` are symmetric, terms of first order cancel, and
//! rates up to `1/m` are seen.
//! Units and invariance: a number; unchanged by a scale of the data.
//! Errors: out of scope for other parametrisations and losses.
//! Example: `experiments/sweeps/lazy-width.toml`.

use super::{Quantity, Shape, SweepCase, Trend, TrendPrediction};
use crate::losses::Task;
use crate::models::deep_relu::DeepScheme;
use crate::models::two_layer_relu::Scheme;
use crate::models::{ModelSpec, Structure, Trained};
use crate::terms::Holds;
use crate::theory::case::{holds, scope};
use crate::theory::{Check, Witnesses, check};

/// See the module header.
pub struct LazyKernelDrift;

/// Layers of weights of a network in the kernel parametrisation whose hidden layers have one width; `None` for others.
pub(super) fn depth_of(sweep: &SweepCase) -> Option<usize> {
    match &sweep.case.setup.spec.model.model {
        ModelSpec::two_layer_relu(s) => {
            let standard = s.scheme == Scheme::Ntk && s.trained == Trained::AllLayers && s.init_scale == 1.0;
            standard.then_some(2)
        }
        ModelSpec::deep_relu(s) => {
            let standard = s.scheme == DeepScheme::Ntk && s.widths.is_none() && s.init_scale == 1.0;
            match sweep.case.setup.model.facts().structure {
                Structure::Relu { depth, .. } => standard.then_some(depth),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What the laws of wide networks assume.
pub(super) fn wide_network(sweep: &SweepCase) -> Vec<Check> {
    let model = &sweep.case.setup.spec.model;
    let standard = depth_of(sweep).is_some();
    let words = format!("the model is `{}`", model.id());
    vec![
        sweep.only("model.width"),
        scope(check(
            "wide network in the kernel parametrisation",
            holds(standard && model.regime.output_scale == 1.0 && !model.regime.linearized),
            words + "; scheme = \"ntk\", init_scale = 1 and all layers trained are asked for",
        )),
        sweep.case.task("squared loss", Task::Regression),
        scope(check(
            "gradient descent or its flow",
            holds(
                sweep.case.is_gradient_flow()
                    || sweep.case.plain_gradient(false).hypothesis.holds == Holds::Yes,
            ),
            sweep.case.optimizer_words(),
        )),
        sweep.case.stable_step_on_features(),
        sweep.values_for_a_power_law(),
        wide_enough(sweep),
        sweep.seeds(3),
    ]
}

/// Widths below this are no sign of a limit.
const LEAST_WIDTH: f64 = 32.0;

fn wide_enough(sweep: &SweepCase) -> Check {
    let widths = sweep.sweep.axes.first().and_then(|a| a.numbers()).unwrap_or_default();
    let least = widths.iter().fold(f64::INFINITY, |m, v| m.min(*v));
    let words = format!("the narrowest network has {least} units; at least {LEAST_WIDTH} are asked for");
    check("large widths", if least >= LEAST_WIDTH { Holds::Yes } else { Holds::Unchecked }, words)
}

impl Trend for LazyKernelDrift {
    fn source(&self) -> &'static str {
        "Jacot, Gabriel, Hongler 2018 (arXiv 1806.07572), Theorem 2; Chizat, Oyallon, Bach 2019 (arXiv 1812.07956)"
    }

    fn hypotheses(&self, sweep: &SweepCase) -> Vec<Check> {
        wide_network(sweep)
    }

    fn predict(&self, _: &SweepCase) -> TrendPrediction {
        TrendPrediction {
            statement:
                "The relative change of the tangent kernel falls with the width at least like 1/√width."
                    .into(),
            quantity: Quantity::Measure("kernel_drift".into()),
            shape: Shape::Power { exponent: -0.5, at_least: true },
            abscissa: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: include_str!("../../../../../experiments/sweeps/lazy-width.toml"),
            counter: include_str!("../../../../../experiments/sweeps/lazy-two-widths.toml"),
            broken: "enough values for a power law",
        }
    }
}
