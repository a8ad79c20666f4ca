//! The trajectory as Parquet: one row per recorded moment.

use crate::error::Error;
use std::path::Path;
use tropism::report::{Point, Report};
use tropism::training::Trajectory;
use tropism_files::{Column, write_table};

/// Parameters a row beyond which they are left out.
const MOST_PARAMETERS: usize = 4096;

/// A column of measured numbers.
type Measured = (&'static str, fn(&Point) -> Option<f64>);

/// What is measured at every moment; a number that does not exist there is NaN.
const MEASURED: [Measured; 10] = [
    ("log10_time", |p| p.log10_time),
    ("log10_loss", |p| p.log10_loss),
    ("norm", |p| Some(p.norm)),
    ("gap", |p| p.gap),
    ("direction_distance", |p| p.direction_distance),
    ("offset_distance", |p| p.offset_distance),
    ("margin_l2", |p| p.margin_l2),
    ("residual", |p| p.residual),
    ("train_error", |p| p.train_error),
    ("test_error", |p| p.test_error),
];

/// Writes steps, times, measures and, if there are not too many, the parameters `w_0`, `w_1`, ….
///
/// # Errors
/// The system refuses to.
pub fn write(path: &Path, report: &Report, trajectory: &Trajectory) -> Result<(), Error> {
    let points = &report.series;
    let steps: Vec<i64> = points.iter().map(|p| i64::try_from(p.step).unwrap_or(i64::MAX)).collect();
    let phases: Vec<String> = points.iter().map(|p| p.phase.clone()).collect();
    let measured: Vec<(&str, Vec<f64>)> = MEASURED
        .iter()
        .map(|(name, get)| (*name, points.iter().map(|p| get(p).unwrap_or(f64::NAN)).collect()))
        .collect();
    let theta = parameters(trajectory, points.len());
    let names: Vec<String> = (0..theta.len()).map(|j| format!("w_{j}")).collect();

    let mut columns = vec![("step", Column::I64(&steps)), ("phase", Column::Str(&phases))];
    columns.extend(measured.iter().map(|(name, values)| (*name, Column::F64(values))));
    columns.extend(names.iter().zip(&theta).map(|(name, values)| (name.as_str(), Column::F64(values))));
    write_table(path, &columns).map_err(Error::Writer)
}

/// One column per parameter; none if there are too many, or if not every row has its own.
fn parameters(trajectory: &Trajectory, rows: usize) -> Vec<Vec<f64>> {
    let snapshots = &trajectory.snapshots;
    let Some(dim) = snapshots.first().map(|s| s.theta.len()).filter(|&d| d <= MOST_PARAMETERS) else {
        return vec![];
    };
    if snapshots.len() != rows {
        return vec![];
    }
    (0..dim).map(|j| snapshots.iter().map(|s| s.theta[j]).collect()).collect()
}
