//! Every sweep of the gallery re-runs to its recorded verdicts; threads and interruptions change nothing.
//!
//! `TROPISM_BLESS=1` writes the records anew; a change belongs into the changelog under "Verdicts changed".

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tropism::report::{SweepReport, SweepRun, VerdictKind, sweep_html, sweep_json, sweep_svgs, sweep_text};
use tropism::spec::SweepSpec;
use tropism::sweep::{Host, Sweep, sweep_text as sweep_file};
use tropism::theory::trends;
use tropism::{Error, data};

/// What is recorded of a law: the words exactly, the number with a tolerance.
#[derive(Debug, Serialize, Deserialize)]
struct Law {
    id: String,
    verdict: VerdictKind,
    /// The exponent, or the differences of means.
    seen: Vec<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    verdict: VerdictKind,
    laws: Vec<Law>,
    /// Verdicts of the runs, counted, for every combination.
    runs: Vec<std::collections::BTreeMap<String, usize>>,
}

fn gallery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/sweeps")
}

fn record(report: &SweepReport) -> Record {
    let law = |t: &tropism::report::TrendReport| Law {
        id: t.id.clone(),
        verdict: t.verdict,
        seen: t.seen.iter().map(|s| s.interval.estimate).filter(|v| v.is_finite()).collect(),
    };
    Record {
        verdict: report.verdict,
        laws: report.trends.iter().map(law).collect(),
        runs: report.groups.iter().map(|g| g.verdicts.clone()).collect(),
    }
}

/// Exponents and differences rest on chaotic runs of networks; rounding on another processor moves them by far less than 0.02.
fn same(found: &Record, recorded: &Record) -> bool {
    let law = |(a, b): (&Law, &Law)| {
        a.id == b.id
            && a.verdict == b.verdict
            && a.seen.len() == b.seen.len()
            && a.seen.iter().zip(&b.seen).all(|(a, b)| (a - b).abs() <= 2e-2)
    };
    found.verdict == recorded.verdict
        && found.runs == recorded.runs
        && found.laws.len() == recorded.laws.len()
        && found.laws.iter().zip(&recorded.laws).all(law)
}

