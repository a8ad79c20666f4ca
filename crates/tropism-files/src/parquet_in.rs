//! Parquet with a flat schema of numeric columns; only the label may be text. Uncompressed, snappy or gzip.

use crate::{at, open, room, unreadable};
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};
use tropism::Error;
use tropism::data::prepare::not_finite;
use tropism::data::table::{LabelBuilder, Labels};
use tropism::data::{FileSpec, Table};
use tropism::numerics::Matrix;

/// Values decoded at once.
const BATCH: usize = 8192;

pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    // The decoder panics on some damaged files; to the user that is a damaged file like any other.
    std::panic::catch_unwind(|| decode(spec))
        .unwrap_or_else(|_| Err(Error::data(&spec.path, "the file is damaged: its pages cannot be decoded.")))
}

fn decode(spec: &FileSpec) -> Result<Table, Error> {
    let path = &spec.path;
    let file = SerializedFileReader::new(open(path)?).map_err(|e| unreadable(path, e))?;
    let schema = file.metadata().file_metadata().schema_descr();
    let columns: Vec<String> = schema.columns().iter().map(|c| c.name().to_string()).collect();
    if columns.is_empty() {
        return Err(Error::data(path, "there are no columns."));
    }
    let (inputs, label, notes) = if spec.matrix {
        ((0..columns.len()).collect(), None, vec![])
    } else {
        let layout = spec.layout(&columns)?;
        (layout.inputs, Some(layout.label), layout.notes)
    };
    check_schema(path, schema, &inputs, label)?;
    let groups: Vec<usize> =
        file.metadata().row_groups().iter().map(|g| usize::try_from(g.num_rows()).unwrap_or(0)).collect();
    let (n, d) = (groups.iter().sum::<usize>(), inputs.len());
    let mut data = room(path, n, d)?;
    data.resize(n * d, f64::NAN);

    let mut target = Target { data: &mut data, d, labels: LabelBuilder::default(), numbers: vec![] };
    let mut first = 0;
    for (g, &rows) in groups.iter().enumerate() {
        let group = file.get_row_group(g).map_err(|e| unreadable(path, e))?;
        let places = inputs.iter().enumerate().map(|(place, &k)| (k, Some(place)));
        for (k, place) in places.chain(label.map(|k| (k, None))) {
            let name = &columns[k];
            let reader = group.get_column_reader(k).map_err(|e| unreadable(path, e))?;
            let unsigned = is_unsigned(&schema.column(k));
            let chunk = Chunk { path, first, rows, name, unsigned, gaps: spec.matrix };
            target.column(reader, place, &chunk)?;
        }
        first += rows;
    }
    let names = inputs.iter().map(|&j| columns[j].clone()).collect();
    if label.is_none() && n == 0 {
        return Err(Error::data(path, "the file holds no matrix: it is empty."));
    }
    let Some(label) = label else { return Ok(Table::new(path, names, Matrix::from_vec(n, d, data))) };
    let labels = match target.labels.finish() {
        Labels::Numbers(empty) if empty.is_empty() => Labels::Numbers(target.numbers),
        words => words,
    };
    let x = Matrix::from_vec(n, d, data);
    let mut table = Table::new(path, names, x).with_label(&columns[label], labels);
    table.notes.extend(notes);
    Ok(table)
}

/// The part of a column that lies in one row group.
struct Chunk<'a> {
    path: &'a str,
    /// Rows of the groups before.
    first: usize,
    rows: usize,
    name: &'a str,
    unsigned: bool,
    /// Empty cells and NaN are missing entries of a matrix.
    gaps: bool,
}

impl Chunk<'_> {
    fn at(&self, i: usize, what: String) -> Error {
        at(self.path, self.first + i + 1, Some(self.name.into()), what)
    }

    /// Calls `f(i, value)` for the values, decoded in batches.
    fn each<T: DataType>(
        &self,
        mut reader: ColumnReaderImpl<T>,
        mut f: impl FnMut(usize, &T::T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut values, mut levels, mut done) = (vec![], vec![], 0);
        while done < self.rows {
            values.clear();
            levels.clear();
            let (records, present, _) = reader
                .read_records(BATCH.min(self.rows - done), Some(&mut levels), None, &mut values)
                .map_err(|e| unreadable(self.path, e))?;
            if records == 0 {
                let what = format!("the column `{}` ends after {} rows.", self.name, self.first + done);
                return Err(Error::data(self.path, what));
            }
            if present < records && !self.gaps {
                let missing = levels.iter().position(|&l| l == 0).unwrap_or(0);
                let what = "the cell is empty (null); every cell must hold a value, and none is filled in. Fill it in, delete the \
                            row, or leave the column out with `drop` in [data].";
                return Err(self.at(done + missing, what.into()));
            }
            // Where cells are empty the levels tell which row a value belongs to.
            let mut held = levels.iter().enumerate().filter(|(_, l)| **l > 0).map(|(i, _)| i);
            for (k, v) in values.iter().enumerate() {
                let i = if present < records { held.next().unwrap_or(k) } else { k };
                f(done + i, v)?;
            }
            done += records;
        }
        Ok(())
    }
}

