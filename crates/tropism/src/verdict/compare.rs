//! The run measured against the reference: one series, one end point, one body of evidence.

use super::judge::{Broken, Evidence, Settled};
use super::measured::{Coordinate, Point, RateSeen, Selected};
use super::pictures::{self, CompletionReport, FourierReport};
use super::rate::{fit, forecast};
use super::reference::Reference;
use super::settled::settled;
use super::start;
use super::unfinished::unfinished;
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
use crate::training::{Ended, Phase, Snapshot, Trajectory};

/// Coordinates shown: the largest of the predicted and of the selected solution.
const SHOWN: usize = 12;

/// What the report shows and the judge reads.
#[derive(Default)]
pub struct Comparison {
    /// Whether it is whole; what was told to stop before holds nothing but what the run recorded.
    pub measured: bool,
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

/// Measures every snapshot. `reference` is absent where nothing was predicted. Told to stop by the setup's budget, it returns what the run
/// recorded and nothing measured; a run that was interrupted itself is measured all the same, but for what takes long.
pub fn compare(
    setup: &Setup,
    reference: Option<&Reference>,
    claim: Claim,
    rate: Option<&Rate>,
    rule: &JudgeRule,
    trajectory: &Trajectory,
) -> Comparison {
    let interrupted = trajectory.ended == Ended::Interrupted;
    let goes_on = || interrupted || !setup.budget.stopped();
    let Some((moments, series)) = measured(setup, reference, trajectory, &goes_on) else {
        return unmeasured(trajectory);
    };
    let run = Run { setup, reference, claim, trajectory, moments: &moments };
    let judged = judged_series(&series, claim);
    let settled = if interrupted { Settled::No } else { settled(&run, rate, rule, &judged) };
    let gap = match claim {
        Claim::RiskRatio => judged.iter().filter_map(|p| p.gap).reduce(f64::max),
        _ => judged.last().and_then(|p| p.gap),
    };
    let whole = Comparison {
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
        measured: true,
        series,
    };
    // Whatever was told to stop on the way has no value, and nothing must be judged by that.
    if goes_on() { whole } else { unmeasured(trajectory) }
}

/// Every moment of the run with what is measured there; `None` if told to stop before the last.
fn measured(
    setup: &Setup,
    reference: Option<&Reference>,
    trajectory: &Trajectory,
    goes_on: &dyn Fn() -> bool,
) -> Option<(Vec<Moment>, Vec<Point>)> {
    let moment = |s| goes_on().then(|| Moment::new(setup, s));
    let moments: Vec<Moment> = trajectory.snapshots.iter().map(moment).collect::<Option<_>>()?;
    let gaps = reference.map_or_else(|| vec![None; moments.len()], |r| r.gaps(setup, &moments, goes_on));
    let recorded = moments.iter().zip(&trajectory.snapshots).zip(gaps);
    let one =
        |((moment, s), gap)| goes_on().then(|| Point { gap, ..point(setup, reference, moment, bare(s)) });
    let series = recorded.map(one).collect::<Option<_>>()?;
    Some((moments, series))
}

/// A recorded moment before anything is measured there.
fn bare(s: &Snapshot) -> Point {
    Point {
        step: s.step,
        log10_time: log10(s.log_time),
        log10_loss: log10(s.log_loss),
        norm: f64::NAN,
        phase: match s.phase {
            Phase::Discrete => "discrete".into(),
            Phase::Flow => "flow".into(),
        },
        ..Point::default()
    }
}

fn log10(natural: f64) -> Option<f64> {
    natural.is_finite().then_some(natural / std::f64::consts::LN_10)
}

/// A run of which nothing was measured.
fn unmeasured(trajectory: &Trajectory) -> Comparison {
    let why = "ended, but was not measured to its end, for the program was asked to stop; measured again, it can be judged";
    let series = trajectory.snapshots.iter().map(bare).collect();
    Comparison { unfinished: Some(why.into()), series, ..Comparison::default() }
}

/// For a quantity without a value at the end: until when it had one.
fn judged_until(series: &[Point]) -> Option<String> {
    let last = series.iter().rev().find(|p| p.gap.is_some())?.log10_time?;
    let t = format_log(last * std::f64::consts::LN_10);
    Some(format!("by t = {t} it had one, and a horizon up to there can be judged"))
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

/// Everything measured at one moment but the gap, added to what was recorded there.
fn point(setup: &Setup, reference: Option<&Reference>, moment: &Moment, recorded: Point) -> Point {
    let view = View { setup, moment, target: reference.and_then(|r| r.solution.as_deref()) };
    let offset = |r: &Reference| r.offset_distance(moment.w.as_deref()?, moment.log_time);
    let law = reference.and_then(|r| r.law);
    let shown = measures::all().into_iter().filter(|(id, m)| m.facts().shown || law == Some(id));
    Point {
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
        ..recorded
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
        direction: reference.is_some_and(|r| r.direction),
        settled: comparison.settled,
        forecast: comparison.forecast.clone(),
    }
}
