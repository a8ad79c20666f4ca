//! CSV and its relatives. One record is one sample; the numbers go straight into the matrix, so a file costs
//! the memory of its matrix and of its longest record.

use crate::cells::Decimal;
use crate::lines::{RowTracker, cell_count, is_missing, number};
use crate::records::{Record, Records};
use crate::{at, room};
use tropism::Error;
use tropism::data::table::LabelBuilder;
use tropism::data::{FileSpec, Layout, Table};
use tropism::numerics::Matrix;

pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    let path = &spec.path;
    let mut records = Records::open(path, spec)?;
    let size = records.size;
    let first = owned(&mut records)?
        .ok_or_else(|| Error::data(path, "the file is empty; it must hold one sample in each row."))?;
    let second = owned(&mut records)?;
    let seen = first.cells.iter().chain(second.iter().flat_map(|r| &r.cells)).map(Vec::as_slice);
    let (decimal, decimal_note) = Decimal::choose(spec, records.delimiter, seen)?;
    let names = first.texts();
    let below = second.as_ref().map(Owned::texts);
    let header = spec.header.unwrap_or_else(|| is_header(&names, below.as_deref(), decimal));
    let columns: Vec<String> =
        if header { names.clone() } else { (1..=names.len()).map(|k| format!("x{k}")).collect() };
    if columns.len() == 1 {
        return Err(Error::data(
            path,
            "there is only one column; if the cells are separated by another character, set `delimiter`.",
        ));
    }
    let layout = spec.layout(&columns)?;

    let mut table = Sink::new(path, &columns, &layout, decimal, size);
    for kept in [(!header).then_some(&first), second.as_ref()].into_iter().flatten() {
        table.row(kept.row, kept.len, kept.cells.iter().map(Vec::as_slice))?;
    }
    while let Some(record) = records.next()? {
        table.row(record.row, record.len(), record.cells())?;
    }
    let mut out = table.finish(&layout);
    out.notes.extend(layout.notes);
    out.notes.extend(decimal_note);
    let numeric = names.iter().filter(|n| number(n.as_bytes()).is_some()).count();
    if header && spec.header.is_none() && numeric > 0 {
        out.notes.push(format!(
            "The first row was read as column names, although {numeric} of its {} cells are numbers; set header = false \
             if it is a sample.",
            names.len()
        ));
    }
    Ok(out)
}

/// What a column is for.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Input,
    Label,
    /// Dropped: its cells are counted and never looked at.
    None,
}

/// What has been read so far.
struct Sink<'a> {
    path: &'a str,
    columns: &'a [String],
    roles: Vec<Role>,
    decimal: Decimal,
    /// Bytes of the file, if known.
    size: Option<u64>,
    data: Vec<f64>,
    labels: LabelBuilder,
    rows: RowTracker,
}

impl<'a> Sink<'a> {
    fn new(
        path: &'a str,
        columns: &'a [String],
        layout: &Layout,
        decimal: Decimal,
        size: Option<u64>,
    ) -> Self {
        let mut roles = vec![Role::None; columns.len()];
        layout.inputs.iter().for_each(|&j| roles[j] = Role::Input);
        roles[layout.label] = Role::Label;
        let (labels, rows) = (LabelBuilder::default(), RowTracker::default());
        Self { path, columns, roles, decimal, size, data: vec![], labels, rows }
    }

    /// Takes the cells of a row, which has about `len` bytes in the file.
    fn row<'c>(
        &mut self,
        row: usize,
        len: usize,
        cells: impl Iterator<Item = &'c [u8]>,
    ) -> Result<(), Error> {
        let Self { path, columns, roles, decimal, size, data, labels, rows } = self;
        let first = rows.count() == 0;
        if first && let Some(size) = size {
            // Rows of like length: reserve for all of them, and a twentieth more.
            let like = (*size as f64 / len.max(1) as f64 * 1.05) as usize + 1;
            let inputs = roles.iter().filter(|r| **r == Role::Input).count();
            *data = room(path, like, inputs).unwrap_or_default();
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
            let taken = match roles[k] {
                Role::Input => decimal.finite(cell, &columns[k], first).map(|v| data.push(v)),
                Role::Label => take_label(cell, *decimal, labels),
                Role::None => Ok(()),
            };
            fault = taken.err().map(|what| at(path, row, Some(columns[k].clone()), what));
        }
        if found != width {
            return Err(at(
                path,
                row,
                None,
                format!(
                    "the row has {}, but the first row has {width}; every row must have as many. Fill in what is missing, and \
                     quote cells that hold the separator.",
                    cell_count(found)
                ),
            ));
        }
        rows.push(row);
        fault.map_or(Ok(()), Err)
    }

    fn finish(mut self, layout: &Layout) -> Table {
        self.data.shrink_to_fit();
        let names = layout.inputs.iter().map(|&j| self.columns[j].clone()).collect();
        let x = Matrix::from_vec(self.rows.count(), layout.inputs.len(), self.data);
        let label = &self.columns[layout.label];
        let mut table = Table::new(self.path, names, x).with_label(label, self.labels.finish());
        table.rows = self.rows.finish();
        table
    }
}

fn take_label(cell: &[u8], decimal: Decimal, labels: &mut LabelBuilder) -> Result<(), String> {
    match std::str::from_utf8(cell) {
        Ok(text) if is_missing(cell) => {
            let found = if text.is_empty() {
                "the label is empty".into()
            } else {
                format!("the label is missing (`{text}`)")
            };
            Err(format!(
                "{found}; every sample needs one, and none is filled in. Fill it in or delete the row."
            ))
        }
        Ok(text) => {
            match decimal.number(cell) {
                Some(v) if !v.is_finite() => {
                    return Err(format!(
                        "the label `{text}` is not a finite number; mend it or delete the row."
                    ));
                }
                Some(_) if decimal == Decimal::Comma => labels.push(&text.replace(',', ".")),
                _ => labels.push(text),
            }
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

/// Names stand above numbers: some cell is a word where the row below has a number. A missing value is no name.
fn is_header(first: &[String], second: Option<&[String]>, decimal: Decimal) -> bool {
    let is_number = |s: &String| decimal.number(s.as_bytes()).is_some();
    let is_name = |s: &String| !is_number(s) && !is_missing(s.as_bytes());
    match second {
        Some(below) => first.iter().zip(below).any(|(a, b)| is_name(a) && is_number(b)),
        None => !first.iter().any(is_number),
    }
}
