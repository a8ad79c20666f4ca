//! A quantity of a sweep as colour over the key that varied (across) and the training loss (upwards); where the key is the start of a
//! diagonal network, with the lines along which theory says that nothing changes.

use super::axis::LABEL_SIZE;
use super::canvas::{Anchor, Pen, Role, sketch, text_width};
use super::chart::{Picture, Sheet};
use super::raster::{self, Ramp};
use super::{Plate, capital, words};
use crate::report::format::{digits, number, superscript};
use crate::report::{PhasePicture, SweepAxis, SweepReport};

const MARGIN: f64 = 16.0;
/// Left of the cells, for the losses.
const LEFT: f64 = 84.0;
/// Below them, for the values of the key and its name.
const FOOT: f64 = 56.0;
/// Height of a row of the legend.
const ROW: f64 = 22.0;
/// Length of the colour bar.
const BAR: f64 = 110.0;
/// Above the cells and right of them, for the names of the lines.
const NAMES: f64 = 18.0;
const ASIDE: f64 = 50.0;
/// Least distance between lines, along the edge that names them.
const APART: f64 = 54.0;
const LN_10: f64 = std::f64::consts::LN_10;

/// The figure, where there are two different values to show.
pub(super) fn picture(report: &SweepReport) -> Option<Plate<'_>> {
    let (of, axis) = (report.picture.as_ref()?, report.axes.first()?);
    let (lo, hi) = of
        .values
        .iter()
        .flatten()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    if lo >= hi || axis.names.is_empty() || of.levels.len() < 2 {
        return None;
    }
    let phase = Phase { of, axis, seeds: report.seeds.len(), range: [lo, hi], edges: edges(axis) };
    let quantity = capital(&words(&of.quantity));
    let title = match of.depth {
        Some(_) => format!("{quantity} over start and accuracy"),
        None => format!("{quantity} over {} and loss", axis.key),
    };
    let caption = phase.caption();
    let draw = Box::new(move |sheet, title: &str| phase.draw(sheet, title));
    Some(Plate { id: "picture".into(), title, caption, draw })
}

struct Phase<'a> {
    of: &'a PhasePicture,
    axis: &'a SweepAxis,
    seeds: usize,
    range: [f64; 2],
    edges: Edges,
}

/// Where the columns begin and end.
enum Edges {
    /// At log10 of the key: half way between neighbouring values.
    Logarithmic(Vec<f64>),
    Even(usize),
}

/// Values that are positive and rise stand at their logarithms, others side by side.
fn edges(axis: &SweepAxis) -> Edges {
    let rising = |x: &&Vec<f64>| x.len() > 1 && x[0] > 0.0 && x.windows(2).all(|w| w[1] > w[0]);
    let Some(x) = axis.numbers.as_ref().filter(rising) else { return Edges::Even(axis.names.len()) };
    let logs: Vec<f64> = x.iter().map(|v| v.log10()).collect();
    let between = logs.windows(2).map(|w| (w[0] + w[1]) / 2.0);
    let n = logs.len();
    let (first, last) = (1.5 * logs[0] - 0.5 * logs[1], 1.5 * logs[n - 1] - 0.5 * logs[n - 2]);
    Edges::Logarithmic([first].into_iter().chain(between).chain([last]).collect())
}

impl Edges {
    /// Both ends of a column as shares of the width.
    fn column(&self, j: usize) -> [f64; 2] {
        match self {
            Edges::Even(n) => [j, j + 1].map(|k| k as f64 / *n as f64),
            Edges::Logarithmic(at) => [j, j + 1].map(|k| (at[k] - at[0]) / (at[at.len() - 1] - at[0])),
        }
    }
}

/// The cells on the sheet, in pixels.
struct Area {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Phase<'_> {
    fn caption(&self) -> String {
        let key = &self.axis.key;
        let quantity = words(&self.of.quantity);
        let (runs, mean) = match self.seeds {
            1 => ("run", String::new()),
            n => ("runs", format!(", its mean over {n} seeds")),
        };
        let mut out = format!(
            "Each column follows the {runs} from one value of {key} upwards to smaller losses. The colour is the {quantity}{mean}, from the \
             smallest (dark blue) to the largest (yellow)."
        );
        if self.of.values.iter().any(Option::is_none) {
            out += " Where no run has been, the sand colour shows.";
        }
        if let Some(depth) = self.of.depth {
            out += &format!(
                " Along each line μ = α{} / log(1/ε) is the same. Where the start α is large, theory (Moroshko et al. 2020) says that the \
                 direction depends on μ alone, so that the colour follows the lines: from the ℓ2 margin at large μ, below and to the right, \
                 towards small μ, above and to the left{}.",
                superscript(&depth.to_string()),
                if depth == 2 { ", where the ℓ1 margin is the largest" } else { "" }
            );
        }
        out
    }

