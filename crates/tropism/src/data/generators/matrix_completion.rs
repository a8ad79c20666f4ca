//! Matrix completion: some entries of a random matrix of low rank.
//!
//! `W* = U Vᵀ` with standard normal factors, scaled to the Frobenius norm `norm`; `observed` distinct entries are drawn without
//! replacement, plus `noise` on each. The other entries are held out.
//!
//! Shapes: inputs `rows × cols` (one nonzero each), targets `[observed]`; `truth.weights = W*` along rows.
//!
//! Assumes: nothing.
//!
//! Source: Arora et al. 2019, arXiv 1905.13655, section 5: 100 × 100, rank 5, norm 100, 2000 or 5000 entries.
//!
//! Units: those of the entries.
//!
//! Errors: sizes of 0, `rank` above the shorter side, more entries than there are, fewer than leave no row and no column
//! empty, `norm ≤ 0`, `noise < 0`.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "matrix_completion"
//! rows = 20
//! cols = 20
//! rank = 2
//! observed = 150
//! ```

use super::{Generator, at_least, fits, normal, not_negative};
use crate::Error;
use crate::data::Dataset;
use crate::data::completion::completion;
use crate::numerics::Matrix;
use crate::numerics::gemm::{Factor, product};
use crate::numerics::linalg::norm2;
use crate::numerics::rng::{Rng, Stream, rng};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `matrix_completion`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MatrixCompletion {
    /// Rows of the matrix.
    #[schemars(range(min = 1))]
    pub rows: usize,
    /// Columns of the matrix.
    #[schemars(range(min = 1))]
    pub cols: usize,
    /// Rank of the matrix.
    #[schemars(range(min = 1))]
    pub rank: usize,
    /// Number of entries that are observed.
    #[schemars(range(min = 1))]
    pub observed: usize,
    /// Frobenius norm of the matrix.
    pub norm: f64,
    /// Standard deviation of the noise on observed entries.
    pub noise: f64,
}

impl Default for MatrixCompletion {
    fn default() -> Self {
        Self { rows: 20, cols: 20, rank: 2, observed: 150, norm: 20.0, noise: 0.0 }
    }
}

/// Draws of the observed entries before giving up on covering every row and column.
const DRAWS: usize = 1000;

impl Generator for MatrixCompletion {
    fn id(&self) -> &'static str {
        "matrix_completion"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        let entries = check_shape(self.rows, self.cols, self.rank, self.norm)?;
        not_negative("noise", self.noise)?;
        if self.observed > entries || self.observed < self.rows.max(self.cols) {
            let expected = format!(
                "it must lie between {}, one for each row and column, and the {entries} entries there are",
                self.rows.max(self.cols)
            );
            return Err(Error::bad_value("data", "observed", self.observed, &expected));
        }
        let mut rng = rng(seed, Stream::Data);
        let truth = low_rank(&mut rng, self.rows, self.cols, self.rank, self.norm);
        for _ in 0..DRAWS {
            let observed = draw(&mut rng, entries, self.observed);
            let mut seen = truth.clone();
            let noise = normal(&mut rng, entries);
            let noisy = seen.as_mut_slice().iter_mut().zip(&noise).zip(&observed).filter(|(_, o)| **o);
            noisy.for_each(|((v, e), _)| *v += self.noise * e);
            let Ok(mut data) = completion(self.id(), &seen, &observed) else { continue };
            if let Some(t) = &mut data.truth {
                t.weights = truth.as_slice().to_vec();
                t.noise = self.noise;
            }
            return Ok(data);
        }
        let expected = "so few entries hardly ever touch every row and column: it must be larger";
        Err(Error::bad_value("data", "observed", self.observed, expected))
    }
}

/// `count` of `entries` marked, by a Fisher-Yates shuffle.
fn draw(rng: &mut Rng, entries: usize, count: usize) -> Vec<bool> {
    let mut places: Vec<usize> = (0..entries).collect();
    let mut marked = vec![false; entries];
    for i in 0..count {
        let j = rng.random_range(i as u64..entries as u64) as usize;
        places.swap(i, j);
        marked[places[i]] = true;
    }
    marked
}

/// Checks the keys of a matrix of low rank; the number of its entries.
pub(super) fn check_shape(rows: usize, cols: usize, rank: usize, norm: f64) -> Result<usize, Error> {
    at_least("rows", rows, 1)?;
    at_least("cols", cols, 1)?;
    at_least("rank", rank, 1)?;
    fits(rows, cols)?;
    super::positive("norm", norm)?;
    if rank > rows.min(cols) {
        let expected = format!("it may be at most the shorter side, {}", rows.min(cols));
        return Err(Error::bad_value("data", "rank", rank, &expected));
    }
    Ok(rows * cols)
}

/// `U Vᵀ` with standard normal factors, scaled to a Frobenius norm.
pub(super) fn low_rank(rng: &mut Rng, rows: usize, cols: usize, rank: usize, norm: f64) -> Matrix {
    let (u, v) = (normal(rng, rows * rank), normal(rng, cols * rank));
    let mut w = Matrix::zeros(rows, cols);
    product(w.as_mut_slice(), Factor::plain(&u, rows, rank), Factor::plain(&v, cols, rank).t(), false);
    let size = norm2(w.as_slice());
    w.as_mut_slice().iter_mut().for_each(|e| *e *= norm / size);
    w
}
