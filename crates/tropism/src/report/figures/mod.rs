//! Figures of a report as SVG: standing alone with a light palette, or inline with the page's colours.
//!
//! `content`, `measured`, `spectra` and `visits` say what each chart shows, `law` draws the rates, `chart`, `pairs`, `completion` and
//! `phase` lay it out over `axis`, `raster` fills cells, and `canvas` turns strokes into SVG. Equal reports give equal bytes.

mod axis;
mod canvas;
mod chart;
mod completion;
mod content;
mod heat;
mod law;
mod measured;
mod pairs;
mod phase;
mod raster;
mod spectra;
mod story;
mod sweep;
#[cfg(test)]
mod sweep_tests;
#[cfg(test)]
mod tests;
mod visits;

pub(super) use heat::geometry_figure;
pub(super) use sweep::{sweep_figures, sweep_inline};

use super::Report;
use crate::measures;
use canvas::{Palette, finish};
use chart::{Picture, Sheet};

/// One figure with the words that belong beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Short and fit for a file name: `gap`, `loss`, `norm`, `margin`, `residual`, `errors`, `coordinates`; where they
    /// have a meaning `saddles`, `singular_values`, `fourier`, `completion` and one for every kind of further measure.
    pub id: String,
    pub title: String,
    pub caption: String,
    /// A complete SVG document.
    pub svg: String,
}

/// A figure for the page, drawn for wide and for narrow screens.
pub(super) struct Inline {
    pub id: String,
    /// Takes the whole width of the page.
    pub main: bool,
    pub title: String,
    pub caption: String,
    pub views: Vec<View>,
}

/// One drawing of an inline figure.
pub(super) struct View {
    pub svg: String,
    /// JSON for the crosshair: pixel positions and texts.
    pub readings: String,
}

/// Draws on a sheet, under a title where the sheet wants one.
type Draw<'a> = dyn Fn(Sheet, &str) -> Option<Picture> + 'a;

/// Something that can be drawn on a sheet of any size.
struct Plate<'a> {
    id: String,
    title: String,
    caption: String,
    draw: Box<Draw<'a>>,
}

/// What a measure or a quantity of a sweep is called in a sentence.
fn words(id: &str) -> String {
    match id {
        "margin_l1" => "smallest margin at unit ℓ1 norm".into(),
        "margin_l2" => "smallest margin at unit Euclidean norm".into(),
        "bridge_stationarity" => "distance of the predictor from stationarity".into(),
        "kkt_residual" => "KKT residual of the parameters".into(),
        "geometry_kkt_residual" => "KKT residual in the optimizer's norm".into(),
        "hidden_entry_bound" => "bound on the hidden entry, over the entry".into(),
        "sharpness_step" => "sharpness times step size".into(),
        "singular_value_dynamics" => "residual of the singular values' motion".into(),
        "support_dimension" => "effective number of support vectors".into(),
        "unobserved_error" => "error on unobserved entries".into(),
        _ => id.replace('_', " "),
    }
}

/// What a measure is: the first sentence of its page; nothing for one of another version.
fn meaning(id: &str) -> Option<String> {
    let member = measures::MEMBERS.iter().find(|m| m.id == id)?;
    Some(format!("{}.", member.summary().trim_end_matches(['.', ':'])))
}

/// The same at the beginning of a sentence.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

const HERO: Sheet = Sheet { width: 900.0, height: 480.0, titled: true };
const STATIC: Sheet = Sheet { width: 720.0, height: 430.0, titled: true };
const WIDE: Sheet = Sheet { width: 1040.0, height: 460.0, titled: false };
const SMALL: Sheet = Sheet { width: 500.0, height: 340.0, titled: false };
const NARROW: Sheet = Sheet { width: 340.0, height: 300.0, titled: false };

fn plates(report: &Report) -> Vec<Plate<'_>> {
    let charts = content::charts(report).into_iter().chain(visits::saddles(report));
    let mut out: Vec<Plate> = charts
        .chain(spectra::singular_values(report))
        .chain(measured::charts(report))
        .chain(spectra::fourier(report))
        .map(|chart| Plate {
            id: chart.id.into(),
            title: chart.title.clone(),
            caption: chart.caption.clone(),
            draw: Box::new(move |sheet, title| Some(chart.draw(sheet, title))),
        })
        .collect();
    if let Some(completed) = &report.completion {
        let program = report.prediction.program.as_deref().unwrap_or_default();
        out.push(Plate {
            id: "completion".into(),
            title: "Completed matrix".into(),
            caption: completion::caption(completed, program),
            draw: Box::new(move |sheet, title| completion::draw(completed, program, title, sheet)),
        });
    }
    let rows = pairs::shown(report);
    if !rows.is_empty() {
        let title = "Largest coordinates";
        let caption = format!(
            "The solution selected beside the one predicted: the {} largest coordinates.",
            rows.len()
        );
        let draw = Box::new(move |sheet, title: &str| pairs::draw(&rows, title, sheet));
        out.push(Plate { id: "coordinates".into(), title: title.into(), caption, draw });
    }
    out
}

impl Plate<'_> {
    fn svg(&self, sheet: Sheet, palette: Palette) -> Option<(String, Picture)> {
        let picture = (self.draw)(sheet, &self.title)?;
        let label = format!("{}. {}", self.title, self.caption.replace('`', ""));
        Some((finish(&picture.body, picture.size, palette, &self.title, &label), picture))
    }

    /// Standing alone, on white.
    fn alone(&self, sheet: Sheet) -> Option<Figure> {
        let (svg, _) = self.svg(sheet, Palette::Light)?;
        Some(Figure { id: self.id.clone(), title: self.title.clone(), caption: self.caption.clone(), svg })
    }

    /// For a page, on each of the sheets.
    fn inline(self, main: bool, sheets: [Sheet; 2]) -> Inline {
        let view = |sheet: &Sheet| {
            let (svg, picture) = self.svg(*sheet, Palette::Variables)?;
            Some(View { svg, readings: serde_json::to_string(&picture.readings).ok()? })
        };
        let views: Vec<View> = sheets.iter().filter_map(view).collect();
        Inline { id: self.id, main, title: self.title, caption: self.caption, views }
    }
}

/// Every figure the report has points for, as standalone SVG documents on white.
pub fn figures(report: &Report) -> Vec<Figure> {
    plates(report).iter().filter_map(|plate| plate.alone(STATIC)).collect()
}

/// The first figure alone (the gap, where there is one) at 900 × 480; empty if nothing was recorded.
pub fn hero_figure(report: &Report) -> String {
    let mut first = plates(report).into_iter().next();
    if let Some(plate) = first.as_mut().filter(|_| !report.title.trim().is_empty()) {
        plate.title = format!("{}: {}", report.title, plate.title.to_lowercase());
    }
    first.and_then(|plate| plate.svg(HERO, Palette::Light)).map_or_else(String::new, |(svg, _)| svg)
}

/// The figures for a page that defines the `--fig-…` colours.
pub(super) fn inline(report: &Report) -> Vec<Inline> {
    let figure = |plate: Plate| {
        let main = ["gap", "saddles", "singular_values", "completion"].contains(&plate.id.as_str());
        plate.inline(main, [if main { WIDE } else { SMALL }, NARROW])
    };
    plates(report).into_iter().map(figure).collect()
}
