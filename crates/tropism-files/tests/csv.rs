//! CSV: detection, quoting, line numbers, and every fault with its row and column.

mod common;

use common::{Scratch, dense, message, numbers, words};
use tropism::data::RowNumbers;
use tropism::numerics::Matrix;
use tropism_files::{ColumnRef, FileSpec, read};

fn spec(dir: &Scratch, text: &str) -> FileSpec {
    FileSpec::new(dir.write("a.csv", text.as_bytes()))
}

#[test]
fn header_delimiter_and_label_are_detected() {
    let dir = Scratch::new("csv");
    let expected = Matrix::from_rows(&[vec![1.0, 2.5], vec![-3.0, 4e-2]]);
    for text in [
        "a,b,label\n1,2.5,7\n-3,4e-2,8\n",
        "a;label;b\n1;7;2.5\n-3;8;4e-2",
        "\u{feff}label\ta\tb\r\n7\t 1\t2.5\r\n8\t-3\t.04\r\n",
        "\"a\",\"b\",\"LABEL\"\n\"1\",2.5,\"7\"\n-3,0.04,8\n",
        "1,2.5,7\n\n-3,0.04,8\n",
        "  1.0  2.5 7\n -3   0.04 8 \n",
        "a b \"label\"\n1 2.5 7\n-3 \"0.04\"  8\n",
    ] {
        let t = read(&spec(&dir, text)).expect(text);
        assert_eq!((dense(&t), numbers(&t)), (expected.clone(), vec![7.0, 8.0]), "{text}");
    }
    let t = read(&spec(&dir, "1,2.5,7\n\n-3,0.04,8\n")).expect("headerless");
    assert_eq!((t.rows.clone(), t.row(1)), (RowNumbers::Listed(vec![1, 3]), 3));
    assert_eq!(t.columns, ["x1", "x2"]);
    assert_eq!(t.notes, ["The labels were taken from the column `x3` (the last)."]);
    let t = read(&spec(&dir, "a,b,label\n1,2.5,7\n-3,0.04,8\n")).expect("header");
    assert_eq!((t.rows.clone(), t.columns), (RowNumbers::From(2), vec!["a".to_string(), "b".into()]));
}

#[test]
fn words_are_labels_and_quotes_hold_delimiters() {
    let dir = Scratch::new("csv-words");
    let t = read(&spec(&dir, "5.1,3.5,setosa\n4.9,3,\"vir\"\"gin,ica\"\n")).expect("no header");
    assert_eq!((t.x.rows(), words(&t)), (2, vec!["setosa".to_string(), "vir\"gin,ica".into()]));
}

#[test]
fn quoted_cells_hold_line_breaks_and_delimiters() {
    let dir = Scratch::new("csv-breaks");
    // Blank lines, a byte order mark, either line end, and no line end at the end.
    let lines = "\u{feff}\"a, in\nm\",b,label\n\n1,\"2\",\"one,\n\n\"\"line\"\"\"\n  \n\n3, \"4\" ,two";
    for text in [lines.to_string(), format!("{lines}\n"), lines.replace('\n', "\r\n")] {
        let t = read(&spec(&dir, &text)).expect(&text);
        assert_eq!(dense(&t), Matrix::from_rows(&[vec![1.0, 2.0], vec![3.0, 4.0]]), "{text:?}");
        assert_eq!(t.rows, RowNumbers::Listed(vec![4, 9]), "{text:?}");
        let flat = |s: &String| s.replace('\r', "");
        assert_eq!(words(&t).iter().map(flat).collect::<Vec<_>>(), ["one,\n\n\"line\"", "two"]);
        assert_eq!(t.columns.iter().map(flat).collect::<Vec<_>>(), ["a, in\nm", "b"]);
        let fault = message(&spec(&dir, &text.replace("4", "four")));
        assert!(fault.contains("a.csv, row 9, column b: `four` is not a number."), "{fault}");
    }
    let t = read(&spec(&dir, "\"a\nb\";y\n\n\"1\";0\n")).expect("the delimiter of a broken header");
    assert_eq!((dense(&t).row(0), t.rows), ([1.0].as_slice(), RowNumbers::From(4)));
    let mixed = spec(&dir, "18 8\t\"a b\"\n15  9 \"c\"\t\n");
    let t = read(&FileSpec { delimiter: Some(' '), ..mixed }).expect("blanks and tabs");
    assert_eq!(dense(&t), Matrix::from_rows(&[vec![18.0, 8.0], vec![15.0, 9.0]]));
    assert_eq!(words(&t), ["a b", "c"]);
}

