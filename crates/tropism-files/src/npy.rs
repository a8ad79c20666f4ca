//! NumPy arrays. `npyz` reads the header and the items, one after the other, so that a file costs the memory of
//! its matrix.

use crate::{at, open, room, unreadable};
use npyz::half::f16;
use npyz::{DType, Deserialize, NpyFile, NpyHeader, Order, TypeChar};
use std::io::{BufReader, ErrorKind, Read};
use tropism::Error;
use tropism::data::FileSpec;
use tropism::data::table::{LabelBuilder, number_text};
use tropism::data::{Labels, Table};
use tropism::numerics::Matrix;

/// What every array begins with.
const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// An array in memory, in C order.
pub(crate) struct Array {
    pub shape: Vec<usize>,
    pub values: Labels,
}

pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    let x = load(&spec.path)?;
    if let Some(y_path) = &spec.y_path {
        let y = load(y_path)?;
        return table(&spec.path, x, Some((y_path, y)))?.without(spec);
    }
    // Without a second file one column of the array holds the labels.
    let (rows, cols) = flat_shape(&spec.path, &x.shape)?;
    let names: Vec<String> = (1..=cols).map(|k| format!("x{k}")).collect();
    if names.is_empty() {
        return Err(Error::data(&spec.path, "the array has no columns."));
    }
    let layout = spec.layout(&names)?;
    let data = numbers(&spec.path, x.values)?;
    check_finite(&spec.path, &data, cols)?;
    let y = (0..rows).map(|i| data[i * cols + layout.label]).collect();
    let width = layout.inputs.len();
    let inputs = (0..rows * width).map(|k| data[k / width * cols + layout.inputs[k % width]]).collect();
    let columns = layout.inputs.iter().map(|&j| names[j].clone()).collect();
    let x = Matrix::from_vec(rows, width, inputs);
    let mut table = Table::new(&spec.path, columns, x).with_label(&names[layout.label], Labels::Numbers(y));
    table.notes.extend(layout.notes);
    Ok(table)
}

/// An array of two dimensions with nothing but a matrix; NaN is a missing entry.
pub(crate) fn matrix(path: &str) -> Result<Table, Error> {
    let x = load(path)?;
    let [rows, cols] = x.shape[..] else {
        let what = format!("the array has the shape {:?}; a matrix has two dimensions.", x.shape);
        return Err(Error::data(path, what));
    };
    if rows * cols == 0 {
        return Err(Error::data(path, "the file holds no matrix: it is empty."));
    }
    let data = numbers(path, x.values)?;
    if let Some(k) = data.iter().position(|v| v.is_infinite()) {
        let what = tropism::data::prepare::not_finite(data[k]);
        return Err(at(path, k / cols + 1, Some((k % cols + 1).to_string()), what));
    }
    let names = (1..=cols).map(|j| j.to_string()).collect();
    Ok(Table::new(path, names, Matrix::from_vec(rows, cols, data)))
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
    decode(path, file, size)
}

/// Decodes an array of at most `size` bytes.
pub(crate) fn decode(source: &str, reader: impl Read, size: u64) -> Result<Array, Error> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let header = header(source, &mut reader)?;
    let shape: Vec<usize> =
        header.shape().iter().map(|&k| usize::try_from(k).unwrap_or(usize::MAX)).collect();
    let item = header.dtype().num_bytes().unwrap_or(1).max(1);
    let count = shape.iter().try_fold(1usize, |a, &b| a.checked_mul(b));
    let count = count.filter(|c| c.checked_mul(item).is_some_and(|b| b as u64 <= size)).ok_or_else(|| {
        Error::data(
            source,
            format!("the header promises an array of shape {shape:?}, for which the file is too short."),
        )
    })?;
    let fortran = header.order() == Order::Fortran && shape.len() > 1;
    if fortran && shape.len() > 2 {
        let what = "the array is in Fortran order with more than two dimensions; save it in C order.";
        return Err(Error::data(source, what));
    }
    let mut values = values(source, header, reader, count)?;
    if fortran && let Labels::Numbers(v) = &mut values {
        *v = Matrix::from_vec(shape[1], shape[0], std::mem::take(v)).transposed().as_slice().to_vec();
    }
    Ok(Array { shape, values })
}

