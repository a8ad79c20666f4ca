//! Your own data from a file: CSV, NPY, NPZ, LIBSVM or Parquet.
//!
//! Shapes: one sample a row; the label in a column of its own (NPY and NPZ: in an array of its own).
//! Assumes: numbers everywhere except in the label.
//! Source: your file; a relative path is taken from the experiment file's own folder.
//! Units and invariance: as in the file; not standardised unless `standardise = true`.
//! Errors: ragged rows, entries that are not finite numbers, a missing label column, one class only: each with file,
//! row and column.
//! Example: `data.kind = "file"`, `data.path = "leukemia.csv"`, `data.label = "label"`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A column named by its header or by its zero-based index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ColumnName {
    /// Zero-based; negative counts from the end.
    Index(i64),
    /// As in the header.
    Name(String),
}

/// Spec keys of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileSpec {
    /// Path of the file; a relative one is taken from the experiment file's folder.
    pub path: String,
    /// `csv`, `npy`, `npz`, `libsvm` or `parquet`; by the file's ending if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Label column by name or zero-based index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<ColumnName>,
    /// Whether the first row of a CSV holds names; found out if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Delimiter of a CSV; found out among comma, semicolon, tab and space if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// Name of the inputs in an NPZ, `X` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_key: Option<String>,
    /// Name of the labels in an NPZ, `y` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_key: Option<String>,
    /// File of the labels beside an NPY of inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_path: Option<String>,
}

impl FileSpec {
    /// A file of which everything but the path is to be found out.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            format: None,
            label: None,
            header: None,
            delimiter: None,
            x_key: None,
            y_key: None,
            y_path: None,
        }
    }
}
