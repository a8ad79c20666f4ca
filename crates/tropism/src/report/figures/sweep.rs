//! Figures of a sweep: a quantity over the key that varied, and means with intervals.

use super::axis::{Axis, LABEL_SIZE, Warp};
use super::canvas::{Anchor, Pen, Role, sketch, text_width};
use super::chart::{Chart, Line, Picture, Sheet};
use super::{Figure, Inline, NARROW, Plate, WIDE, capital, phase, words};
use crate::report::SweepReport;
use crate::report::format::digits;
use crate::theory::trends::Shape;

/// A figure that stands on its own.
const ALONE: Sheet = Sheet { width: 720.0, height: 400.0, titled: true };

/// The title inside a figure that stands on its own.
fn heading(pen: &mut Pen, sheet: Sheet, title: &str) {
    if sheet.titled {
        pen.text(Role::Ink, 15.0, Anchor::Start, (16.0, 20.0), title);
    }
}

const ROW: f64 = 28.0;
/// Narrower sheets set a name above its row.
const LEAST_BESIDE: f64 = 460.0;

/// Every figure the sweep has values for.
fn plates(report: &SweepReport) -> Vec<Plate<'_>> {
    let numbers = report.axes.first().filter(|_| report.axes.len() == 1).and_then(|a| a.numbers.as_deref());
    let of = |quantity: &'_ String| match numbers {
        Some(x) if x.len() > 1 => over_axis(report, quantity, x),
        _ => over_names(report, quantity),
    };
    phase::picture(report).into_iter().chain(report.quantities.iter().filter_map(of)).collect()
}

/// The figures as standalone SVG documents on white.
pub(in crate::report) fn sweep_figures(report: &SweepReport) -> Vec<Figure> {
    plates(report).iter().filter_map(|plate| plate.alone(ALONE)).collect()
}

/// The figures for a page, for wide and for narrow screens.
pub(in crate::report) fn sweep_inline(report: &SweepReport) -> Vec<Inline> {
    plates(report).into_iter().map(|plate| plate.inline(true, [WIDE, NARROW])).collect()
}

/// Means with intervals over a key of numbers, with the fitted power law and the predicted one.
fn over_axis<'a>(report: &'a SweepReport, quantity: &str, x: &[f64]) -> Option<Plate<'a>> {
    let mut runs: Vec<(f64, f64)> =
        report.runs.iter().filter_map(|r| Some((x[r.at[0]], *r.values.get(quantity)?))).collect();
    if runs.is_empty() {
        // A number of all seeds together.
        let of = |g: &crate::report::SweepGroup| Some((x[g.at[0]], g.means.get(quantity)?.estimate));
        runs = report.groups.iter().filter_map(of).collect();
    }
    let positive = |v: f64| v > 0.0 && v.is_finite();
    let log_x = x.iter().all(|v| positive(*v));
    let log_y = !runs.is_empty() && runs.iter().all(|r| positive(r.1)) && log_x;
    let (at, height) =
        (|v: f64| if log_x { v.log10() } else { v }, |v: f64| if log_y { v.log10() } else { v });
    let label = &report.axes[0].key;
    let axis = |log: bool, name: &str, values: Vec<f64>| match log {
        true => Axis::powers(name, Warp::Straight, values.into_iter()),
        false => Axis::plain(name, values.into_iter()),
    };
    if report.groups.iter().filter(|g| g.means.contains_key(quantity)).count() < 2 {
        return None;
    }
    let mut lines = laws(report, quantity, x, log_y);
    let means: Vec<(f64, crate::verdict::Interval)> =
        report.groups.iter().filter_map(|g| Some((x[g.at[0]], *g.means.get(quantity)?))).collect();
    let line = |name: &str, role, points, dots| Line {
        name: name.into(),
        role,
        width: 1.6,
        points,
        dots,
        end: String::new(),
    };
    for (v, m) in &means {
        if m.low.is_finite() && (!log_y || m.low > 0.0) {
            lines.push(line("", Role::Data, vec![(at(*v), height(m.low)), (at(*v), height(m.high))], false));
        }
    }
    let mut sorted: Vec<(f64, f64)> = means.iter().map(|(v, m)| (at(*v), height(m.estimate))).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let alone = report.seeds.len() == 1;
    lines.push(line(if alone { "" } else { "mean over seeds, with interval" }, Role::Data, sorted, true));
    let title = format!("{} over {label}", capital(&words(quantity)));
    let seen = |log: bool, pick: fn(&(f64, f64)) -> f64| {
        runs.iter().map(pick).map(move |v| if log { v.log10() } else { v }).collect::<Vec<_>>()
    };
    let chart = Chart {
        id: "sweep",
        title: title.clone(),
        caption: String::new(),
        x: axis(log_x, label, seen(log_x, |r| r.0))?,
        y: axis(log_y, &words(quantity), seen(log_y, |r| r.1))?,
        flow_from: None,
        lines,
        marks: vec![],
    };
    let quantity_words = words(quantity);
    let caption = match alone {
        true => format!("The {quantity_words} at the end of the run, for every value of {label}."),
        false => format!(
            "The {quantity_words} at the end of the runs, its mean over {} seeds with its interval, for every value of {label}.",
            report.seeds.len()
        ),
    };
    let draw = Box::new(move |sheet, title: &str| Some(chart.draw(sheet, title)));
    Some(Plate { id: quantity.into(), title, caption, draw })
}

