//! CSV and its relatives. One record is one sample; the numbers go straight into the matrix, so a file costs
//! the memory of its matrix and of its longest record.

use crate::lines::{RowTracker, finite, number};
use crate::records::{Record, Records};
use crate::{at, room};
use tropism::Error;
use tropism::data::FileSpec;
use tropism::data::Table;
use tropism::data::table::LabelBuilder;
use tropism::numerics::Matrix;

pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    let path = &spec.path;
    let mut records = Records::open(path, spec.delimiter)?;
    let size = records.size;
    let first = owned(&mut records)?.ok_or_else(|| Error::data(path, "the file is empty."))?;
    let second = owned(&mut records)?;
    let names = first.texts();
    let below = second.as_ref().map(Owned::texts);
    let header = spec.header.unwrap_or_else(|| is_header(&names, below.as_deref()));
    let columns: Vec<String> =
        if header { names.clone() } else { (1..=names.len()).map(|k| format!("x{k}")).collect() };
    let label = spec.label_index(&columns)?;

    let mut table = Sink::new(path, &columns, label, size);
    for kept in [(!header).then_some(&first), second.as_ref()].into_iter().flatten() {
        table.row(kept.row, kept.len, kept.cells.iter().map(Vec::as_slice))?;
    }
    while let Some(record) = records.next()? {
        table.row(record.row, record.len(), record.cells())?;
    }
    let mut out = table.finish();
    out.notes.extend(spec.label_note(&columns, label));
    let numeric = names.iter().filter(|n| number(n.as_bytes()).is_some()).count();
    if header && spec.header.is_none() && numeric > 0 {
        out.notes.push(format!(
            "The first row was read as column names, although {numeric} of its {} cells are numbers; set header = false \
             if it is a sample.",
            names.len()
        ));
    }
    if columns.len() == 1 {
        return Err(Error::data(
            path,
            "there is only one column; if the cells are separated by another character, set `delimiter`.",
        ));
    }
    Ok(out)
}

/// What has been read so far.
struct Sink<'a> {
    path: &'a str,
    columns: &'a [String],
    label: usize,
    /// Bytes of the file, if known.
    size: Option<u64>,
    data: Vec<f64>,
    labels: LabelBuilder,
    rows: RowTracker,
}

impl<'a> Sink<'a> {
    fn new(path: &'a str, columns: &'a [String], label: usize, size: Option<u64>) -> Self {
        let (labels, rows) = (LabelBuilder::default(), RowTracker::default());
        Self { path, columns, label, size, data: vec![], labels, rows }
    }

    /// Takes the cells of a row, which has about `len` bytes in the file.
    fn row<'c>(
        &mut self,
        row: usize,
        len: usize,
        cells: impl Iterator<Item = &'c [u8]>,
    ) -> Result<(), Error> {
        let Self { path, columns, label, size, data, labels, rows } = self;
        if rows.count() == 0
            && let Some(size) = size
        {
            // Rows of like length: reserve for all of them, and a twentieth more.
            let like = (*size as f64 / len.max(1) as f64 * 1.05) as usize + 1;
            *data = room(path, like, columns.len() - 1).unwrap_or_default();
        }
        let width = columns.len();
        let mut found = 0;
        // A row of the wrong length is to blame before any of its cells, which stand in the wrong columns.
        let mut fault = None;
        for (k, cell) in cells.enumerate() {
            found = k + 1;
            if k >= width || fault.is_some() {
                continue;
            }
            let taken =
                if k == *label { take_label(cell, labels) } else { finite(cell).map(|v| data.push(v)) };
            fault = taken.err().map(|what| at(path, row, Some(columns[k].clone()), what));
        }
        if found != width {
            return Err(at(
                path,
                row,
                None,
                format!("the row has {found} cells, but the first row has {width}."),
            ));
        }
        rows.push(row);
        fault.map_or(Ok(()), Err)
    }

    fn finish(mut self) -> Table {
        let d = self.columns.len() - 1;
        self.data.shrink_to_fit();
        let mut names = self.columns.to_vec();
        let label = names.remove(self.label);
        let x = Matrix::from_vec(self.rows.count(), d, self.data);
        let mut table = Table::new(self.path, names, x).with_label(label, self.labels.finish());
        table.rows = self.rows.finish();
        table
    }
}

fn take_label(cell: &[u8], labels: &mut LabelBuilder) -> Result<(), String> {
    match std::str::from_utf8(cell) {
        Ok("") => Err("the label is empty.".into()),
        Ok(text) if number(cell).is_some_and(|v| !v.is_finite()) => {
            Err(format!("the label `{text}` is not a finite number."))
        }
        Ok(text) => {
            labels.push(text);
            Ok(())
        }
        Err(_) => Err("the label is not UTF-8 text.".into()),
    }
}

/// A row kept for a second look.
struct Owned {
    row: usize,
    len: usize,
    cells: Vec<Vec<u8>>,
}

impl Owned {
    fn texts(&self) -> Vec<String> {
        self.cells.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect()
    }
}

fn owned(records: &mut Records) -> Result<Option<Owned>, Error> {
    let own =
        |r: Record<'_>| Owned { row: r.row, len: r.len(), cells: r.cells().map(<[u8]>::to_vec).collect() };
    Ok(records.next()?.map(own))
}

/// Names stand above numbers: some cell is a word where the row below has a number.
fn is_header(first: &[String], second: Option<&[String]>) -> bool {
    let is_number = |s: &String| number(s.as_bytes()).is_some();
    match second {
        Some(below) => first.iter().zip(below).any(|(a, b)| !is_number(a) && is_number(b)),
        None => !first.iter().any(is_number),
    }
}
