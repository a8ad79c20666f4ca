//! A file with nothing but a matrix, of which entries may be missing.

use crate::at;
use crate::lines::{cell_count, is_missing, number};
use crate::records::Records;
use tropism::Error;
use tropism::data::{FileSpec, Format, Table};
use tropism::numerics::Matrix;

/// Reads a matrix: delimited text without a header, a NumPy array of two dimensions, or the columns of a Parquet file. An empty
/// cell, null, `NA`, `N/A` or NaN is a missing entry, and becomes NaN.
///
/// # Errors
/// Another format; ragged rows, words and infinite entries, with row and column; an empty file.
pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    match spec.format()? {
        Format::Csv => text(spec),
        Format::Npy => crate::npy::matrix(&spec.path),
        Format::Parquet => crate::parquet_in::read(spec),
        Format::Npz | Format::Svmlight => {
            let expected =
                "a matrix is read from delimited text without a header, an npy array or a parquet file";
            Err(Error::bad_value("data", "path", format!("`{}`", spec.path), expected))
        }
    }
}

fn text(spec: &FileSpec) -> Result<Table, Error> {
    let mut records = Records::open(&spec.path, spec)?;
    let (mut entries, mut rows, mut cols) = (vec![], 0, 0);
    while let Some(record) = records.next()? {
        let found = record.cells().count();
        if rows > 0 && found != cols {
            let what = format!(
                "the row has {}, but the first one has {cols}; every row of a matrix must be as long, with an empty \
                 cell or NA where an entry is missing.",
                cell_count(found)
            );
            return Err(at(&spec.path, record.row, None, what));
        }
        cols = found;
        rows += 1;
        for (j, cell) in record.cells().enumerate() {
            entries.push(
                entry(cell).map_err(|what| at(&spec.path, record.row, Some((j + 1).to_string()), what))?,
            );
        }
    }
    if rows == 0 {
        return Err(Error::data(&spec.path, "the file holds no matrix: it is empty."));
    }
    let names = (1..=cols).map(|j| j.to_string()).collect();
    Ok(Table::new(&spec.path, names, Matrix::from_vec(rows, cols, entries)))
}

fn entry(cell: &[u8]) -> Result<f64, String> {
    let text = String::from_utf8_lossy(cell);
    match number(cell) {
        _ if is_missing(cell) => Ok(f64::NAN),
        Some(v) if v.is_infinite() => Err(format!(
            "`{text}` is infinite; write a finite number, or leave the cell empty if it is missing."
        )),
        Some(v) => Ok(v),
        None => Err(format!(
            "`{text}` is neither a number nor a missing entry (an empty cell, NA or NaN); a matrix file has no header and no \
             names."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Table, Error> {
        let file = tempfile(text);
        let spec = FileSpec { matrix: true, ..FileSpec::new(file.to_string_lossy()) };
        let table = read(&spec);
        std::fs::remove_file(file).unwrap();
        table
    }

    fn tempfile(text: &str) -> std::path::PathBuf {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hash = DefaultHasher::new();
        text.hash(&mut hash);
        let name = format!("tropism-matrix-{}-{:x}.csv", std::process::id(), hash.finish());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn missing_entries_become_nan() {
        let table = read_text("1,,3\nNaN,5,-6e1\n").unwrap();
        let x = table.x.to_dense();
        assert_eq!((x.rows(), x.cols(), table.label), (2, 3, None));
        assert!(x.get(0, 1).is_nan() && x.get(1, 0).is_nan());
        assert_eq!((x.get(0, 0), x.get(0, 2), x.get(1, 2)), (1.0, 3.0, -60.0));
    }

    #[test]
    fn every_usual_word_for_a_missing_entry_is_one() {
        let x = read_text("NA,1,nan\n N/A ,2,\nNaN,3,\"NA\"\nn/a,-NaN,4\n").unwrap().x.to_dense();
        let found: Vec<bool> = x.as_slice().iter().map(|v| v.is_nan()).collect();
        let (gap, not) = (true, false);
        assert_eq!(found, [gap, not, gap, gap, not, gap, gap, not, gap, gap, gap, not]);
        let Err(Error::Data { what, .. }) = read_text("1,none\n") else { panic!("a word is no gap") };
        assert!(what.contains("`none`") && what.contains("NA or NaN"), "{what}");
    }

    /// The same matrix as NumPy array and as Parquet file, whose cells are numbers with NaN in the gap.
    #[test]
    fn arrays_and_columns_have_gaps_too() {
        let stem = std::env::temp_dir().join(format!("tropism-matrix-{}", std::process::id()));
        let npy = stem.with_extension("npy");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        let header = format!("{:<117}\n", "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }");
        bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        bytes.extend(header.bytes());
        let entries = [1.0, f64::NAN, 3.0, 4.0, 5.0, -60.0];
        bytes.extend(entries.iter().flat_map(|v: &f64| v.to_le_bytes()));
        std::fs::write(&npy, &bytes).unwrap();
        let parquet = stem.with_extension("parquet");
        let column = |j: usize| vec![entries[j], entries[3 + j]];
        let columns = [0, 1, 2].map(column);
        let named: Vec<_> =
            ["a", "b", "c"].into_iter().zip(columns.iter().map(|c| crate::Column::F64(c))).collect();
        crate::write_table(&parquet, &named).unwrap();
        for path in [npy, parquet] {
            let spec = FileSpec { matrix: true, ..FileSpec::new(path.to_string_lossy()) };
            let x = read(&spec).unwrap().x.to_dense();
            let found: Vec<String> = x.as_slice().iter().map(f64::to_string).collect();
            assert_eq!(found, ["1", "NaN", "3", "4", "5", "-60"], "{path:?}");
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn faults_name_row_and_column() {
        for (text, row, column) in
            [("1,2\n3\n", 2, None), ("1,2\n3,x\n", 2, Some("2")), ("inf,2\n3,4\n", 1, Some("1"))]
        {
            let Err(Error::Data { row: at, column: found, .. }) = read_text(text) else { panic!("{text:?}") };
            assert_eq!((at, found.as_deref()), (Some(row), column), "{text:?}");
        }
        assert!(read_text("").is_err());
    }
}
