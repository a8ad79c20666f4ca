//! `run` and `predict`: files, verdicts, exit codes, JSON.

mod common;

use common::{Desk, agreeing, experiment};
use serde_json::Value;

const FILES: [&str; 6] =
    ["experiment.toml", "figures", "prediction.json", "report.html", "trajectory.parquet", "verdict.json"];

#[test]
fn a_run_writes_everything() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing());
    let outcome = desk.call(&["run", "a.toml"]);
    outcome.expect(0);
    assert!(outcome.out.contains("AGREES") && outcome.out.contains("runs/a/report.html"), "{}", outcome.out);
    assert!(outcome.err.is_empty(), "{}", outcome.err);
    assert_eq!(desk.names("runs"), ["a"]);
    assert_eq!(desk.names("runs/a"), FILES);
    assert!(desk.names("runs/a/figures").contains(&"gap.svg".to_string()));
    let prediction: Value = serde_json::from_str(&desk.read("runs/a/prediction.json")).unwrap();
    let verdict: Value = serde_json::from_str(&desk.read("runs/a/verdict.json")).unwrap();
    assert_eq!(prediction, verdict["prediction"]);
    assert!(std::fs::read(desk.path("runs/a/trajectory.parquet")).unwrap().starts_with(b"PAR1"));
}

#[test]
fn the_resolved_experiment_gives_the_same_verdict() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing());
    desk.call(&["run", "a.toml"]).expect(0);
    desk.call(&["run", "runs/a/experiment.toml", "--out", "again"]).expect(0);
    desk.call(&["run", "a.toml", "--out", "third"]).expect(0);
    let first = desk.read("runs/a/verdict.json");
    assert_eq!(first, desk.read("again/verdict.json"));
    assert_eq!(first, desk.read("third/verdict.json"));
}

#[test]
fn every_verdict_has_its_exit_code() {
    let gd = "kind = \"gradient_descent\"";
    let flow = "time = \"1e1000\"";
    let cases = [
        // Twenty steps are no limit.
        (
            "undecided",
            3,
            experiment("kind = \"gaussian_separable\"", "kind = \"logistic\"", gd, "steps = 20"),
        ),
        ("out_of_scope", 3, {
            let diverging = "kind = \"gradient_descent\"\nstep_size = 1e9";
            experiment("kind = \"gaussian_separable\"", "kind = \"logistic\"", diverging, flow)
        }),
        ("no_prediction", 3, {
            let sgd = "kind = \"normalized_gradient_descent\"";
            experiment("kind = \"diabetes\"", "kind = \"squared\"", sgd, "steps = 20")
        }),
        ("disagrees", 1, include_str!("../../../experiments/kkt-not-optimal-zero-weight.toml").into()),
        ("agrees", 0, agreeing()),
    ];
    for (verdict, code, text) in cases {
        let desk = Desk::new();
        desk.file("a.toml", &text);
        let outcome = desk.call(&["run", "a.toml", "--json"]);
        assert_eq!(outcome.json()["verdict"], verdict, "{}", outcome.out);
        outcome.expect(code);
        assert_eq!(desk.names("runs/a").len(), if desk.path("runs/a/figures").exists() { 6 } else { 5 });
    }
}

#[test]
fn json_is_one_object_with_the_promised_keys() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing());
    let predicted = desk.call(&["predict", "a.toml", "--json"]);
    predicted.expect(0);
    let prediction = predicted.json();
    for key in ["theorem", "program", "value", "lower_bound", "relative_gap", "unique", "margin"] {
        assert!(!prediction[key].is_null(), "{key}");
    }
    // The generator's margin is at least what its key says.
    assert!(prediction["margin"].as_f64().unwrap() >= 0.5);
    assert!(!desk.path("runs").exists());

    let ran = desk.call(&["run", "a.toml", "--json", "--out", "x/y"]);
    ran.expect(0);
    let object = ran.json();
    for key in ["verdict", "reason", "prediction", "log10_time", "selected", "report", "folder"] {
        assert!(!object[key].is_null(), "{key}");
    }
    assert_eq!(object["prediction"], prediction);
    assert!(object["selected"]["relative_gap"].is_f64() && object["selected"]["direction_distance"].is_f64());
    assert!(object.get("series").is_none());
    assert!(desk.path(object["report"].as_str().unwrap()).exists());
}

