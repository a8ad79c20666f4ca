//! What the keys of a [`FileSpec`] mean: the format, and which column holds the labels.

use tropism::Error;
use tropism::data::table::missing_label;
use tropism::data::{ColumnName, FileSpec};
use tropism::error::nearest;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Npy,
    Npz,
    Libsvm,
    Parquet,
}

const FORMATS: [(&str, Format); 5] = [
    ("csv", Format::Csv),
    ("npy", Format::Npy),
    ("npz", Format::Npz),
    ("libsvm", Format::Libsvm),
    ("parquet", Format::Parquet),
];

/// The format given, or that of the file's ending.
pub(crate) fn format(spec: &FileSpec) -> Result<Format, Error> {
    if let Some(found) = &spec.format {
        if let Some((_, f)) = FORMATS.iter().find(|(name, _)| name == found) {
            return Ok(*f);
        }
        let valid: Vec<String> = FORMATS.iter().map(|f| f.0.to_string()).collect();
        return Err(Error::UnknownKind {
            section: "data".into(),
            what: "format".into(),
            found: found.clone(),
            nearest: nearest(found, &valid),
            valid,
            line: None,
        });
    }
    let name = spec.path.to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    match plain.rsplit_once('.').map(|(_, e)| e) {
        Some("csv" | "tsv" | "txt" | "data") => Ok(Format::Csv),
        Some("svm" | "svmlight" | "libsvm") => Ok(Format::Libsvm),
        Some("npy") if plain == name => Ok(Format::Npy),
        Some("npz") if plain == name => Ok(Format::Npz),
        Some("parquet" | "pq") if plain == name => Ok(Format::Parquet),
        _ => {
            let expected =
                "its ending names no known format; set `format` to csv, npy, npz, libsvm or parquet";
            Err(Error::bad_value("data", "path", format!("`{}`", spec.path), expected))
        }
    }
}

/// The zero-based index of the label column among `columns`: the one named by the user, else the one called
/// label, target, y or class, else the last.
pub(crate) fn label_index(spec: &FileSpec, columns: &[String]) -> Result<usize, Error> {
    match &spec.label {
        Some(ColumnName::Index(k)) => {
            let n = columns.len() as i64;
            let j = if *k < 0 { k.saturating_add(n) } else { *k };
            if (0..n).contains(&j) {
                return Ok(j as usize);
            }
            let what = format!(
                "there is no column {k} to take the labels from; indices run from 0 to {}, or from -1 (the last) to -{n}.",
                n - 1
            );
            Err(Error::data(&spec.path, what))
        }
        Some(ColumnName::Name(name)) => {
            columns.iter().position(|c| c == name).ok_or_else(|| missing_label(&spec.path, name, columns))
        }
        None => {
            let usual = ["label", "target", "y", "class"];
            let found = usual.iter().find_map(|u| columns.iter().position(|c| c.eq_ignore_ascii_case(u)));
            Ok(found.unwrap_or(columns.len().saturating_sub(1)))
        }
    }
}

/// The note on a label column that the user did not name.
pub(crate) fn label_note(spec: &FileSpec, columns: &[String], index: usize) -> Option<String> {
    let last = if index + 1 == columns.len() { " (the last)" } else { "" };
    spec.label.is_none().then(|| format!("The labels were taken from the column `{}`{last}.", columns[index]))
}
