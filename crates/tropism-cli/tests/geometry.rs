//! `tropism geometry` and matrices from files.

mod common;

use common::Desk;

const SEVERAL: &str = r#"
[data]
kind = "gaussian_separable"
n = 20
d = 40

[loss]
kind = "logistic"

[horizon]
steps = 20000

[[optimizer]]
kind = "normalized_gradient_descent"

[[optimizer]]
kind = "steepest_descent"
norm = "linf"
"#;

/// Gradients turn to the ℓ2 margin and signs to the ℓ∞ margin (Gunasekar et al. 2018), so each row is largest there.
#[test]
fn every_optimizer_is_largest_in_its_own_norm() {
    let desk = Desk::new();
    desk.file("several.toml", SEVERAL);
    let table = desk.call(&["geometry", "several.toml", "--json", "--out", "table"]);
    table.expect(0);
    let table = table.json();
    let norm = |row: usize| {
        let largest = table["rows"][row]["largest"].as_u64().unwrap() as usize;
        table["columns"][largest]["norm"].as_str().unwrap().to_string()
    };
    assert_eq!([norm(0), norm(1)], ["l2", "linf"]);
    for row in table["rows"].as_array().unwrap() {
        // A certified fraction of the optimum never exceeds one.
        assert!(
            row["fractions"].as_array().unwrap().iter().all(|f| (0.0..=1.0).contains(&f.as_f64().unwrap()))
        );
    }
    assert_eq!(desk.names("table"), ["geometry.html", "geometry.json", "geometry.svg"]);
    let text = desk.call(&["geometry", "several.toml"]);
    text.expect(0);
    assert!(text.out.contains("steepest descent, linf") && text.out.contains('*'));
    desk.call(&["schema", "geometry"]).expect(0);
}

#[test]
fn a_geometry_needs_classes_that_can_be_separated() {
    let desk = Desk::new();
    desk.file(
        "real.toml",
        &SEVERAL.replace("gaussian_separable", "sparse_regression").replace("logistic", "squared"),
    );
    desk.call(&["geometry", "real.toml"]).refuses(&["a margin needs classes"]);
    desk.file(
        "mixed.toml",
        &SEVERAL.replace("kind = \"gaussian_separable\"\nn = 20\nd = 40", "kind = \"overlapping\""),
    );
    desk.call(&["geometry", "mixed.toml"]).refuses(&["separates the classes"]);
}

/// A file written for one optimizer and a time serves as it stands: the usual optimizers bring the steps they need.
#[test]
fn an_experiment_file_for_one_optimizer_gives_the_usual_rows() {
    let desk = Desk::new();
    let one = SEVERAL.split("[horizon]").next().unwrap().to_string()
        + "[optimizer]\nkind = \"gradient_descent\"\n[horizon]\ntime = \"1e100\"\n";
    desk.file("one.toml", &one);
    let table = desk.call(&["geometry", "one.toml", "--json"]);
    table.expect(0);
    assert!(table.json()["rows"].as_array().unwrap().len() > 5);
}

const COMPLETE: &str = r#"
[data]
kind = "matrix"
path = "gaps.csv"

[model]
kind = "matrix_factorization"
init_scale = 0.01

[loss]
kind = "squared"

[optimizer]
kind = "gradient_flow"
"#;

#[test]
fn a_matrix_file_with_gaps_is_completed() {
    let desk = Desk::new();
    desk.file("work/complete.toml", COMPLETE).file("work/gaps.csv", "1,2,3\n2,4,\n3,,9\n");
    let report = desk.call(&["run", "work/complete.toml", "--json", "--out", "run"]);
    assert_ne!(report.code, 2, "{}", report.err);
    // Seven of nine entries of a matrix of rank one: the path is found from the experiment's own folder.
    assert_eq!(report.json()["data"]["samples"], 7);
    desk.file("work/gaps.csv", "1,,3\n2,,\n3,,9\n");
    desk.call(&["run", "work/complete.toml"]).refuses(&["column 2", "none of its entries is observed"]);
}
