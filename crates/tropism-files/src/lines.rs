//! Text files line by line, with the numbers an editor shows, and the numbers in their cells.

use crate::{open, unreadable};
use std::io::{BufRead, BufReader, Read};
use tropism::Error;
use tropism::data::RowNumbers;

/// A text file, unpacked if it ends in `.gz`.
type Text = BufReader<Box<dyn Read>>;

/// Opens a text file; also its bytes, if it is not compressed.
pub(crate) fn text(path: &str) -> Result<(Text, Option<u64>), Error> {
    let file = open(path)?;
    let gz = path.to_ascii_lowercase().ends_with(".gz");
    let size = if gz { None } else { file.metadata().ok().map(|m| m.len()) };
    let raw: Box<dyn Read> =
        if gz { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok((BufReader::with_capacity(1 << 18, raw), size))
}

/// Lines that are not blank. One buffer is reused for all of them.
pub(crate) struct Lines {
    path: String,
    reader: Text,
    buffer: Vec<u8>,
    number: usize,
}

impl Lines {
    pub(crate) fn open(path: &str) -> Result<Self, Error> {
        Ok(Self { path: path.into(), reader: text(path)?.0, buffer: vec![], number: 0 })
    }

    /// The next line without its end, and its one-based number.
    pub(crate) fn next(&mut self) -> Result<Option<(usize, &[u8])>, Error> {
        loop {
            self.buffer.clear();
            let got =
                self.reader.read_until(b'\n', &mut self.buffer).map_err(|e| unreadable(&self.path, e))?;
            if got == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.number == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.buffer.drain(..3);
            }
            while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
                self.buffer.pop();
            }
            if self.buffer.iter().any(|b| !b.is_ascii_whitespace()) {
                return Ok(Some((self.number, &self.buffer)));
            }
        }
    }
}

/// The number a cell holds, if it holds one.
pub(crate) fn number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// A number of cells in words.
pub(crate) fn cell_count(n: usize) -> String {
    format!("{n} {}", if n == 1 { "cell" } else { "cells" })
}

/// Whether a cell says that its value is missing: it is empty, or holds `NA`, `N/A` or `NaN` in any case.
pub(crate) fn is_missing(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    let word = |w: &[u8]| cell.eq_ignore_ascii_case(w);
    cell.is_empty() || word(b"na") || word(b"n/a") || number(cell).is_some_and(f64::is_nan)
}

/// What is wrong with a missing value where there must be none; `column` can be left out by that name.
pub(crate) fn missing(cell: &[u8], column: Option<&str>) -> String {
    let found = match String::from_utf8_lossy(cell) {
        text if text.is_empty() => "the cell is empty".into(),
        text => format!("the value is missing (`{text}`)"),
    };
    let drop = column
        .map_or(String::new(), |c| format!(", or leave the column out with drop = [\"{c}\"] in [data]"));
    format!(
        "{found}; every cell must hold a number, and none is filled in. Fill it in or delete the row{drop}."
    )
}

/// The finite number in a text without decimal commas, or what is wrong with it.
pub(crate) fn finite(cell: &[u8]) -> Result<f64, String> {
    match number(cell) {
        Some(v) if v.is_finite() => Ok(v),
        Some(v) if !v.is_nan() => Err(tropism::data::prepare::not_finite(v)),
        _ if is_missing(cell) => Err(missing(cell, None)),
        _ => {
            let text: String = String::from_utf8_lossy(cell).chars().take(40).collect();
            Err(format!("`{text}` is not a number."))
        }
    }
}

/// Collects row numbers, keeping a list only if there are gaps.
#[derive(Default)]
pub(crate) struct RowTracker {
    first: usize,
    count: usize,
    listed: Option<Vec<usize>>,
}

impl RowTracker {
    pub(crate) fn push(&mut self, row: usize) {
        if self.count == 0 {
            self.first = row;
        }
        if let Some(rows) = &mut self.listed {
            rows.push(row);
        } else if row != self.first + self.count {
            let mut rows: Vec<usize> = (self.first..self.first + self.count).collect();
            rows.push(row);
            self.listed = Some(rows);
        }
        self.count += 1;
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn finish(self) -> RowNumbers {
        self.listed.map_or(RowNumbers::From(self.first), RowNumbers::Listed)
    }
}
