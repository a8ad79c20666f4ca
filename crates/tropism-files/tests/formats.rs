//! Every format read from small files whose content is known, and every fault named with its place.

mod common;

use common::{Scratch, dense, fixture, message, numbers, words};
use tropism::data::{RowNumbers, Table};
use tropism::numerics::{Design, Matrix};
use tropism_files::{ColumnRef, FileSpec, Format, read};

fn x() -> Matrix {
    Matrix::from_rows(&[vec![1.5, -2.0], vec![0.25, 4.0], vec![8.0, 16.0]])
}

fn with_y(name: &str, y: &str) -> FileSpec {
    FileSpec { y_path: Some(fixture(y)), ..FileSpec::new(fixture(name)) }
}

#[test]
fn npy_types_and_orders() {
    for name in ["f8.npy", "f4_fortran.npy", "f2.npy", "big_endian.npy"] {
        let t = read(&with_y(name, "y_bool.npy")).expect(name);
        assert_eq!(dense(&t), x(), "{name}");
        assert_eq!(numbers(&t), [1.0, 0.0, 1.0]);
    }
    let t = read(&with_y("i2.npy", "y_words.npy")).expect("integers");
    assert_eq!(dense(&t).row(0), [6.0, -8.0]);
    assert_eq!(words(&t), ["no", "yes", "né"]);
    let t = read(&with_y("u1_images.npy", "y_bytes.npy")).expect("images");
    assert_eq!(dense(&t).row(2), [8.0, 9.0, 10.0, 11.0]);
    assert_eq!(words(&t), ["a", "bc", "a"]);
    assert!(t.notes[0].contains("laid out as 4 columns"));
}

#[test]
fn npy_with_a_label_column() {
    let t = read(&FileSpec::new(fixture("f8.npy"))).expect("last column");
    assert_eq!((numbers(&t), dense(&t).as_slice().to_vec()), (vec![-2.0, 4.0, 16.0], vec![1.5, 0.25, 8.0]));
    assert_eq!(t.notes, ["The labels were taken from the column `x2` (the last)."]);
    let first = FileSpec { label: Some(ColumnRef::Number(1)), ..FileSpec::new(fixture("f8.npy")) };
    assert_eq!(numbers(&read(&first).expect("first column")), [1.5, 0.25, 8.0]);
}

#[test]
fn npy_faults() {
    let m = |name: &str, y: &str| message(&with_y(name, y));
    assert!(m("nan.npy", "y_bool.npy").contains("nan.npy, row 2, column 1: the entry is not a number (NaN)"));
    assert!(m("complex.npy", "y_bool.npy").contains("the type '<c16' is not supported"));
    assert!(m("one_dimension.npy", "y_bool.npy").contains("the inputs have the shape [3]"));
    assert!(m("f8.npy", "y_short.npy").contains("the labels have the shape [2], but there are 3 samples"));
    assert!(m("cut.npy", "y_bool.npy").contains("the file ends before all 6 entries of the array were read"));
    let wrong = FileSpec { format: Some(Format::Npy), ..FileSpec::new(fixture("stored.npz")) };
    assert!(message(&wrong).contains("not a readable NumPy array: the magic number is missing"));
}

#[test]
fn npz_stored_and_deflated() {
    let t = read(&FileSpec::new(fixture("stored.npz"))).expect("stored");
    assert_eq!((dense(&t), numbers(&t)), (x(), vec![-1.0, 1.0, 1.0]));
    let keys =
        FileSpec { x_key: "inputs".into(), y_key: "target".into(), ..FileSpec::new(fixture("deflated.npz")) };
    let t = read(&keys).expect("deflated");
    assert_eq!((dense(&t), numbers(&t)), (x(), vec![0.5, 1.5, 2.5]));
    assert_eq!(t.label.expect("a label").name, "target");
}

#[test]
fn npz_faults() {
    let missing = message(&FileSpec::new(fixture("deflated.npz")));
    assert!(
        missing.contains("there is no array `X`; the arrays are `inputs`, `target`. Set `x_key`"),
        "{missing}"
    );
    assert!(message(&FileSpec::new(fixture("damaged.npz"))).contains("the entry `X.npy` is damaged"));
    let dir = Scratch::new("npz");
    let path = dir.write("a.npz", b"not a zip file");
    assert!(message(&FileSpec::new(path)).contains("not a readable zip archive"));
}

