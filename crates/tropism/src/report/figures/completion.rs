//! A completed matrix beside what is known and what was predicted of it: panels of grey cells on one scale.

use super::axis::LABEL_SIZE;
use super::canvas::{Anchor, Pen, Role, sketch, text_width};
use super::chart::{Picture, Sheet};
use super::raster::{self, BEYOND, Ramp};
use crate::report::CompletionReport;
use crate::report::format::{digits, number};

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
/// Cells at least so large have their number written in them.
const LEGIBLE: (f64, f64) = (46.0, 22.0);
/// The grey on which black and white writing have the same contrast.
const EVEN: f64 = 0.46;

struct Panel<'a> {
    name: &'static str,
    cells: &'a [Option<f64>],
    /// Left upper corner.
    at: (f64, f64),
}

/// Smallest and largest number, if these differ.
fn ends<'a>(cells: impl Iterator<Item = &'a Option<f64>>) -> Option<[f64; 2]> {
    let finite = cells.flatten().copied().filter(|v| v.is_finite());
    let (lo, hi) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    (lo < hi).then_some([lo, hi])
}

/// What black and white stand for: the smallest and largest value known or, where nothing else is, of the completed matrix.
fn range(report: &CompletionReport) -> Option<[f64; 2]> {
    let known = ends(report.truth.iter().chain(&report.mask).chain(&report.predicted));
    known.or_else(|| ends(report.completed.iter()))
}

/// The position of a number on the scale, 0 at black and 1 at white.
fn on(range: [f64; 2], v: f64) -> f64 {
    (v - range[0]) / (range[1] - range[0])
}

/// Whether a number is so far off the scale that its cell has a colour of its own: below, above.
fn off_scale(range: [f64; 2], v: f64) -> [bool; 2] {
    [on(range, v) < -BEYOND, on(range, v) > 1.0 + BEYOND]
}

/// Whether any cell lies so far below the scale, or above it.
fn off(report: &CompletionReport, range: [f64; 2]) -> [bool; 2] {
    let values = report.completed.iter().flatten().filter(|v| v.is_finite());
    values.map(|v| off_scale(range, *v)).fold([false; 2], |a, b| [a[0] | b[0], a[1] | b[1]])
}

/// What a page says below the figure; `predicted` is what the predicted matrix is called.
pub(super) fn caption(report: &CompletionReport, predicted: &str) -> String {
    let [rows, cols] = report.of;
    let known = match report.truth.iter().filter(|v| v.is_none()).count() {
        _ if report.truth.is_empty() => format!("The observed entries of a {rows} × {cols} matrix"),
        0 => format!("The true {rows} × {cols} matrix, its observed entries"),
        _ => format!("What is known of a {rows} × {cols} matrix, its observed entries"),
    };
    let reference =
        if report.predicted.is_empty() { String::new() } else { format!(", {}", called(predicted).1) };
    let mut out = format!("{known}{reference} and the matrix selected, on one grey scale.");
    if report.rows < rows || report.cols < cols {
        out += &format!(
            " Every cell is the mean of a block: {} × {} cells are shown.",
            report.rows, report.cols
        );
    }
    out + &outliers(report)
}

/// What the program's solution is called above its panel and in the caption.
fn called(program: &str) -> (&'static str, &'static str) {
    match program {
        "nuclear_interpolant" => ("least nuclear norm", "the interpolant of least nuclear norm"),
        _ => ("predicted", "the matrix predicted"),
    }
}

/// Names the cells that the scale does not reach: one or two by their numbers, more by how many they are.
fn outliers(report: &CompletionReport) -> String {
    let Some(range) = range(report) else { return String::new() };
    let far = |v: &f64| off_scale(range, *v).contains(&true);
    let cells = report.completed.iter().enumerate();
    let mut found: Vec<(usize, f64)> =
        cells.filter_map(|(k, v)| Some((k, v.filter(|v| v.is_finite()).filter(far)?))).collect();
    found.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let place = |k: usize| format!("row {}, column {}", k / report.cols + 1, k % report.cols + 1);
    match found.as_slice() {
        [] => String::new(),
        [(k, v)] => format!(
            " The cell in {} holds {}, far off this scale, and has a colour of its own.",
            place(*k),
            number(*v)
        ),
        [(k, v), ..] => format!(
            " {} cells are far off this scale and have colours of their own; the one furthest from zero, in {}, holds {}.",
            found.len(),
            place(*k),
            number(*v)
        ),
    }
}

