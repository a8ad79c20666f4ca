//! Ctrl-C: a partial run that can be read and continued, or nothing at all.
#![cfg(unix)]

mod common;

use common::{Desk, Outcome, experiment};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

fn start(desk: &Desk, args: &[&str]) -> Child {
    desk.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
}

/// Waits until the prediction is on disk: from then on the run is under way.
fn wait_for_prediction(desk: &Desk) {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(60) {
        let runs = desk.path("runs");
        let begun = runs.exists()
            && common::names(&runs).iter().any(|n| runs.join(n).join("prediction.json").exists());
        if begun {
            std::thread::sleep(Duration::from_millis(300));
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the run did not begin");
}

fn long(steps: &str) -> String {
    experiment(
        "kind = \"gaussian_separable\"",
        "kind = \"logistic\"",
        "kind = \"steepest_descent\"",
        &format!("steps = {steps}"),
    )
}

fn finish(child: Child) -> Outcome {
    child.wait_with_output().unwrap().into()
}

#[test]
fn one_press_keeps_a_partial_run() {
    let desk = Desk::new();
    desk.file("a.toml", &long("2_000_000_000"));
    let child = start(&desk, &["run", "a.toml", "--json"]);
    wait_for_prediction(&desk);
    interrupt(&child);
    let outcome = finish(child);
    outcome.expect(3);
    assert_eq!(outcome.json()["verdict"], "undecided");
    assert_eq!(outcome.json()["run"]["ended"], "interrupted");
    assert_eq!(desk.names("runs"), ["a"]);
    for name in ["PARTIAL", "checkpoint.bin", "verdict.json", "report.html", "trajectory.parquet"] {
        assert!(desk.path("runs/a").join(name).exists(), "{name}");
    }
    assert!(desk.call(&["report", "runs/a"]).expect(0).out.contains("interrupted"));
    // It is not replaced unasked.
    desk.call(&["run", "a.toml"]).refuses(&["interrupted run"]);
}

/// Continued, the run gives the bytes of one that was never interrupted.
#[test]
fn an_interrupted_run_continues_as_if_nothing_had_happened() {
    let desk = Desk::new();
    // A few seconds in a test build, so that the press comes in between.
    desk.file("a.toml", &long("3_000_000"));
    let child = start(&desk, &["run", "a.toml", "--quiet"]);
    wait_for_prediction(&desk);
    interrupt(&child);
    finish(child).expect(3);
    assert!(desk.path("runs/a/PARTIAL").exists());
    let resumed = desk.call(&["run", "--resume", "runs/a", "--json"]);
    assert_ne!(resumed.code, 2, "{}", resumed.err);
    assert!(!desk.path("runs/a/PARTIAL").exists());
    desk.call(&["run", "a.toml", "--out", "whole", "--quiet"]).expect(resumed.code);
    for name in ["verdict.json", "report.html", "experiment.toml", "prediction.json"] {
        assert_eq!(desk.read(&format!("runs/a/{name}")), desk.read(&format!("whole/{name}")), "{name}");
    }
    desk.call(&["run", "--resume", "runs/a"]).refuses(&["nothing to continue"]);
}

/// Solving takes long here; the press does not wait for it.
#[test]
fn a_press_before_the_run_ends_the_program_at_once() {
    for (command, signal, code) in [("run", "-INT", 130), ("predict", "-INT", 130), ("run", "-TERM", 143)] {
        let desk = Desk::new();
        let data = "kind = \"gaussian_separable\"\nn = 4000\nd = 3000";
        desk.file(
            "a.toml",
            &experiment(data, "kind = \"logistic\"", "kind = \"gradient_descent\"", "steps = 9"),
        );
        let child = start(&desk, &[command, "a.toml"]);
        std::thread::sleep(Duration::from_millis(700));
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        let since = Instant::now();
        let outcome = finish(child);
        assert_eq!(outcome.code, code, "{}", outcome.err);
        assert!(outcome.err.contains("nothing was written"), "{}", outcome.err);
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        assert!(!desk.path("runs").exists());
    }
}

#[test]
fn two_presses_leave_nothing() {
    let desk = Desk::new();
    // A step of these data takes so long that the second press comes before the run has looked at the first.
    let data = "kind = \"gaussian_separable\"\nn = 3000\nd = 1000";
    let slow =
        experiment(data, "kind = \"logistic\"", "kind = \"normalized_gradient_descent\"", "steps = 100_000");
    desk.file("a.toml", &slow);
    let child = start(&desk, &["run", "a.toml"]);
    std::thread::sleep(Duration::from_millis(500));
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(100));
    interrupt(&child);
    let outcome = finish(child);
    assert_eq!(outcome.code, 130, "{}", outcome.err);
    assert!(!desk.path("runs/a").exists());
    assert!(!desk.path("runs").exists() || desk.names("runs").is_empty());
}
