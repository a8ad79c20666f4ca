//! The unitary discrete Fourier transform `(F w)_k = d^{-1/2} Σ_j w_j e^{−2πi jk/d}` as a table of its entries.
//!
//! Certificates transform a vector or two, so `O(d²)` sums with plain error bounds serve better than a fast transform whose
//! rounding would have to be believed.

use super::directed::gamma;
use super::matrix::Matrix;

/// `F` for vectors of length `d`.
#[derive(Debug, Clone)]
pub struct Fourier {
    /// `cos(2π m / d) / √d` and `−sin(2π m / d) / √d`, `m = 0 .. d − 1`.
    table: Vec<(f64, f64)>,
}

impl Fourier {
    pub fn new(d: usize) -> Self {
        let root = (d as f64).sqrt();
        let entry = |m: usize| {
            // The nearest multiple of a quarter turn is taken out exactly: arguments stay below π/4.
            let (eighth, d) = (8 * m, d.max(1));
            let quarter = (eighth / d).div_ceil(2) % 4;
            let rest = 4.0 * m as f64 - (eighth / d).div_ceil(2) as f64 * d as f64;
            let (sin, cos) = (std::f64::consts::FRAC_PI_2 * rest / d as f64).sin_cos();
            let (cos, sin) = [(cos, sin), (-sin, cos), (-cos, -sin), (sin, -cos)][quarter];
            (cos / root, -sin / root)
        };
        Self { table: (0..d).map(entry).collect() }
    }

    /// Real and imaginary part of `F_kj`, each with an error of at most `4u / √d`.
    pub fn entry(&self, k: usize, j: usize) -> (f64, f64) {
        self.table[k * j % self.table.len()]
    }

    /// `F w`, real and imaginary parts, `[d]`.
    pub fn transform(&self, w: &[f64]) -> Vec<(f64, f64)> {
        let at = |k: usize| {
            let terms = w.iter().enumerate().map(|(j, v)| (self.entry(k, j), v));
            terms.fold((0.0, 0.0), |(re, im), ((c, s), v)| (re + c * v, im + s * v))
        };
        (0..w.len()).map(at).collect()
    }

    /// The real part of `F* s`: the signal `[d]` of a spectrum.
    pub fn inverse(&self, spectrum: &[(f64, f64)]) -> Vec<f64> {
        let at = |j: usize| {
            let terms = spectrum.iter().enumerate().map(|(k, v)| (self.entry(k, j), v));
            // The conjugate of the entry.
            terms.map(|((c, s), (re, im))| c * re + s * im).sum()
        };
        (0..spectrum.len()).map(at).collect()
    }

    /// Upper bounds on `|(F v)_k|` for every `v` within `error` of `w`, entrywise; `[d]`.
    pub fn moduli_above(&self, w: &[f64], error: &[f64]) -> Vec<f64> {
        let d = w.len();
        let root = (d as f64).sqrt();
        let total: f64 = w.iter().map(|v| v.abs()).sum();
        let blur: f64 = error.iter().sum();
        // Sums of d products and the entries themselves, in either part; √2 for the modulus, the rest rounds up.
        let lost = (1.5 * gamma(d + 12) * total + 1.01 * blur) / root;
        (0..d)
            .map(|k| {
                let (mut re, mut im) = (0.0, 0.0);
                for (j, v) in w.iter().enumerate() {
                    let (c, s) = self.entry(k, j);
                    re += c * v;
                    im += s * v;
                }
                (re.hypot(im) * (1.0 + 4.0 * f64::EPSILON) + lost).next_up()
            })
            .collect()
    }

    /// The real matrix `[d × 2d]` that takes a row `wᵀ` to the real parts of `F w`, then the imaginary ones.
    pub fn stacked(&self) -> Matrix {
        let d = self.table.len();
        Matrix::from_fn(d, 2 * d, |j, k| if k < d { self.entry(k, j).0 } else { self.entry(k - d, j).1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::linalg::{matmul_nt, norm2};

    #[test]
    fn the_transform_is_unitary_and_known_on_waves() {
        for d in [1, 2, 3, 8, 12, 31] {
            let f = Fourier::new(d);
            let s = f.stacked();
            let gram = matmul_nt(&s, &s);
            for i in 0..d {
                for j in 0..d {
                    let want = f64::from(u8::from(i == j));
                    assert!((gram.get(i, j) - want).abs() < 1e-14, "{d} {i} {j}");
                }
            }
            // cos(2π j/d + 1): all at frequencies 1 and d − 1, each of modulus √d / 2.
            let wave: Vec<f64> =
                (0..d).map(|j| (std::f64::consts::TAU * j as f64 / d as f64 + 1.0).cos()).collect();
            let above = f.moduli_above(&wave, &vec![0.0; d]);
            let back = f.inverse(&f.transform(&wave));
            assert!(back.iter().zip(&wave).all(|(a, b)| (a - b).abs() < 1e-14));
            let size = above.iter().map(|v| v * v).sum::<f64>().sqrt();
            assert!(size >= norm2(&wave) && size <= norm2(&wave) * (1.0 + 1e-13), "{d}");
            if d > 2 {
                assert!(
                    (above[1] - 0.5 * (d as f64).sqrt()).abs() < 1e-13 && above[2 % (d - 1)] < 1.0 + above[1]
                );
            }
        }
        // A single one: all moduli d^{-1/2}; a blur of one on it: twice that.
        let above = Fourier::new(4).moduli_above(&[0.0, 1.0, 0.0, 0.0], &[0.0, 1.0, 0.0, 0.0]);
        assert!(above.iter().all(|v| *v >= 1.0 && *v < 1.02), "{above:?}");
    }
}
