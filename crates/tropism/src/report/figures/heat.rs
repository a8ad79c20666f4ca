//! Optimizers by norms: a bar in every cell, the largest of each row marked.

use super::axis::LABEL_SIZE;
use super::canvas::{Anchor, Palette, Pen, Role, finish, sketch, text_width};
use crate::report::format::digits;
use crate::report::{GeometryReport, GeometryRow};

const ROW: f64 = 30.0;
const CELL: f64 = 104.0;
const TOP: f64 = 64.0;

/// The figure, with the page's colours or on its own.
pub(in crate::report) fn geometry_figure(report: &GeometryReport, inline: bool) -> String {
    let names = report.rows.iter().map(|r| text_width(&r.optimizer, LABEL_SIZE));
    let left = names.fold(80.0, f64::max) + 28.0;
    let (columns, rows) = (report.columns.len() as f64, report.rows.len() as f64);
    let size = (left + CELL * columns + 16.0, TOP + ROW * rows + 16.0);
    let title = "Margin reached, as a fraction of the best in each norm";
    let body = sketch(size, |pen| {
        pen.rect(Role::Paper, (0.0, 0.0), size);
        pen.text(Role::Ink, 15.0, Anchor::Start, (16.0, 20.0), title);
        for (j, column) in report.columns.iter().enumerate() {
            let middle = left + CELL * (j as f64 + 0.5);
            pen.text(Role::Ink, LABEL_SIZE, Anchor::Middle, (middle, TOP - 14.0), &column.norm);
        }
        for (i, row) in report.rows.iter().enumerate() {
            let y = TOP + ROW * i as f64;
            pen.line(Role::Grid, 1.0, &[(16.0, y), (size.0 - 16.0, y)]);
            pen.text(Role::Ink, LABEL_SIZE, Anchor::End, (left - 12.0, y + ROW / 2.0), &row.optimizer);
            (0..report.columns.len()).for_each(|j| cell(pen, row, j, (left + CELL * j as f64 + 6.0, y)));
        }
    });
    let palette = if inline { Palette::Variables } else { Palette::Light };
    finish(
        &body,
        size,
        palette,
        title,
        "A bar for each optimizer and norm; the longest of each row is marked.",
    )
}

fn cell(pen: &mut Pen, row: &GeometryRow, j: usize, (x, y): (f64, f64)) {
    let (width, middle) = (CELL - 56.0, y + ROW / 2.0);
    let Some(f) = row.fractions.get(j).copied().flatten() else {
        return pen.text(Role::Muted, LABEL_SIZE, Anchor::Start, (x, middle), "-");
    };
    let best = row.largest == Some(j);
    let (from, to) = (y + 9.0, y + ROW - 9.0);
    pen.rect(Role::Grid, (x, from), (x + width, to));
    let role = if best { Role::Optimum } else { Role::Data };
    pen.rect(role, (x, from), (x + width * f.clamp(0.0, 1.0), to));
    let text = if best { format!("{}{}", digits(f, 3), row.mark()) } else { digits(f, 3) };
    let ink = if best { Role::Ink } else { Role::Muted };
    pen.text(ink, LABEL_SIZE, Anchor::Start, (x + width + 5.0, middle), &text);
}
