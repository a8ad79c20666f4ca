//! Figures of a sweep: a quantity over the key that varied, means with intervals, a picture over key and loss.

use super::axis::{Axis, LABEL_SIZE, Warp};
use super::canvas::{Anchor, Palette, Pen, Role, finish, sketch, text_width};
use super::chart::{Chart, Line, Sheet};
use super::{Figure, raster};
use crate::report::format::{digits, number, superscript};
use crate::report::{PhasePicture, SweepAxis, SweepReport};
use crate::theory::trends::Shape;

/// Size of a chart, which has its title inside where no page around it has one.
fn sheet(palette: Palette) -> Sheet {
    Sheet { width: 720.0, height: 400.0, titled: palette == Palette::Light }
}

/// The title inside a figure that stands on its own.
fn heading(pen: &mut Pen, palette: Palette, title: &str) {
    if palette == Palette::Light {
        pen.text(Role::Ink, 15.0, Anchor::Start, (16.0, 20.0), title);
    }
}

const ROW: f64 = 28.0;
const TOP: f64 = 52.0;
const PLOT: f64 = 420.0;

/// Every figure the sweep has values for, with the page's colours or on its own.
pub(in crate::report) fn sweep_figures(report: &SweepReport, inline: bool) -> Vec<Figure> {
    let palette = if inline { Palette::Variables } else { Palette::Light };
    let numbers = report.axes.first().filter(|_| report.axes.len() == 1).and_then(|a| a.numbers.as_deref());
    let of = |quantity: &String| match numbers {
        Some(x) if x.len() > 1 => over_axis(report, quantity, x, palette),
        _ => over_names(report, quantity, palette),
    };
    let drawn = report.picture.as_ref().zip(report.axes.first()).and_then(|(p, a)| picture(p, a, palette));
    drawn.into_iter().chain(report.quantities.iter().filter_map(of)).collect()
}

fn words(quantity: &str) -> String {
    quantity.replace('_', " ")
}

fn figure(
    quantity: &str,
    title: String,
    caption: &str,
    body: &str,
    size: (f64, f64),
    palette: Palette,
) -> Figure {
    let svg = finish(body, size, palette, &title, &format!("{title}. {caption}"));
    Figure { id: quantity.into(), title, caption: caption.into(), svg }
}

