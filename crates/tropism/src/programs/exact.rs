//! What can be proven about a linear system in floating point: exact column dependence and an enclosed inverse.

use crate::numerics::Matrix;
use crate::numerics::directed::{gamma, two_product, two_sum};
use crate::numerics::linalg::{Lu, matmul_nn};

/// Whether `Σ c_l x_l` is zero exactly, by a growing expansion without any rounding (Shewchuk 1997, Adaptive
/// precision floating-point arithmetic, §2.4). False also when a product underflows or overflows.
pub(super) fn sum_is_zero(terms: impl Iterator<Item = (f64, f64)>) -> bool {
    let mut parts: Vec<f64> = vec![];
    for (c, x) in terms.filter(|(c, x)| *c != 0.0 && *x != 0.0) {
        let (p, e) = two_product(c, x);
        if !p.is_finite() || p.abs() < 1e-250 {
            return false;
        }
        for mut q in [e, p] {
            let mut kept = vec![];
            for &part in &parts {
                let (s, err) = two_sum(q, part);
                if err != 0.0 {
                    kept.push(err);
                }
                q = s;
            }
            if q != 0.0 {
                kept.push(q);
            }
            parts = kept;
        }
    }
    parts.iter().all(|v| *v == 0.0)
}

/// An upper bound on the entries of `|B⁻ᵀ| r`, `r ≥ 0`, proving on the way that `B` is invertible: with an
/// approximate inverse `C` of `Bᵀ` and `β = ‖|I − C Bᵀ|‖_∞ < 1`, `|B⁻ᵀ x| ≤ |C| |x| + β/(1 − β) ‖|C| |x|‖_∞` (Rump 2010,
/// Verification methods, Acta Numerica 19, §10.1). `None` if that fails.
pub(super) fn inverse_times(b: &Matrix, r: &[f64]) -> Option<Vec<f64>> {
    let m = b.rows();
    let bt = b.transposed();
    // Row i of C solves B c = e_i.
    let mut c = Matrix::zeros(m, m);
    let factor = Lu::new(b);
    for i in 0..m {
        c.set(i, i, 1.0);
        factor.solve(c.row_mut(i));
    }
    let product = matmul_nn(&c, &bt);
    let absolute = |m: &Matrix| Matrix::from_fn(m.rows(), m.cols(), |i, j| m.get(i, j).abs());
    let size = matmul_nn(&absolute(&c), &absolute(&bt));
    let g = gamma(m + 4);
    let mut beta: f64 = 0.0;
    for i in 0..m {
        let row: f64 =
            (0..m).map(|j| (product.get(i, j) - f64::from(i == j)).abs() + g * (size.get(i, j) + 1.0)).sum();
        if row.is_nan() {
            // `max` would drop it, and with it the only trace of a singular matrix.
            return None;
        }
        beta = beta.max(row * (1.0 + g));
    }
    if beta >= 0.5 {
        return None;
    }
    let up = 1.0 + 4.0 * g;
    let first: Vec<f64> =
        (0..m).map(|i| c.row(i).iter().zip(r).map(|(c, r)| c.abs() * r).sum::<f64>() * up).collect();
    let worst = first.iter().copied().fold(0.0, f64::max);
    Some(first.iter().map(|v| (v + beta / (1.0 - beta) * worst) * up).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_zero_sums_are_told_from_tiny_ones() {
        // 0.1 + 0.2 − 0.3 is not zero in binary; three copies of a number less thrice it are.
        assert!(!sum_is_zero([(1.0, 0.1), (1.0, 0.2), (-1.0, 0.3)].into_iter()));
        assert!(sum_is_zero([(1.0, 0.1), (1.0, 0.1), (-2.0, 0.1)].into_iter()));
        assert!(sum_is_zero([(1e20, 1.0), (1.0, 0.5), (-1e20, 1.0), (-0.5, 1.0)].into_iter()));
        assert!(!sum_is_zero([(1e20, 1.0), (1.0, 1e-9), (-1e20, 1.0)].into_iter()));
    }

    #[test]
    fn the_inverse_is_enclosed_and_singular_matrices_are_refused() {
        let b = Matrix::from_rows(&[vec![2.0, 1.0], vec![0.0, 4.0]]);
        // B⁻ᵀ = [[1/2, 0], [−1/8, 1/4]]; |B⁻ᵀ| (1, 1) = (1/2, 3/8).
        let v = inverse_times(&b, &[1.0, 1.0]).unwrap();
        assert!(v[0] >= 0.5 && v[1] >= 0.375 && v[0] < 0.5 + 1e-12 && v[1] < 0.375 + 1e-12);
        assert!(inverse_times(&Matrix::from_rows(&[vec![1.0, 2.0], vec![2.0, 4.0]]), &[1.0, 1.0]).is_none());
    }
}
