//! What each figure shows, read off the report.

use super::axis::{Axis, Warp};
use super::canvas::Role;
use super::chart::{Chart, Line, Mark};
use super::law::{Law, fitted_line, predicted_line};
use super::story::story;
use crate::report::format::{self, number, time};
use crate::report::{Point, RateClock, Report};

/// More points than this make a line of dots; the line alone is clearer.
const MOST_DOTS: usize = 60;

/// A measured quantity along the run: how it is called, and its value on the vertical axis.
pub(super) struct Track<'a> {
    pub name: &'a str,
    pub role: Role,
    pub at: &'a dyn Fn(&Point) -> Option<f64>,
    /// The value as the crosshair reads it.
    pub read: &'a dyn Fn(&Point) -> Option<f64>,
}

/// All charts over time for which the report has at least one point.
pub(super) fn charts(report: &Report) -> Vec<Chart> {
    [gap(report), loss(report), norm(report), margin(report), residual(report), errors(report)]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn log10_positive(v: Option<f64>) -> Option<f64> {
    v.filter(|v| *v > 0.0).map(f64::log10)
}

/// `asinh(log10 t)` where the run reaches into log time, plain `log10 t` where it does not.
fn time_axis(report: &Report) -> Option<Axis> {
    let times = || report.series.iter().filter_map(|p| p.log10_time).filter(|l| l.is_finite());
    let (lo, hi) = times().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), l| (lo.min(l), hi.max(l)));
    let in_log_time = report.prediction.rate.as_ref().is_some_and(|r| r.clock == RateClock::LogTime);
    let warp = if hi - lo > 30.0 || (in_log_time && hi > 4.0) { Warp::Asinh } else { Warp::Straight };
    let label = if warp == Warp::Asinh { "time t = Σ η, log-log scale" } else { "time t = Σ η" };
    Axis::powers(label, warp, times())
}

/// Where the flow takes over, if it does.
fn flow_from(report: &Report) -> Option<f64> {
    let first = report.series.iter().position(|p| p.phase == "flow")?;
    let before = report.series[..first].iter().rev().find_map(|p| p.log10_time);
    before.or(report.series[first].log10_time)
}

fn data_line(report: &Report, track: &Track) -> Line {
    let points: Vec<(f64, f64)> = report
        .series
        .iter()
        .filter_map(|p| Some((p.log10_time.filter(|l| l.is_finite())?, (track.at)(p).unwrap_or(f64::NAN))))
        .collect();
    let seen = points.iter().filter(|p| p.1.is_finite()).count();
    Line {
        name: track.name.into(),
        role: track.role,
        width: 2.2,
        points,
        dots: seen <= MOST_DOTS,
        end: String::new(),
    }
}

fn marks(report: &Report, tracks: &[Track]) -> Vec<Mark> {
    let mark = |p: &Point| {
        let x = p.log10_time.filter(|l| l.is_finite())?;
        let ys: Vec<f64> = tracks.iter().filter_map(|t| (t.at)(p)).collect();
        let read = tracks.iter().filter_map(|t| Some(format!("{} {}", t.name, number((t.read)(p)?))));
        let text = [format!("t = {}", time(Some(x)))].into_iter().chain(read).collect::<Vec<_>>().join(" · ");
        (!ys.is_empty()).then_some(Mark { x, ys, text })
    };
    report.series.iter().filter_map(mark).collect()
}

/// A horizontal reference line.
fn level(x: &Axis, name: String, role: Role, y: f64) -> Line {
    let [lo, hi] = [x.value(0.0), x.value(1.0)];
    Line { name, role, width: 1.3, points: vec![(lo, y), (hi, y)], dots: false, end: String::new() }
}

