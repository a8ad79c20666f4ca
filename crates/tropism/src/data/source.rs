//! The members of the `[data]` section: bundled sets, generators and files under one name.

use super::bundled::Bundled;
use super::generators::Generator;
use super::{
    Dataset, FileSpec, Labels, Preparation, Table, Targets, Task, bundled, file, generators, matrix, memory,
    points, prepare,
};
use crate::Error;
use crate::registry::member_enum;

member_enum! {
    /// Where the samples come from.
    "data" DataSpec {
        aligned_regression: generators::AlignedRegression, "generators/aligned_regression.rs",
        breast_cancer: bundled::BreastCancer, "bundled/breast_cancer.rs",
        camera: bundled::Camera, "bundled/camera.rs",
        degenerate_support: generators::DegenerateSupport, "generators/degenerate_support.rs",
        dense_regression: generators::DenseRegression, "generators/dense_regression.rs",
        diabetes: bundled::Diabetes, "bundled/diabetes.rs",
        digits: bundled::Digits, "bundled/digits.rs",
        file: file::FileSpec, "file.rs",
        gaussian_separable: generators::GaussianSeparable, "generators/gaussian_separable.rs",
        iris: bundled::Iris, "bundled/iris.rs",
        matrix: matrix::MatrixSpec, "matrix.rs",
        matrix_completion: generators::MatrixCompletion, "generators/matrix_completion.rs",
        matrix_sensing: generators::MatrixSensing, "generators/matrix_sensing.rs",
        memory: memory::Memory, "memory.rs",
        multiclass_gaussian: generators::MulticlassGaussian, "generators/multiclass_gaussian.rs",
        overlapping: generators::Overlapping, "generators/overlapping.rs",
        partly_separable: generators::PartlySeparable, "generators/partly_separable.rs",
        points: points::Points, "points.rs",
        soudry_fig1: generators::SoudryFig1, "generators/soudry_fig1.rs",
        sparse_regression: generators::SparseRegression, "generators/sparse_regression.rs",
    }
}

impl DataSpec {
    /// Loads or draws the data and prepares them for `task`.
    pub fn dataset(
        &self,
        how: &Preparation,
        task: Task,
        seed: u64,
        load: &dyn Fn(&FileSpec) -> Result<Table, Error>,
    ) -> Result<Dataset, Error> {
        match self {
            DataSpec::matrix(spec) => as_it_stands(spec.dataset(load)?, how),
            DataSpec::points(spec) => generated(spec.dataset(task)?, how, task, seed),
            DataSpec::file(spec) => prepare(load(spec)?, how, task, seed),
            other => match (other.bundled(), other.generator()) {
                (Some(set), _) => prepare(set.table()?, how, task, seed),
                (None, Some(generator)) => generated(generator.generate(seed)?, how, task, seed),
                (None, None) => Err(Error::incompatible(
                    "data.kind = \"memory\"",
                    "an experiment file",
                    "such data are handed over by a program through Setup::with_data; name a data set or a file",
                )),
            },
        }
    }

    fn bundled(&self) -> Option<&dyn Bundled> {
        match self {
            DataSpec::breast_cancer(d) => Some(d),
            DataSpec::diabetes(d) => Some(d),
            DataSpec::digits(d) => Some(d),
            DataSpec::iris(d) => Some(d),
            _ => None,
        }
    }

    fn generator(&self) -> Option<&dyn Generator> {
        match self {
            DataSpec::aligned_regression(d) => Some(d),
            DataSpec::camera(d) => Some(d),
            DataSpec::degenerate_support(d) => Some(d),
            DataSpec::dense_regression(d) => Some(d),
            DataSpec::gaussian_separable(d) => Some(d),
            DataSpec::matrix_completion(d) => Some(d),
            DataSpec::matrix_sensing(d) => Some(d),
            DataSpec::multiclass_gaussian(d) => Some(d),
            DataSpec::overlapping(d) => Some(d),
            DataSpec::partly_separable(d) => Some(d),
            DataSpec::soudry_fig1(d) => Some(d),
            DataSpec::sparse_regression(d) => Some(d),
            _ => None,
        }
    }
}

/// Matrices are not prepared: their entries are the targets.
fn as_it_stands(data: Dataset, how: &Preparation) -> Result<Dataset, Error> {
    if *how == Preparation::default() {
        return Ok(data);
    }
    Err(Error::incompatible(
        "a preparation of [data]",
        &format!("data.kind = \"{}\"", data.name),
        "the inputs are matrices and are used as they stand; leave out standardise, bias, classes and the like",
    ))
}

/// Generated data are used as drawn unless the experiment asks for a preparation; what is known of the truth stays
/// known only where the inputs stay as they are.
fn generated(data: Dataset, how: &Preparation, task: Task, seed: u64) -> Result<Dataset, Error> {
    if *how == Preparation::default() {
        return Ok(data);
    }
    if data.shape.is_some() {
        return as_it_stands(data, how);
    }
    let keep = !how.bias && how.standardise != Some(true) && how.classes.is_none();
    let labels = match &data.targets {
        Targets::Real(y) | Targets::Sign(y) => Labels::Numbers(y.clone()),
        Targets::Class { labels, .. } => Labels::Numbers(labels.iter().map(|&c| c as f64).collect()),
    };
    let x = std::sync::Arc::unwrap_or_clone(data.x);
    let mut table = Table::new(&data.name, data.features, x).with_label("label", labels);
    table.notes = data.notes;
    let mut out = prepare(table, how, task, seed)?;
    out.truth = data.truth.filter(|_| keep);
    Ok(out)
}