/// `None` for a report whose cells do not fill their panel, and for a matrix without two different values.
pub(super) fn draw(report: &CompletionReport, predicted: &str, title: &str, sheet: Sheet) -> Option<Picture> {
    let cells = report.rows * report.cols;
    let panels = [
        ("truth", &report.truth),
        ("observed", &report.mask),
        (called(predicted).0, &report.predicted),
        ("completed", &report.completed),
    ];
    let mut panels: Vec<Panel> = panels
        .into_iter()
        .filter(|(_, v)| v.len() == cells && cells > 0)
        .map(|(name, v)| Panel { name, cells: v, at: (MARGIN, 0.0) })
        .collect();
    let range = range(report).filter(|_| panels.iter().any(|p| p.name == "completed"))?;
    let legend = Legend::new(range, off(report, range), sheet);
    let top = if sheet.titled { 40.0 } else { 6.0 };
    let foot = FOOT + legend.height();
    let (size, panel) = lay(&mut panels, report, sheet, (top, foot));
    let foot = size.1 - foot;
    let below = sketch(size, |pen| {
        pen.rect(Role::Paper, (0.0, 0.0), size);
        if sheet.titled {
            pen.text(Role::Ink, 15.0, Anchor::Start, (MARGIN, 18.0), title);
        }
        for p in &panels {
            pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (p.at.0, p.at.1 - 11.0), p.name);
            pen.rect(Role::Unseen, p.at, (p.at.0 + panel.0, p.at.1 + panel.1));
        }
        legend.words(pen, foot);
    });
    let images = panels.iter().map(|p| {
        let shades: Vec<Option<f64>> = p.cells.iter().map(|v| v.map(|v| on(range, v))).collect();
        raster::image(Ramp::Grey, &shades, report.cols, p.at, panel)
    });
    let cell = (panel.0 / report.cols as f64, panel.1 / report.rows as f64);
    let over = sketch(size, |pen| {
        panels.iter().for_each(|p| frame(pen, p.at, panel));
        if cell.0 >= LEGIBLE.0 && cell.1 >= LEGIBLE.1 {
            panels.iter().for_each(|p| numbers(pen, p, range, (report.cols, cell)));
        }
    });
    let body = images.chain(legend.colours(foot)).try_fold(below, |all, one| Some(all + &one?))?;
    Some(Picture { body: body + &over, size, readings: vec![] })
}

/// An edge around a panel, whose white cells are those of the paper.
fn frame(pen: &mut Pen, (x, y): (f64, f64), (width, height): (f64, f64)) {
    let (right, bottom) = (x + width, y + height);
    pen.line(Role::Muted, 0.8, &[(x, y), (right, y), (right, bottom), (x, bottom), (x, y)]);
}

/// What the cells of a panel hold.
fn numbers(pen: &mut Pen, panel: &Panel, range: [f64; 2], (cols, cell): (usize, (f64, f64))) {
    for (k, v) in panel.cells.iter().enumerate() {
        let at = |n: usize, size: f64| (n as f64 + 0.5) * size;
        let place = (panel.at.0 + at(k % cols, cell.0), panel.at.1 + at(k / cols, cell.1));
        match v {
            Some(v) => {
                let dark = on(range, *v) < EVEN || off_scale(range, *v).contains(&true);
                let role = if dark { Role::OnDark } else { Role::OnLight };
                pen.text(role, LABEL_SIZE, Anchor::Middle, place, &digits(*v, 3));
            }
            None => pen.text(Role::Ink, LABEL_SIZE, Anchor::Middle, place, "?"),
        }
    }
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
/// Length of the grey scale.
const BAR: f64 = 120.0;

/// A colour of the legend beside the grey scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Swatch {
    Unseen,
    Below,
    Above,
}

impl Swatch {
    fn words(self) -> &'static str {
        match self {
            Swatch::Unseen => "not observed",
            Swatch::Below => "far below",
            Swatch::Above => "far above",
        }
    }
}

/// The grey scale and the colours beside it, wrapped into the sheet.
struct Legend {
    range: [f64; 2],
    /// With their places, from the foot of the panels.
    swatches: Vec<(f64, f64, Swatch)>,
}

impl Legend {
    fn new(range: [f64; 2], [below, above]: [bool; 2], sheet: Sheet) -> Self {
        let mut out = Self { range, swatches: vec![] };
        let (mut x, mut y) = (out.bar() + BAR + 6.0 + text_width(&number(range[1]), LABEL_SIZE) + 18.0, 24.0);
        let present = [(Swatch::Unseen, true), (Swatch::Below, below), (Swatch::Above, above)];
        for (swatch, _) in present.into_iter().filter(|s| s.1) {
            let width = 18.0 + text_width(swatch.words(), LABEL_SIZE);
            if x + width > sheet.width {
                (x, y) = (MARGIN, y + ROW);
            }
            out.swatches.push((x, y, swatch));
            x += width + 18.0;
        }
        out
    }

    /// What it takes beside the first row.
    fn height(&self) -> f64 {
        self.swatches.last().map_or(0.0, |s| s.1 - 24.0)
    }

    /// Where the scale begins, right of its lower end's label.
    fn bar(&self) -> f64 {
        MARGIN + text_width(&number(self.range[0]), LABEL_SIZE) + 14.0
    }

    fn words(&self, pen: &mut Pen, foot: f64) {
        let (y, from) = (foot + 24.0, self.bar());
        pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (MARGIN, y), &number(self.range[0]));
        pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (from + BAR + 6.0, y), &number(self.range[1]));
        for (x, y, swatch) in &self.swatches {
            let y = foot + y;
            pen.rect(Role::Unseen, (*x, y - 6.0), (x + 12.0, y + 6.0));
            pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (x + 18.0, y), swatch.words());
        }
    }

    /// The parts whose colours are those of cells.
    fn colours(&self, foot: f64) -> Vec<Option<String>> {
        let ramp = (0..64).map(|k| Some(f64::from(k) / 63.0)).collect::<Vec<_>>();
        let scale = raster::image(Ramp::Grey, &ramp, 64, (self.bar(), foot + 18.0), (BAR, 12.0));
        let swatch = |(x, y, swatch): &(f64, f64, Swatch)| {
            let v = match swatch {
                Swatch::Unseen => return None,
                Swatch::Below => -2.0 * BEYOND,
                Swatch::Above => 1.0 + 2.0 * BEYOND,
            };
            Some(raster::image(Ramp::Grey, &[Some(v)], 1, (*x, foot + y - 6.0), (12.0, 12.0)))
        };
        [scale].into_iter().chain(self.swatches.iter().filter_map(swatch)).collect()
    }
}
