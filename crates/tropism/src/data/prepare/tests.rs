use super::*;
use crate::data::table::{Labels, RowNumbers};
use crate::numerics::{Csr, Matrix};

fn table(x: &[&[f64]], y: &[f64]) -> Table {
    let rows: Vec<Vec<f64>> = x.iter().map(|r| r.to_vec()).collect();
    let names = (0..rows.first().map_or(1, Vec::len)).map(|j| format!("c{j}")).collect();
    let mut t =
        Table::new("a.csv", names, Matrix::from_rows(&rows)).with_label("y", Labels::Numbers(y.to_vec()));
    t.rows = RowNumbers::From(2);
    t
}

fn words(t: Table, text: &[&str]) -> Table {
    let mut b = crate::data::table::LabelBuilder::default();
    text.iter().for_each(|w| b.push(w));
    t.with_label("y", b.finish())
}

fn fails(t: Table, how: &Preparation, task: Task) -> String {
    prepare(t, how, task, 0).expect_err("must fail").to_string()
}

fn plain() -> Preparation {
    Preparation::default()
}

const FOUR: [&[f64]; 4] = [&[1.0, 2.0], &[2.0, 0.0], &[3.0, 1.0], &[4.0, 5.0]];

#[test]
fn natural_order_of_labels() {
    let d = prepare(table(&FOUR, &[1.0, 0.0, 1.0, 0.0]), &plain(), Task::Binary, 0).expect("binary");
    assert_eq!(d.targets, Targets::Sign(vec![1.0, -1.0, 1.0, -1.0]));
    assert_eq!(d.notes, ["The labels in `y` were mapped: `0` to -1 (2 samples), `1` to +1 (2 samples)."]);
    let t = words(table(&FOUR, &[]), &["no", "yes", "no", "no"]);
    let d = prepare(t, &plain(), Task::Binary, 0).expect("binary");
    assert_eq!(d.targets, Targets::Sign(vec![-1.0, 1.0, -1.0, -1.0]));
}

#[test]
fn classes_and_positive_choose_the_sign() {
    let t = words(table(&FOUR, &[]), &["b", "a", "c", "b"]);
    let mut how = Preparation {
        classes: Some(vec![ClassName::Word("b".into()), ClassName::Word("a".into())]),
        ..plain()
    };
    let d = prepare(t.clone(), &how, Task::Binary, 0).expect("selected");
    assert_eq!(d.targets, Targets::Sign(vec![-1.0, 1.0, -1.0]));
    assert_eq!(d.x.to_dense().row(2), [4.0, 5.0]);
    how.positive = Some(ClassName::Word("b".into()));
    let d = prepare(t.clone(), &how, Task::Binary, 0).expect("selected");
    assert_eq!(
        (d.targets, d.classes),
        (Targets::Sign(vec![1.0, -1.0, 1.0]), vec!["a".to_string(), "b".into()])
    );

    how.positive = Some(ClassName::Word("c".into()));
    assert_eq!(
        fails(t.clone(), &how, Task::Binary),
        "`positive` in [data] is `c`, but the classes in a.csv are `b`, `a`."
    );
    how.classes = Some(vec![ClassName::Word("a".into()), ClassName::Number(7.0)]);
    assert!(
        fails(t.clone(), &how, Task::Binary)
            .contains("`classes` in [data] is `7`, but the classes in a.csv are")
    );
    how.classes = Some(vec![ClassName::Word("a".into()), ClassName::Word("a".into())]);
    assert!(fails(t.clone(), &how, Task::Binary).contains("listed only once"));
    how.classes = Some(vec![ClassName::Word("a".into())]);
    assert!(fails(t, &how, Task::Binary).contains("at least two classes are needed"));
}

#[test]
fn more_than_two_labels_name_the_key_to_set() {
    let message = fails(table(&FOUR, &[1.0, 2.0, 3.0, 1.0]), &plain(), Task::Binary);
    assert_eq!(
        message,
        "a.csv, column y: there are 3 different labels (`1`, `2`, `3`), but a binary loss takes two; select two with \
         data.classes, as in classes = [1, 2], or set kind = \"cross_entropy\" in [loss]."
    );
    let d = prepare(table(&FOUR, &[1.0, 2.0, 3.0, 1.0]), &plain(), Task::Multiclass, 0).expect("multiclass");
    assert_eq!(d.targets, Targets::Class { labels: vec![0, 1, 2, 0], classes: 3 });
    assert!(
        fails(table(&FOUR, &[1.5, 2.0, 3.0, 1.0]), &plain(), Task::Multiclass)
            .contains("targets of a regression")
    );
}

#[test]
fn unusable_labels() {
    assert_eq!(
        fails(table(&FOUR, &[1.0; 4]), &plain(), Task::Binary),
        "a.csv, column y: every label is `1`; a classification needs at least two classes, so add samples of another, or take the squared loss."
    );
    let t = words(table(&FOUR, &[]), &["1", "two", "3", "4"]);
    assert!(
        fails(t, &plain(), Task::Regression)
            .starts_with("a.csv, row 3, column y: the target `two` is not a number")
    );
    let mut t = table(&FOUR, &[1.0; 4]);
    t.label = None;
    assert_eq!(
        fails(t, &plain(), Task::Regression),
        "a.csv: there is no label column, so nothing can be learned from it; name the labels with `label`, `y_path` or `y_key` in [data]."
    );
    assert!(
        fails(table(&FOUR, &[0.0, f64::NAN, 1.0, 1.0]), &plain(), Task::Regression)
            .contains("row 3, column y")
    );
    assert_eq!(
        fails(table(&FOUR, &[0.0, 1.0]), &plain(), Task::Regression),
        "a.csv: there are 4 samples but 2 labels."
    );
}

