//! A completed matrix beside what is known of it: panels of grey cells on one scale.

use super::axis::LABEL_SIZE;
use super::canvas::{Anchor, Pen, Role, sketch, text_width};
use super::chart::{Picture, Sheet};
use super::raster;
use crate::report::CompletionReport;
use crate::report::format::number;

const MARGIN: f64 = 16.0;
const BETWEEN: f64 = 24.0;
/// Above every panel, for its name.
const HEAD: f64 = 24.0;
/// Below all of them, for the scale.
const FOOT: f64 = 46.0;
/// Tallest panel.
const TALLEST: f64 = 330.0;
/// Narrower sheets stack the panels.
const LEAST_BESIDE: f64 = 460.0;

struct Panel<'a> {
    name: &'static str,
    cells: &'a [Option<f64>],
    /// Left upper corner.
    at: (f64, f64),
}

/// Smallest and largest value known, which black and white stand for; those of the completed matrix where nothing else is known.
fn range(report: &CompletionReport) -> Option<[f64; 2]> {
    let ends = |cells: &[Option<f64>]| {
        let finite = cells.iter().flatten().copied().filter(|v| v.is_finite());
        let (lo, hi) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        (lo < hi).then_some([lo, hi])
    };
    let known: Vec<Option<f64>> = report.truth.iter().chain(&report.mask).copied().collect();
    ends(&known).or_else(|| ends(&report.completed))
}

/// What a page says below the figure.
pub(super) fn caption(report: &CompletionReport) -> String {
    let [rows, cols] = report.of;
    let mut out = format!(
        "{}, on one grey scale; completed values outside it are cut.",
        match report.truth.iter().filter(|v| v.is_none()).count() {
            _ if report.truth.is_empty() =>
                format!("The observed entries of a {rows} × {cols} matrix and the matrix selected"),
            0 => format!("The true {rows} × {cols} matrix, its observed entries and the matrix selected"),
            _ => format!(
                "What is known of a {rows} × {cols} matrix, its observed entries and the matrix selected"
            ),
        }
    );
    if report.rows < rows || report.cols < cols {
        out += &format!(
            " Every cell is the mean of a block: {} × {} cells are shown.",
            report.rows, report.cols
        );
    }
    out
}

/// `None` for a report whose cells do not fill their panel, and for a matrix without two different values.
pub(super) fn draw(report: &CompletionReport, title: &str, sheet: Sheet) -> Option<Picture> {
    let cells = report.rows * report.cols;
    let panels = [("truth", &report.truth), ("observed", &report.mask), ("completed", &report.completed)];
    let mut panels: Vec<Panel> = panels
        .into_iter()
        .filter(|(_, v)| v.len() == cells && cells > 0)
        .map(|(name, v)| Panel { name, cells: v, at: (MARGIN, 0.0) })
        .collect();
    let range = range(report).filter(|_| panels.iter().any(|p| p.name == "completed"))?;
    let top = if sheet.titled { 40.0 } else { 6.0 };
    let foot = FOOT + if wraps(range, sheet) { ROW } else { 0.0 };
    let (size, panel) = lay(&mut panels, report, sheet, (top, foot));
    let foot = size.1 - foot;
    let body = sketch(size, |pen| {
        pen.rect(Role::Paper, (0.0, 0.0), size);
        if sheet.titled {
            pen.text(Role::Ink, 15.0, Anchor::Start, (MARGIN, 18.0), title);
        }
        for p in &panels {
            pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (p.at.0, p.at.1 - 11.0), p.name);
            pen.rect(Role::Unseen, p.at, (p.at.0 + panel.0, p.at.1 + panel.1));
        }
        legend(pen, range, foot, sheet);
    });
    let grey = |v: Option<f64>| v.map(|v| (v - range[0]) / (range[1] - range[0]));
    let images = panels.iter().map(|p| {
        let shades: Vec<Option<f64>> = p.cells.iter().map(|v| grey(*v)).collect();
        raster::image(&shades, report.cols, p.at, panel)
    });
    let ramp = (0..64).map(|k| Some(f64::from(k) / 63.0)).collect::<Vec<_>>();
    let scale = raster::image(&ramp, 64, (bar(range), foot + 18.0), (BAR, 12.0));
    let body = images.chain([scale]).try_fold(body, |all, one| Some(all + &one?))?;
    Some(Picture { body, size, readings: vec![] })
}

/// Places the panels; the size of the sheet and that of a panel.
fn lay(
    panels: &mut [Panel],
    report: &CompletionReport,
    sheet: Sheet,
    (top, foot): (f64, f64),
) -> ((f64, f64), (f64, f64)) {
    let inside = sheet.width - 2.0 * MARGIN;
    let beside = sheet.width >= LEAST_BESIDE;
    let count = panels.len() as f64;
    let most = if beside { (inside - (count - 1.0) * BETWEEN) / count } else { inside };
    // Cells are square as long as that leaves something to see of a very long matrix.
    let ratio = (report.rows as f64 / report.cols as f64).clamp(0.05, 20.0);
    let width = most.min(TALLEST / ratio);
    let panel = (width, width * ratio);
    let step = if beside { (most + BETWEEN, 0.0) } else { (0.0, panel.1 + HEAD) };
    for (k, p) in panels.iter_mut().enumerate() {
        p.at = (MARGIN + step.0 * k as f64, top + HEAD + step.1 * k as f64);
    }
    let rows = if beside { 1.0 } else { count };
    ((sheet.width, top + rows * (HEAD + panel.1) + foot), panel)
}

/// Height of a further row of the legend.
const ROW: f64 = 20.0;
const UNSEEN: &str = "not observed";

/// Length of the grey scale.
const BAR: f64 = 120.0;

/// Where the scale begins, right of its lower end's label.
fn bar(range: [f64; 2]) -> f64 {
    MARGIN + text_width(&number(range[0]), LABEL_SIZE) + 14.0
}

/// Where the swatch of what was not observed stands, right of the scale's upper end.
fn swatch(range: [f64; 2]) -> f64 {
    bar(range) + BAR + 6.0 + text_width(&number(range[1]), LABEL_SIZE) + 18.0
}

/// Whether the swatch with its name needs a row of its own.
fn wraps(range: [f64; 2], sheet: Sheet) -> bool {
    swatch(range) + 18.0 + text_width(UNSEEN, LABEL_SIZE) > sheet.width
}

fn legend(pen: &mut Pen, range: [f64; 2], foot: f64, sheet: Sheet) {
    let (y, from) = (foot + 24.0, bar(range));
    pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (MARGIN, y), &number(range[0]));
    pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (from + BAR + 6.0, y), &number(range[1]));
    let (swatch, y) = if wraps(range, sheet) { (MARGIN, y + ROW) } else { (swatch(range), y) };
    pen.rect(Role::Unseen, (swatch, y - 6.0), (swatch + 12.0, y + 6.0));
    pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (swatch + 18.0, y), UNSEEN);
}
