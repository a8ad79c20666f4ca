//! The tables of the page.

use super::format::{self, count, from_log10, percent_at_least, printable, time};
use super::html_words::{fact, maybe_num, num, power, prose};
use super::{Coordinate, DataReport, Holds, Hypothesis, MarginRow, NormOf, Point, Report};
use crate::measures;
use maud::{Markup, html};
use std::collections::BTreeSet;

pub(super) fn hypotheses(rows: &[Hypothesis]) -> Markup {
    let mark = |h: Holds| match h {
        Holds::Yes => "✓",
        Holds::No => "✗",
        Holds::Unchecked => "○",
    };
    html! {
        div.scroll tabindex="0" {
            table.hypotheses {
                thead { tr { th scope="col" { "Hypothesis" } th scope="col" { "Holds" } th scope="col" { "Evidence" } } }
                tbody {
                    @for h in rows {
                        tr class=(format::holds(h.holds)) {
                            th scope="row" { (printable(&h.name)) }
                            td.holds { span aria-hidden="true" { (mark(h.holds)) " " } (format::holds(h.holds)) }
                            td { (prose(&h.evidence)) }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn margins(rows: &[MarginRow]) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table.numeric {
                thead { tr { th scope="col" { "Norm" } th scope="col" { "Achieved" } th scope="col" { "Optimum" }
                    th scope="col" { "Share" } } }
                tbody {
                    @for m in rows {
                        tr {
                            th scope="row" { (printable(&m.norm)) }
                            td { (num(m.achieved)) } td { (num(m.optimum)) }
                            td.share {
                                span.bar aria-hidden="true" { span style={ "width:" (share(m.fraction)) "%" } {} }
                                (percent_at_least(m.fraction))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Per cent of the bar that is filled.
fn share(fraction: f64) -> i64 {
    (100.0 * fraction.clamp(0.0, 1.0)).round() as i64
}

pub(super) fn coordinates(rows: &[Coordinate]) -> Markup {
    html! {
        div.scroll.tall tabindex="0" {
            table.numeric.coordinates {
                thead { tr { th scope="col" { "Coordinate" } th scope="col" { "Selected" } th scope="col" { "Predicted" }
                    th scope="col" { "Difference" } } }
                tbody {
                    @for c in rows {
                        tr { th scope="row" { (printable(&c.name)) } td { (num(c.selected)) } td { (num(c.predicted)) }
                            td { (num(c.selected - c.predicted)) } }
                    }
                }
            }
        }
    }
}

pub(super) fn run(report: &Report) -> Markup {
    let run = &report.run;
    html! {
        dl.facts {
            (fact("Optimizer", Some(&run.optimizer)))
            (fact("Model", Some(&run.model)))
            (fact("Loss", Some(&run.loss)))
            dt { "Step size" }
            dd { (maybe_num(run.step_size)) @if !run.step_size_origin.is_empty() { " — " (prose(&run.step_size_origin)) } }
            (fact("Coordinates", Some(&run.coordinates)))
            dt { "Steps" }
            dd { (count(run.steps)) " discrete, " (count(run.flow_steps)) " of the log-time flow (" (count(run.flow_rejected)) " rejected)" }
            @if let Some(bound) = run.continuation_bound {
                dt { "Continuation bound" }
                dd { (num(bound)) " between the discrete iterates and the flow that continued them" }
            }
            dt { "Ended" } dd { (printable(&run.ended.replace('_', " "))) " at t = " (power(&time(report.log10_time))) }
        }
        @if !run.phases.is_empty() { ol.phases { @for phase in &run.phases { li { (prose(phase)) } } } }
    }
}

pub(super) fn data(data: &DataReport) -> Markup {
    html! {
        dl.facts {
            (fact("Name", Some(&data.name)))
            dt { "Training" } dd { (data.samples) " samples × " (data.inputs) " inputs, " (data.outputs) " outputs" }
            @if data.test_samples > 0 { dt { "Test" } dd { (data.test_samples) " samples" } }
        }
        @if !data.notes.is_empty() { ul.notes { @for note in &data.notes { li { (prose(note)) } } } }
    }
}

/// First and last value of every further measure.
pub(super) fn measured(points: &[Point]) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table.numeric {
                thead { tr { th scope="col" { "Measure" } th scope="col" { "First" } th scope="col" { "Last" }
                    th scope="col" { "Unit" } } }
                tbody {
                    @for id in further(points) {
                        @let mut values = points.iter().filter_map(|p| p.measured.get(id).copied());
                        @let first = values.next();
                        tr { th scope="row" { (printable(&id.replace('_', " "))) } td { (maybe_num(first)) }
                            td { (maybe_num(values.next_back().or(first))) } td { (unit(id)) } }
                    }
                }
            }
        }
    }
}

/// Ids of the further measures that were read off some moment.
fn further(points: &[Point]) -> BTreeSet<&str> {
    points.iter().flat_map(|p| p.measured.keys().map(String::as_str)).collect()
}

/// Plain numbers have none.
fn unit(id: &str) -> &'static str {
    let found = measures::find(id);
    found.map(|(_, m)| m.facts().unit).filter(|u| *u != "1").unwrap_or_default()
}

pub(super) fn series(points: &[Point], norm: NormOf) -> Markup {
    // A column nothing was ever measured for only pushes the others out of sight.
    let measured: Vec<&Measured> =
        MEASURED.iter().filter(|m| points.iter().any(|p| (m.1)(p).is_some())).collect();
    let further = further(points);
    html! {
        div.scroll.tall tabindex="0" {
            table.numeric {
                thead { tr {
                    @for name in ["Time", "Step", "Phase", "Loss", norm.symbol()] { th scope="col" { (name) } }
                    @for m in &measured { th scope="col" { (m.0) } }
                    @for id in &further { th scope="col" { (printable(&id.replace('_', " "))) } }
                } }
                tbody { @for p in points { (point(p, &measured, &further)) } }
            }
        }
    }
}

/// A column that not every run has.
type Measured = (&'static str, fn(&Point) -> Option<f64>);

const MEASURED: [Measured; 7] = [
    ("Gap", |p| p.gap),
    ("Direction", |p| p.direction_distance),
    ("Offset", |p| p.offset_distance),
    ("Margin", |p| p.margin_l2),
    ("Residual", |p| p.residual),
    ("Train error", |p| p.train_error),
    ("Test error", |p| p.test_error),
];

fn point(p: &Point, measured: &[&Measured], further: &BTreeSet<&str>) -> Markup {
    html! {
        tr {
            th scope="row" { (power(&time(p.log10_time))) }
            td { (count(p.step)) } td { (p.phase) }
            td { (prose(&from_log10(p.log10_loss))) }
            td { (num(p.norm)) }
            @for m in measured { td { (maybe_num((m.1)(p))) } }
            @for id in further { td { (maybe_num(p.measured.get(*id).copied())) } }
        }
    }
}