#[test]
fn every_sweep_re_runs_to_its_recorded_verdicts() {
    let bless = std::env::var_os("TROPISM_BLESS").is_some();
    let mut files: Vec<PathBuf> = std::fs::read_dir(gallery())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 6, "the gallery lost sweeps");
    let mut failures = vec![];
    for file in files {
        let report = sweep_file(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let found = record(&report);
        let beside = file.with_extension("verdict.json");
        if bless {
            std::fs::write(&beside, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
            continue;
        }
        let recorded: Record = serde_json::from_str(&std::fs::read_to_string(&beside).unwrap()).unwrap();
        if !same(&found, &recorded) {
            failures.push(format!("{}: {found:?}, recorded {recorded:?}", file.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A law's witness is one that it speaks of and agrees with; its counter-witness breaks the hypothesis named.
#[test]
fn every_law_has_a_witness_and_a_counter_witness() {
    for (id, trend) in trends::all() {
        let pair = trend.witnesses();
        let recorded = |text: &str| {
            let title = SweepSpec::parse(text).unwrap().title().unwrap().to_string();
            let file = std::fs::read_dir(gallery()).unwrap().map(|e| e.unwrap().path()).find(|p| {
                p.extension().is_some_and(|e| e == "toml")
                    && std::fs::read_to_string(p).unwrap().contains(&title)
            });
            let beside = file.unwrap().with_extension("verdict.json");
            let record: Record = serde_json::from_str(&std::fs::read_to_string(beside).unwrap()).unwrap();
            record.laws.into_iter().find(|l| l.id == id).unwrap_or_else(|| panic!("{id}: {title}"))
        };
        assert_ne!(recorded(pair.witness).verdict, VerdictKind::OutOfScope, "{id}");
        assert_eq!(recorded(pair.counter).verdict, VerdictKind::OutOfScope, "{id}");
        let plan = Sweep::plan(SweepSpec::parse(pair.counter).unwrap(), &no_files).unwrap();
        let foreseen = plan.foreseen.iter().find(|f| f.id == id).unwrap();
        assert_eq!(foreseen.broken.as_deref(), Some(pair.broken), "{id}");
    }
}

fn no_files(file: &data::FileSpec) -> Result<data::Table, Error> {
    Err(Error::data(file.path.clone(), "no files in tests"))
}

const SMALL: &str = r#"
title = "Small"
[data]
kind = "dense_regression"
n = 12
d = 4
test_fraction = 0.5
[model]
kind = "two_layer_relu"
scheme = "ntk"
[loss]
kind = "squared"
[optimizer]
kind = "gradient_descent"
[horizon]
steps = 50
[sweep]
seeds = 3
measures = ["path_norm"]
[sweep.over]
model.width = [4, 16, 64]
"#;

fn run(jobs: usize, known: Vec<SweepRun>, finished: &(dyn Fn(&SweepRun) + Sync)) -> SweepReport {
    let sweep = Sweep::plan(SweepSpec::parse(SMALL).unwrap(), &no_files).unwrap();
    sweep.run(&Host { load: &no_files, jobs, stop: || false, finished }, known)
}

/// The same bits on any number of threads, and when some runs are taken over from before.
#[test]
fn threads_and_interruptions_change_nothing() {
    let all = Mutex::new(vec![]);
    let one = run(1, vec![], &|r| all.lock().unwrap().push(r.clone()));
    let all = all.into_inner().unwrap();
    assert_eq!(all.len(), 9);
    assert!(all.iter().all(|r| r.values.contains_key("path_norm") && r.values.contains_key("test_error")));
    assert_eq!(one, run(3, vec![], &|_| {}));
    // Through the form in which runs are kept on disk.
    let kept: Vec<SweepRun> = all
        .iter()
        .skip(4)
        .map(|r| serde_json::from_str(&serde_json::to_string(r).unwrap()).unwrap())
        .collect();
    let made = Mutex::new(0);
    assert_eq!(one, run(2, kept, &|_| *made.lock().unwrap() += 1));
    assert_eq!(made.into_inner().unwrap(), 4);
}

/// Each run of a sweep is the experiment that its combination stands for.
#[test]
fn a_run_is_its_own_experiment() {
    let report = run(1, vec![], &|_| {});
    let spec = SweepSpec::parse(SMALL).unwrap().experiment(&[1], 2).unwrap();
    let own = tropism::examine_text(&spec.to_toml()).unwrap();
    let within = report.runs.iter().find(|r| r.at == [1] && r.seed == 2).unwrap();
    assert_eq!(within.values["test_error"], own.series.last().unwrap().test_error.unwrap());
    assert_eq!((within.verdict, &within.ended), (own.verdict, &own.run.ended));
}

/// A stopped sweep says what is missing, and every rendering of it stands.
#[test]
fn a_stopped_sweep_is_still_a_report() {
    let sweep = Sweep::plan(SweepSpec::parse(SMALL).unwrap(), &no_files).unwrap();
    let report = sweep.run(&Host { load: &no_files, jobs: 1, stop: || true, finished: &|_| {} }, vec![]);
    assert_eq!((report.missing, report.runs.len()), (9, 0));
    assert!(report.trends.iter().all(|t| t.verdict == VerdictKind::Undecided), "{:?}", report.trends);
    assert!(sweep_html(&report).contains("9 runs are missing"));
    assert!(sweep_text(&report, 60, false).contains("9 runs are missing"));
    let json = sweep_json(&report).unwrap();
    assert_eq!(serde_json::from_str::<SweepReport>(&json).unwrap(), report);
}

/// Every figure is well-formed, and the text keeps to its width.
#[test]
fn renderings_are_well_formed() {
    let report = run(2, vec![], &|_| {});
    let figures = sweep_svgs(&report);
    assert!(figures.iter().any(|f| f.id == "kernel_drift"));
    for f in figures {
        roxmltree::Document::parse(&f.svg).unwrap_or_else(|e| panic!("{}: {e}", f.id));
    }
    for width in [40, 80, 120] {
        let text = sweep_text(&report, width, false);
        assert!(text.lines().all(|l| l.chars().count() <= width), "{text}");
    }
}

/// Combinations that cannot be built are refused before anything runs.
#[test]
fn a_bad_combination_is_refused_first() {
    let text = SMALL.replace("[4, 16, 64]", "[4, 0]");
    let e = Sweep::plan(SweepSpec::parse(&text).unwrap(), &no_files).err().unwrap().to_string();
    assert!(e.contains("width"), "{e}");
    let text = SMALL.replace("path_norm", "path_nom");
    let e = Sweep::plan(SweepSpec::parse(&text).unwrap(), &no_files).err().unwrap().to_string();
    assert!(e.contains("Did you mean `path_norm`"), "{e}");
}

/// Every law over several runs has a sweep on record that agrees and one that does not.
#[test]
fn every_law_is_met_from_both_sides() {
    let entries = std::fs::read_dir(gallery()).unwrap().map(|e| e.unwrap().path());
    let records: Vec<Record> = entries
        .filter(|p| p.to_string_lossy().ends_with(".verdict.json"))
        .map(|p| serde_json::from_str(&std::fs::read_to_string(p).unwrap()).unwrap())
        .collect();
    for (id, _) in trends::all() {
        let of = |agrees: bool| {
            let mut own = records.iter().flat_map(|r| &r.laws).filter(|l| l.id == id);
            own.any(|l| (l.verdict == VerdictKind::Agrees) == agrees)
        };
        assert!(of(true), "{id}: no sweep agrees");
        assert!(of(false), "{id}: every sweep agrees");
    }
}
