//! Small well-known data sets, compiled in: nothing needs to be downloaded to repeat an experiment.
//!
//! Each member is a CSV file with a header whose last column is `label` (an image: nothing but its pixels). Origin, citation, licence and
//! checksum are in `PROVENANCE.md` beside the files.

pub mod breast_cancer;
pub mod camera;
pub mod diabetes;
pub mod digits;
pub mod iris;

pub use breast_cancer::BreastCancer;
pub use camera::Camera;
pub use diabetes::Diabetes;
pub use digits::Digits;
pub use iris::Iris;

use super::table::{LabelBuilder, RowNumbers, Table};
use crate::Error;
use crate::numerics::Matrix;

/// A data set that is part of the program.
pub trait Bundled {
    /// The set's id, as in `breast_cancer`.
    fn id(&self) -> &'static str;

    /// The set as it was published; standardised by default when prepared.
    fn table(&self) -> Result<Table, Error>;
}

/// Reads a bundled CSV text.
fn parse(id: &str, text: &str) -> Result<Table, Error> {
    let broken = |row: usize, column: Option<&str>, what: String| Error::Data {
        source_name: id.into(),
        row: Some(row),
        column: column.map(Into::into),
        what,
    };
    let mut lines = text.lines();
    let mut columns: Vec<String> = lines.next().unwrap_or_default().split(',').map(Into::into).collect();
    let label = columns.pop().unwrap_or_default();
    let (mut data, mut labels, mut n) = (vec![], LabelBuilder::default(), 0);
    for (k, line) in lines.enumerate() {
        let Some((inputs, y)) = line.rsplit_once(',') else {
            return Err(broken(k + 2, None, "the row has only one cell.".into()));
        };
        for (j, cell) in inputs.split(',').enumerate() {
            let v = cell.parse().map_err(|_| {
                broken(k + 2, columns.get(j).map(String::as_str), format!("`{cell}` is not a number."))
            })?;
            data.push(v);
        }
        labels.push(y);
        n += 1;
        if data.len() != n * columns.len() {
            return Err(broken(k + 2, None, format!("the row does not have {} inputs.", columns.len())));
        }
    }
    let x = Matrix::from_vec(n, columns.len(), data);
    let mut table = Table::new(id, columns, x).with_label(label, labels.finish());
    table.rows = RowNumbers::From(2);
    table.standardise = true;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Labels, Preparation, Targets, Task, prepare};
    use sha2::Digest;

    fn mean(t: &Table, column: &str) -> f64 {
        let j = t.columns.iter().position(|c| c == column).expect(column);
        (0..t.x.rows()).map(|i| t.x.to_dense().get(i, j)).sum::<f64>() / t.x.rows() as f64
    }

    fn count(labels: &Labels, text: &str) -> usize {
        (0..labels.len()).filter(|&i| labels.text(i) == text).count()
    }

    // Shapes, class counts and column means as published by scikit-learn (`load_*().data.mean(0)`).
    #[test]
    fn breast_cancer_is_the_published_set() {
        let t = BreastCancer {}.table().expect("parses");
        assert_eq!((t.x.rows(), t.x.cols()), (569, 30));
        let y = &t.label.as_ref().expect("label").values;
        assert_eq!((count(y, "malignant"), count(y, "benign")), (212, 357));
        assert!((mean(&t, "mean_radius") - 14.1272917).abs() < 1e-6);
        assert!((mean(&t, "worst_fractal_dimension") - 0.08394581722319855).abs() < 1e-12);
    }

    #[test]
    fn digits_are_the_published_set() {
        let t = Digits {}.table().expect("parses");
        assert_eq!((t.x.rows(), t.x.cols()), (1797, 64));
        let y = &t.label.as_ref().expect("label").values;
        assert_eq!((count(y, "3"), count(y, "8")), (183, 174));
        t.x.to_dense().as_slice().iter().for_each(|v| assert!(v.fract() == 0.0 && (0.0..=16.0).contains(v)));
        assert!((mean(&t, "pixel_0_2") - 5.20478575).abs() < 1e-7);
    }

    #[test]
    fn iris_is_the_published_set() {
        let t = Iris {}.table().expect("parses");
        assert_eq!((t.x.rows(), t.x.cols()), (150, 4));
        let y = &t.label.as_ref().expect("label").values;
        assert_eq!(["setosa", "versicolor", "virginica"].map(|c| count(y, c)), [50, 50, 50]);
        assert!((mean(&t, "petal_width") - 1.1993333333333334).abs() < 1e-12);
    }

    #[test]
    fn diabetes_is_the_published_set() {
        let t = Diabetes {}.table().expect("parses");
        assert_eq!((t.x.rows(), t.x.cols()), (442, 10));
        assert!((mean(&t, "bmi") - 26.37579186).abs() < 1e-7);
        let Labels::Numbers(y) = &t.label.as_ref().expect("label").values else { panic!("numbers") };
        assert!((y.iter().sum::<f64>() / 442.0 - 152.13348416289594).abs() < 1e-10);
    }

    #[test]
    fn prepared_sets_are_standardised_and_selected() {
        let how = Preparation {
            classes: Some(vec![
                crate::data::ClassName::Number(3.0),
                crate::data::ClassName::Word("8".into()),
            ]),
            ..Preparation::default()
        };
        let d = prepare(Digits {}.table().expect("parses"), &how, Task::Binary, 0).expect("prepares");
        let Targets::Sign(y) = &d.targets else { panic!("signs") };
        assert_eq!((y.iter().filter(|v| **v < 0.0).count(), y.len()), (183, 357));
        assert_eq!(d.classes, ["3", "8"]);
        assert_eq!((d.image, d.shape), (Some((8, 8)), None));
        let mut sums = vec![0.0; d.d()];
        (0..d.n()).for_each(|i| d.x.add_row(i, 1.0, &mut sums));
        // A sum of 357 numbers of order one: 357 roundings of 357 * 2^-53 each at most.
        sums.iter().for_each(|s| assert!(s.abs() < 357.0 * 357.0 * f64::EPSILON));
        assert!(d.notes.iter().any(|n| n.contains("zero in every training sample")), "{:?}", d.notes);
    }

    #[test]
    fn files_match_their_recorded_checksums() {
        let record = include_str!("PROVENANCE.md");
        for text in [breast_cancer::CSV, camera::CSV, diabetes::CSV, digits::CSV, iris::CSV] {
            let sum: String =
                sha2::Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
            assert!(record.contains(&sum), "{sum} is not in PROVENANCE.md");
        }
    }
}
