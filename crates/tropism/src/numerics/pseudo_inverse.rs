//! The Moore-Penrose inverse of a data matrix, factored once and applied with iterative refinement.
//!
//! Well-conditioned problems go through the Cholesky factor of the smaller, equilibrated Gram matrix
//! (`X Xᵀ` or `Xᵀ X`, sparse data never densified; only its diagonal for sparse rows without a common column, as in
//! matrix completion); all others through the thin SVD, whose singular values below
//! `max(n, d) u σ_max` count as zero. Refinement with residuals in twice the working precision makes up for
//! the squared condition number of the Gram matrix (Björck 1996, Numerical Methods for Least Squares Problems, §2.9).

use super::compensated;
use super::design::Design;
use super::linalg::{self, Cholesky, Svd};
use super::matrix::Matrix;
use std::sync::Arc;

/// `X⁺` for an `n × d` matrix `X`.
pub struct PseudoInverse {
    x: Arc<Design>,
    factor: Factor,
    rank: usize,
}

enum Factor {
    /// `S X Xᵀ S = L Lᵀ` with `S` diagonal; full row rank.
    Rows { chol: Cholesky, scale: Vec<f64> },
    /// `S Xᵀ X S = L Lᵀ`; full column rank.
    Cols { chol: Cholesky, scale: Vec<f64> },
    /// Rows without a column in common: `X Xᵀ` is diagonal; holds the reciprocals of its entries.
    Disjoint(Vec<f64>),
    /// Truncated to the numerical rank.
    Svd(Svd),
}

/// Smallest accepted ratio of diagonal entries of the Cholesky factor: condition numbers of `X` up to about 1e6,
/// for which one refinement step gains six digits and rank is beyond doubt.
const PIVOT_RATIO: f64 = 1e-6;

impl PseudoInverse {
    /// `None` only for data with NaN or infinite entries.
    pub fn new(x: Arc<Design>) -> Option<Self> {
        if let Some(reciprocals) = disjoint(&x) {
            let rank = reciprocals.len();
            return Some(Self { x, factor: Factor::Disjoint(reciprocals), rank });
        }
        Self::by_gram(x.clone()).or_else(|| Self::by_svd(x))
    }

    /// Through the smaller Gram matrix; `None` where that is too ill-conditioned for the rank to be beyond doubt.
    pub fn by_gram(x: Arc<Design>) -> Option<Self> {
        let wide = x.rows() <= x.cols();
        let mut gram = if wide { x.gram() } else { x.gram_columns() };
        let m = gram.rows();
        let scale: Vec<f64> = (0..m).map(|i| power_of_two(gram.get(i, i).sqrt())).collect();
        for i in 0..m {
            for j in 0..m {
                gram.set(i, j, gram.get(i, j) * scale[i] * scale[j]);
            }
        }
        let chol = Cholesky::new(&gram)?;
        let (low, high) = chol.pivots();
        let factor = if wide { Factor::Rows { chol, scale } } else { Factor::Cols { chol, scale } };
        (low >= PIVOT_RATIO * high).then_some(Self { x, factor, rank: m })
    }

    /// Always through the SVD, so that [`PseudoInverse::reduced`] gives orthonormal rows: slower, and right where the
    /// condition number of `X` itself is in the way.
    pub fn by_svd(x: Arc<Design>) -> Option<Self> {
        let mut svd = linalg::svd(&x.to_dense())?;
        let top = svd.s.first().copied().unwrap_or(0.0);
        if !top.is_finite() {
            return None;
        }
        let cut = x.rows().max(x.cols()) as f64 * f64::EPSILON * top;
        let rank = svd.s.iter().take_while(|&&s| s > cut).count();
        svd.s.truncate(rank);
        Some(Self { x, factor: Factor::Svd(svd), rank })
    }

    /// Numerical rank of `X`.
    pub fn rank(&self) -> usize {
        self.rank
    }

    pub fn design(&self) -> &Arc<Design> {
        &self.x
    }

    /// `X⁺ r`: the shortest least-squares solution, `r [n]`, result `[d]`.
    pub fn solve(&self, r: &[f64]) -> Vec<f64> {
        let mut u = self.apply(r);
        for _ in 0..2 {
            let rest = compensated::values(&compensated::residual(&self.x, &u, r));
            linalg::axpy(1.0, &self.apply(&rest), &mut u);
        }
        u
    }

    /// `(Xᵀ)⁺ c`: the shortest `ν` with `Xᵀ ν` closest to `c`, `c [d]`, result `[n]`.
    pub fn solve_transposed(&self, c: &[f64]) -> Vec<f64> {
        let mut nu = self.apply_transposed(c);
        for _ in 0..2 {
            let rest = compensated::values(&compensated::adjoint_residual(&self.x, &nu, c));
            linalg::axpy(-1.0, &self.apply_transposed(&rest), &mut nu);
        }
        nu
    }

    /// Rows whose span is the row space, orthonormal and as many as the rank, with the map of a right-hand side
    /// into their coordinates and of duals back: `None` where the rows of `X` serve as they are.
    pub fn reduced(&self, r: &[f64]) -> Option<(Design, Vec<f64>)> {
        let Factor::Svd(svd) = &self.factor else { return None };
        let rows = Matrix::from_fn(self.rank, self.x.cols(), |k, j| svd.v.get(j, k));
        let rhs = (0..self.rank).map(|k| column_dot(&svd.u, k, r) / svd.s[k]).collect();
        Some((rows.into(), rhs))
    }

    /// Takes a dual vector of [`PseudoInverse::reduced`] back to one of `X`.
    pub fn lift(&self, nu: &[f64]) -> Vec<f64> {
        let Factor::Svd(svd) = &self.factor else { return nu.to_vec() };
        let mut out = vec![0.0; self.x.rows()];
        for (k, v) in nu.iter().enumerate() {
            add_column(&svd.u, k, v / svd.s[k], &mut out);
        }
        out
    }

