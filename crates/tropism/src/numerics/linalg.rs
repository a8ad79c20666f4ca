//! Dense kernels. The matrix products, factorisations and decompositions are faer's, always sequential:
//! runs are parallelised one level up, and a sequential kernel gives the same bits on any number of
//! threads. The few vector kernels are written for vectorisation by `pulp`'s run-time dispatch.

use super::matrix::Matrix;
use super::products::View;
use faer::Par;
use faer::linalg::matmul::matmul;
use faer::linalg::solvers::{PartialPivLu, Solve};
use faer::{Accum, Side};

/// `⟨a, b⟩`.
#[inline]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    let mut acc = [0.0f64; 8];
    let (ca, ra) = a.as_chunks::<8>();
    let (cb, rb) = b[..a.len()].as_chunks::<8>();
    for (x, y) in ca.iter().zip(cb) {
        for l in 0..8 {
            acc[l] += x[l] * y[l];
        }
    }
    let tail: f64 = ra.iter().zip(rb).map(|(x, y)| x * y).sum();
    ((acc[0] + acc[4]) + (acc[1] + acc[5])) + ((acc[2] + acc[6]) + (acc[3] + acc[7])) + tail
}

/// `y += c x`.
#[inline]
pub fn axpy(c: f64, x: &[f64], y: &mut [f64]) {
    for (yi, xi) in y.iter_mut().zip(x) {
        *yi += c * xi;
    }
}

/// Euclidean norm without overflow or underflow.
pub fn norm2(x: &[f64]) -> f64 {
    let scale = max_abs(x);
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    if (1e-140..1e140).contains(&scale) {
        return dot(x, x).sqrt();
    }
    scale * x.iter().map(|v| (v / scale) * (v / scale)).sum::<f64>().sqrt()
}

/// Euclidean distance.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    norm2(&difference)
}

/// `min_i a_i b_i`, products that are NaN left out; `∞` if there are none.
#[inline(always)]
pub fn lowest_product(a: &[f64], b: &[f64]) -> f64 {
    let less = |m: f64, low: f64| if m < low { m } else { low };
    let mut low = [f64::INFINITY; 8];
    let (ca, ra) = a.as_chunks::<8>();
    let (cb, rb) = b[..a.len()].as_chunks::<8>();
    for (x, y) in ca.iter().zip(cb) {
        for l in 0..8 {
            low[l] = less(x[l] * y[l], low[l]);
        }
    }
    let start = low.into_iter().fold(f64::INFINITY, |m, v| less(v, m));
    ra.iter().zip(rb).fold(start, |m, (x, y)| less(x * y, m))
}

/// Largest modulus; NaN if any entry is NaN.
pub fn max_abs(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m: f64, v| if v.is_nan() || m.is_nan() { f64::NAN } else { m.max(v.abs()) })
}

/// `out = M w`.
pub fn matvec(m: &Matrix, w: &[f64], out: &mut [f64]) {
    view(m).times(w, out);
}

/// `out = Mᵀ r`.
pub fn matvec_transposed(m: &Matrix, r: &[f64], out: &mut [f64]) {
    view(m).transposed_times(r, out);
}

fn view(m: &Matrix) -> View<'_> {
    View { data: m.as_slice(), rows: m.rows(), cols: m.cols(), lower: false }
}

/// `A Bᵀ`.
pub fn matmul_nt(a: &Matrix, b: &Matrix) -> Matrix {
    let mut c = Matrix::default();
    matmul_nt_into(a, b, &mut c);
    c
}

/// `A Bᵀ` in the memory of `c`.
pub fn matmul_nt_into(a: &Matrix, b: &Matrix, c: &mut Matrix) {
    c.reset(a.rows(), b.rows());
    matmul(c.as_faer_mut(), Accum::Replace, a.as_faer(), b.as_faer().transpose(), 1.0, Par::Seq);
}

