//! Text files line by line, with the numbers an editor shows, and the cells of a line.

use crate::{at, open, unreadable};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use tropism::Error;
use tropism::data::RowNumbers;

/// Lines that are not blank. One buffer is reused for all of them.
pub(crate) struct Lines {
    path: String,
    reader: BufReader<Box<dyn Read>>,
    buffer: Vec<u8>,
    number: usize,
    /// Bytes of the file, if it is not compressed.
    pub size: Option<u64>,
}

impl Lines {
    pub(crate) fn open(path: &str) -> Result<Self, Error> {
        let file: File = open(path)?;
        let gz = path.to_ascii_lowercase().ends_with(".gz");
        let size = if gz { None } else { file.metadata().ok().map(|m| m.len()) };
        let raw: Box<dyn Read> =
            if gz { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
        let reader = BufReader::with_capacity(1 << 18, raw);
        Ok(Self { path: path.into(), reader, buffer: vec![], number: 0, size })
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

/// Calls `f(k, cell)` for the cells of a line, trimmed and unquoted; returns their number. With a blank as the
/// delimiter any run of white space separates.
pub(crate) fn cells(
    path: &str,
    row: usize,
    line: &[u8],
    delimiter: u8,
    mut f: impl FnMut(usize, &[u8]) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut count = 0;
    if !line.contains(&b'"') {
        if delimiter == b' ' {
            for cell in line.split(u8::is_ascii_whitespace).filter(|c| !c.is_empty()) {
                f(count, cell)?;
                count += 1;
            }
            return Ok(count);
        }
        for cell in line.split(|&b| b == delimiter) {
            f(count, cell.trim_ascii())?;
            count += 1;
        }
        return Ok(count);
    }
    let mut rest = Some(if delimiter == b' ' { line.trim_ascii() } else { line });
    while let Some(text) = rest {
        let (cell, after) = quoted(text, delimiter).ok_or_else(|| {
            let what = "a quoted cell is not closed; line breaks inside a cell are not supported.";
            at(path, row, Some((count + 1).to_string()), what.into())
        })?;
        f(count, cell.trim_ascii())?;
        count += 1;
        rest =
            if delimiter == b' ' { after.map(<[u8]>::trim_ascii).filter(|a| !a.is_empty()) } else { after };
    }
    Ok(count)
}

/// A cell, and what follows its delimiter if there is one.
type Cut<'a> = (Cow<'a, [u8]>, Option<&'a [u8]>);

/// The first cell of `text` and what follows its delimiter; `None` for an unclosed quote.
fn quoted(text: &[u8], delimiter: u8) -> Option<Cut<'_>> {
    let split = |from: usize| text[from..].iter().position(|&b| b == delimiter).map(|p| from + p);
    let after = |end: Option<usize>| end.map(|e| &text[e + 1..]);
    let start = text.iter().position(|b| !matches!(b, b' ')).unwrap_or(0);
    if text.get(start) != Some(&b'"') {
        let end = split(0);
        return Some((Cow::Borrowed(&text[..end.unwrap_or(text.len())]), after(end)));
    }
    let mut cell = vec![];
    let mut k = start + 1;
    loop {
        match (text.get(k)?, text.get(k + 1)) {
            (b'"', Some(b'"')) => {
                cell.push(b'"');
                k += 2;
            }
            (b'"', _) => {
                let end = split(k + 1);
                return Some((Cow::Owned(cell), after(end)));
            }
            (&b, _) => {
                cell.push(b);
                k += 1;
            }
        }
    }
}

/// The number a cell holds, if it holds one.
pub(crate) fn number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// The finite number in a cell, or what is wrong with it.
pub(crate) fn finite(cell: &[u8]) -> Result<f64, String> {
    match number(cell) {
        Some(v) if v.is_finite() => Ok(v),
        Some(v) => Err(tropism::data::prepare::not_finite(v)),
        None if cell.is_empty() => {
            Err("the cell is empty; every cell must hold a number, and none is filled in.".into())
        }
        None => {
            let text: String = String::from_utf8_lossy(cell).chars().take(40).collect();
            let hint = if text.contains(',') { " (decimals are written with a point)" } else { "" };
            Err(format!("`{text}` is not a number{hint}."))
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
