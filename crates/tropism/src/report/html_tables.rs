//! The tables of the page.

use super::format::{self, count, from_log10, maybe, number, percent_at_least, printable, time};
use super::html_words::{fact, power, prose};
use super::{Coordinate, DataReport, Holds, Hypothesis, MarginRow, Point, Report};
use maud::{Markup, html};

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
                    th scope="col" { "Upper bound" } th scope="col" { "Share" } } }
                tbody {
                    @for m in rows {
                        tr {
                            th scope="row" { (printable(&m.norm)) }
                            td { (number(m.achieved)) } td { (number(m.optimum)) } td { (number(m.optimum_upper)) }
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
            table.numeric {
                thead { tr { th scope="col" { "Coordinate" } th scope="col" { "Selected" } th scope="col" { "Predicted" }
                    th scope="col" { "Difference" } } }
                tbody {
                    @for c in rows {
                        tr { th scope="row" { (printable(&c.name)) } td { (number(c.selected)) } td { (number(c.predicted)) }
                            td { (number(c.selected - c.predicted)) } }
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
            dd { (maybe(run.step_size)) @if !run.step_size_origin.is_empty() { " — " (prose(&run.step_size_origin)) } }
            (fact("Coordinates", Some(&run.coordinates)))
            dt { "Steps" }
            dd { (count(run.steps)) " discrete, " (count(run.flow_steps)) " of the log-time flow (" (count(run.flow_rejected)) " rejected)" }
            @if let Some(bound) = run.continuation_bound {
                dt { "Continuation bound" }
                dd { (number(bound)) " between the discrete iterates and the flow that continued them" }
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

pub(super) fn series(points: &[Point]) -> Markup {
    html! {
        div.scroll.tall tabindex="0" {
            table.numeric {
                thead { tr { @for name in COLUMNS { th scope="col" { (name) } } } }
                tbody { @for p in points { (point(p)) } }
            }
        }
    }
}

const COLUMNS: [&str; 12] = [
    "Time",
    "Step",
    "Phase",
    "Loss",
    "‖w‖₂",
    "Gap",
    "Direction",
    "Offset",
    "Margin",
    "Residual",
    "Train error",
    "Test error",
];

fn point(p: &Point) -> Markup {
    let rest = [
        p.gap,
        p.direction_distance,
        p.offset_distance,
        p.margin_l2,
        p.residual,
        p.train_error,
        p.test_error,
    ];
    html! {
        tr {
            th scope="row" { (power(&time(p.log10_time))) }
            td { (count(p.step)) } td { (p.phase) }
            td { (from_log10(p.log10_loss)) }
            td { (number(p.norm)) }
            @for v in rest { td { (maybe(v)) } }
        }
    }
}
