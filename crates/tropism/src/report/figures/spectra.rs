//! Spectra: singular values along the run, and the Fourier transform of the predictor at its end.

use super::axis::{Axis, Warp};
use super::canvas::Role;
use super::chart::{Chart, Line, Mark};
use super::content::{Track, chart, log10_positive, values};
use super::visits::{plateaus, upright};
use crate::report::format::{number, subscript};
use crate::report::{Point, Report, VisitsReport};

/// Bars of the two spectra stand side by side while there are no more frequencies than this.
const MOST_BARS: usize = 64;
/// Predicted values below this part of the largest are rounding.
const ROUNDING: f64 = 1e-10;

/// The singular values of the predictor over time, one line each.
pub(super) fn singular_values(report: &Report) -> Option<Chart> {
    let most = report.series.iter().map(|p| p.spectrum.len()).max().unwrap_or(0);
    let value = |p: &Point, k: usize| p.spectrum.get(k).copied().filter(|s| s.is_finite() && *s > 0.0);
    let heights: Vec<_> = (0..most).map(|k| move |p: &Point| log10_positive(value(p, k))).collect();
    let reads: Vec<_> = (0..most).map(|k| move |p: &Point| value(p, k)).collect();
    let names: Vec<String> = (1..=most).map(|k| format!("σ{}", subscript(k))).collect();
    let tracks: Vec<Track> = (0..most)
        .map(|k| Track { name: &names[k], role: Role::Data, at: &heights[k], read: &reads[k] })
        .collect();
    let rests = report.visits.iter().filter(|v| v.seen.is_empty()).flat_map(resting).map(f64::log10);
    let y = Axis::powers("singular value", Warp::Straight, values(report, &tracks).chain(rests));
    let caption = format!(
        "The {most} largest singular values of the predictor as a matrix. Values below rounding of the largest, 10⁻¹⁴ of it, are drawn \
         where the factors tell them: on flows from balanced starts."
    );
    let mut out = chart(report, "singular_values", y, &tracks, ("Singular values", caption))?;
    for (k, line) in out.lines.iter_mut().enumerate() {
        // They never cross: the ends of the lines name them, and thinner strokes tell the smaller ones.
        line.end = std::mem::take(&mut line.name);
        line.width = (2.2 - 0.12 * k as f64).max(1.0);
        line.dots = false;
    }
    predict(report, &mut out);
    Some(out)
}

/// Where the values are predicted to rest and when to jump, below and above the lines.
fn predict(report: &Report, chart: &mut Chart) {
    let Some(visits) = report.visits.as_ref().filter(|v| v.seen.is_empty()) else { return };
    // A rank that is not learned yet is predicted to vanish, which lies below any frame.
    let least = resting(visits).fold(f64::INFINITY, f64::min);
    let height = |v: f64| if v >= least { v.log10() } else { f64::NAN };
    let span = [chart.x.value(0.0), chart.x.value(1.0)];
    let mut lines = plateaus(visits, span, height);
    lines.retain(|l| l.points.iter().any(|p| p.1.is_finite()));
    lines.push(upright(visits, [chart.y.value(0.0), chart.y.value(1.0)]));
    chart.lines.splice(0..0, lines);
    chart.caption += " The prediction was made before the run: one singular value after the other rises to the broad pale lines, at the \
                      dashed times.";
}

/// The predicted values that are not zero, nor rounding of the largest.
fn resting(visits: &VisitsReport) -> impl Iterator<Item = f64> + '_ {
    let all = || visits.predicted.iter().flatten().flatten().copied();
    let least = ROUNDING * all().fold(0.0, f64::max);
    all().filter(move |v| *v > least)
}

/// Moduli of the Fourier transform of the selected predictor beside those of the predicted one.
pub(super) fn fourier(report: &Report) -> Option<Chart> {
    let spectra = report.fourier.as_ref()?;
    let count = spectra.selected.len();
    let seen = |v: &[Option<f64>]| v.iter().flatten().copied().collect::<Vec<f64>>();
    let (selected, predicted) = (seen(&spectra.selected), seen(&spectra.predicted));
    let few = count <= MOST_BARS;
    // Side by side where there are two and room for both.
    let aside = if few && !predicted.is_empty() { 0.16 } else { 0.0 };
    let width = if few { 4.0 } else { 1.4 };
    let mut lines = vec![bars(&spectra.selected, -aside, ("selected", Role::Data), width)];
    if !predicted.is_empty() {
        let words = ("predicted", Role::Predicted);
        lines.push(if few {
            bars(&spectra.predicted, aside, words, width)
        } else {
            curve(&spectra.predicted, words)
        });
    }
    let beside = if predicted.is_empty() { "" } else { ", beside that of the predicted one" };
    Some(Chart {
        id: "fourier",
        title: "Fourier spectrum".into(),
        caption: format!(
            "Moduli of the unitary discrete Fourier transform of the selected predictor, of length {}{beside}; frequencies \
             above the middle mirror those shown.",
            spectra.length
        ),
        x: Axis::plain(
            "frequency, in turns over the whole predictor",
            [-0.5, count as f64 - 0.5].into_iter(),
        )?,
        y: Axis::plain("modulus", selected.into_iter().chain(predicted).chain([0.0]))?,
        flow_from: None,
        lines,
        marks: marks(&spectra.selected, &spectra.predicted),
    })
}

/// Upright strokes from zero; a value that is no number leaves none.
fn bars(values: &[Option<f64>], aside: f64, (name, role): (&str, Role), width: f64) -> Line {
    let bar = |(k, v): (usize, &Option<f64>)| {
        let (x, y) = (k as f64 + aside, v.unwrap_or(f64::NAN));
        [(x, 0.0), (x, y), (f64::NAN, f64::NAN)]
    };
    let points = values.iter().enumerate().flat_map(bar).collect();
    Line { name: name.into(), role, width, points, dots: false, end: String::new() }
}

fn curve(values: &[Option<f64>], (name, role): (&str, Role)) -> Line {
    let points = values.iter().enumerate().map(|(k, v)| (k as f64, v.unwrap_or(f64::NAN))).collect();
    Line { name: name.into(), role, width: 1.4, points, dots: false, end: String::new() }
}

fn marks(selected: &[Option<f64>], predicted: &[Option<f64>]) -> Vec<Mark> {
    let mark = |k: usize| {
        let both = [("selected", selected.get(k)), ("predicted", predicted.get(k))];
        let read: Vec<(&str, f64)> = both.into_iter().filter_map(|(n, v)| Some((n, (*v?)?))).collect();
        let text = read.iter().map(|(name, v)| format!(" · {name} {}", number(*v))).collect::<String>();
        let ys: Vec<f64> = read.iter().map(|r| r.1).collect();
        (!ys.is_empty()).then(|| Mark { x: k as f64, ys, text: format!("frequency {k}{text}") })
    };
    (0..selected.len()).filter_map(mark).collect()
}
