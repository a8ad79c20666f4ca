//! The commands that only tell: list, explain, new, schema, completions, man.

mod common;

use common::{Desk, agreeing};
use std::process::Stdio;

#[test]
fn every_listed_word_is_explained() {
    let desk = Desk::new();
    let listed = desk.call(&["list", "--json"]).json();
    let members = listed["members"].as_array().unwrap();
    assert!(members.len() > 50);
    for room in ["data", "model", "loss", "optimizer", "program", "theorem", "measure"] {
        assert!(members.iter().any(|m| m["room"] == room), "{room}");
        desk.call(&["list", room]).expect(0);
    }
    for m in members {
        let id = m["id"].as_str().unwrap();
        let page = desk.call(&["explain", id]);
        page.expect(0);
        assert!(page.out.contains(id) && page.out.lines().count() > 3, "{id}");
        desk.call(&["explain", id, "--keys"]).expect(0);
    }
    desk.call(&["explain", "max_margn"]).refuses(&["Did you mean `max_margin`?"]);
    desk.call(&["list", "nothing"]).expect(2);
}

#[test]
fn starters_run_as_they_stand() {
    let desk = Desk::new();
    for optimizer in ["gradient_descent", "sgd", "steepest_descent", "mirror_descent"] {
        for data in ["gaussian_separable", "sparse_regression", "iris"] {
            let file = format!("{optimizer}-{data}.toml");
            desk.call(&["new", &file, "--data", data, "--optimizer", optimizer]).expect(0);
            let predicted = desk.call(&["predict", &file]);
            assert_ne!(predicted.code, 2, "{file}: {}", predicted.err);
        }
    }
    desk.call(&["new"]).expect(0);
    desk.call(&["run", "experiment.toml"]).expect(0);
    desk.call(&["new"]).refuses(&["experiment.toml", "exists"]);
    desk.call(&["new", "b.toml", "--loss", "logistik"]).refuses(&["Did you mean `logistic`?"]);
    desk.call(&["new", "b.toml", "--data", "sparse_regression", "--loss", "logistic"]).expect(2);
    assert!(!desk.path("b.toml").exists());
    desk.call(&["new", "own.toml", "--data", "file"]).expect(0);
    assert!(desk.read("own.toml").contains("\npath = \"data.csv\""));
}

/// A file for every model, with data that suit it: it parses, builds, and a theorem speaks of it.
#[test]
fn every_model_has_a_starter_of_which_a_theorem_speaks() {
    let desk = Desk::new();
    let listed = desk.call(&["list", "model", "--json"]).json();
    let models: Vec<&str> =
        listed["members"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert!(models.contains(&"matrix_factorization") && models.len() >= 8, "{models:?}");
    for model in &models {
        let file = format!("{model}.toml");
        desk.call(&["new", &file, "--model", model]).expect(0);
        let text = desk.read(&file);
        assert!(text.contains("\n[model]\n") && text.contains(&format!("\nkind = \"{model}\"\n")), "{text}");
        let predicted = desk.call(&["predict", &file, "--json"]);
        predicted.expect(0);
        assert!(predicted.json()["theorem"].is_string(), "{model}: {}", predicted.out);
    }
    // The default start of a factorisation is small enough for theory to speak, and to decide.
    assert!(desk.read("matrix_factorization.toml").contains("kind = \"matrix_completion\""));
    for model in ["matrix_factorization", "diagonal", "two_layer_relu"] {
        let judged = desk.call(&["run", &format!("{model}.toml"), "--json"]);
        assert!([0, 1].contains(&judged.code), "{model}: {}{}", judged.out, judged.err);
    }
    // Any other data, loss or optimizer may be asked for beside it.
    let args = ["new", "b.toml", "--model", "deep_linear", "--data", "iris", "--loss", "cross_entropy"];
    desk.call(&args).expect(0);
    assert_ne!(desk.call(&["predict", "b.toml"]).code, 2);
    desk.call(&["new", "own.toml", "--model", "matrix_factorization", "--data", "matrix"]).expect(0);
    assert!(desk.read("own.toml").contains("\npath = \"matrix.csv\""));
    desk.call(&["new", "c.toml", "--model", "deep_liner"]).refuses(&["Did you mean `deep_linear`?"]);
    desk.call(&["new", "c.toml", "--model", "matrix_factorization", "--data", "gaussian_separable"])
        .refuses(&["matrices"]);
    assert!(!desk.path("c.toml").exists());
}

#[test]
fn schemas_completions_and_manual_pages() {
    let desk = Desk::new();
    let published = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
        serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    assert!(
        desk.call(&["schema", "experiment"]).json() == published("experiment.schema.json"),
        "docs/experiment.schema.json is stale"
    );
    assert!(
        desk.call(&["schema", "verdict"]).json() == published("verdict.schema.json"),
        "docs/verdict.schema.json is stale"
    );
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(desk.call(&["completions", shell]).expect(0).out.contains("tropism"));
    }
    assert!(desk.call(&["man"]).expect(0).out.contains(".TH"));
    desk.call(&["man", "pages"]).expect(0);
    assert!(desk.names("pages").contains(&"tropism-run.1".to_string()));
    assert!(desk.call(&[]).expect(0).out.contains("Usage"));
}

/// The reader of a pipe may leave: no panic, no message, and the run is judged all the same.
#[test]
fn closed_pipes_are_no_error() {
    let desk = Desk::new();
    desk.file("a.toml", &agreeing());
    for args in [vec!["list"], vec!["completions", "bash"], vec!["run", "a.toml"]] {
        let mut child = desk.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?} {output:?}");
    }
}
