//! Delimited text record by record, with the row an editor shows for each. Quotes, delimiters and line breaks
//! are the business of `csv_core`; it never fails, so unclosed quotes are noticed here.

use crate::lines::text;
use crate::{at, unreadable};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use std::io::{BufRead, BufReader, Cursor, Read};
use tropism::Error;
use tropism::data::FileSpec;

/// Records that are not blank. One buffer is reused for all of them.
pub(crate) struct Records {
    path: String,
    input: Box<dyn BufRead>,
    parser: Reader,
    /// What separates the cells.
    pub delimiter: u8,
    /// The cells of the current record, one after the other, and where each ends.
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes of the file, if it is not compressed.
    pub size: Option<u64>,
}

/// One row of the table.
pub(crate) struct Record<'a> {
    /// One-based number of its first line.
    pub row: usize,
    cells: &'a [u8],
    ends: &'a [usize],
    delimiter: u8,
}

impl Records {
    pub(crate) fn open(path: &str, spec: &FileSpec) -> Result<Self, Error> {
        let (mut file, size) = text(path)?;
        let head = head(&mut file).map_err(|e| unreadable(path, e))?;
        let delimiter = match spec.delimiter {
            Some(c) => u8::try_from(c)
                .map_err(|_| Error::bad_value("data", "delimiter", c, "it must be one ASCII character"))?,
            None => sniff(&head, spec.decimal == Some(',')),
        };
        // Only `\n` ends a line, so that lines can be counted; a `\r` before it is white space around a cell.
        let parser = ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build();
        // With a line break at the very end, only an open quote can keep the last record from being complete.
        let whole = Cursor::new(head).chain(file).chain(&b"\n"[..]);
        let input: Box<dyn BufRead> = match delimiter {
            b' ' => Box::new(BufReader::new(Blanks(whole))),
            _ => Box::new(whole),
        };
        let (cells, ends) = (vec![0; 1 << 12], vec![0; 1 << 8]);
        Ok(Self { path: path.into(), input, parser, delimiter, cells, ends, size })
    }

    /// The next record.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, Error> {
        loop {
            let (mut bytes, mut count) = (0, 0);
            let complete = loop {
                let input = self.input.fill_buf().map_err(|e| unreadable(&self.path, e))?;
                let more = !input.is_empty();
                let (result, read, written, ended) =
                    self.parser.read_record(input, &mut self.cells[bytes..], &mut self.ends[count..]);
                self.input.consume(read);
                (bytes, count) = (bytes + written, count + ended);
                match result {
                    ReadRecordResult::InputEmpty => {}
                    ReadRecordResult::OutputFull => self.cells.resize(2 * self.cells.len(), 0),
                    ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                    ReadRecordResult::Record => break more,
                    ReadRecordResult::End => return Ok(None),
                }
            };
            let inside = self.cells[..bytes].iter().filter(|&&b| b == b'\n').count();
            let row = self.parser.line() as usize - inside - usize::from(complete);
            if !complete {
                let what = "a quoted cell is not closed before the end of the file.";
                return Err(at(&self.path, row, Some(count.to_string()), what.into()));
            }
            let blank = self.cells[..bytes].iter().all(u8::is_ascii_whitespace);
            if !(blank && (count == 1 || self.delimiter.is_ascii_whitespace())) {
                let (cells, ends) = (&self.cells[..bytes], &self.ends[..count]);
                return Ok(Some(Record { row, cells, ends, delimiter: self.delimiter }));
            }
        }
    }
}

impl<'a> Record<'a> {
    /// The cells, trimmed and unquoted. With a blank as the delimiter any run of white space separates.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (cells, blanks) = (self.cells, self.delimiter == b' ');
        let mut start = 0;
        let whole = self.ends.iter().map(move |&end| &cells[std::mem::replace(&mut start, end)..end]);
        whole.map(bare).filter(move |cell| !(blanks && cell.is_empty()))
    }

    /// About as many bytes as the record takes in the file.
    pub(crate) fn len(&self) -> usize {
        self.cells.len() + self.ends.len()
    }
}

/// A cell without the white space around it, and without quotes that come after such space: those are ordinary
/// characters to the parser.
fn bare(cell: &[u8]) -> &[u8] {
    match cell.trim_ascii() {
        [b'"', inner @ .., b'"'] if cell.first().is_some_and(u8::is_ascii_whitespace) => inner.trim_ascii(),
        trimmed => trimmed,
    }
}

/// A text in which tabs have become blanks.
struct Blanks<R>(R);

impl<R: Read> Read for Blanks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(buffer)?;
        buffer[..count].iter_mut().filter(|b| **b == b'\t').for_each(|b| *b = b' ');
        Ok(count)
    }
}

/// The file up to the end of its first line that is not blank and has no open quote.
fn head(file: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let (mut head, mut open) = (vec![], false);
    loop {
        let start = head.len();
        if file.read_until(b'\n', &mut head)? == 0 {
            return Ok(head);
        }
        open ^= head[start..].iter().filter(|&&b| b == b'"').count() % 2 == 1;
        if !open && head[start..].iter().any(|b| !b.is_ascii_whitespace()) {
            return Ok(head);
        }
    }
}

/// The most frequent separator outside quotes, where any tab or semicolon beats commas, which may be decimal,
/// and these beat blanks, which may be padding, unless they are known to be `decimal`; a comma if there is none.
fn sniff(head: &[u8], decimal: bool) -> u8 {
    let mut counts = [(b' ', 0usize), (b',', 0), (b';', 0), (b'\t', 0)];
    let mut inside = false;
    for &b in head.trim_ascii() {
        if b == b'"' {
            inside = !inside;
        } else if !inside && let Some(c) = counts.iter_mut().find(|c| c.0 == b) {
            c.1 += 1;
        }
    }
    let strong = counts[2..].iter().filter(|c| c.1 > 0).max_by_key(|c| c.1).map(|c| c.0);
    if decimal {
        counts[..2].reverse();
    }
    let weak = counts[..2].iter().rev().find(|c| c.1 > 0).map(|c| c.0);
    strong.or(weak).unwrap_or(b',')
}
