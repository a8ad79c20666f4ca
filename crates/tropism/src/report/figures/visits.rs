//! From saddle to saddle: the predictor's coordinates over log time beside the plateaus and the jumps that were predicted.

use super::axis::{Axis, Warp};
use super::canvas::Role;
use super::chart::{Chart, Line, Mark};
use crate::report::format::{number, time};
use crate::report::{Point, Report, VisitsReport};

/// Room before the first jump and after the last, as a share of what lies between, and at least in decades.
const AROUND: (f64, f64) = (0.3, 0.25);
/// Coordinates that the crosshair reads at one moment, the largest.
const MOST_READ: usize = 6;

/// The coordinates of a predictor that is a vector, around the jumps.
pub(super) fn saddles(report: &Report) -> Option<Chart> {
    let visits = report.visits.as_ref().filter(|v| v.seen.len() == report.series.len())?;
    let span = span(report, visits)?;
    let x = Axis::powers("time t = Σ η", Warp::Straight, span.into_iter())?;
    let shown: Vec<(f64, &Point, &[Option<f64>])> = report
        .series
        .iter()
        .zip(&visits.seen)
        .filter_map(|(p, w)| Some((p.log10_time.filter(|l| l.is_finite())?, p, w.as_slice())))
        .collect();
    let values = visits.seen.iter().chain(&visits.predicted).flatten().flatten().copied();
    let y = Axis::plain("coordinate of the predictor", values.chain([0.0]))?;
    let mut lines = plateaus(visits, span, |v| v);
    lines.push(upright(visits, [y.value(0.0), y.value(1.0)]));
    for (k, name) in visits.names.iter().enumerate() {
        let points = shown.iter().map(|(l, _, w)| (*l, w.get(k).copied().flatten().unwrap_or(f64::NAN)));
        lines.push(Line {
            // One name stands for all: the ends of the lines tell them apart.
            name: if k == 0 { "coordinates".into() } else { String::new() },
            role: Role::Data,
            width: 1.6,
            points: points.collect(),
            dots: true,
            end: name.clone(),
        });
    }
    let inside = |l: &f64| (span[0]..=span[1]).contains(l);
    let marks = shown.iter().filter(|(l, ..)| inside(l)).map(|(l, _, w)| mark(visits, *l, w)).collect();
    Some(Chart {
        id: "saddles",
        title: "From saddle to saddle".into(),
        caption: caption(visits),
        x,
        y,
        flow_from: None,
        lines,
        marks,
    })
}

/// log10 of the times shown: those around the jumps, within the run.
fn span(report: &Report, visits: &VisitsReport) -> Option<[f64; 2]> {
    let finite = visits.jumps.iter().copied().filter(|l| l.is_finite());
    let (first, last) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), l| (a.min(l), b.max(l)));
    let pad = (AROUND.0 * (last - first)).max(AROUND.1);
    let end = report.series.iter().rev().find_map(|p| p.log10_time.filter(|l| l.is_finite()))?;
    let to = (last + pad).min(end);
    // A run that ended before the first jump shows none.
    (first <= to).then_some([first - pad, to])
}

/// What is predicted before the first jump, between jumps and after the last, a line for each coordinate; `height` places a value, or has none
/// for it.
pub(super) fn plateaus(
    visits: &VisitsReport,
    [from, to]: [f64; 2],
    height: impl Fn(f64) -> f64,
) -> Vec<Line> {
    let starts = [from].into_iter().chain(visits.jumps.iter().copied());
    let ends = visits.jumps.iter().copied().chain([to]);
    let stays: Vec<(f64, f64)> = starts.zip(ends).map(|(a, b)| (a.max(from), b.min(to))).collect();
    let line = |k: usize| {
        let levels = visits.predicted.iter().map(|row| row.get(k).copied().flatten().unwrap_or(f64::NAN));
        let stay = |((a, b), v): (&(f64, f64), f64)| {
            let y = height(v);
            // Each by itself: the way of a jump is not predicted.
            [(*a, y), (*b, y), (f64::NAN, f64::NAN)]
        };
        Line {
            name: if k == 0 { "predicted plateaus".into() } else { String::new() },
            role: Role::Fitted,
            width: 7.0,
            points: stays.iter().zip(levels).filter(|((a, b), _)| a < b).flat_map(stay).collect(),
            dots: false,
            end: String::new(),
        }
    };
    (0..visits.names.len()).map(line).collect()
}

/// The predicted jumps, from the foot of the chart to its head.
pub(super) fn upright(visits: &VisitsReport, [foot, head]: [f64; 2]) -> Line {
    let jump = |l: &f64| [(*l, foot), (*l, head), (f64::NAN, f64::NAN)];
    Line {
        name: "predicted jumps".into(),
        role: Role::Predicted,
        width: 1.1,
        points: visits.jumps.iter().flat_map(jump).collect(),
        dots: false,
        end: String::new(),
    }
}

