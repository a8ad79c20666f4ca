//! Every experiment of the gallery re-runs to its recorded verdict.
//!
//! `TROPISM_BLESS=1` writes the records anew; a change belongs into the changelog under "Verdicts changed".

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tropism::report::VerdictKind;

/// What is recorded of an experiment: the words exactly, the numbers with a tolerance.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    verdict: VerdictKind,
    theorem: Option<String>,
    program: Option<String>,
    /// Certified optimum of the predicted program.
    value: Option<f64>,
    /// Certified relative gap of the selected solution.
    relative_gap: Option<f64>,
    ended: String,
}

fn gallery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
}

/// The gallery's files with an ending: the experiments themselves, and those just outside the theorems.
fn files(ending: &str) -> Vec<PathBuf> {
    let folders = [gallery(), gallery().join("outside")];
    let entries = folders.iter().flat_map(|f| std::fs::read_dir(f).unwrap());
    let paths = entries.map(|e| e.unwrap().path());
    let mut files: Vec<PathBuf> = paths.filter(|p| p.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    files
}

fn recorded(path: &Path) -> Record {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn record(path: &Path) -> Result<Record, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let report = tropism::examine_text(&text).map_err(|e| e.to_string())?;
    Ok(Record {
        verdict: report.verdict,
        theorem: report.prediction.theorem,
        program: report.prediction.program,
        value: report.prediction.value,
        relative_gap: report.selected.relative_gap,
        ended: report.run.ended,
    })
}

/// A certified optimum is good to 1e-9 and printed in full; 1e-6 leaves room for other processors' kernels.
fn same_value(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * a.abs().max(b.abs()),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Gaps below 1e-9 are rounding; others may move by the integrator's tolerance, well below one per cent.
fn same_gap(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-2 * a.max(b) || a.max(b) < 1e-9,
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn differences(found: &Record, recorded: &Record) -> Vec<String> {
    let mut out = vec![];
    if found.verdict != recorded.verdict {
        out.push(format!("verdict {:?}, recorded {:?}", found.verdict, recorded.verdict));
    }
    if found.theorem != recorded.theorem || found.program != recorded.program || found.ended != recorded.ended
    {
        out.push(format!("{found:?}, recorded {recorded:?}"));
    }
    if !same_value(found.value, recorded.value) {
        out.push(format!("value {:?}, recorded {:?}", found.value, recorded.value));
    }
    if !same_gap(found.relative_gap, recorded.relative_gap) {
        out.push(format!("gap {:?}, recorded {:?}", found.relative_gap, recorded.relative_gap));
    }
    out
}

#[test]
fn every_experiment_re_runs_to_its_recorded_verdict() {
    let bless = std::env::var_os("TROPISM_BLESS").is_some();
    let files = files(".toml");
    assert!(files.len() >= 100, "the gallery lost experiments");
    let mut failures = vec![];
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let found = match record(&file) {
            Ok(r) => r,
            Err(e) => {
                failures.push(format!("{name}: {e}"));
                continue;
            }
        };
        let beside = file.with_extension("verdict.json");
        if bless {
            std::fs::write(&beside, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
            continue;
        }
        failures.extend(differences(&found, &recorded(&beside)).into_iter().map(|d| format!("{name}: {d}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every theorem has a witness on record and an experiment that it does not agree with: refuted, refused or left undecided.
#[test]
fn every_theorem_is_met_from_both_sides() {
    let records: Vec<Record> = files(".verdict.json").iter().map(|p| recorded(p)).collect();
    let mut missing = vec![];
    for (id, _) in tropism::theory::all() {
        let of = |agrees: bool| {
            let mut own = records.iter().filter(|r| r.theorem.as_deref() == Some(id));
            own.any(|r| (r.verdict == VerdictKind::Agrees) == agrees)
        };
        missing.extend((!of(true)).then(|| format!("{id}: no experiment agrees")));
        missing.extend((!of(false)).then(|| format!("{id}: every experiment agrees")));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
