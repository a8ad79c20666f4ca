//! A sweep for a terminal and as one HTML file.

use super::figures::{sweep_figures, sweep_inline};
use super::format::{self, digits, number, printable};
use super::html_tables::hypotheses;
use super::html_words::{prose, sentence};
use super::terminal::{Ink, Page};
use super::{Figure, SweepReport, TrendReport, text};
use crate::theory::trends::Shape;
use crate::verdict::Interval;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("assets/report.css");

fn intro(report: &SweepReport) -> String {
    let keys: Vec<&str> = report.axes.iter().map(|a| a.key.as_str()).collect();
    format!(
        "{}, {} samples × {} inputs; {} values of {}, {} of each: {} runs",
        report.data.name,
        report.data.samples,
        report.data.inputs,
        report.groups.len(),
        keys.join(" and "),
        if report.seeds.len() == 1 { "one run".into() } else { format!("{} seeds", report.seeds.len()) },
        report.runs.len()
    )
}

/// A mean, with half the width of its interval where there is one.
fn interval(m: Option<&Interval>) -> String {
    match m {
        None => format::MISSING.into(),
        Some(m) if m.low.is_finite() => {
            format!("{} ± {}", digits(m.estimate, 4), digits(m.high - m.estimate, 2))
        }
        Some(m) => digits(m.estimate, 4),
    }
}

/// What was predicted of the quantity, in symbols.
fn predicted(t: &TrendReport, report: &SweepReport) -> String {
    let key = report.axes.first().map_or("", |a| &a.key);
    let key = t.abscissa.as_deref().unwrap_or(key);
    match &t.shape {
        Shape::Power { exponent, at_least } => {
            let bound = if *at_least { ", or faster" } else { "" };
            format!("{} ∝ ({key})^{}{bound}", t.quantity.replace('_', " "), number(*exponent))
        }
        Shape::EqualMeans { .. } => format!("equal means of {}", t.quantity.replace('_', " ")),
    }
}

/// What was seen, a line for each number.
fn seen(t: &TrendReport, report: &SweepReport) -> Vec<String> {
    let line = |s: &crate::verdict::Seen| {
        let what = match s.at.and_then(|i| report.groups.get(i)) {
            None => "exponent".to_string(),
            Some(g) => format!("{}: difference", g.name),
        };
        let i = s.interval;
        format!("{what} {} ({} to {})", digits(i.estimate, 4), digits(i.low, 4), digits(i.high, 4))
    };
    t.seen.iter().map(line).collect()
}