#[test]
fn predict_without_a_reference_is_open() {
    let desk = Desk::new();
    let none = "kind = \"normalized_gradient_descent\"";
    desk.file("a.toml", &experiment("kind = \"diabetes\"", "kind = \"squared\"", none, "steps = 5"));
    desk.call(&["predict", "a.toml"]).expect(3);
    let outcome = desk.call(&["predict", "a.toml", "--json"]);
    outcome.expect(3);
    assert!(outcome.json()["theorem"].is_null());
}

#[test]
fn the_text_fits_the_terminal() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing());
    for width in ["40", "60", "80", "120"] {
        let calls: [&[&str]; 4] =
            [&["run", "a.toml"], &["predict", "a.toml"], &["list"], &["explain", "gradient_descent"]];
        for args in calls {
            let output = desk.command(args).env("COLUMNS", width).output().unwrap();
            let out = String::from_utf8(output.stdout).unwrap();
            let longest = out.lines().map(|l| l.chars().count()).max().unwrap();
            assert!(longest <= width.parse().unwrap(), "{args:?} at {width}: {longest}\n{out}");
            assert!(!out.contains('\u{1b}'), "colour in a pipe");
        }
    }
}

#[test]
fn quiet_is_one_line() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing());
    let outcome = desk.call(&["run", "a.toml", "--quiet"]);
    outcome.expect(0);
    assert!(outcome.out.starts_with("agrees: ") && outcome.out.lines().count() == 1, "{}", outcome.out);
}

#[test]
fn only_older_runs_are_replaced() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing()).file("mine/thesis.tex", "years of work");
    desk.call(&["run", "a.toml", "--out", "mine"]).refuses(&["mine", "not an older Tropism run"]);
    desk.call(&["run", "a.toml", "--out", "mine", "--force"]).refuses(&["not an older Tropism run"]);
    assert_eq!(desk.names("mine"), ["thesis.tex"]);

    desk.call(&["run", "a.toml"]).expect(0);
    desk.call(&["run", "a.toml"]).expect(0);
    desk.file("runs/a/notes.md", "mine");
    desk.call(&["run", "a.toml"]).refuses(&["`notes.md`", "--force"]);
    desk.call(&["run", "a.toml", "--force"]).expect(0);
    assert_eq!(desk.names("runs/a"), FILES);
    assert_eq!(desk.names("runs"), ["a"]);
    desk.call(&["run", "a.toml", "--out", "-"]).refuses(&["folder of several files"]);

    // An empty folder is as good as none; a file is not a folder.
    std::fs::create_dir(desk.path("empty")).unwrap();
    desk.call(&["run", "a.toml", "--out", "empty"]).expect(0);
    desk.call(&["run", "a.toml", "--out", "a.toml"]).refuses(&["a.toml"]);
}

#[test]
fn another_experiment_never_takes_the_place_of_a_run() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing());
    desk.call(&["run", "a.toml"]).expect(0);
    let first = desk.read("runs/a/verdict.json");
    desk.file("a.toml", &agreeing().replace("[data]", "[data]\nn = 30"));
    let outcome = desk.call(&["run", "a.toml"]);
    outcome.expect(0);
    assert!(outcome.err.contains("runs/a holds the run of another experiment"), "{}", outcome.err);
    assert!(outcome.err.contains("goes to runs/a-2") && outcome.out.contains("runs/a-2/report.html"));
    // Each edit finds its own folder again.
    desk.call(&["run", "a.toml"]).expect(0);
    assert_eq!(desk.names("runs"), ["a", "a-2"]);
    assert_eq!(desk.read("runs/a/verdict.json"), first);
    let other = desk.read("runs/a-2/verdict.json");
    // A folder the user names is left alone until the user says otherwise.
    desk.call(&["run", "a.toml", "--out", "runs/a"]).refuses(&["another experiment", "agrees", "--force"]);
    assert_eq!(desk.read("runs/a/verdict.json"), first);
    desk.call(&["run", "a.toml", "--out", "runs/a", "--force"]).expect(0);
    assert_eq!(desk.read("runs/a/verdict.json"), other);
}

