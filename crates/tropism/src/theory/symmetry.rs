//! What gradient flow keeps of symmetric matrices.

use crate::numerics::Matrix;
use crate::numerics::linalg::{distance, matmul_nn, max_abs, norm2, symmetric_eigen};
use crate::spec::Setup;

/// Relative difference of mirrored entries that rounding leaves.
const SYMMETRIC: f64 = 1e-14;
/// Relative commutator that rounding leaves of matrices with common eigenvectors.
const COMMUTING: f64 = 1e-12;
/// More numbers than this in all measurements are not looked through.
const MOST: usize = 200_000;

/// What gradient flow from a balanced start keeps of a product of matrices where every `A_i` and the start are symmetric.
pub(crate) struct KeptSymmetry {
    /// Rows and columns of the matrix.
    pub order: usize,
    /// The start has no negative eigenvalue.
    pub semidefinite: bool,
    /// The `A_i` commute with each other and with the start.
    pub commuting: bool,
    measurements: Vec<Matrix>,
}

/// `None` where something is not symmetric, or too large.
pub(crate) fn keeps_symmetry(setup: &Setup) -> Option<KeptSymmetry> {
    let (order, cols) = setup.data.shape?;
    let n = setup.data.n();
    if order != cols || n * order * order > MOST {
        return None;
    }
    let start = Matrix::from_vec(order, order, setup.model.effective(&setup.theta0)?);
    let measured = |i: usize| {
        let mut row = vec![0.0; order * order];
        setup.data.x.add_row(i, 1.0, &mut row);
        Matrix::from_vec(order, order, row)
    };
    let measurements: Vec<Matrix> = (0..n).map(measured).collect();
    if asymmetry(&start) > SYMMETRIC || measurements.iter().any(|a| asymmetry(a) > SYMMETRIC) {
        return None;
    }
    let semidefinite = least_eigenvalue(order, start.as_slice())? >= 0.0;
    let pairs = |a: &Matrix| measurements.iter().map(|b| commutator(a, b)).fold(0.0, f64::max);
    let commuting = pairs(&start) <= COMMUTING && measurements.iter().all(|a| pairs(a) <= COMMUTING);
    Some(KeptSymmetry { order, semidefinite, commuting, measurements })
}

impl KeptSymmetry {
    /// How far a predictor `[order²]` is from what is kept, relative to its size.
    pub fn lost(&self, w: &[f64]) -> f64 {
        let m = Matrix::from_vec(self.order, self.order, w.to_vec());
        let negative = || {
            let least = least_eigenvalue(self.order, w).unwrap_or(0.0);
            (-least / max_abs(w).max(f64::MIN_POSITIVE)).max(0.0)
        };
        let apart = if self.commuting {
            self.measurements.iter().map(|a| commutator(&m, a)).fold(0.0, f64::max)
        } else {
            0.0
        };
        asymmetry(&m).max(apart).max(if self.semidefinite { negative() } else { 0.0 })
    }
}

/// Largest difference of mirrored entries, relative to the largest entry.
fn asymmetry(m: &Matrix) -> f64 {
    let scale = max_abs(m.as_slice()).max(f64::MIN_POSITIVE);
    let pairs = (0..m.rows()).flat_map(|i| (0..i).map(move |j| (i, j)));
    pairs.map(|(i, j)| (m.get(i, j) - m.get(j, i)).abs()).fold(0.0, f64::max) / scale
}

/// `‖AB − BA‖_F / (‖A‖_F ‖B‖_F)`.
fn commutator(a: &Matrix, b: &Matrix) -> f64 {
    let (ab, ba) = (matmul_nn(a, b), matmul_nn(b, a));
    let size = norm2(a.as_slice()) * norm2(b.as_slice());
    distance(ab.as_slice(), ba.as_slice()) / size.max(f64::MIN_POSITIVE)
}

/// Of a square matrix, symmetrised.
pub(super) fn least_eigenvalue(n: usize, m: &[f64]) -> Option<f64> {
    let even = Matrix::from_fn(n, n, |i, j| 0.5 * (m[i * n + j] + m[j * n + i]));
    symmetric_eigen(&even)?.0.first().copied()
}
