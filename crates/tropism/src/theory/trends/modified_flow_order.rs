//! Gradient descent follows the flow of `L + (η/4)‖∇L‖²` one order better than that of `L`: implicit gradient regularisation.
//!
//! At a fixed time `T = ηk`, `‖θ_k − θ̃(T)‖ = c η² + O(η³)`, `θ̃` the flow of the modified loss.
//! Shapes: any parameter vector.
//! Assumes: as for `gradient_descent_order`.
//! Source: Barrett, Dherin 2021 (arXiv 2009.11162), Theorem 3.1.
//! Units and invariance: parameters; the exponent is free of units.
//! Errors: out of scope for kinked models, momentum and batches.
//! Example: `experiments/sweeps/implicit-gradient-order.toml`.

use super::gradient_descent_order::order_test;
use super::{Companion, Quantity, Shape, SweepCase, Trend, TrendPrediction};
use crate::theory::{Check, Witnesses};

/// See the module header.
pub struct ModifiedFlowOrder;

impl Trend for ModifiedFlowOrder {
    fn source(&self) -> &'static str {
        "Barrett, Dherin 2021 (arXiv 2009.11162), Theorem 3.1"
    }

    fn hypotheses(&self, sweep: &SweepCase) -> Vec<Check> {
        order_test(sweep)
    }

    fn predict(&self, _: &SweepCase) -> TrendPrediction {
        TrendPrediction {
            statement: "At a fixed time the distance between gradient descent with step η and the flow of L + (η/4)‖∇L‖² is \
                        proportional to η²."
                .into(),
            quantity: Quantity::ParameterDistance(Companion::ModifiedFlow),
            shape: Shape::Power { exponent: 2.0, at_least: false },
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
