//! What every reader returns: numbers, column names and one label column, not yet prepared.

use crate::Error;
use crate::error::nearest;
use crate::numerics::Design;

/// How many names a message lists before it only counts the rest.
const LISTED: usize = 20;

/// A parsed table: inputs and labels as they stand in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// File path or data-set id, for messages.
    pub source: String,
    /// One name per column of `x`.
    pub columns: Vec<String>,
    /// Inputs, `n × d`.
    pub x: Design,
    /// The column to be learned, if the source has one.
    pub label: Option<LabelColumn>,
    /// Where each sample stands in the source.
    pub rows: RowNumbers,
    /// Whether [`prepare`](fn@super::prepare) standardises this table unless told otherwise.
    pub standardise: bool,
    /// What is worth knowing about the source, in full sentences.
    pub notes: Vec<String>,
    /// Where the columns are the pixels of an image, row by row: its rows and columns.
    pub image: Option<(usize, usize)>,
}

/// A named label column.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelColumn {
    /// Its name in the source.
    pub name: String,
    /// One label per row of the table.
    pub values: Labels,
}

/// Labels: numbers if every one of them is a number, words otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Numbers, `[n]`.
    Numbers(Vec<f64>),
    /// Indices into the distinct words, `[n]`.
    Words {
        /// One index into `words` per row.
        codes: Vec<u32>,
        /// The distinct words, in order of appearance.
        words: Vec<String>,
    },
}

/// One-based row numbers as the user sees them in the source (a header counts).
#[derive(Debug, Clone, PartialEq)]
pub enum RowNumbers {
    /// Consecutive rows, the first of which has this number.
    From(usize),
    /// One number per sample, for sources with gaps.
    Listed(Vec<usize>),
}

impl RowNumbers {
    /// The one-based row of sample `i` in the source.
    pub fn of(&self, i: usize) -> usize {
        match self {
            RowNumbers::From(first) => first + i,
            RowNumbers::Listed(rows) => rows.get(i).copied().unwrap_or(i + 1),
        }
    }
}

impl Table {
    /// A table without labels, rows counted from 1.
    pub fn new(source: impl Into<String>, columns: Vec<String>, x: impl Into<Design>) -> Self {
        Self {
            source: source.into(),
            columns,
            x: x.into(),
            label: None,
            rows: RowNumbers::From(1),
            standardise: false,
            notes: vec![],
            image: None,
        }
    }

    /// The same table with a label column.
    pub fn with_label(mut self, name: impl Into<String>, values: Labels) -> Self {
        self.label = Some(LabelColumn { name: name.into(), values });
        self
    }

    /// The same table without the columns that `spec` drops, for sources whose labels stand elsewhere.
    ///
    /// # Errors
    /// A column that does not exist, with the nearest name there is.
    pub fn without(mut self, spec: &super::FileSpec) -> Result<Self, Error> {
        if spec.drop.is_empty() {
            return Ok(self);
        }
        let dropped = spec.dropped(&self.columns)?;
        let kept: Vec<usize> = (0..dropped.len()).filter(|&j| !dropped[j]).collect();
        self.notes.extend(super::file::dropped_note(&self.columns, &dropped));
        self.x = self.x.select_columns(&kept);
        self.columns = kept.iter().map(|&j| std::mem::take(&mut self.columns[j])).collect();
        Ok(self)
    }

    /// The one-based row of sample `i` in the source.
    pub fn row(&self, i: usize) -> usize {
        self.rows.of(i)
    }

    /// The name of column `j`, or its one-based number if it has none.
    pub fn column(&self, j: usize) -> String {
        match self.columns.get(j) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => (j + 1).to_string(),
        }
    }

    /// An [`Error::Data`] at sample `i` and column `column`.
    pub fn error_at(&self, i: usize, column: Option<String>, what: impl Into<String>) -> Error {
        Error::Data { source_name: self.source.clone(), row: Some(self.row(i)), column, what: what.into() }
    }
}

