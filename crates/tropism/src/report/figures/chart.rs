//! A chart of lines over two axes: described first, then drawn at whatever size is wanted.

use super::axis::{Axis, LABEL_SIZE, Lie};
use super::canvas::{Anchor, Pen, Role, sketch, text_width};

/// One line with its name in the legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Empty for a line that the legend passes over.
    pub name: String,
    pub role: Role,
    pub width: f64,
    /// Values on the two axes; a value that is not finite interrupts the line.
    pub points: Vec<(f64, f64)>,
    /// Mark the points themselves.
    pub dots: bool,
    /// Written behind the line's last point, where there is room.
    pub end: String,
}

/// What the crosshair reads at one recorded moment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    pub x: f64,
    pub ys: Vec<f64>,
    pub text: String,
}

/// A described chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    pub id: &'static str,
    pub title: String,
    pub caption: String,
    pub x: Axis,
    pub y: Axis,
    /// Where the discrete steps end and the log-time flow begins.
    pub flow_from: Option<f64>,
    pub lines: Vec<Line>,
    pub marks: Vec<Mark>,
}

/// The sheet a chart is drawn on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sheet {
    pub width: f64,
    pub height: f64,
    /// Write the title into the figure (where no page around it does).
    pub titled: bool,
}

/// What the crosshair reads, in pixels of the sheet.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(super) struct Reading {
    pub x: f64,
    pub ys: Vec<f64>,
    pub text: String,
}

/// A drawn chart, colours still roles.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub body: String,
    pub size: (f64, f64),
    pub readings: Vec<Reading>,
}

const LEGEND_SIZE: f64 = 12.0;
const LEGEND_ROW: f64 = 18.0;
const KEY: f64 = 26.0;
const MARGIN: f64 = 16.0;
/// How far the name of a line may stand below its end.
const MOST_MOVED: f64 = 26.0;
/// More readings than this tell the crosshair nothing and weigh down the page.
const MOST_READINGS: usize = 400;

/// The plotting area in pixels.
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    fn width(&self) -> f64 {
        self.right - self.left
    }
    fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

impl Chart {
    pub fn draw(&self, sheet: Sheet, title: &str) -> Picture {
        let legend = self.legend(sheet);
        let rows = legend.last().map_or(0.0, |l| l.1 + LEGEND_ROW);
        // On the page a long legend makes the figure taller rather than the plot smaller.
        let height = if sheet.titled { sheet.height } else { sheet.height + (rows - LEGEND_ROW).max(0.0) };
        let sheet = Sheet { height, ..sheet };
        let size = (sheet.width, sheet.height);
        let area = self.area(sheet, rows);
        let body = sketch(size, |pen| {
            pen.rect(Role::Paper, (0.0, 0.0), size);
            if sheet.titled {
                pen.text(Role::Ink, 15.0, Anchor::Start, (MARGIN, 18.0), title);
            }
            self.phases(pen, &area);
            self.grid(pen, &area);
            for line in &self.lines {
                self.line(pen, &area, line);
            }
            self.ends(pen, &area);
            for (x, y, line) in &legend {
                let y = y + top(sheet);
                pen.line(line.role, line.width, &[(*x, y), (x + KEY, y)]);
                if line.dots {
                    pen.dot(line.role, (x + KEY / 2.0, y), 2.4, true);
                }
                pen.text(Role::Ink, LEGEND_SIZE, Anchor::Start, (x + KEY + 6.0, y), &line.name);
            }
        });
        Picture { body, size, readings: self.readings(&area) }
    }

    /// Legend entries with their places, in as many rows as the names need.
    fn legend(&self, sheet: Sheet) -> Vec<(f64, f64, &Line)> {
        let (mut x, mut y) = (MARGIN, 0.0);
        let mut out = Vec::new();
        let mut named: Vec<&Line> = self.lines.iter().filter(|l| !l.name.is_empty()).collect();
        // What was measured is named first, whatever is drawn below it.
        named.sort_by_key(|l| l.role == Role::Fitted);
        for line in named {
            let width = KEY + 6.0 + text_width(&line.name, LEGEND_SIZE) + 18.0;
            if x > MARGIN && x + width > sheet.width {
                (x, y) = (MARGIN, y + LEGEND_ROW);
            }
            out.push((x, y, line));
            x += width;
        }
        out
    }

