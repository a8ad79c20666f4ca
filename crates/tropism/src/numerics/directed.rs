//! Error-bounded sums and products: what a certificate is allowed to believe.
//!
//! A dot product of length `n` computed in any order differs from the exact one by at most
//! `γ_n Σ|a_i b_i|`, `γ_n = n u / (1 − n u)`, `u = 2^-53` (Higham 2002, Accuracy and Stability of
//! Numerical Algorithms, §3.1). An [`Enclosure`] carries that bound along.

use super::wide::wide;

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

/// `a + b` as a rounded sum and its exact error (Knuth).
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// `a * b` as a rounded product and its exact error, barring underflow of the error below 2^-1074: a fused multiply-add
/// gives it for every product that is finite. Loops over it belong inside a dispatch (`wide!`), where that is one
/// instruction; elsewhere it is a call into the C library, exact all the same.
#[inline(always)]
pub fn two_product(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    (p, a.mul_add(b, -p))
}

/// Encloses `⟨a, b⟩` as if it had been computed in twice the working precision: the error is
/// `u |⟨a, b⟩| + O(γ_n²) Σ|a_i b_i|` (Ogita, Rump, Oishi 2005, Accurate Sum and Dot Product, Prop. 5.5, with
/// eight accumulators, whose merging is compensated as well).
///
/// Inlined so that a caller inside a `pulp` dispatch gets hardware fused multiply-adds.
#[inline(always)]
pub fn accurate_dot(a: &[f64], b: &[f64]) -> Enclosure {
    let (mut s, mut c, mut m) = ([0.0f64; 8], [0.0f64; 8], [0.0f64; 8]);
    let (ca, ra) = a.as_chunks::<8>();
    let (cb, rb) = b[..a.len()].as_chunks::<8>();
    for (x, y) in ca.iter().zip(cb) {
        for l in 0..8 {
            let (p, e) = two_product(x[l], y[l]);
            let (t, f) = two_sum(s[l], p);
            s[l] = t;
            c[l] += e + f;
            m[l] += p.abs();
        }
    }
    for (l, (x, y)) in ra.iter().zip(rb).enumerate() {
        let (p, e) = two_product(*x, *y);
        let (t, f) = two_sum(s[l], p);
        s[l] = t;
        c[l] += e + f;
        m[l] += p.abs();
    }
    let (mut total, mut low) = (0.0, 0.0);
    for l in 0..8 {
        let (t, f) = two_sum(total, s[l]);
        total = t;
        low += f + c[l];
    }
    compensated(total, low, m.iter().sum(), a.len() + 8)
}

/// The enclosure of a compensated sum `total + low` of `n` products with `Σ|products| ≈ moduli`.
#[inline(always)]
pub fn compensated(total: f64, low: f64, moduli: f64, n: usize) -> Enclosure {
    let g = gamma(n + 2);
    // Twice the published constant covers the grouping of the corrections and the rounding of `moduli`.
    let underflow = n as f64 * f64::MIN_POSITIVE * f64::EPSILON;
    let sum = total + low;
    Enclosure::around(sum, UNIT * sum.abs() * (1.0 + 1e-6) + 2.0 * g * g * moduli + underflow)
}
wide! {
    /// [`accurate_dot`] by itself, for callers outside a dispatch.
    pub fn enclosed_dot<'a>(a: &'a [f64], b: &'a [f64]) -> Enclosure {
        accurate_dot(a, b)
    }
}
