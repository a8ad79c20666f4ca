//! Every theorem's pair: its witness agrees, its counter-witness is refused and names the broken hypothesis.

use tropism::report::{Holds, VerdictKind};
use tropism::{examine_text, theory};

/// Witnesses are written indented inside the theorems' files.
fn dedent(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_witness_agrees() {
    let mut failures = vec![];
    for (id, theorem) in theory::all() {
        let report = match examine_text(&dedent(theorem.witnesses().witness)) {
            Ok(r) => r,
            Err(e) => {
                failures.push(format!("{id}: {e}"));
                continue;
            }
        };
        if report.prediction.theorem.as_deref() != Some(id) || report.verdict != VerdictKind::Agrees {
            failures.push(format!(
                "{id}: {:?} by {:?}: {} {:?} {:?} {}",
                report.verdict,
                report.prediction.theorem,
                report.reason,
                report.rate,
                report.selected,
                report.run.ended
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_counter_witness_is_refused_by_name() {
    let mut failures = vec![];
    for (id, theorem) in theory::all() {
        let pair = theorem.witnesses();
        let report = match examine_text(&dedent(pair.counter)) {
            Ok(r) => r,
            Err(e) => {
                failures.push(format!("{id}: {e}"));
                continue;
            }
        };
        let broken =
            report.prediction.hypotheses.iter().find(|h| h.holds == Holds::No).map(|h| h.name.clone());
        if report.verdict != VerdictKind::OutOfScope || broken.as_deref() != Some(pair.broken) {
            failures.push(format!(
                "{id}: {:?}, broken {broken:?}, expected {}: {}",
                report.verdict, pair.broken, report.reason
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