#[test]
fn options_override_detection() {
    let dir = Scratch::new("csv-options");
    let mut s = spec(&dir, "1|2|3\n4|5|6\n");
    s.delimiter = Some('|');
    s.header = Some(true);
    s.label = Some(ColumnRef::Name("1".into()));
    let t = read(&s).expect("reads");
    assert_eq!((dense(&t).as_slice().to_vec(), numbers(&t)), (vec![5.0, 6.0], vec![4.0]));
    s.label = Some(ColumnRef::Number(4));
    assert!(message(&s).contains("there is no column 4 to take the labels from; columns count from 1 to 3"));
    let t = read(&spec(&dir, "label,0,1\n3,4,5\n")).expect("numbers as names");
    assert!(
        t.notes.iter().any(|n| n.contains("2 of its 3 cells are numbers; set header = false")),
        "{:?}",
        t.notes
    );
}

#[test]
fn columns_of_text_are_left_out() {
    let dir = Scratch::new("csv-drop");
    let mut s = spec(&dir, "id,a,colour,b,y\np-1,1,red,2,0\n,3,,4,1\n");
    let text = message(&s);
    assert!(
        text.contains("row 2, column id: `p-1` is not a number") && text.contains("drop = [\"id\"]"),
        "{text}"
    );
    s.drop = vec![ColumnRef::Name("id".into())];
    let text = message(&s);
    assert!(text.contains("column colour: `red`") && text.contains("one column of 0 and 1"), "{text}");
    s.drop.push(ColumnRef::Number(3));
    let t = read(&s).expect("the rest are numbers");
    assert_eq!(dense(&t), Matrix::from_rows(&[vec![1.0, 2.0], vec![3.0, 4.0]]));
    assert_eq!(
        (t.columns.as_slice(), numbers(&t)),
        (["a".to_string(), "b".into()].as_slice(), vec![0.0, 1.0])
    );
    assert!(t.notes.contains(&"2 columns were left out: `id`, `colour`.".to_string()), "{:?}", t.notes);
    s.drop = vec![ColumnRef::Name("color".into())];
    assert!(message(&s).contains("no column `color` to drop"), "{}", message(&s));
    assert!(message(&s).contains("Did you mean `colour`?"), "{}", message(&s));
    // A row of the wrong length is still told.
    let mut s = spec(&dir, "id,a,y\np-1,1,0\np-2,1\n");
    s.drop = vec![ColumnRef::Number(1)];
    assert!(message(&s).contains("row 3: the row has 2 cells"));
}

#[test]
fn decimal_commas() {
    let dir = Scratch::new("csv-comma");
    let expected = Matrix::from_rows(&[vec![1.5, 2.0], vec![-3.0, 0.25]]);
    let t = read(&spec(&dir, "a;b;y\n1,5;2;7,5\n-3;,25;8\n")).expect("semicolons and commas");
    assert_eq!((dense(&t), numbers(&t)), (expected.clone(), vec![7.5, 8.0]));
    assert!(t.notes.iter().any(|n| n.contains("with a comma, as in `1,5`")), "{:?}", t.notes);
    // Elsewhere a comma may part thousands, so it must be asked for.
    let tabs = "a\tb\ty\n1,5\t2\t7,5\n-3\t0,25\t8\n";
    assert!(message(&spec(&dir, tabs)).contains("set decimal = \",\""));
    for text in [tabs, "1,5 2 7,5\n-3 ,25 8\n", "a,b,y\n\"1,5\",2,\"7,5\"\n-3,\"0,25\",8\n"] {
        let mut s = spec(&dir, text);
        s.decimal = Some(',');
        let t = read(&s).expect(text);
        assert_eq!((dense(&t), numbers(&t)), (expected.clone(), vec![7.5, 8.0]), "{text}");
    }
    let mixed = message(&spec(&dir, "a;b;y\n1,5;2;0\n1.5;2;1\n"));
    assert!(mixed.contains("row 3, column a: `1.5` has a decimal point"), "{mixed}");
    let mixed = message(&spec(&dir, "a;b;y\n1.5;2,5;0\n"));
    assert!(mixed.contains("column b: `2,5` is not a number with a decimal point"), "{mixed}");
    let mut s = spec(&dir, "a,y\n1,2\n");
    s.decimal = Some(';');
    assert!(message(&s).contains("it must be `.` or `,`"));
}