#[test]
fn unusable_entries() {
    let t = table(&[&[1.0, 2.0], &[f64::INFINITY, 0.0]], &[0.0, 1.0]);
    assert_eq!(
        fails(t, &plain(), Task::Binary),
        "a.csv, row 3, column c0: the entry is infinite; every entry must be a finite number, and none is filled in. Mend it, or leave out its row or column."
    );
    assert_eq!(
        fails(table(&[], &[]), &plain(), Task::Binary),
        "a.csv: there are no samples, and at least one is needed."
    );
}

#[test]
fn bad_options() {
    for f in [1.0, -0.1, f64::NAN] {
        let how = Preparation { test_fraction: f, ..plain() };
        assert!(fails(table(&FOUR, &[0.0; 4]), &how, Task::Regression).contains("at least 0 and below 1"));
    }
    let how = Preparation { test_fraction: 0.01, ..plain() };
    assert!(fails(table(&FOUR, &[0.0; 4]), &how, Task::Regression).contains("leaves the test part empty"));
    let how = Preparation { positive: Some(ClassName::Number(1.0)), ..plain() };
    assert!(fails(table(&FOUR, &[0.0; 4]), &how, Task::Multiclass).contains("only a loss for two classes"));
    assert!(toml::from_str::<Preparation>("standardize = true").is_err());
    let how: Preparation = toml::from_str("classes = [3, \"eight\"]").expect("both kinds of names");
    assert_eq!(how.classes, Some(vec![ClassName::Number(3.0), ClassName::Word("eight".into())]));
}

#[test]
fn standardisation_uses_the_training_part() {
    let x: Vec<Vec<f64>> = (0..10).map(|i| vec![f64::from(i * i), 7.0, 0.0]).collect();
    let rows: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    let how = Preparation { standardise: Some(true), test_fraction: 0.3, bias: true, ..plain() };
    let d = prepare(table(&rows, &[0.5; 10]), &how, Task::Regression, 3).expect("prepared");
    let test = d.test.as_ref().expect("test part");
    assert_eq!((d.n(), test.n(), d.d()), (7, 3, 4));
    assert_eq!(d.features, ["c0", "c1", "c2", "bias"]);
    let m = d.x.to_dense();
    let (mean, square) =
        (0..7).fold((0.0, 0.0), |(s, q), i| (s + m.get(i, 0) / 7.0, q + m.get(i, 0).powi(2) / 7.0));
    // Seven terms of order one: a few roundings.
    assert!(mean.abs() < 1e-14 && (square - 1.0).abs() < 1e-14);
    assert!((0..7).all(|i| m.get(i, 1) == 0.0 && m.get(i, 3) == 1.0));
    assert!(d.notes.iter().any(|n| n.contains("zero in every training sample") && n.contains("`c2`")));
    assert!(d.notes.iter().any(|n| n.contains("constant") && n.contains("`c1`")));
    let again = prepare(table(&rows, &[0.5; 10]), &how, Task::Regression, 3).expect("prepared");
    assert_eq!(d, again);
}

#[test]
fn sparse_designs_are_only_scaled() {
    // Column 0 holds 0, 2: standard deviation 1. Column 1 holds 3, 3: constant.
    let csr =
        Csr { rows: 2, cols: 2, offsets: vec![0, 1, 3], indices: vec![1, 0, 1], values: vec![3.0, 2.0, 3.0] };
    let t = Table::new("s", vec!["a".into(), "b".into()], Design::Sparse(csr))
        .with_label("y", Labels::Numbers(vec![0.0, 1.0]));
    let how = Preparation { standardise: Some(true), bias: true, ..plain() };
    let d = prepare(t, &how, Task::Binary, 0).expect("prepared");
    assert_eq!(d.x.to_dense(), Matrix::from_rows(&[vec![0.0, 3.0, 1.0], vec![2.0, 3.0, 1.0]]));
    assert!(matches!(*d.x, Design::Sparse(_)));
    assert!(d.notes.iter().any(|n| n.contains("not centred")));
}

#[test]
fn contradictory_duplicates_are_noted() {
    let x: [&[f64]; 3] = [&[1.0, 0.0], &[2.0, 2.0], &[1.0, -0.0]];
    let d = prepare(table(&x, &[0.0, 0.0, 1.0]), &plain(), Task::Binary, 0).expect("prepared");
    assert!(d.notes.iter().any(|n| n.contains("same inputs") && n.contains("rows 2 and 4")), "{:?}", d.notes);
}

#[test]
fn limit_draws_by_the_seed() {
    let how = Preparation { limit: Some(3), ..plain() };
    let d = prepare(table(&FOUR, &[1.0, 2.0, 3.0, 4.0]), &how, Task::Regression, 5).expect("prepared");
    assert_eq!(d.n(), 3);
    assert_eq!(d.notes[0], "Of 4 samples 3 were kept, drawn by seed 5.");
}
