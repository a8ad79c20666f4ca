//! The report for a terminal: short, wrapped, and readable without colour.

use super::format::{self, count, digits, from_log10, maybe, number, percent_at_least, time};
use super::terminal::{Ink, Page};
use super::{DataReport, Holds, Hypothesis, Point, PredictionReport, RateClock, Report, VerdictKind};

/// Rows of the table along log time.
const ROWS: usize = 8;

/// The whole report, at most `width` columns wide (30 to 120), with ANSI colours if `colour`.
pub fn text(report: &Report, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    page.line(&report.title, Ink::Strong);
    page.line(&setting(report), Ink::Dim);
    page.rule();
    for (i, note) in report.data.notes.iter().enumerate() {
        page.item(if i == 0 { "data" } else { "" }, note, Ink::Dim);
    }
    if !report.data.notes.is_empty() {
        page.blank();
    }
    prediction(&mut page, &report.prediction);
    page.blank();
    selected(&mut page, report);
    along(&mut page, report);
    rate(&mut page, report);
    margins(&mut page, report);
    run(&mut page, report);
    page.rule();
    verdict(&mut page, "verdict", report.verdict, &report.reason);
    page.finish()
}

/// The prediction alone, for an experiment that has not run.
pub fn prediction_text(of: &PredictionReport, data: &DataReport, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    let size = format!("{} samples × {} inputs", data.samples, data.inputs);
    page.item("data", &format!("{}, {size}", data.name), Ink::Plain);
    for note in &data.notes {
        page.item("", note, Ink::Dim);
    }
    page.blank();
    prediction(&mut page, of);
    page.item("hash", &of.hash, Ink::Dim);
    page.finish()
}

fn setting(report: &Report) -> String {
    let (run, data) = (&report.run, &report.data);
    format!(
        "{} on {}, {} loss; {}, {} samples × {} inputs",
        run.optimizer, run.model, run.loss, data.name, data.samples, data.inputs
    )
}

fn prediction(page: &mut Page, p: &PredictionReport) {
    page.item("predicted", &p.statement, Ink::Plain);
    page.item("", p.formula.as_deref().unwrap_or_default(), Ink::Strong);
    if p.negative {
        page.item("", "A negative result: this program's solution is not selected.", Ink::Open);
    }
    page.item("theorem", p.theorem.as_deref().unwrap_or("none speaks of this experiment"), Ink::Plain);
    page.item("", p.source.as_deref().unwrap_or_default(), Ink::Dim);
    if let Some(rate) = &p.rate {
        let bound = if rate.upper_bound_only { " (upper bound)" } else { "" };
        page.item("rate", &format!("{}{bound}", rate.law), Ink::Plain);
    }
    hypotheses(page, &p.hypotheses);
    if p.law {
        page.item("reference", "none is needed: a law of a measured quantity is predicted", Ink::Plain);
    } else if p.value.is_some() || p.lower_bound.is_some() {
        page.item("reference", &reference(p), Ink::Plain);
    }
}

pub(super) fn hypotheses(page: &mut Page, all: &[Hypothesis]) {
    for (k, h) in all.iter().enumerate() {
        hypothesis(page, if k == 0 { "hypotheses" } else { "" }, h);
    }
}

fn hypothesis(page: &mut Page, label: &str, h: &Hypothesis) {
    let (mark, ink) = match h.holds {
        Holds::Yes => ("yes", Ink::Good),
        Holds::No => ("no ", Ink::Bad),
        Holds::Unchecked => ("?  ", Ink::Open),
    };
    let unchecked = if h.holds == Holds::Unchecked { " (unchecked)" } else { "" };
    page.marked(label, mark, &format!("{}{unchecked}: {}", h.name, h.evidence), ink);
}

fn reference(p: &PredictionReport) -> String {
    let value = |v: Option<f64>| v.map_or_else(|| format::MISSING.into(), |v| digits(v, 12));
    let mut parts = vec![
        format!("objective {}", value(p.value)),
        format!("certified lower bound {}", value(p.lower_bound)),
        format!("relative gap {}", maybe(p.relative_gap)),
        format!("unique: {}", format::unique(p.unique)),
    ];
    parts.extend(p.margin.map(|m| format!("margin {}", number(m))));
    parts.extend(p.method.as_ref().map(|m| format!("by {m}")));
    parts.join(", ")
}

