//! What keeps the end of a run from being judged at all.

use super::compare::Run;
use super::conserved::Conserved;
use super::crossover::before_crossover;
use super::measured::Point;
use super::reference::Reference;
use crate::measures::Moment;
use crate::numerics::linalg;
use crate::numerics::logscale::format_log;
use crate::spec::Setup;
use crate::theory::Claim;
use crate::training::{Ended, Trajectory};

/// Smallest margin from which a loss is dominated by its tail: the weights of samples one unit apart differ by e.
const IN_THE_TAIL: f64 = 5.0;
/// The reason, as the end of a sentence about the run; `None` where it can be judged.
pub(super) fn unfinished(run: &Run, series: &[Point]) -> Option<String> {
    let Run { setup, reference, claim, trajectory, moments } = *run;
    match trajectory.ended {
        Ended::Interrupted => return Some("was interrupted".into()),
        Ended::Diverged => return Some("diverged: the step size is too long for these data".into()),
        Ended::Saddle => {
            return Some(
                "stands at a saddle, where the gradient vanishes and the loss is not at a minimum".into(),
            );
        }
        Ended::Completed | Ended::Stationary | Ended::BudgetSpent | Ended::PrecisionExhausted => {}
    }
    let last = moments.last()?;
    let conserved = Conserved::of(setup);
    let lost = |m: &Moment| conserved.as_ref().and_then(|c| c.lost(&m.theta));
    if let Some(what) = lost(last) {
        let kept = moments.iter().zip(series).rev().skip_while(|(m, p)| p.gap.is_none() || lost(m).is_some());
        return Some(match kept.map(|(m, _)| m.log_time).find(|t| t.is_finite()) {
            Some(t) => format!(
                "{what}; by t = {} it was still kept, and a horizon up to there can be judged",
                format_log(t)
            ),
            None => what,
        });
    }
    let size = linalg::norm2(last.vector());
    if let Some(bound) = trajectory.continuation_bound.filter(|b| *b > setup.rule.tolerance * (1.0 + size)) {
        return Some(format!(
            "was continued on the flow at a place where the iterates may have slipped from it by {bound:.1e}, against a \
             predictor of size {size:.1e}; raise horizon.exact_steps or shorten the step"
        ));
    }
    if trajectory.steps > 0 && trajectory.flow_steps > 0 && trajectory.continuation_bound.is_none() {
        let loss = if setup.model.facts().linear_in_parameters && setup.loss.facts().convex {
            "whose distance from the iterates is bounded for linear predictors only"
        } else {
            "of a loss that is not convex in the parameters, where the iterates may end elsewhere"
        };
        return Some(format!(
            "was continued on the flow {loss}; take optimizer.kind = \"gradient_flow\" from the start, or horizon.steps"
        ));
    }
    let at_infinity = reference.is_some_and(|r| r.at_infinity) && claim != Claim::RiskRatio;
    let least = |m: &Vec<f64>| reference.map_or(0.0, |r| r.least_margin(m));
    let margin = last.margins.as_ref().map_or(f64::INFINITY, least);
    if at_infinity && margin < IN_THE_TAIL {
        return Some(format!(
            "is not in the tail of the loss yet, where the limit direction forms: its smallest margin is {}, below \
             {IN_THE_TAIL}; {}",
            if margin.abs() < 1e6 { format!("{margin:.2}") } else { format!("{margin:.2e}") },
            match trajectory.ended {
                Ended::Stationary => "it came to rest there",
                Ended::PrecisionExhausted => "no step moves it any more",
                Ended::BudgetSpent => "its budget of steps ended there",
                _ => "a longer horizon may decide",
            }
        ));
    }
    if at_infinity
        && claim == Claim::Selected
        && let Some(why) = before_crossover(setup, &trajectory.snapshots)
    {
        return Some(why);
    }
    if let Some(why) = reference.filter(|r| r.interpolates()).and_then(|_| before_fitting(trajectory)) {
        return Some(why);
    }
    if let Some(why) = reference.and_then(|r| before_forgetting(setup, r, series)) {
        return Some(why);
    }
    if at_infinity && trajectory.ended == Ended::Stationary {
        return Some("came to rest by rounding, while the theorem speaks of a limit at infinity".into());
    }
    None
}

/// Part of the loss at the start that a run which ended before its horizon may have left: a residual of a hundredth of the usual tolerance.
/// At a saddle before the last of many jumps the point may be as near an interpolant as the rule asks, and yet not where the run would go.
const NEARLY_FITTED: f64 = 1e-8;

/// Whether the flow ended on its way to an interpolant, by its budget or by rounding.
fn before_fitting(trajectory: &Trajectory) -> Option<String> {
    let how = match trajectory.ended {
        Ended::BudgetSpent => "the flow's budget of steps",
        Ended::PrecisionExhausted => "rounding",
        _ => return None,
    };
    let (first, last) = (trajectory.snapshots.first()?, trajectory.snapshots.last()?);
    let left = (last.log_loss - first.log_loss).exp();
    (left > NEARLY_FITTED).then(|| {
        format!("was ended by {how} before it had fitted its targets: {left:.1e} of the loss at its start was left")
    })
}

/// Where theory says how fast the start is forgotten: whether it is, to the tolerance.
fn before_forgetting(setup: &Setup, reference: &Reference, series: &[Point]) -> Option<String> {
    let share = reference.left_of_start?;
    let start = series.first()?.gap?;
    let (left, tolerance) = (share * start, setup.rule.tolerance);
    (left > tolerance).then(|| {
        format!(
            "may not have forgotten its start: of the gap there, {start:.2e}, weight decay leaves {left:.2e} at the horizon, above \
             the tolerance {tolerance:.1e}; a longer horizon or longer steps may decide"
        )
    })
}
