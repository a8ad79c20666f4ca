//! CSV and its relatives. One line is one sample; the numbers go straight into the matrix, so a file costs
//! the memory of its matrix and of its longest line.

use crate::lines::{Lines, RowTracker, cells, finite, number};
use crate::{at, room};
use tropism::Error;
use tropism::data::FileSpec;
use tropism::data::Table;
use tropism::data::table::LabelBuilder;
use tropism::numerics::Matrix;

pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    let path = &spec.path;
    let mut lines = Lines::open(path)?;
    let first = owned(&mut lines)?.ok_or_else(|| Error::data(path, "the file is empty."))?;
    let second = owned(&mut lines)?;
    let delimiter = match spec.delimiter {
        Some(c) => u8::try_from(c)
            .map_err(|_| Error::bad_value("data", "delimiter", c, "it must be one ASCII character"))?,
        None => sniff(&first.1),
    };
    let names = texts(path, &first, delimiter)?;
    let below = second.as_ref().map(|s| texts(path, s, delimiter)).transpose()?;
    let header = spec.header.unwrap_or_else(|| is_header(&names, below.as_deref()));
    let columns: Vec<String> =
        if header { names.clone() } else { (1..=names.len()).map(|k| format!("x{k}")).collect() };
    let label = spec.label_index(&columns)?;

    let mut table = Sink::new(path, &columns, label, delimiter);
    if !header {
        table.row(first.0, &first.1, lines.size)?;
    }
    if let Some((row, line)) = &second {
        table.row(*row, line, lines.size)?;
    }
    let size = lines.size;
    while let Some((row, line)) = lines.next()? {
        table.row(row, line, size)?;
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
    delimiter: u8,
    data: Vec<f64>,
    labels: LabelBuilder,
    rows: RowTracker,
}

impl<'a> Sink<'a> {
    fn new(path: &'a str, columns: &'a [String], label: usize, delimiter: u8) -> Self {
        let (labels, rows) = (LabelBuilder::default(), RowTracker::default());
        Self { path, columns, label, delimiter, data: vec![], labels, rows }
    }

    fn row(&mut self, row: usize, line: &[u8], size: Option<u64>) -> Result<(), Error> {
        let Self { path, columns, label, delimiter, data, labels, rows } = self;
        if rows.count() == 0
            && let Some(size) = size
        {
            // Lines of like length: reserve for all of them, and a twentieth more.
            let lines = (size as f64 / (line.len() + 1) as f64 * 1.05) as usize + 1;
            *data = room(path, lines, columns.len() - 1).unwrap_or_default();
        }
        let width = columns.len();
        let found = cells(path, row, line, *delimiter, |k, cell| {
            if k >= width {
                return Ok(());
            }
            let place = |what: String| at(path, row, Some(columns[k].clone()), what);
            if k != *label {
                data.push(finite(cell).map_err(place)?);
                return Ok(());
            }
            match std::str::from_utf8(cell) {
                Ok("") => Err(place("the label is empty.".into())),
                Ok(text) if number(cell).is_some_and(|v| !v.is_finite()) => {
                    Err(place(format!("the label `{text}` is not a finite number.")))
                }
                Ok(text) => {
                    labels.push(text);
                    Ok(())
                }
                Err(_) => Err(place("the label is not UTF-8 text.".into())),
            }
        })?;
        if found != width {
            return Err(at(
                path,
                row,
                None,
                format!("the row has {found} cells, but the first row has {width}."),
            ));
        }
        rows.push(row);
        Ok(())
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

fn owned(lines: &mut Lines) -> Result<Option<(usize, Vec<u8>)>, Error> {
    Ok(lines.next()?.map(|(row, line)| (row, line.to_vec())))
}

fn texts(path: &str, (row, line): &(usize, Vec<u8>), delimiter: u8) -> Result<Vec<String>, Error> {
    let mut out = vec![];
    cells(path, *row, line, delimiter, |_, cell| {
        out.push(String::from_utf8_lossy(cell).into_owned());
        Ok(())
    })?;
    Ok(out)
}

/// The most frequent separator outside quotes, where any tab or semicolon beats commas, which may be decimal,
/// and these beat blanks, which may be padding; a comma if there is none.
fn sniff(line: &[u8]) -> u8 {
    let mut counts = [(b' ', 0usize), (b',', 0), (b';', 0), (b'\t', 0)];
    let mut inside = false;
    for &b in line.trim_ascii() {
        if b == b'"' {
            inside = !inside;
        } else if !inside && let Some(c) = counts.iter_mut().find(|c| c.0 == b) {
            c.1 += 1;
        }
    }
    let strong = counts[2..].iter().filter(|c| c.1 > 0).max_by_key(|c| c.1);
    strong.or_else(|| counts[..2].iter().rev().find(|c| c.1 > 0)).map_or(b',', |c| c.0)
}

/// Names stand above numbers: some cell is a word where the row below has a number.
fn is_header(first: &[String], second: Option<&[String]>) -> bool {
    let is_number = |s: &String| number(s.as_bytes()).is_some();
    match second {
        Some(below) => first.iter().zip(below).any(|(a, b)| !is_number(a) && is_number(b)),
        None => !first.iter().any(is_number),
    }
}
