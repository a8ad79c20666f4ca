//! A few samples written into the experiment itself.
//!
//! Shapes: `x [n × d]`, one row for each sample; `y [n]`, labels −1 and +1 or real targets, by the loss.
//! Assumes: nothing; all labels may be the same.
//! Source: your numbers.
//! Units and invariance: as given.
//! Errors: no samples, ragged rows, entries that are not finite, a target missing or left over, other labels.
//! Example: `data.kind = "points"`, `data.x = [[1.0, 0.25], [-1.0, 0.25]]`, `data.y = [1, 1]`.

use super::{Dataset, Task};
use crate::Error;
use crate::error::counted;
use crate::numerics::Matrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `points`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Points {
    /// The inputs, one row for each sample.
    pub x: Vec<Vec<f64>>,
    /// The labels or targets, one for each sample.
    pub y: Vec<f64>,
}

impl Points {
    /// The samples as they stand.
    ///
    /// # Errors
    /// See the module header; several classes are for files.
    pub fn dataset(&self, task: Task) -> Result<Dataset, Error> {
        let bad = |key: &str, found: String, expected: &str| Error::bad_value("data", key, found, expected);
        let d = self.x.first().map_or(0, Vec::len);
        if d == 0 {
            return Err(bad(
                "x",
                "[]".into(),
                "it must hold one row of numbers for each sample, at least one",
            ));
        }
        if let Some(i) = self.x.iter().position(|r| r.len() != d) {
            let numbers = |n: usize| counted(n, "number", "numbers");
            let found = format!("a list whose row {} has {}", i + 1, numbers(self.x[i].len()));
            let expected = format!("every row must be as long as the first, which has {}", numbers(d));
            return Err(bad("x", found, &expected));
        }
        let place = |(i, r): (usize, &Vec<f64>)| Some((i, r.iter().position(|v| !v.is_finite())?));
        if let Some((i, j)) = self.x.iter().enumerate().find_map(place) {
            let found = format!("{} in row {}, column {}", self.x[i][j], i + 1, j + 1);
            return Err(bad("x", found, "every input must be a finite number"));
        }
        if self.y.len() != self.x.len() {
            let found = format!("a list of {}", counted(self.y.len(), "number", "numbers"));
            let samples = counted(self.x.len(), "sample", "samples");
            return Err(bad(
                "y",
                found,
                &format!("it must hold one number for each sample of `x`, {samples}"),
            ));
        }
        if let Some(i) = self.y.iter().position(|v| !v.is_finite()) {
            let found = format!("{} at place {}", self.y[i], i + 1);
            return Err(bad("y", found, "every target must be a finite number"));
        }
        let x = Matrix::from_rows(&self.x);
        match task {
            Task::Regression => Ok(Dataset::regression("points", x, self.y.clone())),
            Task::Binary if self.y.iter().all(|v| v.abs() == 1.0) => {
                Ok(Dataset::binary("points", x, self.y.clone()))
            }
            Task::Binary => {
                let odd = self.y.iter().position(|v| v.abs() != 1.0).unwrap_or(0);
                let found = format!("{} at place {}", self.y[odd], odd + 1);
                Err(bad("y", found, "the labels of a classification must be -1 or +1"))
            }
            Task::Multiclass => Err(Error::incompatible(
                "data.kind = \"points\"",
                "a loss for several classes",
                "its labels are -1 and +1; write several classes into a file",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(x: &[&[f64]], y: &[f64], task: Task) -> Result<Dataset, String> {
        let x = x.iter().map(|r| r.to_vec()).collect();
        Points { x, y: y.to_vec() }.dataset(task).map_err(|e| e.to_string())
    }

    #[test]
    fn holds_what_was_written() {
        let data = points(&[&[1.0, 0.25], &[-1.0, 0.25]], &[1.0, 1.0], Task::Binary).unwrap();
        assert_eq!((data.n(), data.d()), (2, 2));
        assert_eq!(data.x.to_dense().row(1), [-1.0, 0.25]);
        let targets = points(&[&[2.0]], &[0.5], Task::Regression).unwrap().targets;
        assert_eq!(targets, crate::data::Targets::Real(vec![0.5]));
    }

    #[test]
    fn names_what_does_not_fit() {
        let refuses = |x: &[&[f64]], y: &[f64], words: &str| {
            let error = points(x, y, Task::Binary).unwrap_err();
            assert!(error.contains(words), "{error}");
        };
        refuses(&[], &[], "one row of numbers");
        refuses(&[&[1.0, 2.0], &[1.0]], &[1.0, 1.0], "row 2");
        refuses(&[&[1.0]], &[1.0, -1.0], "each sample of `x`, 1 sample");
        refuses(&[&[1.0]], &[0.5], "-1 or +1");
        refuses(&[&[1.0, 2.0], &[1.0, f64::NAN]], &[1.0, 1.0], "NaN in row 2, column 2");
    }
}
