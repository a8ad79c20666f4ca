//! Bad input: a sentence with file, place and what to do, exit code 2, and nothing left behind.

mod common;

use common::{Desk, Outcome, agreeing, experiment};

/// Runs an experiment that must leave no trace.
fn attempt(files: &[(&str, &str)]) -> Outcome {
    let desk = Desk::new();
    for (name, text) in files {
        desk.file(name, text);
    }
    let before = desk.names(".");
    let outcome = desk.call(&["run", "a.toml"]);
    assert_eq!(desk.names("."), before, "something was left behind");
    outcome
}

fn with_csv(csv: &str) -> Outcome {
    let data = "kind = \"file\"\npath = \"points.csv\"\nlabel = \"label\"";
    let text = experiment(data, "kind = \"logistic\"", "kind = \"gradient_descent\"", "time = \"1e100\"");
    attempt(&[("a.toml", &text), ("points.csv", csv)])
}

fn edited(from: &str, to: &str) -> Outcome {
    let text = agreeing();
    assert!(text.contains(from));
    attempt(&[("a.toml", &text.replace(from, to))])
}

#[test]
fn unknown_words_name_their_neighbours() {
    edited("time =", "tme =").refuses(&["a.toml", "`tme`", "[horizon]", "Did you mean `time`?"]);
    edited("[horizon]", "[horizn]").refuses(&["a.toml", "`horizn`", "Did you mean `horizon`?"]);
    let kind = edited("gradient_descent", "gradient_decent");
    kind.refuses(&["a.toml", "Did you mean `gradient_descent`?", "tropism list optimizer"]);
    edited("kind = \"logistic\"", "kind = \"logistik\"").refuses(&["Did you mean `logistic`?"]);
    edited("1e1000", "soon").refuses(&["a.toml", "`time`", "\"soon\""]);
    edited("[loss]\nkind = \"logistic\"\n", "").refuses(&["[loss]", "kind"]);
    edited("[data]", "[data").refuses(&["a.toml", "TOML"]);
}

#[test]
fn missing_files_are_named() {
    let desk = Desk::new();
    desk.call(&["run", "b.toml"]).refuses(&["b.toml", "no such file", "tropism new b.toml"]);
    desk.call(&["predict", "b.toml"]).refuses(&["b.toml"]);
    let text = experiment(
        "kind = \"file\"\npath = \"points.csv\"",
        "kind = \"logistic\"",
        "kind = \"gradient_descent\"",
        "",
    );
    attempt(&[("a.toml", &text)]).refuses(&["a.toml", "points.csv", "own folder"]);
}

#[test]
fn bad_tables_are_refused_with_row_and_column() {
    with_csv("x,y,label\n1,2,1\n1,-1\n").refuses(&["a.toml", "points.csv", "row 3"]);
    with_csv("x,y,label\n1,2,1\n1,NaN,-1\n").refuses(&["points.csv", "row 3", "column y"]);
    with_csv("x,y,label\n1,2,1\ninf,1,-1\n").refuses(&["points.csv", "row 3", "column x"]);
    with_csv("x,y,label\n1,2,1\nfoo,1,-1\n").refuses(&["points.csv", "row 3"]);
    with_csv("x,y,lable\n1,2,1\n1,1,-1\n").refuses(&["`label`", "Did you mean `lable`?"]);
    with_csv("x,y,label\n1,2,1\n2,1,1\n").refuses(&["points.csv", "at least two classes"]);
    with_csv("x,y,label\n").refuses(&["points.csv"]);
    with_csv("").refuses(&["points.csv"]);
}

#[test]
fn impossible_combinations_say_what_is_missing() {
    let entropy = "kind = \"mirror_descent\"\npotential = \"entropy\"";
    let text = experiment("kind = \"sparse_regression\"", "kind = \"squared\"", entropy, "");
    attempt(&[("a.toml", &text)]).refuses(&["entropy", "model.start"]);
    let text = experiment("kind = \"diabetes\"", "kind = \"logistic\"", "kind = \"gradient_descent\"", "");
    attempt(&[("a.toml", &text)]).refuses(&["a.toml"]);
    edited("time = \"1e1000\"", "steps = 0").refuses(&["`steps`"]);
}

/// What can be judged is no error: the verdict says it, and the folder can be read.
#[test]
fn odd_data_and_divergence_are_verdicts() {
    let run = |text: &str, csv: &str| {
        let desk = Desk::new();
        desk.file("a.toml", text).file("points.csv", csv);
        let outcome = desk.call(&["run", "a.toml", "--json"]);
        outcome.expect(3);
        desk.call(&["report", "runs/a", "--format", "html", "--out", "r.html"]).expect(0);
        assert_eq!(desk.read("r.html"), desk.read("runs/a/report.html"));
        outcome
    };
    let gd = "kind = \"gradient_descent\"";
    let data = "kind = \"file\"\npath = \"points.csv\"";
    // One point with both labels: not separable.
    let text = experiment(data, "kind = \"logistic\"", gd, "time = \"1e100\"");
    let contradictory = "x,y,label\n1,2,1\n1,2,-1\n0,1,1\n-1,-1,-1\n";
    let desk = Desk::new();
    desk.file("a.toml", &text).file("points.csv", contradictory);
    let judged = desk.call(&["run", "a.toml", "--json"]);
    assert_ne!(judged.code, 2, "{}", judged.err);
    assert!(judged.json()["data"]["notes"].to_string().contains("different labels"), "{}", judged.out);

    // Divergence: squared loss with a step far beyond the limit.
    let long = "kind = \"gradient_descent\"\nstep_size = 1e6";
    let text = experiment("kind = \"sparse_regression\"", "kind = \"squared\"", long, "steps = 5000");
    let diverged = run(&text, "");
    assert_eq!(diverged.json()["run"]["ended"], "diverged");
}