impl Labels {
    /// Number of labels.
    pub fn len(&self) -> usize {
        match self {
            Labels::Numbers(v) => v.len(),
            Labels::Words { codes, .. } => codes.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Label `i` as text; a whole number has no decimal point.
    pub fn text(&self, i: usize) -> String {
        match self {
            Labels::Numbers(v) => number_text(v[i]),
            Labels::Words { codes, words } => words[codes[i] as usize].clone(),
        }
    }
}

/// The text by which a numeric label is known: `3`, `-1`, `0.5`.
pub fn number_text(v: f64) -> String {
    // A negative zero is the same label as zero.
    format!("{}", if v == 0.0 { 0.0 } else { v })
}

/// Collects labels as they are read: numbers as long as they can be, without a string per row.
#[derive(Debug, Default)]
pub struct LabelBuilder {
    numbers: Vec<f64>,
    codes: Vec<u32>,
    words: Vec<String>,
    known: std::collections::HashMap<String, u32>,
}

impl LabelBuilder {
    /// Adds the label written as `text`, which is trimmed and must not be empty.
    pub fn push(&mut self, text: &str) {
        let text = text.trim();
        if self.words.is_empty() {
            match text.parse::<f64>() {
                Ok(v) if v.is_finite() => return self.numbers.push(v),
                _ => {
                    // The first word: what came before becomes words as well.
                    for v in std::mem::take(&mut self.numbers) {
                        self.word(&number_text(v));
                    }
                }
            }
        }
        match text.parse::<f64>() {
            Ok(v) if v.is_finite() => self.word(&number_text(v)),
            _ => self.word(text),
        }
    }

    /// The labels collected.
    pub fn finish(self) -> Labels {
        if self.words.is_empty() {
            Labels::Numbers(self.numbers)
        } else {
            Labels::Words { codes: self.codes, words: self.words }
        }
    }

    fn word(&mut self, text: &str) {
        let code = match self.known.get(text) {
            Some(&code) => code,
            None => {
                let code = self.words.len() as u32;
                self.words.push(text.to_string());
                self.known.insert(text.to_string(), code);
                code
            }
        };
        self.codes.push(code);
    }
}

/// The error for a column that is not there: what for, what there is, and what was probably meant.
pub fn missing_column(source: &str, wanted: &str, purpose: &str, columns: &[String]) -> Error {
    let mut what = format!("there is no column `{wanted}` {purpose}; ");
    what += &format!("the columns are {}.", name_list(columns));
    if let Some(n) = nearest(wanted, columns) {
        what += &format!(" Did you mean `{n}`?");
    }
    Error::data(source, what)
}

/// `a, b, c` for messages, cut after twenty names.
pub fn name_list<S: AsRef<str>>(names: &[S]) -> String {
    let mut text =
        names.iter().take(LISTED).map(|n| format!("`{}`", n.as_ref())).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text += &format!(" and {} more", names.len() - LISTED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stay_numbers_until_the_first_word() {
        let mut b = LabelBuilder::default();
        ["1.0", " 2", "-0"].iter().for_each(|t| b.push(t));
        assert_eq!(b.finish(), Labels::Numbers(vec![1.0, 2.0, -0.0]));

        let mut b = LabelBuilder::default();
        ["1.0", "other", "1"].iter().for_each(|t| b.push(t));
        let labels = b.finish();
        assert_eq!(labels, Labels::Words { codes: vec![0, 1, 0], words: vec!["1".into(), "other".into()] });
        assert_eq!(labels.text(2), "1");
    }

    #[test]
    fn columns_leave_a_dense_and_a_sparse_design_alike() {
        use crate::numerics::{Csr, Matrix};
        let dense = Matrix::from_rows(&[vec![1.0, 0.0, 2.0], vec![0.0, 3.0, 4.0]]);
        let sparse = Csr {
            rows: 2,
            cols: 3,
            offsets: vec![0, 2, 4],
            indices: vec![0, 2, 1, 2],
            values: vec![1.0, 2.0, 3.0, 4.0],
        };
        let mut spec = super::super::FileSpec::new("a.svm");
        spec.drop = vec![super::super::ColumnRef::Number(1)];
        for x in [Design::Dense(dense), Design::Sparse(sparse)] {
            let t = Table::new("a.svm", vec!["x1".into(), "x2".into(), "x3".into()], x);
            let t = t.without(&spec).expect("the column exists");
            assert_eq!(t.x.to_dense(), Matrix::from_rows(&[vec![0.0, 2.0], vec![3.0, 4.0]]));
            assert_eq!(t.columns, ["x2", "x3"]);
        }
    }

    #[test]
    fn a_missing_label_column_names_its_neighbour() {
        let columns: Vec<String> = (0..25).map(|j| format!("feature_{j}")).collect();
        let message = missing_column("a.csv", "feature_24x", "to take the labels from", &columns).to_string();
        assert!(message.contains("there is no column `feature_24x`"), "{message}");
        assert!(
            message.contains("and 5 more") && message.contains("Did you mean `feature_24`?"),
            "{message}"
        );
    }
}