    fn area(&self, sheet: Sheet, legend: f64) -> Area {
        // The names of the phases stand above the plot, where no line crosses them.
        let phases = if self.flow_from.is_some() { 14.0 } else { 0.0 };
        let top = top(sheet) + legend + phases;
        let bottom = sheet.height - 46.0;
        let ticks = self.y.ticks(bottom - top, Lie::Up);
        let widest = ticks.iter().filter_map(|t| t.label.as_deref()).map(|l| text_width(l, LABEL_SIZE));
        // Numbers of many digits may not push the plot off its sheet.
        let left = 38.0 + widest.fold(18.0, f64::max).min(0.3 * sheet.width);
        let ends = self.lines.iter().map(|l| text_width(&l.end, LEGEND_SIZE - 1.0));
        // Names behind the lines stand outside the plot.
        let right = ends.fold(0.0, f64::max).min(0.25 * sheet.width) + 10.0;
        Area { left, right: sheet.width - right.max(26.0), top, bottom }
    }

    fn place(&self, area: &Area, x: f64, y: f64) -> (f64, f64) {
        (area.left + area.width() * self.x.unit(x), area.bottom - area.height() * self.y.unit(y))
    }

    /// The stretch followed by the flow is tinted.
    fn phases(&self, pen: &mut Pen, area: &Area) {
        let Some(from) = self.flow_from else { return };
        let x = (area.left + area.width() * self.x.unit(from)).clamp(area.left, area.right);
        pen.rect(Role::Shade, (x, area.top), (area.right, area.bottom));
        for (name, from, to) in [("steps", area.left, x), ("log-time flow", x, area.right)] {
            if text_width(name, 11.0) + 12.0 < to - from {
                pen.text(Role::Muted, 11.0, Anchor::Middle, ((from + to) / 2.0, area.top - 9.0), name);
            }
        }
    }

    fn grid(&self, pen: &mut Pen, area: &Area) {
        for tick in self.x.ticks(area.width(), Lie::Across) {
            let x = area.left + area.width() * self.x.unit(tick.at);
            match tick.label {
                Some(label) => {
                    pen.line(Role::Grid, 1.0, &[(x, area.top), (x, area.bottom)]);
                    pen.line(Role::Muted, 1.0, &[(x, area.bottom), (x, area.bottom + 5.0)]);
                    pen.text(Role::Muted, LABEL_SIZE, Anchor::Middle, (x, area.bottom + 15.0), &label);
                }
                None => pen.line(Role::Muted, 0.7, &[(x, area.bottom), (x, area.bottom + 3.0)]),
            }
        }
        for tick in self.y.ticks(area.height(), Lie::Up) {
            let y = area.bottom - area.height() * self.y.unit(tick.at);
            match tick.label {
                Some(label) => {
                    pen.line(Role::Grid, 1.0, &[(area.left, y), (area.right, y)]);
                    pen.line(Role::Muted, 1.0, &[(area.left - 5.0, y), (area.left, y)]);
                    pen.text(Role::Muted, LABEL_SIZE, Anchor::End, (area.left - 8.0, y), &label);
                }
                None => pen.line(Role::Muted, 0.7, &[(area.left - 3.0, y), (area.left, y)]),
            }
        }
        let corner = (area.left, area.bottom);
        pen.line(Role::Muted, 1.0, &[(area.left, area.top), corner, (area.right, area.bottom)]);
        let middle = (area.left + area.right) / 2.0;
        pen.text(Role::Ink, LABEL_SIZE, Anchor::Middle, (middle, area.bottom + 34.0), &self.x.label);
        pen.upright(Role::Ink, LABEL_SIZE, (14.0, (area.top + area.bottom) / 2.0), &self.y.label);
    }

