//! NumPy arrays. The header is a Python dictionary `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2),
//! }` after a magic number and a length; the numbers follow. Read in blocks, so that a file costs the memory
//! of its matrix.

use crate::{open, room, unreadable};
use std::io::{BufReader, Read};
use tropism::Error;
use tropism::data::FileSpec;
use tropism::data::table::{LabelBuilder, number_text};
use tropism::data::{Labels, Table};
use tropism::numerics::Matrix;

/// Bytes decoded at once; a multiple of every item size of a number.
const BLOCK: usize = 1 << 16;

/// An array in memory, in C order.
pub(crate) struct Array {
    pub shape: Vec<usize>,
    pub values: Labels,
}

/// One kind of item.
#[derive(Clone, Copy, PartialEq)]
enum Item {
    Bool,
    Int,
    Uint,
    Float,
    /// UTF-32.
    Unicode,
    /// ASCII.
    Bytes,
}

struct Header {
    item: Item,
    /// Bytes of one item.
    size: usize,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
}

pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    let x = load(&spec.path)?;
    if let Some(y_path) = &spec.y_path {
        let y = load(y_path)?;
        return table(&spec.path, x, Some((y_path, y)));
    }
    // Without a second file one column of the array holds the labels.
    let (rows, cols) = flat_shape(&spec.path, &x.shape)?;
    let names: Vec<String> = (1..=cols).map(|k| format!("x{k}")).collect();
    if names.is_empty() {
        return Err(Error::data(&spec.path, "the array has no columns."));
    }
    let label = spec.label_index(&names)?;
    let data = numbers(&spec.path, x.values)?;
    check_finite(&spec.path, &data, cols)?;
    let y = (0..rows).map(|i| data[i * cols + label]).collect();
    let inputs = data.iter().enumerate().filter(|(k, _)| k % cols != label).map(|(_, v)| *v).collect();
    let mut columns = names.clone();
    let name = columns.remove(label);
    let x = Matrix::from_vec(rows, cols - 1, inputs);
    let mut table = Table::new(&spec.path, columns, x).with_label(name, Labels::Numbers(y));
    table.notes.extend(spec.label_note(&names, label));
    Ok(table)
}

/// The table of inputs `x` and labels `y`, where `y` comes with its name for messages.
pub(crate) fn table(path: &str, x: Array, y: Option<(&str, Array)>) -> Result<Table, Error> {
    let (rows, cols) = flat_shape(path, &x.shape)?;
    let data = numbers(path, x.values)?;
    check_finite(path, &data, cols)?;
    let names = (1..=cols).map(|k| format!("x{k}")).collect();
    let mut out = Table::new(path, names, Matrix::from_vec(rows, cols, data));
    if x.shape.len() > 2 {
        out.notes.push(format!(
            "Every sample is an array of shape {:?}; it was laid out as {cols} columns, the last index running fastest.",
            &x.shape[1..]
        ));
    }
    if let Some((name, y)) = y {
        let entries: usize = y.shape.iter().product();
        if y.shape.first() != Some(&rows) || entries != rows {
            let what = format!("the labels have the shape {:?}, but there are {rows} samples.", y.shape);
            return Err(Error::data(name, what));
        }
        out = out.with_label("y", y.values);
    }
    Ok(out)
}

fn load(path: &str) -> Result<Array, Error> {
    let file = open(path)?;
    let size = file.metadata().map_or(u64::MAX, |m| m.len());
    decode(path, BufReader::with_capacity(BLOCK, file), size)
}

/// Decodes an array of at most `size` bytes.
pub(crate) fn decode(source: &str, mut reader: impl Read, size: u64) -> Result<Array, Error> {
    let header = header(source, &mut reader)?;
    let shape = header.shape.clone();
    let count = shape.iter().try_fold(1usize, |a, &b| a.checked_mul(b));
    let count = count
        .filter(|c| c.checked_mul(header.size.max(1)).is_some_and(|b| b as u64 <= size))
        .ok_or_else(|| {
            Error::data(
                source,
                format!("the header promises an array of shape {shape:?}, for which the file is too short."),
            )
        })?;
    let mut values = values(source, reader, &header, count)?;
    if header.fortran && shape.len() > 1 {
        if shape.len() > 2 {
            let what = "the array is in Fortran order with more than two dimensions; save it in C order.";
            return Err(Error::data(source, what));
        }
        if let Labels::Numbers(v) = &mut values {
            *v = Matrix::from_vec(shape[1], shape[0], std::mem::take(v)).transposed().as_slice().to_vec();
        }
    }
    Ok(Array { shape, values })
}

fn values(source: &str, mut reader: impl Read, header: &Header, count: usize) -> Result<Labels, Error> {
    let words = matches!(header.item, Item::Unicode | Item::Bytes);
    let mut numbers = if words { vec![] } else { room(source, count, 1)? };
    let mut labels = LabelBuilder::default();
    let per_block = (BLOCK / header.size.max(1)).max(1);
    let mut block = vec![0u8; per_block * header.size];
    let mut done = 0;
    while done < count {
        let take = per_block.min(count - done);
        let bytes = &mut block[..take * header.size];
        reader.read_exact(bytes).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::data(
                source,
                format!("the file ends before all {count} entries of the array were read."),
            ),
            _ => unreadable(source, e),
        })?;
        for (k, item) in bytes.chunks_exact(header.size.max(1)).enumerate() {
            if words {
                let text = text(item, header);
                if text.trim().is_empty() {
                    return Err(crate::at(source, done + k + 1, None, "the label is empty.".into()));
                }
                labels.push(&text);
            } else {
                numbers.push(value(item, header));
            }
        }
        done += take;
    }
    Ok(if words { labels.finish() } else { Labels::Numbers(numbers) })
}

