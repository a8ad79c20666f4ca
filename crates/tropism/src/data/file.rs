//! Your own data from a file: CSV, NPY, NPZ, LIBSVM or Parquet.
//!
//! Shapes: one sample a row; the label in a column of its own (NPY and NPZ: in an array of its own).
//! Assumes: numbers everywhere except in the label and in the columns that `drop` leaves out (ids, names, categories).
//! Source: your file; a relative path is taken from the experiment file's own folder.
//! Units and invariance: as in the file; not standardised unless `standardise = true`.
//! Errors: ragged rows, entries that are not finite numbers, a missing label column, one class only: each with file,
//! row and column.
//! Example: `data.kind = "file"`, `data.path = "leukemia.csv"`, `data.label = "label"`, `data.drop = ["id", 3]`.

use super::table::{missing_column, name_list};
use crate::Error;
use crate::error::counted;
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
    /// The decimal sign of a csv file, `"."` or `","`; a comma is detected where semicolons separate the cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// Columns to leave out, each by name or one-based number, before anything else is done with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<ColumnRef>,
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
            decimal: None,
            drop: vec![],
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

    /// Which of `columns` become inputs, and which the label.
    ///
    /// # Errors
    /// A column that does not exist, with the nearest name there is; a label that is to be dropped.
    pub fn layout(&self, columns: &[String]) -> Result<Layout, Error> {
        let dropped = self.dropped(columns)?;
        let label = self.label_index(columns, &dropped)?;
        let inputs = (0..columns.len()).filter(|&j| j != label && !dropped[j]).collect();
        let mut notes = vec![];
        if self.label.is_none() {
            let last = dropped.iter().rposition(|&d| !d) == Some(label);
            let last = if last { " (the last)" } else { "" };
            notes.push(format!("The labels were taken from the column `{}`{last}.", columns[label]));
        }
        notes.extend(dropped_note(columns, &dropped));
        Ok(Layout { label, inputs, notes })
    }

    /// Which of `columns` are to be dropped.
    ///
    /// # Errors
    /// A column that does not exist, with the nearest name there is.
    pub fn dropped(&self, columns: &[String]) -> Result<Vec<bool>, Error> {
        let mut dropped = vec![false; columns.len()];
        for column in &self.drop {
            match column {
                ColumnRef::Number(k) => match k.checked_sub(1).and_then(|j| dropped.get_mut(j)) {
                    Some(place) => *place = true,
                    None => return Err(self.no_number(*k, "to drop", columns)),
                },
                ColumnRef::Name(name) => {
                    if !columns.contains(name) {
                        return Err(missing_column(&self.path, name, "to drop", columns));
                    }
                    columns.iter().zip(&mut dropped).for_each(|(c, d)| *d |= c == name);
                }
            }
        }
        Ok(dropped)
    }

    /// The zero-based index of the label column among `columns`.
    fn label_index(&self, columns: &[String], dropped: &[bool]) -> Result<usize, Error> {
        const PURPOSE: &str = "to take the labels from";
        let found = match &self.label {
            Some(ColumnRef::Number(k)) if (1..=columns.len()).contains(k) => k - 1,
            Some(ColumnRef::Number(k)) => return Err(self.no_number(*k, PURPOSE, columns)),
            Some(ColumnRef::Name(name)) => columns
                .iter()
                .position(|c| c == name)
                .ok_or_else(|| missing_column(&self.path, name, PURPOSE, columns))?,
            None => {
                let kept = |j: &usize| !dropped[*j];
                let usual = ["label", "target", "y", "class"];
                let named = usual.iter().find_map(|u| {
                    (0..columns.len()).filter(kept).find(|&j| columns[j].eq_ignore_ascii_case(u))
                });
                let last = || (0..columns.len()).rfind(kept);
                named.or_else(last).ok_or_else(|| {
                    Error::data(&self.path, "`drop` leaves no column over, not even one for the labels.")
                })?
            }
        };
        if dropped[found] {
            let name = &columns[found];
            let what =
                format!("the column `{name}` is both the label and in `drop`; take it out of one of them.");
            return Err(Error::data(&self.path, what));
        }
        Ok(found)
    }

    fn no_number(&self, k: usize, purpose: &str, columns: &[String]) -> Error {
        let what = format!("there is no column {k} {purpose}; columns count from 1 to {}.", columns.len());
        Error::data(&self.path, what)
    }
}

/// What the columns of a file are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Zero-based index of the label column.
    pub label: usize,
    /// Zero-based indices of the inputs, ascending.
    pub inputs: Vec<usize>,
    /// What was not said by the user, or is worth repeating, in full sentences.
    pub notes: Vec<String>,
}

/// The note on columns that were left out.
pub fn dropped_note(columns: &[String], dropped: &[bool]) -> Option<String> {
    let names: Vec<&String> = columns.iter().zip(dropped).filter(|(_, d)| **d).map(|(c, _)| c).collect();
    let count = counted(names.len(), "column was", "columns were");
    (!names.is_empty()).then(|| format!("{count} left out: {}.", name_list(&names)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(drop: &[ColumnRef], label: Option<&str>) -> Result<Layout, String> {
        let columns = ["id", "a", "b", "kind"].map(String::from);
        let label = label.map(|l| ColumnRef::Name(l.into()));
        FileSpec { drop: drop.to_vec(), label, ..FileSpec::new("a.csv") }
            .layout(&columns)
            .map_err(|e| e.to_string())
    }

    fn name(n: &str) -> ColumnRef {
        ColumnRef::Name(n.into())
    }

    #[test]
    fn columns_are_dropped_by_name_or_number() {
        let l = layout(&[name("id"), ColumnRef::Number(3)], None).expect("both exist");
        assert_eq!((l.label, l.inputs), (3, vec![1]));
        assert!(l.notes[1].contains("2 columns were left out: `id`, `b`."), "{:?}", l.notes);
        // The label is looked for among what is left.
        assert_eq!(layout(&[name("kind")], None).expect("b is the last").label, 2);
        let l = layout(&[name("id"), name("id")], Some("a")).expect("twice is once");
        assert_eq!((l.label, l.inputs), (1, vec![2, 3]));
    }

    #[test]
    fn what_cannot_be_dropped_is_said() {
        let e = layout(&[name("idd")], None).expect_err("no such column");
        assert!(e.contains("no column `idd` to drop") && e.contains("Did you mean `id`?"), "{e}");
        for k in [0, 5] {
            let e = layout(&[ColumnRef::Number(k)], None).expect_err("out of range");
            assert!(e.contains(&format!("no column {k} to drop; columns count from 1 to 4")), "{e}");
        }
        let e = layout(&[name("a")], Some("a")).expect_err("the label");
        assert!(e.contains("both the label and in `drop`"), "{e}");
        let all: Vec<ColumnRef> = (1..=4).map(ColumnRef::Number).collect();
        assert!(layout(&all, None).expect_err("nothing left").contains("leaves no column over"));
    }
}