/// `Aᵀ B`.
pub fn matmul_tn(a: &Matrix, b: &Matrix) -> Matrix {
    let mut c = Matrix::zeros(a.cols(), b.cols());
    matmul(c.as_faer_mut(), Accum::Replace, a.as_faer().transpose(), b.as_faer(), 1.0, Par::Seq);
    c
}

/// `A B`.
pub fn matmul_nn(a: &Matrix, b: &Matrix) -> Matrix {
    let mut c = Matrix::zeros(a.rows(), b.cols());
    matmul(c.as_faer_mut(), Accum::Replace, a.as_faer(), b.as_faer(), 1.0, Par::Seq);
    c
}

/// Cholesky factor of a symmetric positive definite matrix (lower triangle read), or `None`.
pub struct Cholesky(faer::linalg::solvers::Llt<f64>);

impl Cholesky {
    pub fn new(a: &Matrix) -> Option<Self> {
        sequential();
        // A row-major lower triangle is a column-major upper one; the matrix is symmetric, so either will do.
        a.as_faer().llt(Side::Lower).ok().map(Self)
    }

    /// Smallest and largest diagonal entry of the factor: their ratio is at most the root of `1 / cond`.
    pub fn pivots(&self) -> (f64, f64) {
        let l = self.0.L();
        let entries = (0..l.nrows()).map(|i| l[(i, i)]);
        entries.fold((f64::INFINITY, 0.0), |(lo, hi), v| (lo.min(v), hi.max(v)))
    }

    /// The factor `L`, `A = L Lᵀ`.
    pub fn lower(&self) -> Matrix {
        let l = self.0.L();
        Matrix::from_fn(l.nrows(), l.nrows(), |i, j| if j <= i { l[(i, j)] } else { 0.0 })
    }

    /// Solves in place.
    pub fn solve(&self, b: &mut [f64]) {
        let n = b.len();
        self.0.solve_in_place(faer::MatMut::from_column_major_slice_mut(b, n, 1));
    }
}

/// Solves a general square system; `None` if the factorisation is singular to working precision.
pub fn solve_general(a: &Matrix, b: &[f64]) -> Option<Vec<f64>> {
    sequential();
    let lu = PartialPivLu::new(a.as_faer());
    let mut x = b.to_vec();
    let n = x.len();
    lu.solve_in_place(faer::MatMut::from_column_major_slice_mut(&mut x, n, 1));
    x.iter().all(|v| v.is_finite()).then_some(x)
}

/// LU factors with partial pivoting of a general square matrix.
pub struct Lu(PartialPivLu<f64>);

impl Lu {
    pub fn new(a: &Matrix) -> Self {
        sequential();
        Self(PartialPivLu::new(a.as_faer()))
    }

    /// Solves in place; a singular matrix leaves entries that are not finite.
    pub fn solve(&self, b: &mut [f64]) {
        let n = b.len();
        self.0.solve_in_place(faer::MatMut::from_column_major_slice_mut(b, n, 1));
    }
}

/// Thin singular value decomposition `A = U diag(s) Vᵀ`, singular values in decreasing order.
pub struct Svd {
    pub u: Matrix,
    pub s: Vec<f64>,
    pub v: Matrix,
}

/// Thin SVD; `None` only if the iteration does not converge (NaN input).
pub fn svd(a: &Matrix) -> Option<Svd> {
    sequential();
    let svd = a.as_faer().thin_svd().ok()?;
    let s = svd.S().column_vector();
    Some(Svd {
        u: Matrix::from_faer(svd.U()),
        s: (0..s.nrows()).map(|i| s[i]).collect(),
        v: Matrix::from_faer(svd.V()),
    })
}

/// Singular values only, in decreasing order.
pub fn singular_values(a: &Matrix) -> Vec<f64> {
    sequential();
    a.as_faer().singular_values().unwrap_or_else(|_| vec![f64::NAN; a.rows().min(a.cols())])
}

