//! Gradient-free search generalizes like gradient descent, at the same training loss.
//!
//! The mean test errors of runs with and without gradients, stopped at the same training loss, differ by at most the judge's
//! `tolerance`: a conjecture about small networks, which the judge may find false.
//! Shapes: held-out samples of a classification.
//! Assumes: the same data, model and starts for all optimizers (`seeds` pairs them), `horizon.loss` as the common end.
//! Source: Chiang et al. 2023 (ICLR, "Loss landscapes are all you need"), §4; contested by others on the data's side.
//! Units and invariance: shares of held-out samples.
//! Errors: out of scope without an optimizer of each kind.
//! Example: `experiments/sweeps/digits-gradient-free.toml`.

use super::{Quantity, Shape, SweepCase, Trend, TrendPrediction};
use crate::losses::Task;
use crate::optimizers::Geometry;
use crate::theory::case::{holds, scope};
use crate::theory::{Check, Witnesses, check};

/// See the module header.
pub struct GradientFreeEquivalence;

/// Indices of the optimizers with gradients, and of those without.
fn kinds(sweep: &SweepCase) -> (Vec<usize>, Vec<usize>) {
    (0..sweep.variants.len()).partition(|&i| sweep.variants[i].optimizer.geometry != Geometry::Search)
}

impl Trend for GradientFreeEquivalence {
    fn source(&self) -> &'static str {
        "Chiang et al. 2023 (ICLR, \"Loss landscapes are all you need\"), §4"
    }

    fn hypotheses(&self, sweep: &SweepCase) -> Vec<Check> {
        let (with, without) = kinds(sweep);
        let both = !with.is_empty() && !without.is_empty();
        let words = format!("{} optimizers use gradients, {} do not", with.len(), without.len());
        let task = sweep.case.setup.loss.facts().task;
        let common = sweep.case.setup.horizon.log_loss.is_some();
        vec![
            sweep.only("optimizer"),
            scope(check("optimizers with and without gradients", holds(both), words)),
            scope(check(
                "classification",
                holds(task != Task::Regression),
                format!("the loss is `{}`", sweep.case.setup.spec.loss.loss.id()),
            )),
            check(
                "a common training loss to stop at",
                holds(common),
                if common { "horizon.loss is set for all runs" } else { "horizon.loss is not set" },
            ),
            sweep.held_out(),
            sweep.seeds(5),
        ]
    }

    fn predict(&self, sweep: &SweepCase) -> TrendPrediction {
        let (first, second) = kinds(sweep);
        TrendPrediction {
            statement: "Stopped at the same training loss, optimizers with and without gradients reach the same mean test error."
                .into(),
            quantity: Quantity::Measure("test_error".into()),
            shape: Shape::EqualMeans { first, second },
            abscissa: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: include_str!("../../../../../experiments/sweeps/digits-gradient-free.toml"),
            counter: include_str!("../../../../../experiments/sweeps/digits-gradient-free-unmatched.toml"),
            broken: "a common training loss to stop at",
        }
    }
}