/// Where decoded values go.
struct Target<'a> {
    data: &'a mut [f64],
    d: usize,
    labels: LabelBuilder,
    numbers: Vec<f64>,
}

impl Target<'_> {
    /// Decodes a chunk into column `place` of the matrix, or into the labels.
    fn column(&mut self, reader: ColumnReader, place: Option<usize>, chunk: &Chunk<'_>) -> Result<(), Error> {
        let mut number = |i: usize, v: f64| {
            if !(v.is_finite() || chunk.gaps && v.is_nan()) {
                return Err(chunk.at(i, not_finite(v)));
            }
            match place {
                Some(j) => self.data[(chunk.first + i) * self.d + j] = v,
                None => self.numbers.push(v),
            }
            Ok(())
        };
        match reader {
            ColumnReader::BoolColumnReader(r) => chunk.each(r, |i, v| number(i, f64::from(u8::from(*v)))),
            ColumnReader::Int32ColumnReader(r) if chunk.unsigned => {
                chunk.each(r, |i, v| number(i, f64::from(v.cast_unsigned())))
            }
            ColumnReader::Int32ColumnReader(r) => chunk.each(r, |i, v| number(i, f64::from(*v))),
            ColumnReader::Int64ColumnReader(r) if chunk.unsigned => {
                chunk.each(r, |i, v| number(i, v.cast_unsigned() as f64))
            }
            ColumnReader::Int64ColumnReader(r) => chunk.each(r, |i, v| number(i, *v as f64)),
            ColumnReader::FloatColumnReader(r) => chunk.each(r, |i, v| number(i, f64::from(*v))),
            ColumnReader::DoubleColumnReader(r) => chunk.each(r, |i, v| number(i, *v)),
            ColumnReader::ByteArrayColumnReader(r) => chunk.each(r, |i, v| match v.as_utf8() {
                Ok(text) if !text.trim().is_empty() => {
                    self.labels.push(text);
                    Ok(())
                }
                Ok(_) => Err(chunk.at(i, "the label is empty.".into())),
                Err(_) => Err(chunk.at(i, "the label is not UTF-8 text.".into())),
            }),
            _ => {
                let what = format!("the column `{}` is of a type that is not supported.", chunk.name);
                Err(Error::data(chunk.path, what))
            }
        }
    }
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    match column.logical_type_ref() {
        Some(LogicalType::Integer(kind)) => !kind.is_signed,
        _ => matches!(column.converted_type(), ConvertedType::UINT_32 | ConvertedType::UINT_64),
    }
}

fn check_schema(
    path: &str,
    schema: &SchemaDescriptor,
    inputs: &[usize],
    label: Option<usize>,
) -> Result<(), Error> {
    // In the order of the file, so that the first fault there is the one that is told.
    for (k, column) in schema.columns().iter().enumerate() {
        let is_label = label == Some(k);
        if !is_label && inputs.binary_search(&k).is_err() {
            continue;
        }
        if let Some(what) = unsupported(column, is_label) {
            let what = match label {
                Some(_) => format!("{what} It is left out with drop = [\"{}\"] in [data].", column.name()),
                None => what,
            };
            let column = Some(column.path().string());
            return Err(Error::Data { source_name: path.into(), row: None, column, what });
        }
    }
    Ok(())
}

fn unsupported(column: &ColumnDescriptor, label: bool) -> Option<String> {
    if column.max_rep_level() > 0 || column.path().parts().len() > 1 {
        return Some("the column is nested; a flat table is needed.".into());
    }
    let logical = column.logical_type_ref();
    if let Some(t) = logical
        && !matches!(t, LogicalType::Integer(_) | LogicalType::String | LogicalType::Enum)
    {
        return Some(format!("the column holds values of the logical type {t:?}; plain numbers are needed."));
    }
    use ConvertedType as C;
    match column.converted_type() {
        C::NONE | C::UTF8 | C::ENUM | C::INT_8 | C::INT_16 | C::INT_32 | C::INT_64 => {}
        C::UINT_8 | C::UINT_16 | C::UINT_32 | C::UINT_64 => {}
        other => {
            return Some(format!("the column holds values of the type {other}; plain numbers are needed."));
        }
    }
    match column.physical_type() {
        Physical::BOOLEAN | Physical::INT32 | Physical::INT64 | Physical::FLOAT | Physical::DOUBLE => None,
        Physical::BYTE_ARRAY if label => None,
        Physical::BYTE_ARRAY => {
            Some("the column holds text; inputs must be numbers (set `label` if this is the label).".into())
        }
        other => Some(format!("the column is of the type {other}, which is not supported.")),
    }
}