    fn draw(&self, sheet: Sheet, title: &str) -> Option<Picture> {
        let legend = self.legend(sheet);
        let rows = legend.iter().map(|l| l.1).fold(0.0, f64::max) + ROW;
        let [above, aside] = if self.of.depth.is_some() { [NAMES, ASIDE] } else { [4.0, 22.0] };
        let head = if sheet.titled { 38.0 } else { 6.0 };
        // On the page a long legend makes the figure taller rather than the cells smaller.
        let size = (sheet.width, if sheet.titled { sheet.height } else { sheet.height + rows - ROW });
        let top = head + rows + above;
        let area = Area { left: LEFT, top, width: size.0 - LEFT - aside, height: size.1 - top - FOOT };
        let below = sketch(size, |pen| {
            pen.rect(Role::Paper, (0.0, 0.0), size);
            if sheet.titled {
                pen.text(Role::Ink, 15.0, Anchor::Start, (MARGIN, 20.0), title);
            }
            pen.rect(Role::Unseen, (area.left, area.top), (area.left + area.width, area.top + area.height));
            self.axes(pen, &area);
        });
        let over = sketch(size, |pen| {
            self.lines(pen, &area);
            for (x, y, part) in &legend {
                self.entry(pen, part, (*x, head + y + ROW / 2.0));
            }
        });
        let mut body = below;
        for j in 0..self.axis.names.len() {
            let [from, to] = self.edges.column(j);
            let at = (area.left + area.width * from, area.top);
            // Half a pixel over the next column, so that no seam shows between them.
            let seam = if j + 1 < self.axis.names.len() { 0.5 } else { 0.0 };
            body += &raster::image(
                Ramp::Viridis,
                &self.cells(j),
                1,
                at,
                (area.width * (to - from) + seam, area.height),
            )?;
        }
        let ramp: Vec<Option<f64>> = (0..64).map(|k| Some(f64::from(k) / 63.0)).collect();
        if let Some((x, y, _)) = legend.iter().find(|l| l.2 == Part::Bar) {
            let from = x + text_width(&number(self.range[0]), LABEL_SIZE) + 8.0;
            body +=
                &raster::image(Ramp::Viridis, &ramp, 64, (from, head + y + ROW / 2.0 - 6.0), (BAR, 12.0))?;
        }
        Some(Picture { body: body + &over, size, readings: vec![] })
    }

    /// One column from the smallest loss down: rows of an image run downwards.
    fn cells(&self, j: usize) -> Vec<Option<f64>> {
        let [lo, hi] = self.range;
        let columns = self.axis.names.len();
        let of_column = self.of.values.chunks(columns).rev().map(|row| row.get(j).copied().flatten());
        of_column.map(|v| v.map(|v| (v - lo) / (hi - lo))).collect()
    }

    /// Height of a level as a share of that of the cells: levels are even in their logarithms, each in the middle of its row.
    fn up(&self, level: f64) -> f64 {
        let rows = self.of.levels.len() as f64;
        let (first, last) = (self.of.levels[0], self.of.levels[self.of.levels.len() - 1]);
        (0.5 + (rows - 1.0) * (level / first).ln() / (last / first).ln()) / rows
    }

    /// The level at a height.
    fn level(&self, up: f64) -> f64 {
        let rows = self.of.levels.len() as f64;
        let (first, last) = (self.of.levels[0], self.of.levels[self.of.levels.len() - 1]);
        first * (last / first).powf((up * rows - 0.5) / (rows - 1.0))
    }

    fn axes(&self, pen: &mut Pen, area: &Area) {
        let bottom = area.top + area.height;
        let mut free = f64::NEG_INFINITY;
        for (j, name) in self.axis.names.iter().enumerate() {
            let [from, to] = self.edges.column(j);
            let (x, half) = (area.left + area.width * (from + to) / 2.0, text_width(name, LABEL_SIZE) / 2.0);
            // Labels that would touch the one before are left out, and those that would leave the sheet.
            if x - half > free {
                pen.text(Role::Muted, LABEL_SIZE, Anchor::Middle, (x, bottom + 14.0), name);
                free = x + half + 8.0;
            }
        }
        let across = match self.of.depth {
            Some(_) => format!("start α ({})", self.axis.key),
            None => self.axis.key.clone(),
        };
        let middle = (area.left + area.width / 2.0, bottom + 38.0);
        pen.text(Role::Ink, LABEL_SIZE, Anchor::Middle, middle, &across);
        let mut taken: Vec<f64> = vec![];
        for level in self.ticks() {
            let y = bottom - area.height * self.up(level);
            if taken.iter().all(|t| (t - y).abs() >= 1.5 * LABEL_SIZE) {
                let label = format!("10{}", superscript(&format!("-{}", digits(level, 2))));
                pen.line(Role::Muted, 1.0, &[(area.left - 5.0, y), (area.left, y)]);
                pen.text(Role::Muted, LABEL_SIZE, Anchor::End, (area.left - 8.0, y), &label);
                taken.push(y);
            }
        }
        pen.upright(Role::Ink, LABEL_SIZE, (14.0, area.top + area.height / 2.0), "training loss ε");
    }

