//! The run measured against the reference: one series, one end point, one body of evidence.

use super::conserved::Conserved;
use super::crossover::before_crossover;
use super::judge::{Broken, Evidence, Settled};
use super::measured::{Coordinate, Point, RateSeen, Selected};
use super::pictures::{self, CompletionReport, FourierReport};
use super::rate::{fit, forecast};
use super::reference::Reference;
use super::settled::settled;
use super::start;
use super::visits::{VisitsReport, visits};
use crate::losses::Tail;
use crate::measures::{
    self, Measure, Moment, View, direction_distance::DirectionDistance, error_rate::error_rate,
    margin_l2::MarginL2, norm::Norm, point_distance::PointDistance, residual::Residual,
    support_dimension::SupportDimension,
};
use crate::numerics::linalg;
use crate::numerics::logscale::format_log;
use crate::spec::Setup;
use crate::terms::{JudgeRule, Rate};
use crate::theory::Claim;
use crate::training::{Ended, Phase, Trajectory};

/// Smallest margin from which a loss is dominated by its tail: the weights of samples one unit apart differ by e.
const IN_THE_TAIL: f64 = 5.0;
/// Coordinates shown: the largest of the predicted and of the selected solution.
const SHOWN: usize = 12;

/// What the report shows and the judge reads.
pub struct Comparison {
    pub series: Vec<Point>,
    pub selected: Selected,
    pub rate: Option<RateSeen>,
    pub coordinates: Vec<Coordinate>,
    pub completion: Option<CompletionReport>,
    pub fourier: Option<FourierReport>,
    pub visits: Option<VisitsReport>,
    /// Judged quantity at the end.
    pub gap: Option<f64>,
    pub settled: Settled,
    /// Which horizon should decide, if that can be told.
    pub forecast: Option<String>,
    pub unfinished: Option<String>,
    /// For a claim on vanishing starts: such a gap is what this one leaves, by the claim's own potential.
    pub left_by_start: bool,
    /// The first recorded moment at which every margin is positive.
    pub separated: Option<usize>,
}

/// Measures every snapshot. `reference` is absent where nothing was predicted.
pub fn compare(
    setup: &Setup,
    reference: Option<&Reference>,
    claim: Claim,
    rate: Option<&Rate>,
    rule: &JudgeRule,
    trajectory: &Trajectory,
) -> Comparison {
    let moments: Vec<Moment> = trajectory.snapshots.iter().map(|s| Moment::new(setup, s)).collect();
    let series = series(setup, reference, trajectory, &moments);
    let run = Run { setup, reference, claim, trajectory, moments: &moments };
    let judged = judged_series(&series, claim);
    let settled = settled(&run, rate, rule, &judged);
    let gap = match claim {
        Claim::RiskRatio => judged.iter().filter_map(|p| p.gap).reduce(f64::max),
        _ => judged.last().and_then(|p| p.gap),
    };
    Comparison {
        selected: selected(&run, &series),
        rate: rate.and_then(|r| fit(&series, r)),
        coordinates: coordinates(&run),
        completion: last_predictor(&run).and_then(|w| pictures::completion(setup, reference, w)),
        fourier: last_predictor(&run).and_then(|w| pictures::fourier(setup, reference, w)),
        visits: visits(setup, reference, &moments, &series),
        gap,
        settled,
        forecast: match trajectory.ended {
            _ if gap.is_none() => judged_until(&series),
            Ended::PrecisionExhausted => {
                Some("rounding ended the run, so no longer horizon will decide".into())
            }
            Ended::BudgetSpent => {
                Some("the flow's budget of steps ended the run before its horizon, so no longer horizon will decide".into())
            }
            Ended::Completed if setup.horizon.log_time.is_some() => forecast(&judged, rule.tolerance),
            _ => None,
        },
        separated: moments
            .iter()
            .position(|m| m.margins.as_ref().is_some_and(|all| all.iter().all(|v| *v > 0.0))),
        unfinished: unfinished(&run, &series),
        left_by_start: claim == Claim::SelectedFromSmallStarts && start::leaves(&run),
        series,
    }
}

