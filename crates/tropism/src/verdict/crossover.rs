//! Whether an adaptive method with a stability constant has passed the point where the constant takes over.

use crate::numerics::logscale::format_log;
use crate::optimizers::Geometry;
use crate::spec::Setup;
use crate::training::Snapshot;

/// From this ratio of the root of the second moment to ε on, all coordinates are divided alike to ten per cent.
const OVERTAKEN: f64 = 0.1;

/// Why the limit cannot be read off yet: `√v` may still be above a tenth of `ε`. `None` where it is not, and for methods
/// without such a constant.
pub fn before_crossover(setup: &Setup, snapshots: &[Snapshot]) -> Option<String> {
    let Geometry::Adaptive(second) = setup.built.optimizer.facts().geometry else { return None };
    let beta2 = second.beta2.filter(|_| second.epsilon > 0.0)?;
    let root = log_root(beta2, setup.curvature.radius.linf.ln(), snapshots)?;
    if root <= (OVERTAKEN * second.epsilon).ln() {
        return None;
    }
    Some(format!(
        "has not passed the crossover from the second moment to the stability constant for certain: the root of the second \
         moment may still be {}, against ε = {:e}, so its steps are not those of the limit; a longer horizon or a larger ε \
         may decide",
        format_log(root),
        second.epsilon
    ))
}

/// Logarithm of an upper bound on every coordinate of `√v` at the end. A loss of exponential tail has slopes no larger than
/// itself, so `|∂_j L| ≤ L max|x|`; between records the loss is taken to lie below the larger of the two.
fn log_root(beta2: f64, log_largest: f64, snapshots: &[Snapshot]) -> Option<f64> {
    let end = snapshots.last()?.step;
    // β₂ = 0 remembers the last gradient only.
    let remembered = |steps: u64| if steps == 0 { 0.0 } else { steps as f64 * beta2.ln() };
    let shares = snapshots.windows(2).filter(|p| p[1].step > p[0].step).map(|p| {
        let kept = remembered(end - p[1].step);
        let new = (-remembered(p[1].step - p[0].step).exp()).ln_1p();
        kept + new + 2.0 * (p[0].log_loss.max(p[1].log_loss) + log_largest)
    });
    let shares: Vec<f64> = shares.collect();
    let top = shares.iter().copied().reduce(f64::max)?;
    if top == f64::NEG_INFINITY {
        return Some(top);
    }
    // The correction of the bias divides by the memory that has been filled.
    let filled = (-remembered(end).exp()).ln_1p();
    Some(0.5 * (top + shares.iter().map(|s| (s - top).exp()).sum::<f64>().ln() - filled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Phase;

    fn snapshot(step: u64, log_loss: f64) -> Snapshot {
        Snapshot { step, log_loss, log_time: 0.0, theta: vec![].into(), phase: Phase::Discrete }
    }

    /// Against the recursion itself, for a loss recorded at every step: equal to rounding, for the bound takes the larger end of
    /// each step and the loss is constant over pairs.
    #[test]
    fn the_bound_is_the_recursion_where_every_step_is_recorded() {
        let losses: Vec<f64> = (0..50).map(|k| (-0.3 * f64::from(k)).exp()).collect();
        let snapshots: Vec<Snapshot> =
            losses.iter().enumerate().map(|(k, l)| snapshot(k as u64, l.ln())).collect();
        for beta2 in [0.0, 0.5, 0.99] {
            // A step from record k to k + 1 sees the gradient at k, the larger one.
            let v = losses[..49].iter().fold(0.0, |v: f64, l| beta2 * v + (1.0 - beta2) * (3.0 * l).powi(2));
            let want = 0.5 * (v / (1.0 - beta2.powi(49))).ln();
            let got = log_root(beta2, 3f64.ln(), &snapshots).unwrap();
            assert!((got - want).abs() < 1e-12, "{beta2}: {got} {want}");
        }
    }

    /// A loss that has fallen by e^-1000 within a memory of 10,000 steps has left its root behind.
    #[test]
    fn a_long_memory_keeps_the_root_up() {
        let run = [snapshot(0, 0.0), snapshot(1000, 0.0), snapshot(2000, -1000.0), snapshot(3000, -1000.0)];
        let long = log_root(0.9999, 0.0, &run).unwrap();
        let short = log_root(0.9, 0.0, &run).unwrap();
        assert!(long > -3.0, "{long}");
        assert!(short < -50.0, "{short}");
    }
}