#[test]
fn svmlight_counts_from_one_or_zero() {
    let dir = Scratch::new("svm");
    let one = dir.write("a.svm", b"# comment\n+1 1:0.5 3:2 # first\n\n-1 qid:7 3:1 2:-4e-1\n");
    let t = read(&FileSpec::new(one)).expect("one-based");
    assert!(matches!(t.x, Design::Sparse(_)));
    assert_eq!(dense(&t), Matrix::from_rows(&[vec![0.5, 0.0, 2.0], vec![0.0, -0.4, 1.0]]));
    assert_eq!(
        (numbers(&t), t.columns.clone()),
        (vec![1.0, -1.0], vec!["x1".into(), "x2".into(), "x3".into()])
    );
    assert_eq!(t.rows, RowNumbers::Listed(vec![2, 4]));
    let zero = dir.write("b.libsvm", b"a 0:1\nb 1:1\n");
    let t = read(&FileSpec::new(zero)).expect("zero-based");
    assert_eq!(
        (dense(&t), words(&t)),
        (Matrix::from_rows(&[vec![1.0, 0.0], vec![0.0, 1.0]]), vec!["a".into(), "b".into()])
    );
    assert!(t.notes[0].contains("count from 0"));
}

#[test]
fn svmlight_faults() {
    let dir = Scratch::new("svm-faults");
    let m = |text: &str| message(&FileSpec::new(dir.write("a.svm", text.as_bytes())));
    assert!(m("1 1:2\n1 2:x\n").contains("a.svm, row 2, column 2: `x` is not a number"));
    assert!(m("1 1:nan\n").contains("row 1, column 1: the value is missing (`nan`)"));
    assert!(m("1 1:1 1:2\n").contains("row 1, column 1: the index occurs twice"));
    assert!(m("1 -1:1\n").contains("the index of `-1:1` is not a whole number"));
    assert!(m("1 5\n").contains("row 1: `5` is not of the form index:value"));
    assert!(m("1:1 2:1\n").contains("a label is needed before the first index"));
    assert!(m("1,2 1:1\n").contains("holds several labels"));
    assert!(m("1 4000000000:1\n").contains("too large"));
    let empty = read(&FileSpec::new(dir.write("e.svm", b""))).expect("no rows is for `prepare` to refuse");
    assert_eq!(empty.x.rows(), 0);
}

fn check_parquet(t: &Table) {
    assert_eq!(t.columns, ["a", "b", "c", "d"]);
    let rows = [vec![1.5, 1.0, 1.0, 1.0], vec![0.25, -2.0, 2.0, 0.0], vec![8.0, 3.0, 4294967295.0, 1.0]];
    assert_eq!(dense(t), Matrix::from_rows(&rows));
    assert_eq!(words(t), ["u", "v", "u"]);
}

#[test]
fn parquet_codecs_and_types() {
    for codec in ["none", "snappy", "gzip"] {
        check_parquet(&read(&FileSpec::new(fixture(&format!("{codec}.parquet")))).expect(codec));
    }
}

#[test]
fn parquet_faults() {
    let m = |name: &str| message(&FileSpec::new(fixture(name)));
    assert!(m("null.parquet").contains("null.parquet, row 2, column a: the cell is empty (null)"));
    assert!(m("text.parquet").contains("column a: the column holds text; inputs must be numbers"));
    let without = |name: &str, column: &str| {
        read(&FileSpec { drop: vec![ColumnRef::Name(column.into())], ..FileSpec::new(fixture(name)) })
    };
    assert!(m("text.parquet").contains("drop = [\"a\"]"), "{}", m("text.parquet"));
    assert!(!without("text.parquet", "a").expect("the rest are numbers").columns.contains(&"a".to_string()));
    assert!(m("nested.parquet").contains("the column is nested"));
    assert!(m("dates.parquet").contains("plain numbers are needed"));
    assert!(m("infinite.parquet").contains("row 2, column a: the entry is infinite"));
    let label =
        FileSpec { label: Some(ColumnRef::Name("clas".into())), ..FileSpec::new(fixture("none.parquet")) };
    let text = message(&label);
    assert!(text.contains("there is no column `clas`") && text.contains("Did you mean `class`?"), "{text}");
}

#[test]
fn files_that_cannot_be_opened_or_told() {
    assert!(
        message(&FileSpec::new("/no/such/file.csv")).contains("/no/such/file.csv: the file cannot be opened")
    );
    assert!(
        message(&FileSpec::new("table.xlsx")).contains("set `format` to csv, npy, npz, svmlight or parquet")
    );
    let folder =
        FileSpec { format: Some(Format::Csv), ..FileSpec::new(std::env::temp_dir().display().to_string()) };
    assert!(message(&folder).contains("this is a folder"));
    assert!(toml::from_str::<FileSpec>("path = \"a.csv\"\nlable = 3").is_err());
}
