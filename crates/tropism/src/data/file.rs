//! Your own data from a file: CSV, NPY, NPZ, LIBSVM or Parquet.
//!
//! Shapes: one sample a row; the label in a column of its own (NPY and NPZ: in an array of its own).
//! Assumes: numbers everywhere except in the label.
//! Source: your file; a relative path is taken from the experiment file's own folder.
//! Units and invariance: as in the file; not standardised unless `standardise = true`.
//! Errors: ragged rows, entries that are not finite numbers, a missing label column, one class only: each with file,
//! row and column.
//! Example: `data.kind = "file"`, `data.path = "leukemia.csv"`, `data.label = "label"`.

use super::table::missing_label;
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text, one sample a line, cells separated by a comma, semicolon, tab or blanks.
    Csv,
    /// One NumPy array.
    Npy,
    /// An archive of NumPy arrays.
    Npz,
    /// The sparse text format of SVMlight and LIBSVM; `libsvm` means the same.
    #[serde(alias = "libsvm")]
    Svmlight,
    /// Apache Parquet with a flat schema.
    Parquet,
}

/// A column, by name or by its one-based number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ColumnRef {
    /// As in `label = 1`: the first column.
    Number(usize),
    /// As in `label = "price"`.
    Name(String),
}

/// Which file, and what its content means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    /// The file.
    pub path: String,
    /// Its format; taken from the extension unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The label column; unless given, the column named label, target, y or class, else the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<ColumnRef>,
    /// Whether the first row of a csv file holds the column names; detected unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// The separator of a csv file; detected among comma, semicolon, tab and blank unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// A second npy file with the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_path: Option<String>,
    /// The array of inputs in an npz file.
    #[serde(default = "x_key")]
    pub x_key: String,
    /// The array of labels in an npz file.
    #[serde(default = "y_key")]
    pub y_key: String,
    /// The file holds nothing but a matrix, without labels; NaN and empty cells are missing entries.
    #[serde(skip)]
    pub matrix: bool,
}

fn x_key() -> String {
    "X".into()
}

fn y_key() -> String {
    "y".into()
}

impl FileSpec {
    /// A file with everything else left to detection.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            format: None,
            label: None,
            header: None,
            delimiter: None,
            y_path: None,
            x_key: x_key(),
            y_key: y_key(),
            matrix: false,
        }
    }

    /// The format given, or that of the extension.
    ///
    /// # Errors
    /// [`Error::BadValue`] if there is neither.
    pub fn format(&self) -> Result<Format, Error> {
        if let Some(f) = self.format {
            return Ok(f);
        }
        let name = self.path.to_ascii_lowercase();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let found = match plain.rsplit_once('.').map(|(_, e)| e) {
            Some("csv" | "tsv" | "txt" | "data") => Some(Format::Csv),
            Some("svm" | "svmlight" | "libsvm") => Some(Format::Svmlight),
            Some("npy") if plain == name => Some(Format::Npy),
            Some("npz") if plain == name => Some(Format::Npz),
            Some("parquet" | "pq") if plain == name => Some(Format::Parquet),
            _ => None,
        };
        found.ok_or_else(|| {
            let expected =
                "its extension names no known format; set `format` to csv, npy, npz, svmlight or parquet";
            Error::bad_value("data", "path", format!("`{}`", self.path), expected)
        })
    }

    /// The zero-based index of the label column among `columns`.
    ///
    /// # Errors
    /// A column that does not exist, with the nearest name there is.
    pub fn label_index(&self, columns: &[String]) -> Result<usize, Error> {
        match &self.label {
            Some(ColumnRef::Number(k)) if (1..=columns.len()).contains(k) => Ok(k - 1),
            Some(ColumnRef::Number(k)) => Err(Error::data(
                &self.path,
                format!(
                    "there is no column {k} to take the labels from; columns count from 1 to {}.",
                    columns.len()
                ),
            )),
            Some(ColumnRef::Name(name)) => {
                columns.iter().position(|c| c == name).ok_or_else(|| missing_label(&self.path, name, columns))
            }
            None => {
                let usual = ["label", "target", "y", "class"];
                let found = usual.iter().find_map(|u| columns.iter().position(|c| c.eq_ignore_ascii_case(u)));
                Ok(found.unwrap_or(columns.len().saturating_sub(1)))
            }
        }
    }

    /// The note on a label column that was not named by the user.
    pub fn label_note(&self, columns: &[String], index: usize) -> Option<String> {
        let last = if index + 1 == columns.len() { " (the last)" } else { "" };
        (self.label.is_none())
            .then(|| format!("The labels were taken from the column `{}`{last}.", columns[index]))
    }
}
