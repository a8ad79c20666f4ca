//! Matrix sensing: inner products of a matrix of low rank with random matrices.
//!
//! `y_i = ⟨A_i, W*⟩ + noise·ε_i`, `A_i` with independent entries of variance `1/n`, or, with `commuting = true`, symmetric and
//! diagonal in one common basis, so that they commute.
//!
//! Shapes: inputs `rows × cols`, targets `[n]`; `truth.weights = W*` along rows. Commuting matrices are square, and `W*` is then
//! positive semidefinite in the same basis.
//!
//! Assumes: nothing.
//!
//! Source: Gunasekar et al. 2017, arXiv 1705.09280, section 2 (sensing) and Theorem 1 (commuting measurements).
//!
//! Units: those of the entries.
//!
//! Errors: sizes of 0, `rank` above the shorter side, `norm ≤ 0`, `noise < 0`, commuting matrices that are not square.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "matrix_sensing"
//! rows = 10
//! cols = 10
//! rank = 2
//! n = 60
//! ```

use super::matrix_completion::{check_shape, low_rank};
use super::{Generator, at_least, fits, normal, not_negative};
use crate::Error;
use crate::data::completion::of_matrices;
use crate::data::{Dataset, Truth};
use crate::numerics::gemm::{Factor, product};
use crate::numerics::linalg::{axpy, lq, matvec, norm2};
use crate::numerics::rng::{Rng, Stream, rng};
use crate::numerics::{Design, Matrix};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `matrix_sensing`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MatrixSensing {
    /// Rows of the matrix.
    #[schemars(range(min = 1))]
    pub rows: usize,
    /// Columns of the matrix.
    #[schemars(range(min = 1))]
    pub cols: usize,
    /// Rank of the matrix.
    #[schemars(range(min = 1))]
    pub rank: usize,
    /// Number of measurements.
    #[schemars(range(min = 1))]
    pub n: usize,
    /// Frobenius norm of the matrix.
    pub norm: f64,
    /// Standard deviation of the noise on the measurements.
    pub noise: f64,
    /// Whether the measurements commute.
    pub commuting: bool,
}

impl Default for MatrixSensing {
    fn default() -> Self {
        Self { rows: 10, cols: 10, rank: 2, n: 60, norm: 10.0, noise: 0.0, commuting: false }
    }
}

impl Generator for MatrixSensing {
    fn id(&self) -> &'static str {
        "matrix_sensing"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        let entries = check_shape(self.rows, self.cols, self.rank, self.norm)?;
        at_least("n", self.n, 1)?;
        fits(self.n, entries)?;
        not_negative("noise", self.noise)?;
        if self.commuting && self.rows != self.cols {
            let expected = format!("commuting measurements are square: as many as rows, {}", self.rows);
            return Err(Error::bad_value("data", "cols", self.cols, &expected));
        }
        let mut rng = rng(seed, Stream::Data);
        let (x, truth) =
            if self.commuting { self.commuting_draw(&mut rng) } else { self.plain_draw(&mut rng) };
        let mut y = vec![0.0; self.n];
        matvec(&x, truth.as_slice(), &mut y);
        axpy(self.noise, &normal(&mut rng, self.n), &mut y);
        let mut data = of_matrices(self.id(), Design::Dense(x), y, (self.rows, self.cols));
        data.truth = Some(Truth { weights: truth.as_slice().to_vec(), noise: self.noise, spectrum: None });
        if self.commuting {
            data.notes.push("The measurement matrices commute with one another.".into());
        }
        Ok(data)
    }
}

impl MatrixSensing {
    fn plain_draw(&self, rng: &mut Rng) -> (Matrix, Matrix) {
        let truth = low_rank(rng, self.rows, self.cols, self.rank, self.norm);
        let entries = self.rows * self.cols;
        let mut x = Matrix::from_vec(self.n, entries, normal(rng, self.n * entries));
        let scale = 1.0 / (self.n as f64).sqrt();
        x.as_mut_slice().iter_mut().for_each(|v| *v *= scale);
        (x, truth)
    }

    /// `A_i = Q diag(a_i) Qᵀ`, `W* = Q diag(w) Qᵀ` with `rank` positive entries.
    fn commuting_draw(&self, rng: &mut Rng) -> (Matrix, Matrix) {
        let d = self.rows;
        let (_, q) = lq(&Matrix::from_vec(d, d, normal(rng, d * d)));
        let mut spectrum: Vec<f64> = normal(rng, self.rank).iter().map(|v| v.abs() + 0.1).collect();
        let size = norm2(&spectrum);
        spectrum.iter_mut().for_each(|v| *v *= self.norm / size);
        spectrum.resize(d, 0.0);
        let mut truth = Matrix::zeros(d, d);
        in_basis(&q, &spectrum, truth.as_mut_slice());
        let mut x = Matrix::zeros(self.n, d * d);
        let scale = 1.0 / (self.n as f64).sqrt();
        for i in 0..self.n {
            let diagonal: Vec<f64> = normal(rng, d).iter().map(|v| v * scale).collect();
            in_basis(&q, &diagonal, x.row_mut(i));
        }
        (x, truth)
    }
}

/// `out = Q diag(spectrum) Qᵀ`.
fn in_basis(q: &Matrix, spectrum: &[f64], out: &mut [f64]) {
    let d = q.rows();
    let scaled = Matrix::from_fn(d, d, |i, j| q.get(i, j) * spectrum[j]);
    product(out, Factor::plain(scaled.as_slice(), d, d), Factor::plain(q.as_slice(), d, d).t(), false);
}
