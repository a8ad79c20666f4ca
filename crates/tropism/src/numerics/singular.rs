//! Upper bounds on the nuclear and the spectral norm that trust no singular value decomposition.
//!
//! Any `U`, `s`, `V` will do: with `R = M − U diag(s) Vᵀ`,
//! `‖M‖_* ≤ Σ s_k ‖u_k‖ ‖v_k‖ + √p ‖R‖_F` and `‖M‖₂ ≤ max s ‖U‖₂ ‖V‖₂ + ‖R‖_F`, `‖U‖₂² ≤ 1 + ‖UᵀU − I‖_F`. A computed
//! decomposition makes both tight to a few roundings; a wrong one would only make them loose. Every product is
//! charged `γ_n |A| |B|` for its inner dimension `n` (Higham 2002, Accuracy and Stability of Numerical Algorithms,
//! eq. 3.13).
//!
//! Shapes: `M [m × n]`, `p = min(m, n)`. Units: those of `M`.

use super::directed::gamma;
use super::linalg::{self, matmul_nt, matmul_tn, norm2};
use super::matrix::Matrix;

/// An upper bound on `Σ σ(M)`; `∞` for entries that are not finite.
pub fn nuclear_above(m: &Matrix) -> f64 {
    if m.as_slice().iter().all(|v| *v == 0.0) {
        return 0.0;
    }
    let Some(parts) = Parts::new(m) else { return f64::INFINITY };
    let length = |a: &Matrix, k: usize| (0..a.rows()).map(|i| a.get(i, k).powi(2)).sum::<f64>().sqrt();
    let terms: f64 = (0..parts.s.len()).map(|k| parts.s[k] * length(&parts.u, k) * length(&parts.v, k)).sum();
    let rounding = gamma(m.rows() + m.cols() + parts.s.len() + 8);
    let rest = (parts.s.len() as f64).sqrt() * parts.rest;
    parts.restored((terms * (1.0 + 2.0 * rounding) + rest * (1.0 + 1e-12)).next_up())
}

/// An upper bound on `σ_max(M)`; `∞` for entries that are not finite.
pub fn spectral_above(m: &Matrix) -> f64 {
    if m.as_slice().iter().all(|v| *v == 0.0) {
        return 0.0;
    }
    let Some(parts) = Parts::new(m) else { return f64::INFINITY };
    let top = parts.s.first().copied().unwrap_or(0.0);
    // √(1 + a) √(1 + b) ≤ 1 + (a + b)/2.
    let stretch = 1.0 + 0.5 * (skewness(&parts.u) + skewness(&parts.v));
    parts.restored((top * stretch * (1.0 + 4.0 * f64::EPSILON) + parts.rest).next_up())
}

/// An upper bound on `‖QᵀQ − I‖_F`.
fn skewness(q: &Matrix) -> f64 {
    let mut gram = matmul_tn(q, q);
    let size: f64 = (0..gram.rows()).map(|i| gram.get(i, i)).sum();
    (0..gram.rows()).for_each(|i| gram.set(i, i, gram.get(i, i) - 1.0));
    // ‖|Q|ᵀ|Q|‖_F ≤ ‖Q‖_F²; the subtraction rounds within the same bound.
    (norm2(gram.as_slice()) + 2.0 * gamma(q.rows() + 2) * size) * (1.0 + 1e-12)
}

/// A decomposition of `2^e M`, and an upper bound on the Frobenius norm of what it misses.
struct Parts {
    u: Matrix,
    s: Vec<f64>,
    v: Matrix,
    rest: f64,
    /// `2^-e`, in two factors: at the ends of the range it is not a number by itself.
    back: f64,
}

impl Parts {
    fn new(m: &Matrix) -> Option<Self> {
        let top = linalg::max_abs(m.as_slice());
        if !top.is_finite() {
            return None;
        }
        // Entries of size one by a power of two, which rounds nothing.
        let half = -(0.5 * top.log2()).round();
        let (up, back) = (half.exp2(), (-half).exp2());
        let scaled = Matrix::from_vec(m.rows(), m.cols(), m.as_slice().iter().map(|v| v * up * up).collect());
        let svd = linalg::svd(&scaled)?;
        let mut weighted = svd.u.clone();
        for i in 0..weighted.rows() {
            weighted.row_mut(i).iter_mut().zip(&svd.s).for_each(|(u, s)| *u *= s);
        }
        let mut rest = matmul_nt(&weighted, &svd.v);
        // ‖|U| diag(s) |V|ᵀ‖_F ≤ Σ s_k ‖u_k‖ ‖v_k‖, with vectors of length one to many digits.
        let reach = svd.s.iter().sum::<f64>() * (1.0 + 1e-9);
        rest.as_mut_slice().iter_mut().zip(scaled.as_slice()).for_each(|(r, m)| *r = m - *r);
        // Product, scaling by s and difference.
        let lost = gamma(svd.s.len() + 6) * (reach + norm2(scaled.as_slice()));
        let rest = norm2(rest.as_slice()) * (1.0 + gamma(m.rows() * m.cols() + 4)) + lost * (1.0 + 1e-9);
        Some(Self { u: svd.u, s: svd.s, v: svd.v, rest, back })
    }

    fn restored(&self, bound: f64) -> f64 {
        ((bound * self.back).next_up() * self.back).next_up()
    }
}
