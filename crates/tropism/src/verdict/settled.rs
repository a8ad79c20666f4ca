//! Whether a run has settled: at the prediction, elsewhere, or not yet.

use super::attraction::{KKT, NEAR_KKT, at_kkt_point, escapes, is_spoken_of};
use super::compare::Run;
use super::judge::Settled;
use super::measured::Point;
use super::rate::fit;
use super::{cells, memory};
use crate::losses::Tail;
use crate::measures::Moment;
use crate::numerics::linalg;
use crate::optimizers::Geometry;
use crate::terms::{JudgeRule, Rate, RateClock};
use crate::theory::Claim;
use crate::training::Ended;

/// A fall counts as a rate only once the gap is below this: far from the target anything may fall.
const CLOSE_ENOUGH_FOR_A_RATE: f64 = 0.1;
/// Slopes this flat change the gap by less than five per cent over the fitted window.
const FLAT: f64 = 0.02;
/// On a network of degree `D` a gap may fall like `(log t)^{-1/D}`: flat is this part of that exponent.
const FLAT_SHARE: f64 = 0.1;
/// The run's own weights certify the predicted program to this relative gap before it can have settled elsewhere.
const OWN_CERTIFICATE: f64 = 0.1;
/// A direction that moves no further than this from itself has stopped turning.
const TURNING: f64 = 0.02;
/// Factor by which the weights have grown over the last eighth of the steps before flatness says anything of a limit at infinity.
const GROWN: f64 = 1.5;

/// How the judged quantity behaved at the end. A flat slope alone proves nothing about a limit at infinity: only a run
/// whose own weights certify the predicted program, one at rest at a finite point, or a network held at a KKT point can have settled elsewhere.
pub(super) fn settled(run: &Run, rate: Option<&Rate>, rule: &JudgeRule, judged: &[Point]) -> Settled {
    let Run { setup, reference, claim, trajectory, .. } = *run;
    if claim == Claim::RiskRatio || reference.is_some_and(|r| r.of_the_whole_run) {
        return Settled::Yes;
    }
    let at_infinity = reference.is_some_and(|r| r.at_infinity);
    if trajectory.ended == Ended::Stationary && !at_infinity {
        return Settled::Yes;
    }
    let flow = setup.built.optimizer.facts().flow.is_some() && setup.horizon.log_time.is_some();
    let plain = Rate {
        law: String::new(),
        clock: if flow { RateClock::LogTime } else { RateClock::Steps },
        exponent: 0.0,
        upper_bound_only: false,
    };
    let Some(seen) = fit(judged, rate.unwrap_or(&plain)) else { return Settled::No };
    let close = judged.last().and_then(|p| p.gap).is_some_and(|g| g <= CLOSE_ENOUGH_FOR_A_RATE);
    if let Some(r) = rate {
        let steep = r.exponent * (1.0 - rule.slope_tolerance);
        // A fall towards a plateau flattens: the later part of the window must fall at the rate as well.
        if close && seen.slope <= steep && seen.late_slope <= steep {
            return Settled::Falling { slope: seen.slope, predicted: r.exponent };
        }
    }
    // Where a slow fall is what the theorem predicts, flat is well below that.
    let slow = rate.map_or(0.0, |r| r.exponent.abs());
    let degree = setup.model.facts().homogeneity.map_or(1.0, |d| d.max(1.0));
    let slow = if slow > 0.0 { slow } else { 1.0 / degree };
    let level = FLAT.min(FLAT_SHARE * slow);
    let flat = seen.slope.abs() <= level && trajectory.ended == Ended::Completed;
    let deep = match claim {
        // The limit of another tail has no certificate in this program; being deep in the tail must do, and weights that still grow:
        // where steps fade as fast as 1/k, nothing moves, and everything is flat.
        Claim::NotSelected => flow || grown(judged),
        _ => {
            // A mirror map bends the path, and a rescaling leaves the turning behind: a dual that certifies then says nothing of
            // how far behind the weights are.
            let facts = setup.built.optimizer.facts();
            let straight = matches!(facts.geometry, Geometry::Norm(_)) && facts.acceleration.is_none();
            straight
                && memory::short(&facts, &trajectory.snapshots)
                && certified_or_held(run, rule)
                && still_turning(run).is_some_and(|d| d <= TURNING)
        }
    };
    if flat && deep && at_infinity { Settled::Yes } else { Settled::No }
}

/// Distance between the direction of the predictor, of the parameters where there is none, and that in which it has moved over the
/// last eighth of its norm: while they differ, the direction still turns, however slowly.
fn still_turning(run: &Run) -> Option<f64> {
    let now = run.moments.last()?.vector();
    let size = linalg::norm2(now);
    let earlier = run.moments.iter().rev().map(Moment::vector);
    let before = earlier.into_iter().find(|v| linalg::norm2(v) <= 0.875 * size)?;
    let step: Vec<f64> = now.iter().zip(before).map(|(a, b)| a - b).collect();
    let moved = linalg::norm2(&step);
    let unit = |v: &[f64], size: f64| v.iter().map(|e| e / size).collect::<Vec<f64>>();
    (moved > 0.0).then(|| linalg::distance(&unit(now, size), &unit(&step, moved)))
}

/// Whether the run's own weights certify the predicted program, or it is at a KKT point that holds it: a diagonal network none of whose
/// weights outgrows the others, a ReLU network that stays in its cells.
fn certified_or_held(run: &Run, rule: &JudgeRule) -> bool {
    // A law of what tends to a value cannot be broken by a flat stretch where nothing is known that would hold the direction there: residuals of
    // KKT points of short kernels and of ReLU networks were seen to turn back up and down again over millions of decades.
    if run.reference.is_some_and(|r| r.law.is_some()) && !is_spoken_of(run.setup) {
        return false;
    }
    let (Some(moment), Some(weights)) = (run.moments.last(), own_weights(run)) else { return false };
    if let Some(held) = cells::held(run.setup, moment, &weights, rule.tolerance) {
        return held && run.reference.is_some_and(|r| r.law.is_none());
    }
    let certified = run.reference.and_then(|r| r.gap_of_dual(&weights)).is_some_and(|g| g <= OWN_CERTIFICATE);
    // The weights that certify a predictor say nothing of layers that have not aligned: what is no KKT point in the parameters still turns.
    let curved = run.setup.model.facts().homogeneity.is_some_and(|d| d > 1.0);
    let held = if curved {
        at_kkt_point(run.setup, moment, if certified { NEAR_KKT } else { KKT })
    } else {
        certified
    };
    held && !escapes(run.setup, moment, &weights, rule.tolerance)
}

/// The samples' shares `|ℓ'_i|` in the gradient at the end, up to a common factor.
fn own_weights(run: &Run) -> Option<Vec<f64>> {
    let moment = run.moments.last()?;
    let least = moment.min_margin()?;
    // Every loss of this tail has these weights, up to a factor that tends to one.
    let weight = |v: &f64| match run.setup.loss.facts().tail {
        Tail::Polynomial { power } => ((1.0 + v) / (1.0 + least)).powf(-1.0 - power),
        Tail::Exponential | Tail::FiniteRoot => (least - v).exp(),
    };
    Some(moment.margins.as_ref()?.iter().map(weight).collect())
}

/// Whether the weights have grown by [`GROWN`] since an eighth of the steps.
fn grown(judged: &[Point]) -> bool {
    let Some(last) = judged.last() else { return false };
    let before = judged.iter().rev().find(|p| 8 * p.step <= last.step);
    before.is_some_and(|p| last.norm >= GROWN * p.norm)
}