#[test]
fn gzip_is_unpacked() {
    use std::io::Write;
    let dir = Scratch::new("csv-gz");
    let mut gz = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    gz.write_all(b"a,y\n1,2\n").expect("packs");
    let path = dir.write("a.csv.gz", &gz.finish().expect("packs"));
    assert_eq!(numbers(&read(&FileSpec::new(path)).expect("reads")), [2.0]);
}

#[test]
fn faults_name_row_and_column() {
    let dir = Scratch::new("csv-faults");
    let m = |text: &str| message(&spec(&dir, text));
    assert!(m("a,b,y\n1,2,0\n1,2\n").contains("a.csv, row 3: the row has 2 cells, but the first row has 3;"));
    assert!(m("a,b,y\n1,2,0\n\n1,2,3,4\n").contains("row 4: the row has 4 cells"));
    assert!(m("a,b,y\n1,2,0\n1,two,0\n").contains("row 3, column b: `two` is not a number."));
    let late = m("a;b;y\n1;2;0\n1;2,5;0\n");
    assert!(late.contains("row 3, column b: `2,5` is not a number with a decimal point"), "{late}");
    assert!(late.contains("set decimal = \",\""), "{late}");
    assert!(m("a,b,y\n1,,0\n").contains("row 2, column b: the cell is empty"));
    assert!(m("a,b,y\n1,nan,0\n").contains("row 2, column b: the value is missing (`nan`)"));
    assert!(m("a,b,y\n-inf,1,0\n").contains("row 2, column a: the entry is infinite"));
    assert!(m("a,b,y\n1,2,\n").contains("row 2, column y: the label is empty;"));
    assert!(m("a,b,y\n1,2,NaN\n").contains("row 2, column y: the label is missing (`NaN`)"));
    assert!(m("a,b,y\n1,\"2,0\n").contains("row 2, column 2: a quoted cell is not closed"));
    assert!(m("a,b,y\n1,2,\"x\ny\"\n\n4,5,\"6").contains("row 5, column 3: a quoted cell is not closed"));
    assert!(m("a,b,y\n1,2,\"two\nlines\"\n1,2,0,4\n").contains("row 4: the row has 4 cells"));
    assert!(m("a,b,y\n1,2,0\n,,\n").contains("row 3, column a: the cell is empty"));
    assert!(m("").contains("a.csv: the file is empty;"));
    assert!(m("\u{feff}\r\n \n").contains("a.csv: the file is empty;"));
    assert!(m("1\n2\n").contains("there is only one column"));
    let mut s = spec(&dir, "price,size,rooms\n1,2,3\n");
    s.label = Some(ColumnRef::Name("prize".into()));
    let text = message(&s);
    assert!(text.contains(
        "there is no column `prize` to take the labels from; the columns are `price`, `size`, `rooms`."
    ));
    assert!(text.contains("Did you mean `price`?"), "{text}");
    let t = read(&spec(&dir, "a,b,y\n")).expect("no rows is for `prepare` to refuse");
    assert_eq!(t.x.rows(), 0);
}

/// Prints how long a file of 100 MB takes: `cargo test --release -p tropism-files -- --ignored --nocapture`.
#[test]
#[ignore = "writes 100 MB and measures time"]
fn a_hundred_megabytes() {
    use std::io::Write;
    let dir = Scratch::new("csv-large");
    let (n, d) = (50, 110_000);
    let path = dir.0.join("large.csv");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    for i in 0..n {
        for j in 0..d {
            write!(out, "{},", ((i * d + j) as f64 * 0.7).sin()).expect("writes");
        }
        writeln!(out, "{}", i % 2).expect("writes");
    }
    out.into_inner().expect("flushes");
    let size = std::fs::metadata(&path).expect("exists").len();
    let start = std::time::Instant::now();
    let t = read(&FileSpec::new(path.display().to_string())).expect("reads");
    eprintln!("{:.1} MB, {} x {}: {:.2?}", size as f64 / 1e6, t.x.rows(), t.x.cols(), start.elapsed());
    assert_eq!((t.x.rows(), t.x.cols()), (n, d));
}