/// The tracks of one chart become lines; `None` if nothing was measured or time never passed.
pub(super) fn chart(
    report: &Report,
    id: &'static str,
    y: Option<Axis>,
    tracks: &[Track],
    words: (&str, String),
) -> Option<Chart> {
    let lines = tracks
        .iter()
        .map(|t| data_line(report, t))
        .filter(|l| l.points.iter().any(|p| p.1.is_finite()))
        .collect::<Vec<_>>();
    if lines.is_empty() {
        return None;
    }
    let (title, caption) = words;
    Some(Chart {
        id,
        title: title.into(),
        caption,
        x: time_axis(report)?,
        y: y?,
        flow_from: flow_from(report),
        lines,
        marks: marks(report, tracks),
    })
}

pub(super) fn values<'a>(report: &'a Report, tracks: &'a [Track]) -> impl Iterator<Item = f64> + 'a {
    let timed = report.series.iter().filter(|p| p.log10_time.is_some_and(f64::is_finite));
    timed.flat_map(|p| tracks.iter().filter_map(|t| (t.at)(p)))
}

fn gap(report: &Report) -> Option<Chart> {
    let law = report.prediction.law;
    let tracks = [
        Track {
            name: if law { "deviation" } else { "certified gap" },
            role: Role::Data,
            at: &|p| log10_positive(p.gap),
            read: &|p| p.gap,
        },
        Track {
            name: "distance to the predicted offset",
            role: Role::Second,
            at: &|p| log10_positive(p.offset_distance),
            read: &|p| p.offset_distance,
        },
    ];
    let tolerance = log10_positive(Some(report.rule.tolerance));
    let y =
        Axis::powers(report.prediction.gap_name(), Warp::Straight, values(report, &tracks).chain(tolerance));
    let mut out = chart(
        report,
        "gap",
        y,
        &tracks,
        (if law { "Deviation from the law" } else { "Certified gap" }, gap_caption(report)),
    )?;
    if let Some(t) = tolerance {
        let name = format!("tolerance {}", number(report.rule.tolerance));
        out.lines.push(level(&out.x, name, Role::Tolerance, t));
    }
    let fitted = Law::fitted(report).and_then(|law| fitted_line(report, &law, &out.x));
    let predicted = Law::predicted(report).and_then(|law| predicted_line(report, &law, &out.x));
    // The fit is a broad pale stroke below the data and the prediction a dashed one above it: where all three
    // agree, each can still be seen.
    out.lines.splice(0..0, fitted);
    out.lines.extend(predicted);
    Some(out)
}

fn gap_caption(report: &Report) -> String {
    let zeros = report.series.iter().filter(|p| p.gap == Some(0.0)).count();
    let mut out = String::from(if report.prediction.law {
        "How far the measured quantity is from what the law says of it."
    } else if report.visits.is_some() {
        "The largest distance so far from where the run was predicted to stand still, read in the middle of every stay, relative to the last of \
         these points."
    } else {
        "How far the solution selected so far is from the certified optimum of the predicted program, relative \
         to the optimum."
    });
    if let Some(rate) = &report.rate {
        out += &format!(
            " Fitted slope {} on {} points against the predicted exponent {}; the predicted line passes through \
             the middle of the fitted window.",
            number(rate.slope),
            rate.points,
            number(rate.predicted)
        );
    }
    if zeros > 0 {
        out += &format!(
            " {zeros} recorded points have a gap of exactly zero and lie below any logarithmic axis."
        );
    }
    out
}

fn loss(report: &Report) -> Option<Chart> {
    let tracks = [Track { name: "", role: Role::Data, at: &|p| p.log10_loss, read: &|_| None }];
    let deep = values(report, &tracks).any(|l| l.is_finite() && l.abs() > 40.0);
    let warp = if deep { Warp::Asinh } else { Warp::Straight };
    let y = Axis::powers("training loss", warp, values(report, &tracks));
    let seen = story(report, |p| p.log10_loss, |l| format::from_log10(Some(l)));
    let caption =
        if seen.is_empty() { "Training loss.".into() } else { format!("The training loss {seen}.") };
    let mut out = chart(report, "loss", y, &tracks, ("Training loss", caption))?;
    for (mark, p) in out.marks.iter_mut().zip(report.series.iter().filter(|p| timed_loss(p))) {
        mark.text += &format!(" · loss {}", format::from_log10(p.log10_loss));
    }
    Some(out)
}