fn header(source: &str, reader: &mut impl Read) -> Result<NpyHeader, Error> {
    let mut start = vec![];
    reader.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(|e| unreadable(source, e))?;
    let read = if start == MAGIC {
        NpyHeader::from_reader(start.chain(reader)).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => "it ends within the header".into(),
            _ => e.to_string(),
        })
    } else {
        Err("the magic number is missing".into())
    };
    read.map_err(|what| Error::data(source, format!("this is not a readable NumPy array: {what}.")))
}

fn values(source: &str, header: NpyHeader, reader: impl Read, count: usize) -> Result<Labels, Error> {
    let dtype = header.dtype();
    let kind = match &dtype {
        DType::Plain(t) => (t.type_char(), t.size_field()),
        _ => (TypeChar::Object, 0),
    };
    let items = Items { source, file: NpyFile::with_header(header, reader), count };
    match kind {
        (TypeChar::Float, 8) => items.numbers::<f64>(|v| v),
        (TypeChar::Float, 4) => items.numbers::<f32>(f64::from),
        (TypeChar::Float, 2) => items.numbers::<f16>(f64::from),
        (TypeChar::Int, 8) => items.numbers::<i64>(|v| v as f64),
        (TypeChar::Int, 4) => items.numbers::<i32>(f64::from),
        (TypeChar::Int, 2) => items.numbers::<i16>(f64::from),
        (TypeChar::Int, 1) => items.numbers::<i8>(f64::from),
        (TypeChar::Uint, 8) => items.numbers::<u64>(|v| v as f64),
        (TypeChar::Uint, 4) => items.numbers::<u32>(f64::from),
        (TypeChar::Uint, 2) => items.numbers::<u16>(f64::from),
        (TypeChar::Uint, 1) => items.numbers::<u8>(f64::from),
        (TypeChar::Bool, _) => items.numbers::<bool>(f64::from),
        (TypeChar::UnicodeStr | TypeChar::ByteStr, _) => items.words(),
        _ => Err(Error::data(
            source,
            format!(
                "this is not a readable NumPy array: the type {} is not supported; save the array as float64, \
                 an integer type, or (labels only) text.",
                dtype.descr()
            ),
        )),
    }
}

/// The items of an array, of which the header promises `count`.
struct Items<'a, R: Read> {
    source: &'a str,
    file: NpyFile<R>,
    count: usize,
}

impl<R: Read> Items<'_, R> {
    fn numbers<T: Deserialize>(self, to: impl Fn(T) -> f64) -> Result<Labels, Error> {
        let mut out = room(self.source, self.count, 1)?;
        self.each(|_, v| {
            out.push(to(v));
            Ok(())
        })?;
        Ok(Labels::Numbers(out))
    }

    fn words(self) -> Result<Labels, Error> {
        let (source, mut out) = (self.source, LabelBuilder::default());
        self.each(|k, text: String| {
            if text.trim().is_empty() {
                return Err(at(source, k + 1, None, "the label is empty.".into()));
            }
            out.push(&text);
            Ok(())
        })?;
        Ok(out.finish())
    }

    fn each<T: Deserialize>(self, mut f: impl FnMut(usize, T) -> Result<(), Error>) -> Result<(), Error> {
        let Self { source, file, count } = self;
        let items = file.data::<T>().map_err(|e| unreadable(source, e))?;
        for (k, item) in items.enumerate() {
            let item = item.map_err(|e| match e.kind() {
                ErrorKind::UnexpectedEof => Error::data(
                    source,
                    format!("the file ends before all {count} entries of the array were read."),
                ),
                _ => Error::data(source, format!("entry {} of the array cannot be read: {e}.", k + 1)),
            })?;
            f(k, item)?;
        }
        Ok(())
    }
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
            Err(at(path, k / cols + 1, Some((k % cols + 1).to_string()), what))
        }
    }
}