/// One number of 1, 2, 4 or 8 bytes.
fn value(item: &[u8], header: &Header) -> f64 {
    let mut bits = [0u8; 8];
    for (k, &b) in item.iter().enumerate() {
        bits[if header.big_endian { item.len() - 1 - k } else { k }] = b;
    }
    let raw = u64::from_le_bytes(bits);
    let unused = 64 - 8 * item.len() as u32;
    match (header.item, item.len()) {
        (Item::Float, 8) => f64::from_bits(raw),
        (Item::Float, 4) => f64::from(f32::from_bits(raw as u32)),
        (Item::Float, _) => half(raw as u16),
        (Item::Int, _) => (((raw << unused) as i64) >> unused) as f64,
        _ => raw as f64,
    }
}

/// IEEE 754 half precision: 1 sign bit, 5 of exponent, 10 of mantissa.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => mantissa * 2f64.powi(-24),
        0x1f if mantissa == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1024.0 + mantissa) * 2f64.powi(exponent - 25),
    }
}

fn text(item: &[u8], header: &Header) -> String {
    if header.item == Item::Bytes {
        return String::from_utf8_lossy(item).trim_end_matches('\0').to_string();
    }
    let (quads, _) = item.as_chunks::<4>();
    let code = |q: &[u8; 4]| if header.big_endian { u32::from_be_bytes(*q) } else { u32::from_le_bytes(*q) };
    let all: String = quads.iter().map(|q| char::from_u32(code(q)).unwrap_or('\u{fffd}')).collect();
    all.trim_end_matches('\0').to_string()
}

fn header(source: &str, reader: &mut impl Read) -> Result<Header, Error> {
    let bad = |what: &str| Error::data(source, format!("this is not a readable NumPy array: {what}."));
    let mut start = [0u8; 8];
    reader.read_exact(&mut start).map_err(|_| bad("it is shorter than the header"))?;
    if &start[..6] != b"\x93NUMPY" {
        return Err(bad("the magic number is missing"));
    }
    let mut length = [0u8; 4];
    let width = if start[6] == 1 { 2 } else { 4 };
    reader.read_exact(&mut length[..width]).map_err(|_| bad("it ends within the header"))?;
    let length = u32::from_le_bytes(length) as usize;
    if length > 1 << 20 {
        return Err(bad("its header is longer than a megabyte"));
    }
    let mut bytes = vec![0u8; length];
    reader.read_exact(&mut bytes).map_err(|_| bad("it ends within the header"))?;
    let text = String::from_utf8_lossy(&bytes);
    let descr = field(&text, "descr").ok_or_else(|| bad("the header has no `descr`"))?;
    let shape = field(&text, "shape").and_then(shape).ok_or_else(|| bad("the header has no `shape`"))?;
    let fortran = field(&text, "fortran_order").is_some_and(|f| f.starts_with("True"));
    let (item, size, big_endian) = item(descr).ok_or_else(|| {
        let shown = descr.split(", '").next().unwrap_or(descr).trim_end_matches(',');
        bad(&format!("the type {shown} is not supported; save the array as float64, an integer type, or (labels only) text"))
    })?;
    Ok(Header { item, size, big_endian, fortran, shape })
}

/// The text after `'key':`.
fn field<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let after = header.split_once(&format!("'{key}'"))?.1;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

fn shape(text: &str) -> Option<Vec<usize>> {
    let inner = text.strip_prefix('(')?.split_once(')')?.0;
    inner.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect()
}

/// Kind, bytes and byte order of a type string such as `'<f8'`.
fn item(descr: &str) -> Option<(Item, usize, bool)> {
    let inner = descr.strip_prefix('\'')?.split_once('\'')?.0;
    let (order, rest) = inner.split_at_checked(1)?;
    let (kind, size) = rest.split_at_checked(1)?;
    let size: usize = size.parse().ok()?;
    let big_endian = order == ">";
    let item = match (kind, size) {
        ("b", 1) => Item::Bool,
        ("i", 1 | 2 | 4 | 8) => Item::Int,
        ("u", 1 | 2 | 4 | 8) => Item::Uint,
        ("f", 2 | 4 | 8) => Item::Float,
        ("U", 1..=65536) => return Some((Item::Unicode, size * 4, big_endian)),
        ("S", 1..=65536) => Item::Bytes,
        _ => return None,
    };
    Some((item, size, big_endian))
}

fn flat_shape(path: &str, shape: &[usize]) -> Result<(usize, usize), Error> {
    if shape.len() < 2 {
        let what = format!("the inputs have the shape {shape:?}; an array of samples by columns is needed.");
        return Err(Error::data(path, what));
    }
    // The header is not to be trusted with an allocation or a product.
    match shape[1..].iter().try_fold(1usize, |a, &b| a.checked_mul(b)) {
        Some(cols) if shape[0] > 0 => Ok((shape[0], cols)),
        _ => Err(Error::data(path, format!("there are no samples in an array of shape {shape:?}."))),
    }
}

fn numbers(path: &str, values: Labels) -> Result<Vec<f64>, Error> {
    match values {
        Labels::Numbers(v) => Ok(v),
        words => {
            let example = if words.is_empty() { number_text(0.0) } else { words.text(0) };
            Err(Error::data(path, format!("the inputs are text (as in `{example}`); numbers are needed.")))
        }
    }
}

fn check_finite(path: &str, data: &[f64], cols: usize) -> Result<(), Error> {
    match data.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(k) => {
            let what = tropism::data::prepare::not_finite(data[k]);
            Err(crate::at(path, k / cols + 1, Some((k % cols + 1).to_string()), what))
        }
    }
}
