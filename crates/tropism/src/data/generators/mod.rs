//! Synthetic data with a known answer: each generator is a formula, a seed and what is true about the result.
//!
//! A generator draws from `Stream::Data` only, in a fixed order, so that one seed gives the same bits
//! everywhere. What it knows it states: the hidden weights in [`Truth`], the property that holds by
//! construction in the notes.

pub mod aligned_regression;
pub mod degenerate_support;
pub mod dense_regression;
pub mod gaussian_separable;
pub mod matrix_completion;
pub mod matrix_sensing;
pub mod multiclass_gaussian;
pub mod overlapping;
pub mod partly_separable;
pub mod soudry_fig1;
pub mod sparse_regression;

pub use aligned_regression::AlignedRegression;
pub use degenerate_support::DegenerateSupport;
pub use dense_regression::DenseRegression;
pub use gaussian_separable::GaussianSeparable;
pub use matrix_completion::MatrixCompletion;
pub use matrix_sensing::MatrixSensing;
pub use multiclass_gaussian::MulticlassGaussian;
pub use overlapping::Overlapping;
pub use partly_separable::PartlySeparable;
pub use soudry_fig1::SoudryFig1;
pub use sparse_regression::SparseRegression;

use super::{Dataset, Truth};
use crate::Error;
use crate::numerics::{
    Matrix,
    linalg::{axpy, dot, matvec, norm2},
    rng::Rng,
};
use rand_distr::{Distribution, StandardNormal};

/// A seeded source of data.
pub trait Generator {
    /// The generator's id, as in `gaussian_separable`.
    fn id(&self) -> &'static str;

    /// Draws the data set of `seed`.
    ///
    /// # Errors
    /// [`Error::BadValue`] for a key outside its range.
    fn generate(&self, seed: u64) -> Result<Dataset, Error>;
}

/// `len` independent standard normal numbers.
fn normal(rng: &mut Rng, len: usize) -> Vec<f64> {
    (0..len).map(|_| StandardNormal.sample(rng)).collect()
}

/// A uniformly distributed unit vector.
fn unit(rng: &mut Rng, d: usize) -> Vec<f64> {
    loop {
        let mut u = normal(rng, d);
        let len = norm2(&u);
        // A normal vector of length below 1e-100 does not happen, but dividing by it would be wrong.
        if len > 1e-100 {
            u.iter_mut().for_each(|v| *v /= len);
            return u;
        }
    }
}

/// A standard normal vector with its part along the unit vector `u` replaced by `along`.
fn normal_with_component(rng: &mut Rng, u: &[f64], along: f64) -> Vec<f64> {
    let mut z = normal(rng, u.len());
    // Twice is enough: the first pass leaves a relative error of one rounding.
    for _ in 0..2 {
        let c = dot(&z, u);
        axpy(-c, u, &mut z);
    }
    axpy(along, u, &mut z);
    z
}

/// +1, −1, +1, …
fn alternating(i: usize) -> f64 {
    if i.is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// A regression `y = X w + noise · ε` on inputs `x_ij = √(spectrum_j) ε_ij` (spectrum 1 if `None`).
fn regression(
    id: &str,
    rng: &mut Rng,
    n: usize,
    weights: Vec<f64>,
    spectrum: Option<Vec<f64>>,
    noise: f64,
) -> Dataset {
    let d = weights.len();
    let mut x = Matrix::from_vec(n, d, normal(rng, n * d));
    if let Some(s) = &spectrum {
        for i in 0..n {
            x.row_mut(i).iter_mut().zip(s).for_each(|(v, l)| *v *= l.sqrt());
        }
    }
    let mut y = vec![0.0; n];
    matvec(&x, &weights, &mut y);
    axpy(noise, &normal(rng, n), &mut y);
    let mut data = Dataset::regression(id, x, y);
    data.notes.push(if n < d {
        format!("{n} samples and {d} weights: infinitely many weights interpolate the data.")
    } else {
        format!("{n} samples and {d} weights: least squares has only one minimiser, so nothing is selected.")
    });
    data.truth = Some(Truth { weights, noise, spectrum });
    data
}

/// `value ≥ least`, or the error that says so.
fn at_least(key: &str, value: usize, least: usize) -> Result<(), Error> {
    if value >= least {
        return Ok(());
    }
    Err(Error::bad_value("data", key, value, &format!("it must be a whole number of at least {least}")))
}

/// `n × d` entries must fit into memory: at most 2^30 of them (8 GiB).
fn fits(n: usize, d: usize) -> Result<(), Error> {
    if n.checked_mul(d).is_some_and(|e| e <= 1 << 30) {
        return Ok(());
    }
    Err(Error::bad_value(
        "data",
        "n",
        n,
        &format!("with d = {d} at most 2^30 entries in all can be drawn; make n or d smaller"),
    ))
}

/// Largest size of anything drawn: ten orders below what data may hold, for the tails of a normal variable and for sums.
const LARGEST: f64 = 1e90;

/// A number above zero that is not too large, or the error that says so.
fn positive(key: &str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value <= LARGEST {
        return Ok(());
    }
    let expected = format!("it must be a number above 0 and at most {LARGEST:e}");
    Err(Error::bad_value("data", key, shown(value), &expected))
}

/// A number of at least zero that is not too large, or the error that says so.
fn not_negative(key: &str, value: f64) -> Result<(), Error> {
    if (0.0..=LARGEST).contains(&value) {
        return Ok(());
    }
    let expected = format!("it must be a number of at least 0 and at most {LARGEST:e}");
    Err(Error::bad_value("data", key, shown(value), &expected))
}

/// A number as it would be written in a file: large ones with an exponent.
fn shown(value: f64) -> String {
    format!("{value:?}")
}

#[cfg(test)]
mod tests;
