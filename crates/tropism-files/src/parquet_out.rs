//! Tables as Parquet, for trajectories: one row group, snappy, readable by every data-frame library.

use crate::output::write_atomically;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use tropism::Error;

/// One column of a table to be written.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    /// Real numbers; NaN and infinities are kept.
    F64(&'a [f64]),
    /// Whole numbers.
    I64(&'a [i64]),
    /// Text.
    Str(&'a [String]),
}

impl Column<'_> {
    fn len(&self) -> usize {
        match self {
            Column::F64(v) => v.len(),
            Column::I64(v) => v.len(),
            Column::Str(v) => v.len(),
        }
    }

    fn schema(&self, name: &str) -> Result<Type, ParquetError> {
        let builder = match self {
            Column::F64(_) => Type::primitive_type_builder(name, Physical::DOUBLE),
            Column::I64(_) => Type::primitive_type_builder(name, Physical::INT64),
            Column::Str(_) => Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String)),
        };
        builder.with_repetition(Repetition::REQUIRED).build()
    }
}

/// Writes the named columns, all of one length, to `path`, atomically.
///
/// # Errors
/// [`Error::Data`] for columns of different lengths or twice the same name, and for whatever the file system reports.
pub fn write_table(path: &Path, columns: &[(&str, Column<'_>)]) -> Result<(), Error> {
    let source = path.display().to_string();
    let rows = columns.first().map_or(0, |c| c.1.len());
    for (k, (name, column)) in columns.iter().enumerate() {
        if column.len() != rows {
            let what = format!("the column has {} rows, but the first column has {rows}.", column.len());
            let column = Some((*name).to_string());
            return Err(Error::Data { source_name: source, row: None, column, what });
        }
        if columns[..k].iter().any(|c| c.0 == *name) {
            return Err(Error::data(source, format!("two columns are named `{name}`.")));
        }
    }
    write_atomically(path, |file| encode(file, columns).map_err(io::Error::other))
}

fn encode<W: Write + Send>(out: W, columns: &[(&str, Column<'_>)]) -> Result<(), ParquetError> {
    let fields =
        columns.iter().map(|(name, c)| c.schema(name).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
    let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
    let mut file = SerializedFileWriter::new(out, schema, properties)?;
    let mut group = file.next_row_group()?;
    for (_, column) in columns {
        let Some(mut writer) = group.next_column()? else { break };
        match column {
            Column::F64(v) => writer.typed::<DoubleType>().write_batch(v, None, None)?,
            Column::I64(v) => writer.typed::<Int64Type>().write_batch(v, None, None)?,
            Column::Str(v) => {
                let bytes: Vec<ByteArray> = v.iter().map(|s| ByteArray::from(s.as_str())).collect();
                writer.typed::<ByteArrayType>().write_batch(&bytes, None, None)?
            }
        };
        writer.close()?;
    }
    group.close()?;
    file.close()?;
    Ok(())
}
