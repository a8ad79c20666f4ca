//! Small batches add to gradient descent's implicit penalty a term in the covariance of the gradients.
//!
//! With a fresh random order every epoch, `η = step_size`, batches of `B` of `n` samples and `m = n/B`, the mean over the orders follows
//! the flow of `L + (η/4m) Σ_j ‖∇L_j‖²`, `L_j` the batches' losses: that of gradient descent, plus `(η/4)` times the covariance of
//! the batches' gradients, which is `(n − B)/((n − 1) B)` times that of single samples. So the mean of the final parameters over
//! the seeds, less those of gradient descent with the same step, is proportional to `n/B − 1`.
//! Shapes: parameters `[p]`, the mean taken over the seeds.
//! Assumes: constant steps, a smooth model, whole epochs, the same number of steps for every batch size, small η.
//! Source: Smith, Dherin, Barrett, De 2021 (arXiv 2101.12176), equations (1) and (4).
//! Units and invariance: parameters; the exponent is free of units.
//! Errors: out of scope with replacement, for kinked models, and where an epoch is cut.
//! Example: `experiments/sweeps/batch-size-term.toml`.

use super::gradient_descent_order::smooth_model;
use super::{Abscissa, Companion, Quantity, Shape, SweepCase, Trend, TrendPrediction};
use crate::optimizers::{Order, Sampling};
use crate::theory::case::{holds, scope};
use crate::theory::{Check, Witnesses, check};

/// See the module header.
pub struct BatchSizeTerm;

/// The mean over fewer seeds is noise.
const FEWEST_SEEDS: u64 = 20;

/// Whether every run ends with an epoch and no epoch is cut.
fn whole_epochs(sweep: &SweepCase) -> bool {
    let n = sweep.case.setup.data.n();
    sweep.variants.iter().all(|v| {
        let batch = v.optimizer.sampling.map_or(n, |s| s.batch).max(1);
        let steps = v.spec.horizon.steps.unwrap_or(1) as usize;
        n.is_multiple_of(batch) && steps.is_multiple_of(n / batch) && batch < n
    })
}

impl Trend for BatchSizeTerm {
    fn source(&self) -> &'static str {
        "Smith, Dherin, Barrett, De 2021 (arXiv 2101.12176), equations (1) and (4)"
    }

    fn hypotheses(&self, sweep: &SweepCase) -> Vec<Check> {
        let case = sweep.case;
        let shuffled = matches!(case.optimizer.sampling, Some(Sampling { order: Order::Shuffled, .. }));
        let steps: Vec<Option<u64>> = sweep.variants.iter().map(|v| v.spec.horizon.steps).collect();
        let same = steps.windows(2).all(|w| w[0] == w[1]) && case.setup.horizon.log_time.is_none();
        let whole = same && case.setup.horizon.log_loss.is_none() && whole_epochs(sweep);
        vec![
            sweep.only("optimizer.batch"),
            case.plain_gradient(true),
            case.constant_steps(),
            scope(check(
                "a fresh order of the samples every epoch",
                holds(shuffled),
                if shuffled { "replacement = false" } else { "samples are drawn in another way" },
            )),
            smooth_model(case),
            check(
                "the same number of steps, in whole epochs",
                holds(whole),
                format!(
                    "{} samples, {} steps",
                    case.setup.data.n(),
                    steps.first().copied().flatten().unwrap_or(0)
                ),
            ),
            sweep.values_for_a_power_law(),
            sweep.seeds(FEWEST_SEEDS),
        ]
    }

    fn predict(&self, sweep: &SweepCase) -> TrendPrediction {
        let n = sweep.case.setup.data.n() as f64;
        let batches = sweep.sweep.axes.first().and_then(|a| a.numbers()).unwrap_or_default();
        let values = batches.iter().map(|b| n / b - 1.0).collect();
        TrendPrediction {
            statement: "The mean over the seeds of what small batches add to gradient descent is proportional to n/B − 1.".into(),
            quantity: Quantity::MeanOffset(Companion::FullBatch),
            shape: Shape::Power { exponent: 1.0, at_least: false },
            abscissa: Some(Abscissa { name: "n / batch - 1".into(), values }),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: include_str!("../../../../../experiments/sweeps/batch-size-term.toml"),
            counter: include_str!("../../../../../experiments/sweeps/batch-size-cut-epochs.toml"),
            broken: "the same number of steps, in whole epochs",
        }
    }
}
