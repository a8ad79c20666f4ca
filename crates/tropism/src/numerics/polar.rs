//! Approximate polar factors by matrix products alone.

use super::linalg::norm2;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Coefficients `(a, b, c)` of the quintic `a x + b x³ + c x⁵` whose iterates bring singular values from `(0, 1]` into
/// about `[0.7, 1.2]` as fast as possible, rather than to one: Jordan et al. 2024.
pub const QUINTIC: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Newton-Schulz iteration `X ← a X + (b A + c A²) X`, `A = X Xᵀ`, from `G / ‖G‖_F`: overwrites `x`, a `rows × cols` matrix
/// stored row by row, by a matrix with its singular vectors and singular values near one; zero stays zero. `work` grows on
/// the first call and is reused.
pub fn newton_schulz(x: &mut [f64], (rows, cols): (usize, usize), iterations: u32, work: &mut Vec<f64>) {
    let length = norm2(x);
    if length == 0.0 || !length.is_finite() {
        return;
    }
    x.iter_mut().for_each(|v| *v /= length);
    // Row by row a matrix is its transpose column by column: products are taken on the shorter side either way.
    let (s, l) = (rows.min(cols), rows.max(cols));
    work.resize(2 * s * s + s * l, 0.0);
    let (square, next) = work.split_at_mut(2 * s * s);
    let (a, b) = square.split_at_mut(s * s);
    let [c1, c3, c5] = QUINTIC;
    for _ in 0..iterations {
        let view = shorter_side_first(x, rows, cols);
        let gram = MatMut::from_row_major_slice_mut(a, s, s);
        matmul(gram, Accum::Replace, view, view.transpose(), 1.0, Par::Seq);
        b.iter_mut().zip(a.iter()).for_each(|(b, a)| *b = c3 * a);
        let gram = MatRef::from_row_major_slice(a, s, s);
        matmul(MatMut::from_row_major_slice_mut(b, s, s), Accum::Add, gram, gram, c5, Par::Seq);
        (0..s).for_each(|i| b[i * s + i] += c1);
        let polynomial = MatRef::from_row_major_slice(b, s, s);
        let out = match rows <= cols {
            true => MatMut::from_row_major_slice_mut(next, rows, cols),
            false => MatMut::from_column_major_slice_mut(next, cols, rows),
        };
        matmul(out, Accum::Replace, polynomial, view, 1.0, Par::Seq);
        x.copy_from_slice(next);
    }
}

fn shorter_side_first(x: &[f64], rows: usize, cols: usize) -> MatRef<'_, f64> {
    match rows <= cols {
        true => MatRef::from_row_major_slice(x, rows, cols),
        false => MatRef::from_column_major_slice(x, cols, rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{Matrix, linalg};

    /// Five iterations bring singular values between 0.05 and 1 of the Frobenius norm into [0.68, 1.21] and keep the singular
    /// vectors, for wide and tall matrices: the scalar iteration on each singular value says where it must end.
    #[test]
    fn singular_values_end_near_one_as_the_scalar_iteration_says() {
        for (rows, cols) in [(3, 7), (7, 3), (4, 4), (1, 5), (5, 1)] {
            let g: Vec<f64> =
                (0..rows * cols).map(|i| ((i * i * 7 + 3 * i) % 19) as f64 / 9.0 - 1.0).collect();
            let before = linalg::svd(&Matrix::from_vec(rows, cols, g.clone())).unwrap();
            let total = norm2(&before.s);
            let mut x = g;
            newton_schulz(&mut x, (rows, cols), 5, &mut vec![]);
            for (r, s) in before.s.iter().enumerate() {
                let mut want = s / total;
                for _ in 0..5 {
                    let [a, b, c] = QUINTIC;
                    want = a * want + b * want.powi(3) + c * want.powi(5);
                }
                let entry = |i: usize, j: usize| before.u.get(i, r) * x[i * cols + j] * before.v.get(j, r);
                let got: f64 =
                    (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).sum();
                // Each iteration multiplies errors by at most the slope of the quintic, 3.5: 3.5^5 · 1e-15.
                assert!((got - want).abs() < 1e-12, "{rows} × {cols}: {got} {want}");
                assert!(
                    s / total < 0.05 || (0.68..1.21).contains(&got),
                    "{rows} × {cols}: {got} from {}",
                    s / total
                );
            }
        }
    }

    #[test]
    fn zero_stays_zero() {
        let mut x = vec![0.0; 6];
        newton_schulz(&mut x, (2, 3), 5, &mut vec![]);
        assert_eq!(x, vec![0.0; 6]);
    }
}