fn selected(page: &mut Page, report: &Report) {
    let s = &report.selected;
    let known = [
        (report.prediction.gap_name(), s.relative_gap),
        ("distance of directions", s.direction_distance),
        ("margin", s.margin),
        ("distance to the predicted offset", s.offset_distance),
        ("effective number of support vectors", s.support_dimension),
        ("train error", s.train_error),
        ("test error", s.test_error),
    ];
    let ranks = report.completion.as_ref().and_then(|c| c.least_rank);
    let parts: Vec<String> = known
        .iter()
        .filter_map(|(name, v)| Some(format!("{name} {}", number((*v)?))))
        .chain(ranks.map(|r| format!("smallest rank that fits the entries {r}")))
        .collect();
    page.item("selected", &parts.join(", "), Ink::Plain);
}

/// A column: its head, and its cell where it has one.
type Column = (&'static str, fn(&Point) -> Option<String>);

/// The column whose head says what the norm is of.
const NORM: &str = "norm";

/// Most important first: narrow terminals lose the last.
const COLUMNS: [Column; 14] = [
    ("t", |p| Some(time(p.log10_time))),
    ("gap", |p| p.gap.map(number)),
    (NORM, |p| Some(number(p.norm))),
    ("margin", |p| p.margin_l2.map(number)),
    ("residual", |p| p.residual.map(number)),
    ("unobserved", |p| p.measured.get("unobserved_error").copied().map(number)),
    ("margin/‖θ‖^D", |p| p.measured.get("normalized_margin").copied().map(number)),
    ("bound/entry", |p| p.measured.get("hidden_entry_bound").copied().map(number)),
    ("σ̇ residual", |p| p.measured.get("singular_value_dynamics").copied().map(number)),
    ("η·sharpness", |p| p.measured.get("sharpness_step").copied().map(number)),
    ("eff. rank", |p| p.measured.get("effective_rank").copied().map(number)),
    ("offset", |p| p.offset_distance.map(number)),
    ("loss", |p| p.log10_loss.map(|l| from_log10(Some(l)))),
    ("test error", |p| p.test_error.map(number)),
];

fn along(page: &mut Page, report: &Report) {
    let points = spread(&report.series);
    if points.is_empty() {
        return;
    }
    let present: Vec<Column> =
        COLUMNS.into_iter().filter(|(_, cell)| points.iter().any(|p| cell(p).is_some())).collect();
    let named = |head| if head == NORM { report.run.norm_of.symbol() } else { head };
    let head: Vec<&str> = present.iter().map(|c| named(c.0)).collect();
    let row =
        |p: &&Point| present.iter().map(|c| (c.1)(p).unwrap_or_else(|| format::MISSING.into())).collect();
    let rows: Vec<Vec<String>> = points.iter().map(row).collect();
    page.blank();
    page.table(&head, &rows);
    page.blank();
}

/// About [`ROWS`] points evenly spread over `asinh(log10 t)`, first and last included.
fn spread(series: &[Point]) -> Vec<&Point> {
    let timed: Vec<(f64, &Point)> =
        series.iter().filter_map(|p| Some((p.log10_time.filter(|l| l.is_finite())?.asinh(), p))).collect();
    let (Some(first), Some(last)) = (timed.first(), timed.last()) else { return vec![] };
    let mut chosen: Vec<usize> = (0..ROWS)
        .filter_map(|k| {
            let target = first.0 + (last.0 - first.0) * k as f64 / (ROWS - 1) as f64;
            let away = |i: &usize| (timed[*i].0 - target).abs();
            (0..timed.len()).min_by(|a, b| away(a).total_cmp(&away(b)))
        })
        .chain([0, timed.len() - 1])
        .collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen.into_iter().map(|i| timed[i].1).collect()
}

fn rate(page: &mut Page, report: &Report) {
    let Some(seen) = &report.rate else { return };
    let steps = report.prediction.rate.as_ref().is_some_and(|r| r.clock == RateClock::Steps);
    let end = |w: f64| if steps { format!("step {}", number(w)) } else { format!("t = {}", time(Some(w))) };
    let window = format!("{} to {}", end(seen.window[0]), end(seen.window[1]));
    let (slope, predicted) = (number(seen.slope), number(seen.predicted));
    page.item("rate seen", &format!("slope {slope} on {} points, {window}", seen.points), Ink::Plain);
    page.item("", &format!("slope {predicted} predicted"), Ink::Plain);
}

fn margins(page: &mut Page, report: &Report) {
    if report.margins.is_empty() {
        return;
    }
    let row = |m: &super::MarginRow| {
        vec![m.norm.clone(), number(m.achieved), number(m.optimum), percent_at_least(m.fraction)]
    };
    let rows: Vec<Vec<String>> = report.margins.iter().map(row).collect();
    page.blank();
    page.table(&["norm", "margin", "optimum", "share"], &rows);
    page.blank();
}

fn run(page: &mut Page, report: &Report) {
    let r = &report.run;
    let flow = if r.flow_steps > 0 {
        format!(" and {} of the log-time flow", count(r.flow_steps))
    } else {
        String::new()
    };
    let ended = r.ended.replace('_', " ");
    let text = format!("{ended} at t = {} after {} steps{flow}", time(report.log10_time), count(r.steps));
    page.item("run", &text, Ink::Plain);
    if let Some(eta) = r.step_size {
        let origin =
            if r.step_size_origin.is_empty() { String::new() } else { format!(" ({})", r.step_size_origin) };
        page.item("step size", &format!("{}{origin}", number(eta)), Ink::Plain);
    }
    if let Some(bound) = r.continuation_bound {
        page.item("", &format!("continued by the flow within {} of the iterates", number(bound)), Ink::Plain);
    }
}

/// A verdict in capitals and its reason.
pub(super) fn verdict(page: &mut Page, label: &str, kind: VerdictKind, reason: &str) {
    let ink = match kind {
        VerdictKind::Agrees => Ink::Good,
        VerdictKind::Disagrees => Ink::Bad,
        VerdictKind::Undecided | VerdictKind::OutOfScope => Ink::Open,
        VerdictKind::NoPrediction => Ink::Strong,
    };
    page.item(label, &kind.words().to_uppercase(), ink);
    page.item("", reason, Ink::Plain);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn every_line_fits() {
        for report in fixtures::all() {
            for width in [30, 60, 80, 120, 200] {
                let (data, p) = (&report.data, &report.prediction);
                for out in [text(&report, width, false), prediction_text(p, data, width, false)] {
                    for line in out.lines() {
                        assert!(line.width() <= width, "{} > {width}: {line}", line.width());
                        assert!(!line.contains(char::is_control));
                    }
                }
            }
        }
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let report = fixtures::classification();
        let coloured = text(&report, 80, true);
        let mut plain = coloured.replace("\u{1b}[0m", "");
        for code in ["1", "2", "31", "32", "33"] {
            plain = plain.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert!(coloured.contains("\u{1b}[32m"));
        assert_eq!(plain, text(&report, 80, false));
    }

    #[test]
    fn the_most_telling_measures_have_a_column() {
        let out = text(&fixtures::completion(), 120, false);
        assert!(out.contains("unobserved  eff. rank"), "{out}");
        assert!(!text(&fixtures::regression(), 120, false).contains("unobserved"));
    }

    #[test]
    fn the_table_spans_log_time() {
        let report = fixtures::classification();
        let rows = spread(&report.series);
        assert!((6..=ROWS).contains(&rows.len()));
        assert_eq!(rows.last().and_then(|p| p.log10_time), report.series.last().and_then(|p| p.log10_time));
        let out = text(&report, 80, false);
        for word in ["AGREES", "10^100000", "max_margin", "slope −1", "unchecked"] {
            assert!(out.contains(word), "{word} in\n{out}");
        }
    }
}
