//! What is written can be read back, and nothing half-written is ever seen.

mod common;

use common::{Scratch, dense, message, words};
use std::io::Write;
use tropism::Error;
use tropism_files::{Column, FileSpec, read, write_atomically, write_table};

#[test]
fn a_table_reads_back() {
    let dir = Scratch::new("out");
    let path = dir.0.join("new/folder/run.parquet");
    let loss: Vec<f64> = (0..20_000).map(|i| 1.0 / f64::from(i + 1)).collect();
    let step: Vec<i64> = (0..20_000).map(|i| i * i).collect();
    let phase: Vec<String> = (0..20_000).map(|i| format!("phase {}", i % 3)).collect();
    write_table(
        &path,
        &[("step", Column::I64(&step)), ("loss", Column::F64(&loss)), ("phase", Column::Str(&phase))],
    )
    .expect("writes");
    let t = read(&FileSpec::new(path.display().to_string())).expect("reads");
    assert_eq!((t.columns.clone(), t.x.rows()), (vec!["step".to_string(), "loss".into()], 20_000));
    assert_eq!(words(&t), phase);
    let x = dense(&t);
    assert!((0..20_000).all(|i| x.get(i, 0) == step[i] as f64 && x.get(i, 1) == loss[i]));
    assert_eq!(std::fs::read_dir(dir.0.join("new/folder")).expect("folder").count(), 1);
}

#[test]
fn non_finite_numbers_are_written_and_refused_as_data() {
    let dir = Scratch::new("out-nan");
    let path = dir.0.join("run.parquet");
    write_table(&path, &[("v", Column::F64(&[1.0, f64::NAN])), ("y", Column::I64(&[1, 2]))]).expect("writes");
    assert!(
        message(&FileSpec::new(path.display().to_string()))
            .contains("row 2, column v: the entry is not a number")
    );
}

#[test]
fn unequal_or_repeated_columns_are_refused() {
    let dir = Scratch::new("out-bad");
    let path = dir.0.join("run.parquet");
    let text = |c: &[(&str, Column<'_>)]| write_table(&path, c).expect_err("must fail").to_string();
    assert!(
        text(&[("a", Column::F64(&[1.0])), ("b", Column::I64(&[1, 2]))])
            .contains("column b: the column has 2 rows, but the first column has 1.")
    );
    assert!(
        text(&[("a", Column::F64(&[1.0])), ("a", Column::I64(&[1]))]).contains("two columns are named `a`")
    );
    assert!(!path.exists());
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let dir = Scratch::new("out-fail");
    let path = dir.0.join("verdict.json");
    write_atomically(&path, |f| f.write_all(b"old")).expect("writes");
    let failed = write_atomically(&path, |f| {
        f.write_all(b"new")?;
        Err(std::io::Error::other("the disk is full"))
    });
    assert!(matches!(failed, Err(Error::Data { what, .. }) if what.contains("the disk is full")));
    assert_eq!(std::fs::read(&path).expect("still there"), b"old");
    assert_eq!(std::fs::read_dir(&dir.0).expect("folder").count(), 1);
}