fn timed_loss(p: &Point) -> bool {
    p.log10_time.is_some_and(f64::is_finite) && p.log10_loss.is_some()
}

fn norm(report: &Report) -> Option<Chart> {
    let of = report.run.norm_of;
    let tracks = [Track {
        name: of.symbol(),
        role: Role::Data,
        at: &|p| log10_positive(Some(p.norm)),
        read: &|p| Some(p.norm),
    }];
    let y = Axis::powers(of.symbol(), Warp::Straight, values(report, &tracks));
    let seen = story(report, |p| Some(p.norm), number);
    let caption = match seen.is_empty() {
        true => format!("Euclidean norm of the {}.", of.words()),
        false => format!("The Euclidean norm of the {} {seen}.", of.words()),
    };
    let title = format!("Norm of the {}", of.words());
    chart(report, "norm", y, &tracks, (&title, caption)).map(unnamed)
}

fn margin(report: &Report) -> Option<Chart> {
    let optimum = report.margins.iter().find(|m| m.norm == "l2").map(|m| m.optimum).filter(|v| v.is_finite());
    // Early margins may be a thousand times the optimum below zero; drawn to scale they would hide all that follows.
    let floor = optimum.map_or(f64::NEG_INFINITY, |best| -best);
    let hidden = report.series.iter().filter_map(|p| p.margin_l2).any(|m| m < floor);
    let seen = |p: &Point| p.margin_l2.filter(|m| *m >= floor);
    let tracks =
        [Track { name: "min margin / ‖w‖₂", role: Role::Data, at: &seen, read: &|p| p.margin_l2 }];
    let y = Axis::plain("smallest margin / ‖w‖₂", values(report, &tracks).chain(optimum));
    let mut caption =
        "Smallest margin at unit Euclidean norm; above zero every training point is classified correctly."
            .to_string();
    if hidden {
        caption += " Earlier values lie below the frame.";
    }
    let mut out = chart(report, "margin", y, &tracks, ("Normalised margin", caption))?;
    if let Some(best) = optimum {
        out.lines.push(level(&out.x, format!("largest possible {}", number(best)), Role::Optimum, best));
    }
    Some(out)
}

fn residual(report: &Report) -> Option<Chart> {
    let tracks = [Track {
        name: "largest residual",
        role: Role::Data,
        at: &|p| log10_positive(p.residual),
        read: &|p| p.residual,
    }];
    let y = Axis::powers("largest residual", Warp::Straight, values(report, &tracks));
    let seen = story(report, |p| p.residual, number);
    let caption = match seen.is_empty() {
        true => "Largest residual on the training data.".to_string(),
        false => format!("The largest residual on the training data {seen}."),
    };
    chart(report, "residual", y, &tracks, ("Fit to the training data", caption)).map(unnamed)
}

fn errors(report: &Report) -> Option<Chart> {
    let tracks = [
        Track { name: "train", role: Role::Data, at: &|p| p.train_error, read: &|p| p.train_error },
        Track { name: "test", role: Role::Second, at: &|p| p.test_error, read: &|p| p.test_error },
    ];
    let y = Axis::plain("error", values(report, &tracks).chain([0.0]));
    let held_out = report.series.iter().any(|p| p.test_error.is_some());
    let (title, caption) = if held_out {
        ("Train and test error", "Error on the training data and on data the run never saw.")
    } else {
        ("Training error", "Error on the training data; no test data were held out.")
    };
    chart(report, "errors", y, &tracks, (title, caption.to_string()))
}

/// A single line needs no legend: the vertical axis names it.
pub(super) fn unnamed(mut chart: Chart) -> Chart {
    for line in &mut chart.lines {
        line.name.clear();
    }
    chart
}
