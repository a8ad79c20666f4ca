//! Files in and out: every supported format becomes one [`Table`], and trajectories
//! become Parquet.
//!
//! | format | extensions | what is read |
//! | --- | --- | --- |
//! | `csv` | csv, tsv, txt, data (also with .gz) | numbers separated by `,`, `;`, tab or blanks, quoted as in RFC 4180; header detected, decimal point or comma |
//! | `npy` | npy | an array of two or more dimensions, labels from a second file or a column |
//! | `npz` | npz | the arrays `X` and `y`, stored or deflated |
//! | `svmlight` | svm, svmlight, libsvm (also with .gz) | sparse rows `label index:value …` |
//! | `parquet` | parquet, pq | flat numeric columns; uncompressed, snappy or gzip |
//!
//! Every fault is a [`tropism::Error::Data`] with the file, the one-based row as the user sees it and the
//! column. Nothing is filled in, and nothing left out but the columns the user names in `drop`, which are not even parsed.

mod cells;
mod delimited;
mod lines;
mod matrix;
mod npy;
mod npz;
mod output;
mod parquet_in;
mod parquet_out;
mod records;
mod svmlight;

pub use output::write_atomically;
pub use parquet_out::{Column, write_table};
pub use tropism::data::{ColumnRef, FileSpec, Format};

use std::path::Path;
use tropism::Error;
use tropism::data::Table;

/// Reads the file that `spec` describes.
///
/// # Errors
/// [`Error::BadValue`] if the format cannot be told; [`Error::Data`] for everything wrong with the file.
pub fn read(spec: &FileSpec) -> Result<Table, Error> {
    if spec.matrix {
        return matrix::read(spec);
    }
    match spec.format()? {
        Format::Csv => delimited::read(spec),
        Format::Npy => npy::read(spec),
        Format::Npz => npz::read(spec)?.without(spec),
        Format::Svmlight => svmlight::read(spec)?.without(spec),
        Format::Parquet => parquet_in::read(spec),
    }
}

/// Opens a file, or says why not.
fn open(path: &str) -> Result<std::fs::File, Error> {
    let file = std::fs::File::open(Path::new(path))
        .map_err(|e| Error::data(path, format!("the file cannot be opened: {e}.")))?;
    match file.metadata() {
        Ok(m) if m.is_dir() => Err(Error::data(path, "this is a folder, not a file.")),
        _ => Ok(file),
    }
}

/// The message for a failing read.
fn unreadable(path: &str, e: impl std::fmt::Display) -> Error {
    Error::data(path, format!("the file cannot be read: {e}."))
}

/// An [`Error::Data`] with a place.
fn at(path: &str, row: usize, column: Option<String>, what: String) -> Error {
    Error::Data { source_name: path.into(), row: Some(row), column, what }
}

/// Room for `n × d` numbers, or an error instead of an abort when there is none.
fn room(path: &str, n: usize, d: usize) -> Result<Vec<f64>, Error> {
    let mut data = Vec::new();
    let fits = n.checked_mul(d).is_some_and(|e| data.try_reserve_exact(e).is_ok());
    if fits { Ok(data) } else { Err(Error::data(path, format!("{n} x {d} numbers do not fit into memory."))) }
}