    fn line(&self, pen: &mut Pen, area: &Area, line: &Line) {
        let mut run: Vec<(f64, f64)> = Vec::new();
        for pair in line.points.windows(2) {
            let (a, b) = (self.place(area, pair[0].0, pair[0].1), self.place(area, pair[1].0, pair[1].1));
            let Some((a, b)) = clipped(a, b, area) else {
                pen.line(line.role, line.width, &run);
                run.clear();
                continue;
            };
            if run.last() != Some(&a) {
                pen.line(line.role, line.width, &run);
                run = vec![a];
            }
            run.push(b);
        }
        pen.line(line.role, line.width, &run);
        // A value between two that are none is no stroke, but it was seen.
        let known = |k: usize| line.points.get(k).is_some_and(|p| p.0.is_finite() && p.1.is_finite());
        let alone = |k: usize| known(k) && !known(k + 1) && (k == 0 || !known(k - 1));
        for (k, &(x, y)) in line.points.iter().enumerate() {
            if line.dots || alone(k) {
                let (u, v) = (self.x.unit(x), self.y.unit(y));
                if (0.0..=1.0).contains(&u) && (0.0..=1.0).contains(&v) {
                    pen.dot(line.role, self.place(area, x, y), 2.4, true);
                }
            }
        }
    }

    /// Names at the ends of lines, from above; one that would touch another moves down a little or is left out.
    fn ends(&self, pen: &mut Pen, area: &Area) {
        let named = self.lines.iter().filter(|l| !l.end.is_empty());
        let mut ends: Vec<((f64, f64), &str)> = named
            .filter_map(|l| {
                let last = l.points.iter().rev().find(|p| p.0.is_finite() && p.1.is_finite());
                let &(x, y) = last?;
                Some((self.place(area, x.min(self.x.value(1.0)), y), l.end.as_str()))
            })
            .collect();
        // Lines that end at one height keep their order.
        ends.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
        let mut free = f64::NEG_INFINITY;
        for ((x, y), name) in ends {
            let at = y.max(free);
            if at - y <= MOST_MOVED && at <= area.bottom + 6.0 {
                pen.text(Role::Muted, LEGEND_SIZE - 1.0, Anchor::Start, (x + 4.0, at), name);
                free = at + LEGEND_SIZE;
            }
        }
    }

    fn readings(&self, area: &Area) -> Vec<Reading> {
        let tenth = |v: f64| (v * 10.0).round() / 10.0;
        let every = self.marks.len().div_ceil(MOST_READINGS).max(1);
        let last = self.marks.len().saturating_sub(1);
        let kept = self.marks.iter().enumerate().filter(|(k, _)| k % every == 0 || *k == last);
        kept.map(|(_, m)| {
            let ys =
                m.ys.iter().filter(|y| y.is_finite()).map(|&y| tenth(self.place(area, m.x, y).1)).collect();
            Reading { x: tenth(self.place(area, m.x, 0.0).0), ys, text: m.text.clone() }
        })
        .collect()
    }
}

fn top(sheet: Sheet) -> f64 {
    if sheet.titled { 44.0 } else { 14.0 }
}

/// The part of the segment inside the area (Liang and Barsky), or `None`.
fn clipped(a: (f64, f64), b: (f64, f64), area: &Area) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    if !(a.0.is_finite() && a.1.is_finite() && dx.is_finite() && dy.is_finite()) {
        return None;
    }
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    let edges =
        [(-dx, a.0 - area.left), (dx, area.right - a.0), (-dy, a.1 - area.top), (dy, area.bottom - a.1)];
    for (p, q) in edges {
        if p == 0.0 && q < 0.0 {
            return None;
        } else if p < 0.0 {
            from = from.max(q / p);
        } else if p > 0.0 {
            to = to.min(q / p);
        }
    }
    let at = |s: f64| (a.0 + s * dx, a.1 + s * dy);
    // The ends themselves are kept exactly, so that neighbouring segments join into one stroke.
    let first = if from == 0.0 { a } else { at(from) };
    let last = if to == 1.0 { b } else { at(to) };
    (from <= to).then_some((first, last))
}
