//! Selected beside predicted, coordinate by coordinate: paired dots on one horizontal axis.

use super::axis::{Axis, LABEL_SIZE, Lie};
use super::canvas::{Anchor, Pen, Role, sketch, text_width};
use super::chart::{Picture, Reading, Sheet};
use crate::report::format::number;
use crate::report::{Coordinate, Report};

/// The most coordinates a figure shows; the table has the same.
const MOST_ROWS: usize = 20;
const ROW: f64 = 19.0;
const LONGEST_NAME: usize = 24;
/// The most of the width that names may take.
const NAMES: f64 = 0.4;

/// The coordinates shown: the largest by either modulus, in the report's order.
pub(super) fn shown(report: &Report) -> Vec<&Coordinate> {
    let size = |c: &Coordinate| c.selected.abs().max(c.predicted.abs());
    let finite = |c: &&Coordinate| c.selected.is_finite() && c.predicted.is_finite();
    let mut all: Vec<(usize, &Coordinate)> = report.coordinates.iter().filter(finite).enumerate().collect();
    all.sort_by(|a, b| size(b.1).total_cmp(&size(a.1)).then(a.0.cmp(&b.0)));
    all.truncate(MOST_ROWS);
    all.sort_by_key(|(k, _)| *k);
    all.into_iter().map(|(_, c)| c).collect()
}

/// The name, cut to what its share of the width holds.
fn short(name: &str, sheet: Sheet) -> String {
    let room = (NAMES * sheet.width - 24.0) / text_width("x", LABEL_SIZE);
    let most = (room as usize).clamp(4, LONGEST_NAME);
    if name.chars().count() <= most {
        return name.into();
    }
    name.chars().take(most - 1).chain(['…']).collect()
}

/// Height follows from the number of coordinates.
pub(super) fn draw(rows: &[&Coordinate], title: &str, sheet: Sheet) -> Option<Picture> {
    let ends = rows.iter().flat_map(|c| [c.selected, c.predicted]).chain([0.0]);
    let axis = Axis::plain("coordinate", ends)?;
    let top = if sheet.titled { 66.0 } else { 38.0 };
    let bottom = top + ROW * rows.len() as f64 + 6.0;
    let size = (sheet.width, bottom + 44.0);
    let widest = rows.iter().map(|c| text_width(&short(&c.name, sheet), LABEL_SIZE)).fold(20.0, f64::max);
    let (left, right) = (widest + 24.0, sheet.width - 18.0);
    let x = |v: f64| left + (right - left) * axis.unit(v);
    let row = |k: usize| top + ROW * (k as f64 + 0.5);
    let body = sketch(size, |pen| {
        pen.rect(Role::Paper, (0.0, 0.0), size);
        if sheet.titled {
            pen.text(Role::Ink, 15.0, Anchor::Start, (16.0, 18.0), title);
        }
        legend(pen, top - 22.0);
        for tick in axis.ticks(right - left, Lie::Across) {
            let at = x(tick.at);
            pen.line(if tick.at == 0.0 { Role::Muted } else { Role::Grid }, 1.0, &[(at, top), (at, bottom)]);
            pen.text(
                Role::Muted,
                LABEL_SIZE,
                Anchor::Middle,
                (at, bottom + 13.0),
                &tick.label.unwrap_or_default(),
            );
        }
        pen.text(Role::Ink, LABEL_SIZE, Anchor::Middle, ((left + right) / 2.0, bottom + 32.0), "value");
        for (k, c) in rows.iter().enumerate() {
            pen.text(Role::Ink, LABEL_SIZE, Anchor::End, (left - 10.0, row(k)), &short(&c.name, sheet));
            pair(pen, (x(c.selected), x(c.predicted)), row(k));
        }
    });
    let tenth = |v: f64| (v * 10.0).round() / 10.0;
    let reading = |(k, c): (usize, &&Coordinate)| Reading {
        x: tenth(x(c.selected)),
        ys: vec![tenth(row(k))],
        text: format!("{} · selected {} · predicted {}", c.name, number(c.selected), number(c.predicted)),
    };
    Some(Picture { body, size, readings: rows.iter().enumerate().map(reading).collect() })
}

/// A ring for the prediction around a disc for what was selected: agreement is a target hit.
fn pair(pen: &mut Pen, (selected, predicted): (f64, f64), y: f64) {
    pen.line(Role::Muted, 1.0, &[(selected, y), (predicted, y)]);
    pen.dot(Role::Predicted, (predicted, y), 5.4, false);
    pen.dot(Role::Data, (selected, y), 3.0, true);
}

fn legend(pen: &mut Pen, y: f64) {
    pen.dot(Role::Data, (22.0, y), 3.0, true);
    pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (32.0, y), "selected");
    pen.dot(Role::Predicted, (104.0, y), 5.4, false);
    pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (116.0, y), "predicted");
}
