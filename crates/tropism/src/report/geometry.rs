//! The geometry table: its values, and its renderings as text, JSON, SVG and HTML.

use super::DataReport;
use super::figures::geometry_figure;
use super::format::{count, digits, percent, printable};
use super::terminal::{Ink, Page};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const STYLE: &str = include_str!("assets/report.css");
const QUESTION: &str = "Whose margin does an optimizer maximise?";

/// A norm with the certified optimum of its margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeometryColumn {
    pub norm: String,
    /// Best known margin in this norm, in data units.
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub optimum: f64,
    /// Certified upper bound on any margin in this norm.
    #[serde(deserialize_with = "crate::numerics::null::infinite")]
    pub optimum_upper: f64,
}

/// What one optimizer reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeometryRow {
    pub optimizer: String,
    /// Its section of the resolved experiment, as TOML.
    pub keys: String,
    pub steps: u64,
    pub log10_time: Option<f64>,
    pub log10_loss: Option<f64>,
    /// How the run ended, as in a verdict.
    pub ended: String,
    pub test_error: Option<f64>,
    /// Achieved margin over the certified upper bound of the optimum, one for each column: a lower bound on the fraction;
    /// `null` where the run does not separate the data.
    pub fractions: Vec<Option<f64>>,
    /// Column of the largest fraction.
    pub largest: Option<usize>,
    /// No fraction has changed by more than 0.01 since an eighth of the run's clock.
    pub settled: bool,
}

impl GeometryRow {
    /// What marks the largest fraction: `*`, or `~` where the row still changes.
    pub fn mark(&self) -> char {
        if self.settled { '*' } else { '~' }
    }
}

/// Optimizers by norms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeometryReport {
    /// `tropism-geometry/1`.
    pub schema: String,
    pub version: String,
    pub data: DataReport,
    pub model: String,
    pub loss: String,
    pub columns: Vec<GeometryColumn>,
    pub rows: Vec<GeometryRow>,
}

/// A cell as it is printed: the largest of its row is marked.
fn cell(row: &GeometryRow, j: usize) -> String {
    match row.fractions.get(j).copied().flatten() {
        Some(f) if row.largest == Some(j) => format!("{}{}", digits(f, 4), row.mark()),
        Some(f) => digits(f, 4),
        None => "-".into(),
    }
}

fn intro(report: &GeometryReport) -> String {
    format!(
        "{}, {} samples × {} inputs, {} model, {} loss. Each number is the margin an optimizer reached, as a fraction of the largest \
         margin there is in that norm, against a certified upper bound; the largest of a row is marked with *, or with ~ where some \
         number of the row still changed by more than 0.01 since an eighth of the way.",
        report.data.name,
        report.data.samples,
        report.data.inputs,
        report.model.replace('_', " "),
        report.loss
    )
}

/// The table for a terminal.
pub fn geometry_text(report: &GeometryReport, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    page.line(QUESTION, Ink::Strong);
    page.line(&printable(&intro(report)), Ink::Plain);
    page.rule();
    let mut head = vec!["optimizer"];
    head.extend(report.columns.iter().map(|c| c.norm.as_str()));
    head.push("steps");
    let row = |r: &GeometryRow| {
        let cells = (0..report.columns.len()).map(|j| cell(r, j));
        [printable(&r.optimizer)].into_iter().chain(cells).chain([count(r.steps)]).collect()
    };
    let mut rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    let optima = report.columns.iter().map(|c| digits(c.optimum, 4));
    rows.push(["optimum".to_string()].into_iter().chain(optima).chain([String::new()]).collect());
    page.table(&head, &rows);
    for row in report.rows.iter().filter(|r| r.ended != "completed" || r.largest.is_none()) {
        let mut text = format!("{} ended as {}", row.optimizer, row.ended.replace('_', " "));
        if row.largest.is_none() {
            text += " and does not separate the data";
        }
        page.line(&(printable(&text) + "."), Ink::Dim);
    }
    page.finish()
}

/// The table as indented JSON.
///
/// # Errors
/// None that serialisation does not have.
pub fn geometry_json(report: &GeometryReport) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

/// The JSON schema of what [`geometry_json`] writes.
pub fn geometry_schema() -> serde_json::Value {
    super::json::nullable(schemars::schema_for!(GeometryReport).to_value())
}

/// The table as one HTML file.
pub fn geometry_html(report: &GeometryReport) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Geometry of optimizers · " (printable(&report.data.name)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.top { div {
                    p.eyebrow { "Tropism geometry" }
                    h1 { (QUESTION) }
                } }
                main {
                    section.card {
                        p { (printable(&intro(report))) }
                        div.scroll { figure { (PreEscaped(geometry_figure(report, true))) } }
                    }
                    section.card { h2 { "The numbers" } div.scroll { (numbers(report)) } }
                }
                footer { p.muted { "tropism " (report.version) } }
            }
        }
    }
    .into_string()
}

fn numbers(report: &GeometryReport) -> Markup {
    let tested = report.rows.iter().any(|r| r.test_error.is_some());
    html! {
        table.numeric {
            thead { tr {
                th { "optimizer" }
                @for c in &report.columns { th { (c.norm) } }
                th { "steps" }
                @if tested { th { "test error" } }
            } }
            tbody {
                @for r in &report.rows { tr {
                    th scope="row" { (printable(&r.optimizer)) }
                    @for j in 0..report.columns.len() { td { (cell(r, j)) } }
                    td { (count(r.steps)) }
                    @if tested { td { (r.test_error.map(percent).unwrap_or_default()) } }
                } }
                tr {
                    th scope="row" { "optimum" }
                    @for c in &report.columns { td { (digits(c.optimum, 6)) } }
                    td {}
                    @if tested { td {} }
                }
            }
        }
    }
}

/// The figure alone, as a standalone SVG.
pub fn geometry_svg(report: &GeometryReport) -> String {
    geometry_figure(report, false)
}