    /// Levels worth a label, the roundest first.
    fn ticks(&self) -> Vec<f64> {
        let (low, high) = (self.level(0.0), self.level(1.0));
        let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let times = |m: f64| decades.clone().map(move |k| m * 10f64.powi(k));
        let all = times(1.0).chain(times(5.0)).chain(times(2.0));
        let inside: Vec<f64> = all.filter(|l| (low..=high).contains(l)).collect();
        let round = inside.iter().filter(|l| (l.log10() - l.log10().round()).abs() < 1e-9).count();
        if round >= 4 { inside[..round].to_vec() } else { inside }
    }

    /// The lines of equal `μ`, at powers of ten, with their names where they leave the cells.
    fn lines(&self, pen: &mut Pen, area: &Area) {
        let (Some(depth), Edges::Logarithmic(edges)) = (self.of.depth, &self.edges) else { return };
        let (depth, first, last) = (f64::from(depth), edges[0], edges[edges.len() - 1]);
        let [below, above] = [0.0, 1.0].map(|up| (self.level(up) * LN_10).log10());
        let across = |log_alpha: f64| area.left + area.width * (log_alpha - first) / (last - first);
        let height = |loglog: f64| area.top + area.height * (1.0 - self.up(10f64.powf(loglog) / LN_10));
        // Neighbours stand a decade of μ apart, which is 1/D of a decade of α.
        let decade = area.width / (last - first) / depth;
        let every = (APART / decade).ceil().max(1.0) as i32;
        let [least, most] = [depth * first - above, depth * last - below].map(|m| m.floor() as i32);
        for m in (least..=most).filter(|m| m.rem_euclid(every) == 0).map(f64::from) {
            // On the line, log log(1/ε) = D log α − log μ.
            let from = first.max((m + below) / depth);
            let to = last.min((m + above) / depth);
            if to - from < 0.02 * (last - first) {
                continue;
            }
            let ends = [from, to].map(|a| (across(a), height(depth * a - m)));
            pen.line(Role::Paper, 3.2, &ends);
            pen.line(Role::Ink, 1.3, &ends);
            let name = format!("10{}", superscript(&format!("{m}")));
            let (x, y) = ends[1];
            if to < last {
                pen.text(Role::Ink, LABEL_SIZE, Anchor::Middle, (x, area.top - 9.0), &name);
            } else {
                pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (x + 5.0, y), &name);
            }
        }
    }

    /// Parts of the legend with their places, in as many rows as they need.
    fn legend(&self, sheet: Sheet) -> Vec<(f64, f64, Part)> {
        let ends = self.range.map(|v| text_width(&number(v), LABEL_SIZE)).iter().sum::<f64>();
        let name = text_width(&words(&self.of.quantity), LABEL_SIZE);
        let mut parts = vec![(Part::Name, name + 10.0), (Part::Bar, ends + BAR + 16.0 + 24.0)];
        if self.of.depth.is_some() && matches!(self.edges, Edges::Logarithmic(_)) {
            parts.push((Part::Lines, 32.0 + text_width(&self.equal(), LABEL_SIZE)));
        }
        let (mut x, mut y) = (MARGIN, 0.0);
        let mut out = vec![];
        for (part, width) in parts {
            if x > MARGIN && x + width > sheet.width {
                (x, y) = (MARGIN, y + ROW);
            }
            out.push((x, y, part));
            x += width;
        }
        out
    }

    fn equal(&self) -> String {
        let depth = self.of.depth.unwrap_or(2);
        format!("equal μ = α{} / log(1/ε)", superscript(&depth.to_string()))
    }

    fn entry(&self, pen: &mut Pen, part: &Part, (x, y): (f64, f64)) {
        let text = |pen: &mut Pen, x: f64, words: &str| {
            pen.text(Role::Ink, LABEL_SIZE, Anchor::Start, (x, y), words);
        };
        match part {
            Part::Name => text(pen, x, &words(&self.of.quantity)),
            Part::Bar => {
                let low = number(self.range[0]);
                text(pen, x, &low);
                text(pen, x + text_width(&low, LABEL_SIZE) + 16.0 + BAR, &number(self.range[1]));
            }
            Part::Lines => {
                pen.line(Role::Ink, 1.3, &[(x, y), (x + 24.0, y)]);
                text(pen, x + 32.0, &self.equal());
            }
        }
    }
}

/// What the legend says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Bar,
    Lines,
}
