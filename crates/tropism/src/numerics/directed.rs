//! Error-bounded sums and products: what a certificate is allowed to believe.
//!
//! A dot product of length `n` computed in any order differs from the exact one by at most
//! `γ_n Σ|a_i b_i|`, `γ_n = n u / (1 − n u)`, `u = 2^-53` (Higham 2002, Accuracy and Stability of
//! Numerical Algorithms, §3.1). An [`Enclosure`] carries that bound along.

/// An interval `[lo, hi]` that contains the exact value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Enclosure {
    pub lo: f64,
    pub hi: f64,
}

impl Enclosure {
    /// Centre `c` with absolute error at most `e`.
    pub fn around(c: f64, e: f64) -> Self {
        Self { lo: (c - e).next_down(), hi: (c + e).next_up() }
    }

    pub fn mid(self) -> f64 {
        0.5 * (self.lo + self.hi)
    }

    pub fn width(self) -> f64 {
        self.hi - self.lo
    }
}

const UNIT: f64 = f64::EPSILON / 2.0;

/// `γ_n = n u / (1 − n u)`.
pub fn gamma(n: usize) -> f64 {
    let nu = n as f64 * UNIT;
    nu / (1.0 - nu)
}

/// Encloses `⟨a, b⟩`.
pub fn dot(a: &[f64], b: &[f64]) -> Enclosure {
    let (mut s, mut m) = (0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        s += x * y;
        m += (x * y).abs();
    }
    // One extra factor covers the rounding of `m` itself.
    Enclosure::around(s, gamma(a.len() + 2) * m * (1.0 + 1e-6))
}

/// Encloses `Σ a_i`.
pub fn sum(a: &[f64]) -> Enclosure {
    let s: f64 = a.iter().sum();
    let m: f64 = a.iter().map(|v| v.abs()).sum();
    Enclosure::around(s, gamma(a.len() + 1) * m * (1.0 + 1e-6))
}
