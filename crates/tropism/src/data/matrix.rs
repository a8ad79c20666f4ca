//! Your own matrix to complete: entries given here or in a file, missing ones as NaN.
//!
//! Shapes: `rows × cols`; every entry that is a number is observed, every NaN is missing; in a CSV file also an empty cell, `NA` or `N/A`, in a
//! Parquet file an empty cell.
//! Assumes: nothing.
//! Source: your numbers; a relative path is taken from the experiment file's own folder.
//! Units and invariance: as given.
//! Errors: ragged or infinite entries, those beyond 1e100, a row or column without an observed entry, both or neither of `entries` and
//! `path`.
//! Example: `data.kind = "matrix"`, `data.entries = [[nan, 1.0], [1.0, 0.0]]`.

use super::completion::completion;
use super::{Dataset, FileSpec, Table};
use crate::Error;
use crate::error::counted;
use crate::numerics::Matrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `matrix`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MatrixSpec {
    /// The entries, row by row; `nan` where one is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<Vec<f64>>>,
    /// A CSV, NPY or Parquet file with nothing but the matrix, in the place of `entries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl MatrixSpec {
    /// The completion problem of the entries that are numbers.
    ///
    /// # Errors
    /// See the module header.
    pub fn dataset(&self, load: &dyn Fn(&FileSpec) -> Result<Table, Error>) -> Result<Dataset, Error> {
        let values = match (&self.entries, &self.path) {
            (Some(rows), None) => inline(rows)?,
            (None, Some(path)) => load(&FileSpec { matrix: true, ..FileSpec::new(path) })?.x.to_dense(),
            (None, None) => {
                let expected =
                    "it gives the matrix itself; the key `path` to a file that holds it will do as well";
                return Err(Error::MissingKey {
                    section: "data".into(),
                    key: "entries".into(),
                    expected: expected.into(),
                });
            }
            (Some(_), Some(path)) => {
                return Err(Error::bad_value(
                    "data",
                    "path",
                    path,
                    "`entries` already gives the matrix; remove one of the two keys",
                ));
            }
        };
        let observed: Vec<bool> = values.as_slice().iter().map(|v| !v.is_nan()).collect();
        let name = self.path.as_deref().unwrap_or("matrix");
        completion(name, &values, &observed)
    }
}

fn entries(n: usize) -> String {
    counted(n, "entry", "entries")
}

fn inline(rows: &[Vec<f64>]) -> Result<Matrix, Error> {
    let cols = rows.first().map_or(0, Vec::len);
    if cols == 0 {
        return Err(Error::bad_value(
            "data",
            "entries",
            "[]",
            "a matrix has at least one row and one column",
        ));
    }
    if let Some(bad) = rows.iter().position(|r| r.len() != cols) {
        let found = format!("a matrix whose row {} has {}", bad + 1, entries(rows[bad].len()));
        let expected = format!(
            "every row must be as long as the first, which has {}; write nan where one is missing",
            entries(cols)
        );
        return Err(Error::bad_value("data", "entries", found, &expected));
    }
    Ok(Matrix::from_rows(rows))
}
