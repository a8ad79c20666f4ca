//! Largest eigenvalue of a symmetric operator that is known by its products only, by the method of Lanczos with full
//! reorthogonalisation.
//!
//! After `j` products the operator acts on the Krylov space as a tridiagonal `T_j`. A unit eigenvector `s` of `T_j` to the
//! eigenvalue `λ` gives a vector whose residual is exactly `β_j |s_j|`: some eigenvalue of the operator lies within it of `λ`, and
//! within its square divided by the distance to the others where these are further (Parlett 1998, The Symmetric Eigenvalue
//! Problem, ch. 11 and 13). That it is the largest rests on the random start, which has a part along every eigenvector.

use super::Matrix;
use super::linalg::{axpy, dot, norm2, symmetric_eigen};
use super::rng::{Stream, rng};
use rand_distr::{Distribution, StandardNormal};

/// Products between looks at the eigenvalues of `T_j`, whose cost grows with the cube of `j`.
const STRIDE: usize = 8;

/// The largest eigenvalue with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Largest {
    pub value: f64,
    /// Distance within which an eigenvalue of the operator is certain to lie, up to rounding.
    pub residual: f64,
    pub products: usize,
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The residual asked for, relative to the largest modulus of an eigenvalue seen.
    pub tolerance: f64,
    /// Most products; each keeps a vector.
    pub products: usize,
}

/// The algebraically largest eigenvalue of the symmetric operator `product(v [dim], out [dim])`. The same operator gives the same
/// bits: the start is a fixed stream. `None` for dimension 0, where a product is not finite, and where the limits do not suffice.
pub fn largest_eigenvalue(
    dim: usize,
    limits: Limits,
    mut product: impl FnMut(&[f64], &mut [f64]),
) -> Option<Largest> {
    let most = limits.products.min(dim);
    let mut random = rng(0, Stream::Control);
    let mut next: Vec<f64> = (0..dim).map(|_| StandardNormal.sample(&mut random)).collect();
    let (mut basis, mut diagonal, mut beside): (Vec<Vec<f64>>, Vec<f64>, Vec<f64>) = (vec![], vec![], vec![]);
    let mut size = norm2(&next);
    for j in 1..=most {
        let v: Vec<f64> = next.iter().map(|x| x / size).collect();
        product(&v, &mut next);
        diagonal.push(dot(&v, &next));
        basis.push(v);
        let before = norm2(&next);
        // Once leaves rounding of what is taken away; twice is enough (Parlett 1998, §6.9).
        for _ in 0..2 {
            for b in &basis {
                axpy(-dot(b, &next), b, &mut next);
            }
        }
        size = norm2(&next);
        if !before.is_finite() || !size.is_finite() {
            return None;
        }
        // What is left is rounding: the space is invariant.
        let closed = j == dim || size <= dim as f64 * f64::EPSILON * before;
        if closed || j == most || j % STRIDE == 0 {
            let left = if closed { 0.0 } else { size };
            let (value, residual, scale) = ritz(&diagonal, &beside, left)?;
            if closed || residual <= limits.tolerance * scale {
                return Some(Largest { value, residual, products: j });
            }
        }
        beside.push(size);
    }
    None
}

/// Largest eigenvalue of the tridiagonal matrix, its residual where `left` is the next entry beside the diagonal, and the
/// largest modulus of its eigenvalues.
fn ritz(diagonal: &[f64], beside: &[f64], left: f64) -> Option<(f64, f64, f64)> {
    let j = diagonal.len();
    let entry = |r: usize, c: usize| match r.abs_diff(c) {
        0 => diagonal[r],
        1 => beside[r.min(c)],
        _ => 0.0,
    };
    let (values, vectors) = symmetric_eigen(&Matrix::from_fn(j, j, entry))?;
    let (lowest, highest) = (values.first()?, values.last()?);
    Some((*highest, left * vectors.get(j - 1, j - 1).abs(), lowest.abs().max(highest.abs())))
}

#[cfg(test)]
mod tests {
    use super::super::linalg::{matmul_nn, matmul_nt, matvec};
    use super::*;

    const LIMITS: Limits = Limits { tolerance: 1e-8, products: 200 };

    fn of(m: &Matrix, limits: Limits) -> Option<Largest> {
        largest_eigenvalue(m.rows(), limits, |v, out| matvec(m, v, out))
    }

    fn gaussian(rows: usize, cols: usize, seed: u64) -> Matrix {
        let mut random = rng(seed, Stream::Data);
        Matrix::from_fn(rows, cols, |_, _| StandardNormal.sample(&mut random))
    }

    /// Against the dense eigensolver: indefinite, definite, of low rank, with an eigenvalue that is far larger in modulus below.
    #[test]
    fn is_the_largest_of_the_dense_eigensolver() {
        for (seed, n) in [(1, 1), (2, 2), (3, 9), (4, 60), (5, 150)] {
            let g = gaussian(n, n, seed);
            let (low, flat) =
                (gaussian(n, 2, seed + 10), Matrix::from_fn(n, n, |r, c| f64::from(u8::from(r == c))));
            let indefinite = Matrix::from_fn(n, n, |r, c| g.get(r, c) + g.get(c, r));
            let negative =
                Matrix::from_fn(n, n, |r, c| indefinite.get(r, c) - 1e3 * f64::from(u8::from(r == c)));
            for m in [matmul_nt(&g, &g), matmul_nt(&low, &low), indefinite, negative, flat] {
                let (values, _) = symmetric_eigen(&m).expect("finite");
                let scale = values[0].abs().max(values[n - 1].abs());
                let found = of(&m, LIMITS).expect("converges");
                // Not the residual but its square over the gap to the next: far below this.
                let off = (found.value - values[n - 1]).abs();
                assert!(off <= 1e-8 * scale, "n = {n}: {found:?} against {}", values[n - 1]);
                assert!(found.residual <= 1e-8 * scale && found.products <= n);
            }
        }
    }

    #[test]
    fn a_rotated_operator_has_the_same_value_and_a_zero_one_has_zero() {
        let g = gaussian(12, 12, 7);
        let m = matmul_nt(&g, &g);
        let svd = super::super::linalg::svd(&gaussian(12, 12, 8)).expect("finite");
        let turned = matmul_nt(&matmul_nn(&svd.u, &m), &svd.u);
        let (a, b) = (of(&m, LIMITS).expect("converges"), of(&turned, LIMITS).expect("converges"));
        assert!((a.value - b.value).abs() <= 1e-12 * a.value, "{a:?} {b:?}");
        assert_eq!(of(&Matrix::zeros(5, 5), LIMITS).map(|l| (l.value, l.products)), Some((0.0, 1)));
    }

    #[test]
    fn says_nothing_where_it_did_not_converge_or_is_not_finite() {
        let g = gaussian(100, 100, 9);
        let m = matmul_nt(&g, &g);
        assert_eq!(of(&m, Limits { tolerance: 1e-12, products: 4 }), None);
        assert_eq!(of(&Matrix::from_fn(3, 3, |_, _| f64::NAN), LIMITS), None);
        assert_eq!(of(&Matrix::zeros(0, 0), LIMITS), None);
    }
}
