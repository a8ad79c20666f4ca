//! What is learned from: samples, targets and where they came from.
//!
//! A [`Dataset`] is complete in memory; reading files is the business of `tropism-files`. Every data set
//! records its notes (labels mapped, columns dropped, standardised, …), which the report prints.

pub mod bundled;
mod completion;
pub mod file;
pub mod generators;
mod margins;
pub mod matrix;
pub mod memory;
pub mod points;
pub mod prepare;
pub mod range;
mod source;
pub mod table;

pub use completion::HiddenEntry;
pub use file::{ColumnRef, FileSpec, Format, Layout};
pub use margins::MarginMap;
pub use prepare::{ClassName, Preparation, Task, prepare};
pub use source::DataSpec;
pub use table::{LabelColumn, Labels, RowNumbers, Table};

use crate::numerics::{Design, Matrix};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the model should output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Targets {
    /// Regression, `[n]`.
    Real(Vec<f64>),
    /// Binary classification, −1 or +1, `[n]`.
    Sign(Vec<f64>),
    /// Multiclass, labels `0..classes`, `[n]`.
    Class { labels: Vec<usize>, classes: usize },
}

impl Targets {
    pub fn len(&self) -> usize {
        match self {
            Targets::Real(y) | Targets::Sign(y) => y.len(),
            Targets::Class { labels, .. } => labels.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of outputs a model needs: 1, or the number of classes.
    pub fn outputs(&self) -> usize {
        match self {
            Targets::Real(_) | Targets::Sign(_) => 1,
            Targets::Class { classes, .. } => *classes,
        }
    }

    /// Margins from outputs `[n * k]`: `y f` for two classes, `f_y − f_c` for `c ≠ y` ascending for several
    /// (`[n (k − 1)]`); `None` for regression.
    pub fn margins(&self, outputs: &[f64]) -> Option<Vec<f64>> {
        match self {
            Targets::Real(_) => None,
            Targets::Sign(y) => Some(outputs.iter().zip(y).map(|(f, y)| f * y).collect()),
            Targets::Class { labels, classes } => {
                let of = |(f, &y): (&[f64], &usize)| -> Vec<f64> {
                    (0..*classes).filter(|&c| c != y).map(|c| f[y] - f[c]).collect()
                };
                Some(outputs.chunks_exact(*classes).zip(labels).flat_map(of).collect())
            }
        }
    }

    /// The rows `indices`, in that order.
    pub fn select(&self, indices: &[usize]) -> Targets {
        match self {
            Targets::Real(y) => Targets::Real(indices.iter().map(|&i| y[i]).collect()),
            Targets::Sign(y) => Targets::Sign(indices.iter().map(|&i| y[i]).collect()),
            Targets::Class { labels, classes } => {
                Targets::Class { labels: indices.iter().map(|&i| labels[i]).collect(), classes: *classes }
            }
        }
    }

    /// [`Targets::select`] into memory that is reused.
    pub fn select_into(&self, indices: &[usize], out: &mut Targets) {
        match (self, out) {
            (Targets::Real(y), Targets::Real(o)) | (Targets::Sign(y), Targets::Sign(o)) => {
                o.clear();
                o.extend(indices.iter().map(|&i| y[i]));
            }
            (Targets::Class { labels, .. }, Targets::Class { labels: o, .. }) => {
                o.clear();
                o.extend(indices.iter().map(|&i| labels[i]));
            }
            (_, out) => *out = self.select(indices),
        }
    }
}

/// The generating model, where a generator knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// True weights, `[k * d]` row by row.
    pub weights: Vec<f64>,
    /// Standard deviation of the additive noise on regression targets.
    pub noise: f64,
    /// Covariance spectrum of the inputs in the generator's basis, where it is diagonal.
    pub spectrum: Option<Vec<f64>>,
}

/// Samples and targets in memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// Id or file name, for messages and reports.
    pub name: String,
    /// Inputs, `n × d`.
    pub x: Arc<Design>,
    pub targets: Targets,
    /// One name per column.
    pub features: Vec<String>,
    /// Names of the classes: index 0 is −1 or class 0.
    pub classes: Vec<String>,
    /// What was done to the data on the way in, in full sentences.
    pub notes: Vec<String>,
    pub truth: Option<Truth>,
    /// Where an input is a matrix: its rows and columns, entries along rows.
    pub shape: Option<(usize, usize)>,
    /// Where the first columns are the pixels of an image: its rows and columns, pixels along rows.
    pub image: Option<(usize, usize)>,
    /// Held-out samples, prepared the same way.
    pub test: Option<Box<Dataset>>,
}

impl Dataset {
    /// A regression problem from rows and targets.
    pub fn regression(name: &str, x: Matrix, y: Vec<f64>) -> Self {
        Self::new(name, x, Targets::Real(y))
    }

    /// A binary problem from rows and labels −1 / +1.
    pub fn binary(name: &str, x: Matrix, y: Vec<f64>) -> Self {
        let mut d = Self::new(name, x, Targets::Sign(y));
        d.classes = vec!["-1".into(), "+1".into()];
        d
    }

    /// A multiclass problem from rows and labels `0..classes`.
    pub fn multiclass(name: &str, x: Matrix, labels: Vec<usize>, classes: usize) -> Self {
        let mut d = Self::new(name, x, Targets::Class { labels, classes });
        d.classes = (0..classes).map(|c| c.to_string()).collect();
        d
    }

    fn new(name: &str, x: Matrix, targets: Targets) -> Self {
        assert_eq!(x.rows(), targets.len(), "one target per row");
        let features = (0..x.cols()).map(|j| format!("x{j}")).collect();
        Self {
            name: name.into(),
            x: Arc::new(Design::Dense(x)),
            targets,
            features,
            classes: vec![],
            notes: vec![],
            truth: None,
            shape: None,
            image: None,
            test: None,
        }
    }

    pub fn n(&self) -> usize {
        self.x.rows()
    }

    pub fn d(&self) -> usize {
        self.x.cols()
    }

    /// The margin rows of a classification problem; `None` for regression.
    pub fn margins(&self) -> Option<MarginMap> {
        MarginMap::new(self.x.clone(), &self.targets)
    }
}