#[test]
fn changed_data_are_another_experiment() {
    let desk = Desk::new();
    let data = "kind = \"file\"\npath = \"points.csv\"";
    let text = experiment(data, "kind = \"logistic\"", "kind = \"gradient_descent\"", "time = \"1e1000\"");
    desk.file("a.toml", &text).file("points.csv", "x,y,label\n1,2,1\n2,1,1\n-1,-2,-1\n-2,-2,-1\n");
    desk.call(&["run", "a.toml"]).expect(0);
    desk.file("points.csv", "x,y,label\n1,2,1\n2,1,1\n-1,-3,-1\n-2,-2,-1\n");
    desk.call(&["run", "a.toml"]).expect(0);
    assert_eq!(desk.names("runs"), ["a", "a-2"]);
}

#[test]
fn figures_go_to_the_terminal_one_at_a_time() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing());
    desk.call(&["run", "a.toml"]).expect(0);
    let all = ["report", "runs/a", "--format", "svg", "--out", "-"];
    desk.call(&all).refuses(&["figures (gap", "--figure NAME", "--out DIR"]);
    assert!(!desk.path("-").exists());
    let one = desk.call(&["report", "runs/a", "--format", "svg", "--figure", "gap", "--out", "-"]);
    assert_eq!(one.expect(0).out, desk.read("runs/a/figures/gap.svg"));
    desk.call(&["report", "runs/a", "--format", "svg", "--figure", "loss", "--out", "l.svg"]).expect(0);
    assert_eq!(desk.read("l.svg"), desk.read("runs/a/figures/loss.svg"));
    desk.call(&["report", "runs/a", "--format", "svg", "--figure", "lost"])
        .refuses(&["no figure `lost`", "gap"]);
}

#[test]
fn data_are_found_beside_the_experiment() {
    let desk = Desk::new();
    let data = "kind = \"file\"\npath = \"points.csv\"\nlabel = \"label\"";
    let text = experiment(data, "kind = \"logistic\"", "kind = \"gradient_descent\"", "time = \"1e1000\"");
    desk.file("lab/a.toml", &text);
    desk.file("lab/points.csv", "x,y,label\n1,2,1\n2,1,1\n-1,-2,-1\n-2,-2,-1\n");
    desk.call(&["run", "lab/a.toml"]).expect(0);
    // The resolved experiment runs from its own folder as well.
    desk.call(&["run", "runs/a/experiment.toml", "--out", "again"]).expect(0);
    let verdict = desk.read("runs/a/verdict.json");
    assert!(verdict.contains("points.csv") && !verdict.contains(&*desk.path("lab").to_string_lossy()));
}

#[test]
fn a_rendering_can_be_repeated() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing());
    let ran = desk.call(&["run", "a.toml"]);
    let html = desk.read("runs/a/report.html");
    let figure = desk.read("runs/a/figures/gap.svg");
    std::fs::remove_file(desk.path("runs/a/report.html")).unwrap();
    std::fs::remove_dir_all(desk.path("runs/a/figures")).unwrap();

    desk.call(&["report", "runs/a", "--format", "html"]).expect(0);
    assert_eq!(desk.read("runs/a/report.html"), html);
    desk.call(&["report", "runs/a", "--format", "html", "--out", "copy.html"]).expect(0);
    assert_eq!(desk.read("copy.html"), html);
    desk.call(&["report", "runs/a/verdict.json", "--format", "svg"]).expect(0);
    assert_eq!(desk.read("runs/a/figures/gap.svg"), figure);
    let text = desk.call(&["report", "runs/a"]);
    assert!(ran.out.starts_with(&text.out) && text.code == 0);
    assert_eq!(desk.call(&["report", "runs/a", "--format", "json"]).out, desk.read("runs/a/verdict.json"));

    desk.call(&["report", "runs"]).refuses(&["not a run folder"]);
    desk.call(&["report", "nowhere"]).refuses(&["nowhere", "no such file"]);
    desk.file("broken/verdict.json", "{}");
    desk.call(&["report", "broken"]).refuses(&["missing field"]);
}
