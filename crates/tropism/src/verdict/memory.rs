//! Whether a momentum follows the gradient of now, or still those of long ago.
//!
//! A normalised step sees the direction of its momentum only. While the gradient falls faster than the momentum forgets, old gradients
//! outweigh new ones and the direction is frozen, however flat everything looks; after that, what was walked in the meantime has to be
//! outgrown.

use crate::optimizers::OptimizerFacts;
use crate::training::Snapshot;

/// Natural logarithm by which the gradient of now outweighs what is remembered of the first half of the steps.
const FRESH: f64 = 7.0;
/// Largest share of the way that may have been walked before.
const SHARE: f64 = 0.05;

/// Whether all but a small share of the way was walked along gradients of the recent past. Losses of exponential tail stand for the
/// sizes of their gradients.
pub fn short(facts: &OptimizerFacts, snapshots: &[Snapshot]) -> bool {
    if !facts.normalized || facts.momentum == 0.0 {
        return true;
    }
    let forgets = -facts.momentum.ln();
    let fresh = |k: usize| {
        let now = &snapshots[k];
        let old = snapshots[..k].iter().filter(|s| 2 * s.step <= now.step);
        let kept =
            old.map(|s| s.log_loss - (now.step - s.step) as f64 * forgets).fold(f64::NEG_INFINITY, f64::max);
        now.log_loss - kept >= FRESH
    };
    let stale = (0..snapshots.len()).rev().find(|&k| !fresh(k));
    match (stale, snapshots.last()) {
        (Some(k), Some(last)) => snapshots[k].log_time - last.log_time <= SHARE.ln(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Norm;
    use crate::optimizers::Geometry;
    use crate::training::Phase;

    /// A loss that falls by `rate` per step up to step 1000, and not at all afterwards; the clock is the step.
    fn run(rate: f64, end: u64) -> Vec<Snapshot> {
        let record = |step: u64| Snapshot {
            step,
            log_time: (step as f64).ln(),
            log_loss: -rate * step.min(1000) as f64,
            theta: vec![].into(),
            phase: Phase::Discrete,
        };
        (1..=end).step_by(10).map(record).collect()
    }

    #[test]
    fn a_memory_is_long_while_gradients_fall_faster_than_it_forgets() {
        let facts = |momentum: f64| OptimizerFacts {
            momentum,
            normalized: true,
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        };
        // Forgets by 0.105 a step.
        assert!(!short(&facts(0.9), &run(0.2, 1500)));
        assert!(short(&facts(0.9), &run(0.2, 60_000)));
        assert!(!short(&facts(0.9), &run(0.2, 15_000)));
        assert!(short(&facts(0.9), &run(0.01, 15_000)));
        assert!(short(&facts(0.0), &run(0.2, 1500)));
    }
}
