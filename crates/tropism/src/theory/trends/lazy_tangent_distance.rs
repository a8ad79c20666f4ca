//! A wide network and its tangent model at the start become the same function: `‖f − f_lin‖ = O(1/√width)`.
//!
//! Both are run to the same horizon and compared on held-out inputs, relative to the tangent model's outputs.
//! Shapes: outputs `[n_test * k]`.
//! Assumes: as for `lazy_kernel_drift`, and held-out samples.
//! Source: Chizat, Oyallon, Bach 2019 (arXiv 1812.07956), Theorem 2.2; Jacot, Gabriel, Hongler 2018 (arXiv 1806.07572).
//! Units and invariance: a number; unchanged by a scale of the data.
//! Errors: out of scope for other parametrisations and losses.
//! Example: `experiments/sweeps/lazy-width.toml`.

use super::lazy_kernel_drift::wide_network;
use super::{Companion, Quantity, Shape, SweepCase, Trend, TrendPrediction};
use crate::theory::{Check, Witnesses};

/// See the module header.
pub struct LazyTangentDistance;

impl Trend for LazyTangentDistance {
    fn source(&self) -> &'static str {
        "Chizat, Oyallon, Bach 2019 (arXiv 1812.07956), Theorem 2.2"
    }

    fn hypotheses(&self, sweep: &SweepCase) -> Vec<Check> {
        let mut checks = wide_network(sweep);
        checks.push(sweep.held_out());
        checks
    }

    fn predict(&self, _: &SweepCase) -> TrendPrediction {
        TrendPrediction {
            statement: "The distance between the network and its tangent model at the start, on held-out inputs, falls with the \
                        width like 1/√width or faster."
                .into(),
            quantity: Quantity::OutputDistance(Companion::Tangent),
            shape: Shape::Power { exponent: -0.5, at_least: true },
            abscissa: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: include_str!("../../../../../experiments/sweeps/lazy-width.toml"),
            counter: include_str!("../../../../../experiments/sweeps/lazy-nothing-held-out.toml"),
            broken: "held-out samples",
        }
    }
}
