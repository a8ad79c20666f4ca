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
    let missing = ["points.csv", "row 3", "column y", "drop = [\"y\"]"];
    for cell in ["NA", "n/a", "nan", ""] {
        with_csv(&format!("x,y,label\n1,2,1\n1,{cell},-1\n")).refuses(&missing);
    }
    // A missing value in the first row makes no header of it.
    with_csv("1,NA,1\n2,3,-1\n").refuses(&["points.csv", "label"]);
    with_csv("x,y,label\n1,2,1\n1,1,NA\n").refuses(&[
        "points.csv",
        "row 3",
        "column label",
        "the label is missing",
    ]);
    with_csv("x,y,label\n1,2,1\n1,1e200,-1\n").refuses(&[
        "points.csv",
        "row 3",
        "column y",
        "1e200",
        "at most 1e100",
    ]);
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

/// A matrix file to complete: NA, N/A, NaN and empty cells are the missing entries, all alike.
#[test]
fn missing_entries_of_a_matrix_are_the_mask() {
    let attempt = |csv: &str| {
        let desk = Desk::new();
        let text = "[data]\nkind = \"matrix\"\npath = \"m.csv\"\n[model]\nkind = \"matrix_factorization\"\n[loss]\n\
                    kind = \"squared\"\n[optimizer]\nkind = \"gradient_flow\"\n";
        desk.file("a.toml", text).file("m.csv", csv);
        desk.call(&["predict", "a.toml"])
    };
    let shown: Vec<String> = ["NA", "N/A", "nan", ""]
        .iter()
        .map(|gap| {
            let found = attempt(&format!("1,2,{gap}\n2,{gap},6\n3,6,9\n"));
            assert_ne!(found.code, 2, "{}", found.err);
            assert!(found.out.contains("7 of 9 entries"), "{}", found.out);
            found.out
        })
        .collect();
    assert!(shown.iter().all(|s| *s == shown[0]), "{shown:?}");
    attempt("1,2,NA\n2,4,NA\n3,6,NA\n").refuses(&["m.csv, column 3", "none of its entries is observed"]);
    attempt("1,2\nNA,\n").refuses(&["m.csv, row 2", "none of its entries is observed"]);
    attempt("1,two\n3,4\n").refuses(&["m.csv, row 1, column 2", "`two`"]);
    attempt("1,1e300\n3,4\n").refuses(&["m.csv, row 1, column 2", "1e300"]);
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