fn verdicts(g: &super::SweepGroup) -> String {
    let part = |(word, n): (&String, &usize)| format!("{n} {}", word.replace('_', " "));
    g.verdicts.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// Quantities that some run has.
fn shown(report: &SweepReport) -> Vec<&String> {
    report.quantities.iter().filter(|q| report.groups.iter().any(|g| g.means.contains_key(*q))).collect()
}

fn missing(report: &SweepReport) -> Option<String> {
    (report.missing > 0).then(|| {
        format!(
            "{} runs are missing: the sweep was interrupted, and the same command continues it.",
            report.missing
        )
    })
}

/// The sweep for a terminal, at most `width` columns wide.
pub fn sweep_text(report: &SweepReport, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    page.line(&printable(&report.title), Ink::Strong);
    page.line(&printable(&intro(report)), Ink::Dim);
    page.rule();
    for t in &report.trends {
        page.item("law", &format!("{}: {}", t.id, t.statement), Ink::Plain);
        page.item("", &t.source, Ink::Dim);
        page.item("predicted", &predicted(t, report), Ink::Plain);
        text::hypotheses(&mut page, &t.hypotheses);
        for (k, line) in seen(t, report).iter().enumerate() {
            page.item(if k == 0 { "seen" } else { "" }, &printable(line), Ink::Plain);
        }
        text::verdict(&mut page, "verdict", t.verdict, &t.reason);
        page.blank();
    }
    let quantities = shown(report);
    let heads: Vec<String> = quantities.iter().map(|q| q.replace('_', " ")).collect();
    let mut head = vec!["combination"];
    head.extend(heads.iter().map(String::as_str));
    head.push("verdicts");
    let row = |g: &super::SweepGroup| {
        let cells = quantities.iter().map(|q| interval(g.means.get(*q)));
        [g.name.clone()].into_iter().chain(cells).chain([verdicts(g)]).collect()
    };
    page.table(&head, &report.groups.iter().map(row).collect::<Vec<_>>());
    for r in report.runs.iter().filter(|r| r.ended == "refused").take(3) {
        page.line(&printable(&format!("A run with seed {} could not begin: {}", r.seed, r.reason)), Ink::Bad);
    }
    if let Some(words) = missing(report) {
        page.line(&words, Ink::Open);
    }
    page.rule();
    text::verdict(&mut page, "sweep", report.verdict, &report.reason);
    page.finish()
}

/// The sweep as one HTML file.
pub fn sweep_html(report: &SweepReport) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "tropism " (report.version) };
                title { (printable(&report.title)) " · sweep" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.top { div {
                    p.eyebrow { "Tropism sweep" }
                    h1 { (printable(&report.title)) }
                    p.muted { (printable(&intro(report))) }
                } }
                main {
                    section class={ "verdict " (report.verdict.words().replace(' ', "-")) } aria-label="Verdict" {
                        div.mark aria-hidden="true" { (super::html::glyph(report.verdict)) }
                        div { h2 { (report.verdict.words()) } (headline(report)) }
                    }
                    @if let Some(text) = missing(report) { section { p.note { (text) } } }
                    @for t in &report.trends { (law(t, report)) }
                    @for f in sweep_inline(report) {
                        section { h2 { (f.title) } figure {
                            @for (view, class) in f.views.iter().zip(["view wide", "view narrow"]) {
                                div class=(class) { (PreEscaped(&view.svg)) }
                            }
                            figcaption { (prose(&f.caption)) }
                        } }
                    }
                    section { h2 { "The numbers" } (numbers(report)) }
                }
                footer { p.muted { "tropism " (report.version) " · planned as " code { (report.hash) } } }
            }
        }
    }
    .into_string()
}

/// The reason; of several laws a line for each.
fn headline(report: &SweepReport) -> Markup {
    if report.trends.len() < 2 {
        return html! { p { (prose(&report.reason)) } };
    }
    html! {
        ul.laws { @for t in &report.trends {
            li { b { (t.id) } " " (t.verdict.words()) ": " (prose(&t.reason)) }
        } }
    }
}

fn law(t: &TrendReport, report: &SweepReport) -> Markup {
    html! {
        section {
            h2 { (t.id) ": " (t.verdict.words()) }
            p.statement { (prose(&sentence(&t.statement))) }
            p.formula { (prose(&predicted(t, report))) }
            @for line in seen(t, report) { p { (prose(&line)) } }
            p { (prose(&t.reason)) }
            p.muted { (t.source) }
            (hypotheses(&t.hypotheses))
        }
    }
}

fn numbers(report: &SweepReport) -> Markup {
    let quantities = shown(report);
    html! {
        div.scroll tabindex="0" {
            table.numeric {
                thead { tr {
                    th scope="col" { "combination" }
                    @for q in &quantities { th scope="col" { (q.replace('_', " ")) } }
                    th scope="col" { "runs" } th scope="col" { "verdicts" }
                } }
                tbody {
                    @for g in &report.groups { tr {
                        th scope="row" { (printable(&g.name)) }
                        @for q in &quantities { td { (prose(&interval(g.means.get(*q)))) } }
                        td { (g.runs) } td { (verdicts(g)) }
                    } }
                }
            }
        }
    }
}

/// The figures alone, as standalone SVG.
pub fn sweep_svgs(report: &SweepReport) -> Vec<Figure> {
    sweep_figures(report)
}
