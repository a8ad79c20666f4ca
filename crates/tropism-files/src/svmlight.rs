//! The sparse text format of SVMlight and LIBSVM: `label index:value index:value … # comment`.
//!
//! Indices count from 1 unless an index 0 occurs in the file; `qid:` entries are skipped.

use crate::at;
use crate::lines::{Lines, RowTracker, finite};
use tropism::Error;
use tropism::data::FileSpec;
use tropism::data::Table;
use tropism::data::table::LabelBuilder;
use tropism::numerics::{Csr, Design};

/// More columns than any published set of this format, and still nameable in memory.
const MOST_COLUMNS: u32 = 1 << 26;

pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    let path = &spec.path;
    let mut lines = Lines::open(path)?;
    let (mut csr, mut labels, mut rows) = (Csr::default(), LabelBuilder::default(), RowTracker::default());
    let (mut largest, mut zero_based) = (None, false);
    let mut entries: Vec<(u32, f64)> = vec![];
    csr.offsets.push(0);
    while let Some((row, line)) = lines.next()? {
        let line = line.split(|&b| b == b'#').next().unwrap_or_default();
        let mut tokens = line.split(u8::is_ascii_whitespace).filter(|t| !t.is_empty());
        let Some(label) = tokens.next() else { continue };
        labels.push(checked_label(path, row, label)?);
        entries.clear();
        for token in tokens.filter(|t| !t.starts_with(b"qid:")) {
            entries.push(entry(token).map_err(|(column, what)| at(path, row, column, what))?);
        }
        if !entries.is_sorted_by_key(|e| e.0) {
            entries.sort_by_key(|e| e.0);
        }
        if let Some(pair) = entries.windows(2).find(|p| p[0].0 == p[1].0) {
            return Err(at(
                path,
                row,
                Some(pair[0].0.to_string()),
                "the index occurs twice in the row.".into(),
            ));
        }
        zero_based |= entries.first().is_some_and(|e| e.0 == 0);
        largest = largest.max(entries.last().map(|e| e.0));
        csr.indices.extend(entries.iter().map(|e| e.0));
        csr.values.extend(entries.iter().map(|e| e.1));
        csr.offsets.push(csr.indices.len());
        rows.push(row);
    }
    let base = u32::from(!zero_based);
    if base == 1 {
        csr.indices.iter_mut().for_each(|j| *j -= 1);
    }
    csr.rows = rows.count();
    csr.cols = largest.map_or(0, |l| (l + 1 - base) as usize);
    let names = (0..csr.cols).map(|j| format!("x{}", j + base as usize)).collect();
    let mut table = Table::new(path, names, Design::Sparse(csr)).with_label("label", labels.finish());
    table.rows = rows.finish();
    table.notes.push(format!(
        "The column indices count from {base}{}.",
        if zero_based { ", since an index 0 occurs" } else { ", since no index 0 occurs" }
    ));
    Ok(table)
}

fn checked_label<'a>(path: &str, row: usize, label: &'a [u8]) -> Result<&'a str, Error> {
    let place = |what: String| at(path, row, Some("label".into()), what);
    let text = std::str::from_utf8(label).map_err(|_| place("the label is not UTF-8 text.".into()))?;
    if text.contains(':') {
        return Err(place(format!(
            "the row begins with `{text}`; a label is needed before the first index."
        )));
    }
    if text.contains(',') {
        return Err(place(format!("`{text}` holds several labels; one per row is supported.")));
    }
    match text.parse::<f64>() {
        Ok(v) if !v.is_finite() => Err(place(format!("the label `{text}` is not a finite number."))),
        _ => Ok(text),
    }
}

/// `index:value`, or the column to blame and what is wrong.
fn entry(token: &[u8]) -> Result<(u32, f64), (Option<String>, String)> {
    let shown = || String::from_utf8_lossy(token).chars().take(40).collect::<String>();
    let colon = token.iter().position(|&b| b == b':');
    let Some(colon) = colon else {
        return Err((None, format!("`{}` is not of the form index:value.", shown())));
    };
    let index = std::str::from_utf8(&token[..colon]).ok().and_then(|t| t.parse::<u32>().ok());
    match index {
        Some(j) if j < MOST_COLUMNS => {
            finite(&token[colon + 1..]).map(|v| (j, v)).map_err(|what| (Some(j.to_string()), what))
        }
        Some(j) => {
            Err((None, format!("the index {j} is too large; at most {MOST_COLUMNS} columns are supported.")))
        }
        None => Err((None, format!("the index of `{}` is not a whole number of at least 0.", shown()))),
    }
}