fn mark(visits: &VisitsReport, log10_time: f64, w: &[Option<f64>]) -> Mark {
    let named = visits.names.iter().zip(w).filter_map(|(name, v)| Some((name, (*v)?)));
    let mut read: Vec<(&String, f64)> = named.collect();
    let ys = read.iter().map(|r| r.1).collect();
    read.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let before = visits.jumps.iter().filter(|l| **l <= log10_time).count();
    let predicted = format!("after {before} of {} predicted jumps", visits.jumps.len());
    let values = read.iter().take(MOST_READ).map(|(name, v)| format!("{name} {}", number(*v)));
    let text = [format!("t = {}", time(Some(log10_time))), predicted].into_iter().chain(values);
    Mark { x: log10_time, ys, text: text.collect::<Vec<_>>().join(" · ") }
}

fn caption(visits: &VisitsReport) -> String {
    let times: Vec<String> = visits.jumps.iter().take(MOST_READ).map(|l| time(Some(*l))).collect();
    let more = if visits.jumps.len() > times.len() { ", …" } else { "" };
    format!(
        "Coordinates of the predictor over log time, a dot for every recorded moment. The prediction was made before the run: the flow stands \
         still on the broad pale lines and jumps from one to the next at the dashed ones, t = {}{more}. It jumps late by a few units of the \
         logarithm that grows, and without a corner, since the start is small and not zero.",
        times.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{figures, fixtures};
    use roxmltree::{Document, Node};

    /// Jumps at t = 100 and t = 10,000: from zero to (1, 0) and on to (1, −2), followed exactly.
    fn report() -> Report {
        let mut report = fixtures::regression();
        let rows = [[0.0, 0.0], [1.0, 0.0], [1.0, -2.0]].map(|row| row.map(Some).to_vec());
        let level = |l: f64| usize::from(l >= 2.0) + usize::from(l >= 4.0);
        let seen = report.series.iter().map(|p| rows[level(p.log10_time.unwrap())].clone()).collect();
        report.visits = Some(VisitsReport {
            jumps: vec![2.0, 4.0],
            names: vec!["first".into(), "second".into()],
            predicted: rows.to_vec(),
            seen,
        });
        report
    }

    /// Points of every line of a colour, in sketch units.
    fn lines(svg: &str, colour: &str) -> Vec<Vec<(f64, f64)>> {
        let doc = Document::parse(svg).unwrap();
        let points = |n: Node| -> Vec<(f64, f64)> {
            let pairs = n.attribute("points").unwrap().split_whitespace().map(|p| p.split_once(',').unwrap());
            pairs.map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).collect()
        };
        let of_colour = |n: &Node| n.has_tag_name("polyline") && n.attribute("stroke") == Some(colour);
        doc.descendants().filter(of_colour).map(points).collect()
    }

    #[test]
    fn plateaus_and_jumps_stand_where_they_were_predicted() {
        let figure = figures(&report()).into_iter().find(|f| f.id == "saddles").unwrap();
        let upright: Vec<f64> = lines(&figure.svg, "#d55e00")
            .into_iter()
            .filter(|l| l[0].0 == l[1].0 && (l[0].1 - l[1].1).abs() > 500.0)
            .map(|l| l[0].0)
            .collect();
        assert_eq!(upright.len(), 2);
        // Three stays of two coordinates; the broad strokes end at the jumps. The legend's is shorter than any.
        let flat: Vec<_> =
            lines(&figure.svg, "#f5cf86").into_iter().filter(|l| l[1].0 - l[0].0 > 300.0).collect();
        assert_eq!(flat.len(), 6);
        for stay in &flat {
            assert_eq!(stay[0].1, stay[1].1);
        }
        let between: Vec<_> =
            flat.iter().filter(|l| l[0].0 == upright[0] && l[1].0 == upright[1]).map(|l| l[0].1).collect();
        let after: Vec<_> = flat.iter().filter(|l| l[0].0 == upright[1]).map(|l| l[0].1).collect();
        assert!(between.len() == 2 && after.len() == 2 && between[0] == after[0]);
        // −2 lies twice as far below zero as 1 above it.
        assert!(((after[1] - between[1]) / (between[1] - between[0]) - 2.0).abs() < 0.01);
        for word in ["first", "second", "predicted jumps", "predicted plateaus", "t = 100, 10000"] {
            assert!(figure.svg.contains(word), "{word}");
        }
    }

    #[test]
    fn singular_values_have_their_jumps_marked() {
        let mut report = report();
        let visits = report.visits.as_mut().unwrap();
        (visits.seen, visits.names) = (vec![], vec!["σ_1".into(), "σ_2".into()]);
        for row in &mut visits.predicted {
            row[1] = row[1].map(f64::abs);
        }
        for p in &mut report.series {
            p.spectrum = vec![1.0, 0.01];
        }
        let all = figures(&report);
        assert!(all.iter().all(|f| f.id != "saddles"));
        let svg = &all.iter().find(|f| f.id == "singular_values").unwrap().svg;
        let upright = lines(svg, "#d55e00").into_iter().filter(|l| l[0].0 == l[1].0).count();
        assert_eq!(upright, 2);
        // What is predicted to vanish lies below any logarithmic axis: two stays of the first value, one of the second.
        assert_eq!(lines(svg, "#f5cf86").iter().filter(|l| l[1].0 - l[0].0 > 300.0).count(), 3);
    }

    #[test]
    fn a_run_that_ends_before_the_first_jump_shows_none() {
        let mut early = report();
        early.visits.as_mut().unwrap().jumps = vec![9.0, 10.0];
        assert!(figures(&early).iter().all(|f| f.id != "saddles"));
    }
}