/// The fitted power law and the predicted one through the middle of the runs.
fn laws(report: &SweepReport, quantity: &str, x: &[f64], log_y: bool) -> Vec<Line> {
    let trend = report.trends.iter().find(|t| t.quantity == quantity && t.abscissa.is_none() && log_y);
    let Some((trend, Shape::Power { exponent, at_least })) = trend.map(|t| (t, &t.shape)) else {
        return vec![];
    };
    let logs: Vec<(f64, f64)> = report
        .runs
        .iter()
        .filter_map(|r| Some((x[r.at[0]].log10(), r.values.get(quantity)?.log10())))
        .collect();
    let n = logs.len().max(1) as f64;
    let middle = (logs.iter().map(|l| l.0).sum::<f64>() / n, logs.iter().map(|l| l.1).sum::<f64>() / n);
    let (lo, hi) = logs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), l| (a.min(l.0), b.max(l.0)));
    let through = |slope: f64, name: String, role, width| {
        let points = [lo, hi].map(|u| (u, middle.1 + slope * (u - middle.0))).to_vec();
        Line { name, role, width, points, dots: false, end: String::new() }
    };
    let bound = if *at_least { " or steeper" } else { "" };
    let predicted = through(*exponent, format!("predicted exponent {exponent}{bound}"), Role::Predicted, 1.6);
    let fitted = trend.seen.first().map(|s| s.interval).map(|s| {
        through(s.estimate, format!("fitted exponent {}", digits(s.estimate, 3)), Role::Fitted, 5.0)
    });
    fitted.into_iter().chain([predicted]).collect()
}

/// A combination with its mean.
type Row<'a> = (&'a str, crate::verdict::Interval);

/// Means with intervals, a row for every combination.
fn over_names<'a>(report: &'a SweepReport, quantity: &str) -> Option<Plate<'a>> {
    let rows: Vec<Row> =
        report.groups.iter().filter_map(|g| Some((g.name.as_str(), *g.means.get(quantity)?))).collect();
    if rows.len() < 2 {
        return None;
    }
    let ends = |m: &crate::verdict::Interval| [m.estimate, m.low, m.high];
    let axis = Axis::plain(&words(quantity), rows.iter().flat_map(|r| ends(&r.1)))?;
    let title = match report.seeds.len() {
        1 => capital(&words(quantity)),
        n => format!("{}: mean over {n} seeds", capital(&words(quantity))),
    };
    let caption = "A dot for the mean of every combination, a bar for its interval.".into();
    let draw = Box::new(move |sheet, title: &str| Some(draw_rows(&rows, &axis, sheet, title)));
    Some(Plate { id: quantity.into(), title, caption, draw })
}

fn draw_rows(rows: &[Row], axis: &Axis, sheet: Sheet, title: &str) -> Picture {
    let beside = sheet.width >= LEAST_BESIDE;
    let widest = rows.iter().map(|r| text_width(r.0, LABEL_SIZE)).fold(80.0, f64::max) + 28.0;
    // The name stands left of its row or, where that leaves too little, above it.
    let (left, row, above) =
        if beside { (widest.min(0.5 * sheet.width), ROW, 0.0) } else { (16.0, ROW + 16.0, 16.0) };
    let top = if sheet.titled { 52.0 } else { 22.0 };
    let size = (sheet.width, top + row * rows.len() as f64 + 44.0);
    let plot = sheet.width - left - 96.0;
    let place = |v: f64| left + plot * axis.unit(v);
    let bottom = size.1 - 44.0;
    let body = sketch(size, |pen| {
        pen.rect(Role::Paper, (0.0, 0.0), size);
        heading(pen, sheet, title);
        scale(pen, axis, (left, plot), (top - 8.0, bottom));
        for (i, (name, mean)) in rows.iter().enumerate() {
            let y = top + row * i as f64 + above + 0.5 * ROW;
            if beside {
                pen.text(Role::Ink, LABEL_SIZE, Anchor::End, (left - 12.0, y), name);
            } else {
                pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (left, y - 0.5 * ROW - 2.0), name);
            }
            if mean.low.is_finite() {
                pen.line(Role::Data, 2.0, &[(place(mean.low), y), (place(mean.high), y)]);
            }
            pen.dot(Role::Data, (place(mean.estimate), y), 4.0, true);
            let at = (left + plot + 10.0, y);
            pen.text(Role::Muted, LABEL_SIZE, Anchor::Start, at, &digits(mean.estimate, 4));
        }
    });
    Picture { body, size, readings: vec![] }
}

fn scale(pen: &mut Pen, axis: &Axis, (left, plot): (f64, f64), (top, bottom): (f64, f64)) {
    for tick in axis.ticks(plot, super::axis::Lie::Across) {
        let x = left + plot * axis.unit(tick.at);
        pen.line(Role::Grid, 1.0, &[(x, top), (x, bottom)]);
        if let Some(label) = tick.label {
            pen.text(Role::Muted, LABEL_SIZE, Anchor::Middle, (x, bottom + 14.0), &label);
        }
    }
    pen.line(Role::Muted, 1.0, &[(left, bottom), (left + plot, bottom)]);
    pen.text(Role::Ink, LABEL_SIZE, Anchor::Middle, (left + plot / 2.0, bottom + 32.0), &axis.label);
}