/// What keeps the end of the run from being judged at all.
fn unfinished(run: &Run, series: &[Point]) -> Option<String> {
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

/// For a quantity without a value at the end: until when it had one.
fn judged_until(series: &[Point]) -> Option<String> {
    let last = series.iter().rev().find(|p| p.gap.is_some())?.log10_time?;
    let t = format_log(last * std::f64::consts::LN_10);
    Some(format!("by t = {t} it had one, and a horizon up to there can be judged"))
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

/// A run with what it is compared to, and every recorded moment of it.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub setup: &'a Setup,
    pub reference: Option<&'a Reference>,
    pub claim: Claim,
    pub trajectory: &'a Trajectory,
    pub moments: &'a [Moment],
}

fn series(
    setup: &Setup,
    reference: Option<&Reference>,
    trajectory: &Trajectory,
    moments: &[Moment],
) -> Vec<Point> {
    let gaps = reference.map_or_else(|| vec![None; moments.len()], |r| r.gaps(setup, moments));
    let recorded = moments.iter().zip(&trajectory.snapshots).zip(gaps);
    recorded
        .map(|((moment, s), gap)| Point {
            step: s.step,
            gap,
            phase: match s.phase {
                Phase::Discrete => "discrete".into(),
                Phase::Flow => "flow".into(),
            },
            ..point(setup, reference, moment)
        })
        .collect()
}

/// Everything measured at one moment but the gap.
fn point(setup: &Setup, reference: Option<&Reference>, moment: &Moment) -> Point {
    let view = View { setup, moment, target: reference.and_then(|r| r.solution.as_deref()) };
    let log10 = |v: f64| v.is_finite().then(|| v / std::f64::consts::LN_10);
    let offset = |r: &Reference| r.offset_distance(moment.w.as_deref()?, moment.log_time);
    let law = reference.and_then(|r| r.law);
    let shown = measures::all().into_iter().filter(|(id, m)| m.facts().shown || law == Some(id));
    Point {
        log10_time: log10(moment.log_time),
        log10_loss: log10(moment.log_loss),
        norm: Norm.evaluate(&view).unwrap_or(f64::NAN),
        direction_distance: reference.and_then(|r| distance(r, &view)),
        offset_distance: reference.and_then(offset).filter(|v| v.is_finite()),
        margin_l2: MarginL2.evaluate(&view),
        residual: Residual.evaluate(&view),
        train_error: error_rate(&setup.data, &moment.outputs),
        test_error: setup
            .data
            .test
            .as_deref()
            .and_then(|test| error_rate(test, &setup.outputs(&moment.theta, test))),
        measured: shown.filter_map(|(id, m)| Some((id.to_string(), m.evaluate(&view)?))).collect(),
        spectrum: pictures::spectrum(setup, moment),
        ..Point::default()
    }
}

/// Distance to the target, only where the minimiser is the only one.
fn distance(reference: &Reference, view: &View) -> Option<f64> {
    if reference.unique != Some(true) {
        return None;
    }
    if reference.direction { DirectionDistance.evaluate(view) } else { PointDistance.evaluate(view) }
}

/// The series with the judged quantity in the place of the gap.
fn judged_series(series: &[Point], claim: Claim) -> Vec<Point> {
    let mut out = series.to_vec();
    if claim == Claim::Offset {
        out.iter_mut().for_each(|p| p.gap = p.offset_distance);
    }
    out
}

fn last_predictor<'a>(run: &Run<'a>) -> Option<&'a [f64]> {
    run.moments.last()?.w.as_deref()
}

fn selected(run: &Run, series: &[Point]) -> Selected {
    let reference = run.reference;
    let certificate = last_predictor(run).and_then(|w| reference.and_then(|r| r.certify(w)));
    let last = series.last();
    let margin = certificate.filter(|c| c.value.is_finite()).map(|c| 1.0 / c.value);
    Selected {
        relative_gap: last.and_then(|p| p.gap),
        certificate,
        direction_distance: last.and_then(|p| p.direction_distance),
        margin: reference.and_then(|r| r.margin).and(margin),
        offset_distance: last.and_then(|p| p.offset_distance),
        support_dimension: support_dimension(run),
        train_error: last.and_then(|p| p.train_error),
        test_error: last.and_then(|p| p.test_error),
    }
}

/// The effective number of support vectors, where it has a meaning: an exponential tail at positive margins.
fn support_dimension(run: &Run) -> Option<f64> {
    let moment = run.moments.last()?;
    let separates = moment.min_margin()? > 0.0 && run.setup.loss.facts().tail == Tail::Exponential;
    let view = View { setup: run.setup, moment, target: None };
    separates.then(|| SupportDimension.evaluate(&view)).flatten()
}

/// The largest coordinates of both solutions, at unit norm where only directions are compared.
fn coordinates(run: &Run) -> Vec<Coordinate> {
    let setup = run.setup;
    let (Some(r), Some(w)) = (run.reference, last_predictor(run)) else { return vec![] };
    let Some(target) = &r.solution else { return vec![] };
    let unit = |v: &[f64]| {
        let size = if r.direction { linalg::norm2(v).max(f64::MIN_POSITIVE) } else { 1.0 };
        v.iter().map(|x| x / size).collect::<Vec<f64>>()
    };
    let (a, b) = (unit(w), unit(target));
    let mut order: Vec<usize> = (0..a.len()).collect();
    let weight = |j: usize| a[j].abs().max(b[j].abs());
    order.sort_by(|&i, &j| weight(j).total_cmp(&weight(i)));
    let d = setup.data.d();
    let name = |j: usize| {
        let feature = setup.data.features.get(j % d).cloned().unwrap_or_default();
        match setup.data.classes.get(j / d) {
            Some(class) if setup.data.targets.outputs() > 1 => format!("{class}: {feature}"),
            _ => feature,
        }
    };
    order
        .into_iter()
        .take(SHOWN)
        .map(|j| Coordinate { name: name(j), selected: a[j], predicted: b[j] })
        .collect()
}

/// Whether the training loss has fallen to half of what it was at the start.
fn halved(series: &[Point]) -> bool {
    let loss = |p: Option<&Point>| p.map(|p| p.log10_loss.unwrap_or(f64::NEG_INFINITY));
    let (first, last) = (loss(series.first()), loss(series.last()));
    first.zip(last).is_some_and(|(a, b)| b <= a - std::f64::consts::LOG10_2)
}

/// What the judge reads.
pub fn evidence(
    comparison: &Comparison,
    reference: Option<&Reference>,
    claim: Claim,
    broken: Option<Broken>,
    unchecked: Vec<String>,
    silence: Option<String>,
) -> Evidence {
    Evidence {
        predicted: reference.is_some() || broken.is_some(),
        silence,
        broken,
        unchecked,
        negative: claim == Claim::NotSelected,
        approximate: claim
            .limit()
            .filter(|_| claim != Claim::SelectedFromSmallStarts || comparison.left_by_start),
        law: reference.is_some_and(|r| r.law.is_some()),
        untested: reference.is_some_and(|r| r.law.is_some() && r.of_the_whole_run)
            && !halved(&comparison.series),
        reference_gap: reference.map_or(0.0, |r| r.certificate.relative_gap),
        unfinished: comparison.unfinished.clone(),
        gap: comparison.gap,
        settled: comparison.settled,
        forecast: comparison.forecast.clone(),
    }
}