    /// `(X Xᵀ)⁺ r`, without refinement: a preconditioner. `r [n]`, result `[n]`.
    pub fn gram_solve(&self, r: &[f64]) -> Vec<f64> {
        match &self.factor {
            Factor::Rows { chol, scale } => scaled_solve(chol, scale, r.to_vec()),
            Factor::Disjoint(reciprocals) => r.iter().zip(reciprocals).map(|(r, c)| r * c).collect(),
            _ => self.apply_transposed(&self.apply(r)),
        }
    }

    fn apply(&self, r: &[f64]) -> Vec<f64> {
        let mut u = vec![0.0; self.x.cols()];
        match &self.factor {
            Factor::Disjoint(_) => self.x.adjoint(&self.gram_solve(r), &mut u),
            Factor::Rows { chol, scale } => {
                let nu = scaled_solve(chol, scale, r.to_vec());
                self.x.adjoint(&nu, &mut u);
            }
            Factor::Cols { chol, scale } => {
                self.x.adjoint(r, &mut u);
                u = scaled_solve(chol, scale, u);
            }
            Factor::Svd(svd) => {
                for (k, s) in svd.s.iter().enumerate() {
                    add_column(&svd.v, k, column_dot(&svd.u, k, r) / s, &mut u);
                }
            }
        }
        u
    }

    fn apply_transposed(&self, c: &[f64]) -> Vec<f64> {
        let mut nu = vec![0.0; self.x.rows()];
        match &self.factor {
            Factor::Disjoint(_) => {
                self.x.apply(c, &mut nu);
                nu = self.gram_solve(&nu);
            }
            Factor::Rows { chol, scale } => {
                self.x.apply(c, &mut nu);
                nu = scaled_solve(chol, scale, nu);
            }
            Factor::Cols { chol, scale } => {
                let v = scaled_solve(chol, scale, c.to_vec());
                self.x.apply(&v, &mut nu);
            }
            Factor::Svd(svd) => {
                for (k, s) in svd.s.iter().enumerate() {
                    add_column(&svd.u, k, column_dot(&svd.v, k, c) / s, &mut nu);
                }
            }
        }
        nu
    }
}

/// Reciprocals of the squared lengths of sparse rows that share no column; `None` for all other data.
fn disjoint(x: &Design) -> Option<Vec<f64>> {
    let Design::Sparse(s) = x else { return None };
    let mut taken = vec![false; s.cols];
    let fresh = s.indices.iter().all(|&j| !std::mem::replace(&mut taken[j as usize], true));
    let squares = x.row_norms().into_iter().map(|v| v * v);
    let reciprocals: Vec<f64> = squares.map(|v| 1.0 / v).collect();
    (fresh && reciprocals.iter().all(|v| v.is_finite() && *v > 0.0)).then_some(reciprocals)
}

/// The power of two nearest to `1 / v` (1 for a zero row): scaling by it rounds nothing.
fn power_of_two(v: f64) -> f64 {
    if v > 0.0 && v.is_finite() { (-v.log2().round()).clamp(-500.0, 500.0).exp2() } else { 1.0 }
}

fn scaled_solve(chol: &Cholesky, scale: &[f64], mut v: Vec<f64>) -> Vec<f64> {
    v.iter_mut().zip(scale).for_each(|(a, s)| *a *= s);
    chol.solve(&mut v);
    v.iter_mut().zip(scale).for_each(|(a, s)| *a *= s);
    v
}

fn column_dot(m: &Matrix, k: usize, v: &[f64]) -> f64 {
    v.iter().enumerate().map(|(i, e)| m.get(i, k) * e).sum()
}

fn add_column(m: &Matrix, k: usize, c: f64, out: &mut [f64]) {
    out.iter_mut().enumerate().for_each(|(i, o)| *o += c * m.get(i, k));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[Vec<f64>], rank: usize) {
        let x: Arc<Design> = Arc::new(Matrix::from_rows(rows).into());
        let inv = PseudoInverse::new(x.clone()).unwrap();
        assert_eq!(inv.rank(), rank);
        let truth: Vec<f64> = (0..x.cols()).map(|j| 1.0 + j as f64).collect();
        let mut y = vec![0.0; x.rows()];
        x.apply(&truth, &mut y);
        let u = inv.solve(&y);
        // Consistent by construction: solved to rounding of the right-hand side; u in the row space.
        let size = 1e-14 * linalg::max_abs(&y);
        assert!(compensated::residual(&x, &u, &y).iter().all(|a| a.value().abs() < size));
        let nu = inv.solve_transposed(&u);
        assert!(compensated::adjoint_residual(&x, &nu, &u).iter().all(|a| a.value().abs() < 1e-12));
        if let Some((rows, rhs)) = inv.reduced(&y) {
            assert!(compensated::residual(&rows, &u, &rhs).iter().all(|a| a.value().abs() < size));
        }
    }

    #[test]
    fn wide_tall_and_deficient() {
        check(&[vec![1.0, 2.0, 3.0], vec![0.0, 1.0, -1.0]], 2);
        check(&[vec![1.0, 2.0], vec![0.0, 1.0], vec![3.0, 1.0]], 2);
        check(&[vec![1.0, 2.0, 3.0], vec![2.0, 4.0, 6.0]], 1);
        check(&[vec![1.0, 1.0], vec![2.0, 2.0], vec![3.0, 3.0]], 1);
        check(&[vec![1e8, 2.0, 3.0], vec![0.0, 1e-4, -1e-4]], 2);
    }
}