/// Means with intervals over a key of numbers, with the fitted power law and the predicted one.
fn over_axis(report: &SweepReport, quantity: &str, x: &[f64], palette: Palette) -> Option<Figure> {
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
    lines.push(line("mean over seeds, with interval", Role::Data, sorted, true));
    let title = format!("{} over {label}", words(quantity));
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
    let drawn = chart.draw(sheet(palette), &title);
    let caption =
        format!("Mean of {} over the seeds for every value of {label}, with its interval.", words(quantity));
    Some(figure(quantity, title, &caption, &drawn.body, drawn.size, palette))
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

/// Means with intervals, a row for every combination.
fn over_names(report: &SweepReport, quantity: &str, palette: Palette) -> Option<Figure> {
    let rows: Vec<(&str, crate::verdict::Interval)> =
        report.groups.iter().filter_map(|g| Some((g.name.as_str(), *g.means.get(quantity)?))).collect();
    if rows.len() < 2 {
        return None;
    }
    let ends = |m: &crate::verdict::Interval| [m.estimate, m.low, m.high];
    let axis = Axis::plain(&words(quantity), rows.iter().flat_map(|r| ends(&r.1)))?;
    let left = rows.iter().map(|r| text_width(r.0, LABEL_SIZE)).fold(80.0, f64::max) + 28.0;
    let size = (left + PLOT + 96.0, TOP + ROW * rows.len() as f64 + 44.0);
    let title = format!("{}: mean over {} seeds", words(quantity), report.seeds.len());
    let place = |v: f64| left + PLOT * axis.unit(v);
    let bottom = size.1 - 44.0;
    let body = sketch(size, |pen| {
        pen.rect(Role::Paper, (0.0, 0.0), size);
        heading(pen, palette, &title);
        scale(pen, &axis, left, (TOP - 8.0, bottom));
        for (i, (name, mean)) in rows.iter().enumerate() {
            let y = TOP + ROW * (i as f64 + 0.5);
            pen.text(Role::Ink, LABEL_SIZE, Anchor::End, (left - 12.0, y), name);
            if mean.low.is_finite() {
                pen.line(Role::Data, 2.0, &[(place(mean.low), y), (place(mean.high), y)]);
            }
            pen.dot(Role::Data, (place(mean.estimate), y), 4.0, true);
            pen.text(
                Role::Muted,
                LABEL_SIZE,
                Anchor::Start,
                (left + PLOT + 10.0, y),
                &digits(mean.estimate, 4),
            );
        }
    });
    let caption = "A dot for the mean of every combination, a bar for its interval.";
    Some(figure(quantity, title, caption, &body, size, palette))
}

fn scale(pen: &mut Pen, axis: &Axis, left: f64, (top, bottom): (f64, f64)) {
    for tick in axis.ticks(PLOT, super::axis::Lie::Across) {
        let x = left + PLOT * axis.unit(tick.at);
        pen.line(Role::Grid, 1.0, &[(x, top), (x, bottom)]);
        if let Some(label) = tick.label {
            pen.text(Role::Muted, LABEL_SIZE, Anchor::Middle, (x, bottom + 14.0), &label);
        }
    }
    pen.line(Role::Muted, 1.0, &[(left, bottom), (left + PLOT, bottom)]);
    pen.text(Role::Ink, LABEL_SIZE, Anchor::Middle, (left + PLOT / 2.0, bottom + 32.0), &axis.label);
}

/// The quantity as grey over the values of the key (across) and the loss (upwards).
fn picture(of: &PhasePicture, axis: &SweepAxis, palette: Palette) -> Option<Figure> {
    let columns = axis.names.len();
    let (lo, hi) = of
        .values
        .iter()
        .flatten()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    if lo >= hi || columns == 0 {
        return None;
    }
    let (left, top, width, height) = (92.0, 48.0, 520.0, 320.0);
    let size = (left + width + 110.0, top + height + 60.0);
    let title = format!("{} over {} and loss", words(&of.quantity), axis.key);
    let rows = of.levels.len();
    let body = sketch(size, |pen| {
        pen.rect(Role::Paper, (0.0, 0.0), size);
        heading(pen, palette, &title);
        pen.rect(Role::Unseen, (left, top), (left + width, top + height));
        let cell = width / columns as f64;
        // Labels that do not touch.
        let widest = axis.names.iter().map(|n| text_width(n, LABEL_SIZE) + 10.0).fold(1.0, f64::max);
        for (j, name) in axis.names.iter().enumerate().step_by((widest / cell).ceil() as usize) {
            let x = left + cell * (j as f64 + 0.5);
            pen.text(Role::Muted, LABEL_SIZE, Anchor::Middle, (x, top + height + 14.0), name);
        }
        pen.text(Role::Ink, LABEL_SIZE, Anchor::Middle, (left + width / 2.0, top + height + 36.0), &axis.key);
        for k in (0..rows).step_by((rows / 6).max(1)) {
            let y = top + height * (1.0 - (k as f64 + 0.5) / rows as f64);
            let label = format!("10{}", superscript(&format!("-{}", digits(of.levels[k], 2))));
            pen.text(Role::Muted, LABEL_SIZE, Anchor::End, (left - 8.0, y), &label);
        }
        pen.upright(Role::Ink, LABEL_SIZE, (18.0, top + height / 2.0), "training loss");
        pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (left + width + 40.0, top + 6.0), &number(hi));
        pen.text(
            Role::Ink,
            LABEL_SIZE,
            Anchor::Start,
            (left + width + 40.0, top + height - 6.0),
            &number(lo),
        );
    });
    // Rows of an image run downwards.
    let shade = |v: &Option<f64>| v.map(|v| (v - lo) / (hi - lo));
    let shades: Vec<Option<f64>> = of.values.chunks(columns).rev().flatten().map(shade).collect();
    let ramp: Vec<Option<f64>> = (0..64).rev().map(|k| Some(f64::from(k) / 63.0)).collect();
    let body = body
        + &raster::image(&shades, columns, (left, top), (width, height))?
        + &raster::image(&ramp, 1, (left + width + 18.0, top), (14.0, height))?;
    let caption = "Grey from the smallest value (black) to the largest (white); where it has no value, the sand colour shows.";
    Some(figure("picture", title, caption, &body, size, palette))
}
