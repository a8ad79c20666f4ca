//! A wide network ends at the kernel interpolant of its infinitely wide limit: the distance is `O(1/√width)`.
//!
//! With `Θ` the neural tangent kernel of infinite width, by the arc-cosine recursion, gradient flow on the squared loss tends to
//! `f₀(x) + Θ(x, X) Θ⁻¹ (y − f₀(X))` as the widths grow; `f₀` are the outputs at the start. The kernel of a random start differs from `Θ` by
//! `O(1/√width)`, and it moves by no more.
//! Shapes: outputs `[n_test]`, relative to the limit's.
//! Assumes: as for `lazy_kernel_drift`, gradient flow to its end, held-out samples.
//! Source: Jacot, Gabriel, Hongler 2018 (arXiv 1806.07572), Theorems 1 and 2; Arora et al. 2019 (arXiv 1904.11955), Theorem 3.2.
//! Units and invariance: a number; unchanged by a scale of the data.
//! Errors: out of scope for other parametrisations, losses and optimizers.
//! Example: `experiments/sweeps/ntk-width.toml`.

use super::lazy_kernel_drift::{depth_of, wide_network};
use super::{Quantity, Shape, SweepCase, Trend, TrendPrediction};
use crate::theory::{Check, Witnesses};

/// See the module header.
pub struct NtkDistance;

impl Trend for NtkDistance {
    fn source(&self) -> &'static str {
        "Jacot, Gabriel, Hongler 2018 (arXiv 1806.07572), Theorems 1 and 2; Arora et al. 2019 (arXiv 1904.11955)"
    }

    fn hypotheses(&self, sweep: &SweepCase) -> Vec<Check> {
        let mut checks = wide_network(sweep);
        checks.push(sweep.case.gradient_flow());
        checks.push(sweep.held_out());
        checks
    }

    fn predict(&self, sweep: &SweepCase) -> TrendPrediction {
        TrendPrediction {
            statement: "The distance between the network and the kernel interpolant of infinite width, on held-out inputs, falls with the width \
                        like 1/√width or faster."
                .into(),
            quantity: Quantity::NtkDistance { depth: depth_of(sweep).unwrap_or(2) },
            shape: Shape::Power { exponent: -0.5, at_least: true },
            abscissa: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: include_str!("../../../../../experiments/sweeps/ntk-width.toml"),
            counter: include_str!("../../../../../experiments/sweeps/ntk-nothing-held-out.toml"),
            broken: "held-out samples",
        }
    }
}