/// Eigenvalues in increasing order and eigenvectors as columns of a symmetric matrix.
pub fn symmetric_eigen(a: &Matrix) -> Option<(Vec<f64>, Matrix)> {
    sequential();
    let e = a.as_faer().self_adjoint_eigen(Side::Lower).ok()?;
    let s = e.S().column_vector();
    Some(((0..s.nrows()).map(|i| s[i]).collect(), Matrix::from_faer(e.U())))
}

/// Orthonormal basis (columns) of the row space of `x`, with its numerical rank: directions whose
/// singular value is below `max(n, d) * eps * s_max` are dropped.
pub fn row_space(x: &Matrix) -> Option<Matrix> {
    let d = svd(x)?;
    let cut = x.rows().max(x.cols()) as f64 * f64::EPSILON * d.s.first().copied().unwrap_or(0.0);
    let rank = d.s.iter().take_while(|&&s| s > cut).count();
    Some(Matrix::from_fn(x.cols(), rank, |i, j| d.v.get(i, j)))
}

/// `X = L Qᵀ` for `n ≤ d`: `L [n × n]` lower triangular, `Q [d × n]` with orthonormal columns.
pub fn lq(x: &Matrix) -> (Matrix, Matrix) {
    sequential();
    let qr = x.as_faer().transpose().qr();
    let r = qr.thin_R();
    let n = x.rows();
    let lower = Matrix::from_fn(n, n, |i, j| if j <= i { r[(j, i)] } else { 0.0 });
    (lower, Matrix::from_faer(qr.compute_thin_Q().as_ref()))
}

/// The orthogonal `Q [n × n]` of `A = Q R`, `A [n × m]`.
pub fn complete_q(a: &Matrix) -> Matrix {
    sequential();
    Matrix::from_faer(a.as_faer().qr().compute_Q().as_ref())
}

/// Most rows for which one product `X Xᵀ` is cheaper than the passes over `X` that a power iteration may need.
const MOST_GRAM: usize = 1_000;

/// Largest singular value of a matrix with few rows, by the same iteration on `X Xᵀ`, formed once.
fn spectral_norm_wide(x: &Matrix) -> f64 {
    let gram = matmul_nt(x, x);
    let n = gram.rows();
    let mut u: Vec<f64> = (0..n).map(|i| 1.0 + 0.5 * ((i * 7 + 3) % 11) as f64 / 11.0).collect();
    let mut next = vec![0.0; n];
    let mut last = 0.0;
    for _ in 0..1000 {
        let len = norm2(&u);
        if len == 0.0 {
            return 0.0;
        }
        u.iter_mut().for_each(|e| *e /= len);
        matvec(&gram, &u, &mut next);
        std::mem::swap(&mut u, &mut next);
        let now = norm2(&u).sqrt();
        if (now - last).abs() <= 1e-9 * now {
            return now * (1.0 + 1e-6);
        }
        last = now;
    }
    last * (1.0 + 1e-3)
}

/// Largest singular value, by power iteration on the smaller Gram side with a deterministic start,
/// rounded up by the last relative change: an upper estimate good to about 1e-6.
pub fn spectral_norm(x: &super::Design) -> f64 {
    let (n, d) = (x.rows(), x.cols());
    if let super::Design::Dense(m) = x
        && 4 * n <= d
        && n <= MOST_GRAM
    {
        return spectral_norm_wide(m);
    }
    let mut v: Vec<f64> = (0..d).map(|j| 1.0 + 0.5 * ((j * 7 + 3) % 11) as f64 / 11.0).collect();
    let mut u = vec![0.0; n];
    let mut last = 0.0;
    for _ in 0..1000 {
        let len = norm2(&v);
        if len == 0.0 {
            return 0.0;
        }
        v.iter_mut().for_each(|e| *e /= len);
        x.apply(&v, &mut u);
        x.adjoint(&u, &mut v);
        let now = norm2(&v).sqrt();
        if (now - last).abs() <= 1e-9 * now {
            return now * (1.0 + 1e-6);
        }
        last = now;
    }
    last * (1.0 + 1e-3)
}

fn sequential() {
    faer::set_global_parallelism(Par::Seq);
}
