//! The report as one HTML file: nothing is fetched, and everything can be read without its script.

use super::figures::{Inline, inline};
use super::format::{self, percent, printable, time};
use super::html_tables as tables;
use super::html_words::{fact, maybe_num, num, power, prose, sentence};
use super::{Report, VerdictKind};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("assets/report.css");
const SCRIPT: &str = include_str!("assets/report.js");

/// The whole page.
pub fn html(report: &Report) -> String {
    let title = if report.title.trim().is_empty() { "Untitled experiment" } else { report.title.as_str() };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "tropism " (report.version) };
                title { (printable(title)) " · " (report.verdict.words()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (top(report, title))
                main {
                    (banner(report))
                    (prediction(report))
                    (reference(report))
                    (figures(report))
                    (details(report))
                }
                (footer(report))
                script type="application/json" id="report" { (PreEscaped(embedded(report))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

/// JSON inside a script element ends at the first `</script`, whatever JSON thinks of it; `<` never needs to
/// appear literally in JSON.
fn embedded(report: &Report) -> String {
    serde_json::to_string(report).unwrap_or_else(|_| "null".into()).replace('<', "\\u003c")
}

fn top(report: &Report, title: &str) -> Markup {
    html! {
        header.top {
            div {
                p.eyebrow { "Tropism verdict" }
                h1 { (printable(title)) }
                p.muted { (report.run.optimizer) " on " (report.run.model) ", " (report.run.loss) " loss · "
                    (report.data.name) ", " (report.data.samples) " samples × " (report.data.inputs) " inputs" }
            }
            div.tools.scripted {
                button type="button" data-action="download" { "Download JSON" }
                button type="button" data-action="theme" aria-label="Switch between light and dark" { "◐" }
            }
        }
    }
}

pub(super) fn glyph(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Agrees => "✓",
        VerdictKind::Disagrees => "✗",
        VerdictKind::Undecided => "?",
        VerdictKind::OutOfScope => "∉",
        VerdictKind::NoPrediction => "∅",
    }
}

fn banner(report: &Report) -> Markup {
    let class = report.verdict.words().replace(' ', "-");
    html! {
        section class={ "verdict " (class) } aria-label="Verdict" {
            div.mark aria-hidden="true" { (glyph(report.verdict)) }
            div {
                h2 { (report.verdict.words()) }
                p { (prose(&report.reason)) }
            }
            dl.figures-of-merit {
                (merit(if report.prediction.law { "deviation" } else { "certified gap" }, maybe_num(report.selected.relative_gap)))
                (merit("time reached", power(&time(report.log10_time))))
                @if let Some(rate) = &report.rate {
                    (merit("slope seen", num(rate.slope)))
                    (merit("slope predicted", num(rate.predicted)))
                }
            }
        }
    }
}

fn merit(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn prediction(report: &Report) -> Markup {
    let p = &report.prediction;
    html! {
        section {
            h2 { "What was predicted" }
            @if p.negative { p.note { "A negative result: the theorem says that the solution of this program is not selected." } }
            p.statement { (prose(&sentence(statement(&p.statement)))) }
            @if let Some(formula) = &p.formula { p.formula { (prose(formula)) } }
            dl.facts {
                (fact("Theorem", p.theorem.as_deref()))
                (fact("Source", p.source.as_deref()))
                (fact("Program", p.program.as_deref()))
                @if let Some(rate) = &p.rate {
                    dt { "Rate" }
                    dd { (prose(&rate.law)) @if rate.upper_bound_only { " (an upper bound: the gap may fall faster)" } }
                }
            }
            @if !p.hypotheses.is_empty() { h3 { "Hypotheses" } (tables::hypotheses(&p.hypotheses)) }
        }
    }
}

fn statement(said: &str) -> &str {
    if said.trim().is_empty() { "Nothing: no theorem speaks of this experiment." } else { said }
}

fn reference(report: &Report) -> Markup {
    html! {
        div.pair {
            section {
                h2 { "Reference and its certificate" }
                (reference_facts(report))
            }
            section {
                h2 { "What was selected" }
                (selected_facts(report))
            }
        }
    }
}

fn reference_facts(report: &Report) -> Markup {
    let p = &report.prediction;
    if p.program.is_none() && p.value.is_none() {
        return html! { p.muted { "No program was solved: nothing is predicted for this experiment." } };
    }
    if p.law {
        return html! { p.muted { "None is needed: a law of a measured quantity is predicted, and no program is solved." } };
    }
    html! {
        dl.facts.numbers {
            dt { "Objective" } dd { (long(p.value)) }
            dt { "Certified lower bound" } dd { (long(p.lower_bound)) }
            dt { "Relative gap" } dd { (maybe_num(p.relative_gap)) }
            dt { "Unique minimiser" } dd { (format::unique(p.unique)) }
            @if let Some(m) = p.margin { dt { "Margin at unit norm" } dd { (num(m)) } }
            (fact("Method", p.method.as_deref()))
        }
    }
}

/// Enough digits to see value and bound apart; all of them are in the JSON.
fn long(v: Option<f64>) -> Markup {
    prose(&v.map_or_else(|| format::MISSING.into(), |v| format::digits(v, 15)))
}

fn selected_facts(report: &Report) -> Markup {
    let s = &report.selected;
    let optional = [
        ("Distance of directions", s.direction_distance),
        ("Margin in the program's norm", s.margin),
        ("Distance to the predicted offset", s.offset_distance),
        ("Effective number of support vectors", s.support_dimension),
    ];
    html! {
        dl.facts.numbers {
            dt { (if report.prediction.law { "Deviation from the law" } else { "Certified relative gap" }) } dd { (maybe_num(s.relative_gap)) }
            @if let Some(c) = &s.certificate {
                dt { "Objective" } dd { (long(Some(c.value))) }
                dt { "Certified lower bound" } dd { (long(Some(c.lower_bound))) }
                dt { "Distance from feasible" } dd { (num(c.violation)) }
            }
            @for (name, value) in optional { @if let Some(v) = value { dt { (name) } dd { (num(v)) } } }
            @for (name, value) in [("Train error", s.train_error), ("Test error", s.test_error)] {
                @if let Some(v) = value { dt { (name) } dd { (num(v)) } }
            }
            @if let Some(rank) = report.completion.as_ref().and_then(|c| c.least_rank) {
                dt { "Smallest rank that fits the entries" } dd { (rank) }
            }
            @if let Some(rate) = &report.rate {
                dt { "Rate seen" }
                dd { "slope " (num(rate.slope)) " on " (rate.points) " points, predicted " (num(rate.predicted)) }
            }
        }
    }
}

fn figures(report: &Report) -> Markup {
    let all = inline(report);
    html! {
        @if !all.is_empty() {
            section.figures aria-label="Figures" {
                h2 { "Along the run" }
                div.grid { @for figure in &all { (figure_of(figure)) } }
            }
        }
    }
}

fn figure_of(figure: &Inline) -> Markup {
    html! {
        figure.main[figure.main] id={ "figure-" (figure.id) } {
            h3 { (figure.title) }
            @for (view, class) in figure.views.iter().zip(["view wide", "view narrow"]) {
                div class=(class) tabindex="0" role="group"
                    aria-label={ (figure.title) ": arrow keys read the points" } data-readings=(view.readings) {
                    (PreEscaped(&view.svg))
                    output.readout aria-live="polite" {}
                }
            }
            figcaption { (prose(&figure.caption)) }
        }
    }
}

fn details(report: &Report) -> Markup {
    html! {
        div.pair {
            @if !report.margins.is_empty() {
                section { h2 { "Margins by norm" } (tables::margins(&report.margins)) }
            }
            @if !report.coordinates.is_empty() {
                section { h2 { "Coordinates" } (tables::coordinates(&report.coordinates)) }
            }
        }
        @if report.series.iter().any(|p| !p.measured.is_empty()) {
            section { h2 { "Measures along the run" } (tables::measured(&report.series)) }
        }
        div.pair {
            section { h2 { "The run" } (tables::run(report)) }
            section { h2 { "The data" } (tables::data(&report.data)) }
        }
        section { h2 { "How it was judged" } (rule(report)) }
        section {
            h2 { "The experiment" }
            details {
                summary { "Resolved experiment, every default filled in" }
                div.code { button.scripted type="button" data-action="copy" { "Copy" } pre { code { (report.experiment) } } }
            }
            @if !report.series.is_empty() {
                details { summary { "All " (report.series.len()) " recorded points" } (tables::series(&report.series, report.run.norm_of)) }
            }
        }
    }
}

fn rule(report: &Report) -> Markup {
    let r = &report.rule;
    html! {
        p { "The rule was fixed, and hashed together with the experiment and the prediction, before the run began. "
            "A solution is near when its certified gap is at most " (num(r.tolerance)) "; a reference whose own gap is wider than "
            (num(r.reference_gap)) " decides nothing; a fitted slope counts as the predicted one within "
            (percent(r.slope_tolerance)) " of it." }
        @if !report.prediction.hash.is_empty() {
            p.muted { "SHA-256 of what was fixed:" }
            p.hash { code { (report.prediction.hash) } }
        }
    }
}

fn footer(report: &Report) -> Markup {
    html! {
        footer { p { "tropism " (report.version) " · " (report.schema)
            " · every number comes from the JSON embedded in this page" } }
    }
}
