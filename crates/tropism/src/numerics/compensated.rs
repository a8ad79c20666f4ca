//! Products with the data matrix in twice the working precision, each with a rigorous error bound.
//!
//! Every product is split exactly into two doubles by a fused multiply-add and summed with Knuth's two-sum, as
//! in Dot2 of Ogita, Rump, Oishi (2005), Accurate Sum and Dot Product, SIAM J. Sci. Comput. 26(6),
//! Proposition 5.5: `|computed − exact| ≤ u |exact| + γ_n² Σ|a_i b_i|`. Residuals of ill-conditioned systems
//! therefore keep their leading digits, which makes iterative refinement and tight dual bounds possible.
//!
//! What underflow of an error loses is covered by an absolute term; a product that overflows is not finite and the callers
//! treat it as "nothing proved". A single dot product is [`super::directed::enclosed_dot`]; here are sums that grow.

use super::design::Design;
use super::directed::{Enclosure, enclosed_dot, gamma};
use super::linalg;
use super::norm::Norm;
use super::wide::wide;

pub use super::directed::{two_product, two_sum};

/// A running sum of products.
#[derive(Debug, Clone, Copy, Default)]
pub struct Accumulator {
    high: f64,
    low: f64,
    modulus: f64,
    terms: usize,
}

impl Accumulator {
    /// Adds `a * b`.
    #[inline(always)]
    pub fn add_product(&mut self, a: f64, b: f64) {
        let (p, e) = two_product(a, b);
        let (s, f) = two_sum(self.high, p);
        self.high = s;
        self.low += e + f;
        self.modulus += p.abs();
        self.terms += 1;
    }

    /// Adds `a`.
    #[inline]
    pub fn add(&mut self, a: f64) {
        let (s, f) = two_sum(self.high, a);
        self.high = s;
        self.low += f;
        self.modulus += a.abs();
        self.terms += 1;
    }

    /// The sum, to about twice the working precision, rounded once.
    #[inline]
    pub fn value(&self) -> f64 {
        self.high + self.low
    }

    /// Bound on `|value − exact|`.
    pub fn error(&self) -> f64 {
        // Two roundings per term in the low part, hence γ of twice the length; the last term covers errors
        // of products that underflow (less than 2^-1074 per term), with room to spare.
        let g = gamma(2 * self.terms + 2);
        let tiny = (self.terms as f64 + 1.0) * 1e-300;
        (f64::EPSILON * self.value().abs() + g * g * self.modulus * 1.01 + tiny).next_up()
    }

    /// Contains the exact sum.
    pub fn enclosure(&self) -> Enclosure {
        Enclosure::around(self.value(), self.error())
    }
}

wide! {
    /// Adds `sign · ⟨a, b⟩`.
    fn add_dot<'a>(acc: &'a mut Accumulator, a: &'a [f64], b: &'a [f64], sign: f64) -> () {
        for (x, y) in a.iter().zip(b) {
            acc.add_product(*x, sign * y);
        }
    }
}

wide! {
    /// Adds `c row` entry by entry.
    fn add_row<'a>(c: f64, row: &'a [f64], out: &'a mut [Accumulator]) -> () {
        for (o, v) in out.iter_mut().zip(row) {
            o.add_product(*v, c);
        }
    }
}

/// `⟨a, b⟩` as a sum that can go on growing; [`enclosed_dot`] is faster for one that is complete.
pub fn dot(a: &[f64], b: &[f64]) -> Accumulator {
    let mut acc = Accumulator::default();
    add_dot(&mut acc, a, b, 1.0);
    acc
}

/// `Σ a_i`.
pub fn sum(a: &[f64]) -> Accumulator {
    let mut acc = Accumulator::default();
    a.iter().for_each(|&v| acc.add(v));
    acc
}

/// An upper bound on `‖v‖` that does not loosen with the length of `v` (vectors only; matrix norms are read as ℓ2).
///
/// Entries are divided by the power of two next to the largest, which rounds nothing. For ℓp each term carries the
/// error of one `powf` (a few `u`); the outer root divides it by `p` and adds its own, 16 u in all with room to spare.
pub fn norm_above(norm: Norm, v: &[f64]) -> f64 {
    let top = linalg::max_abs(v);
    if top == 0.0 || !top.is_finite() || norm == Norm::LInf {
        return top;
    }
    let unit = top.log2().floor().clamp(-1000.0, 1000.0).exp2();
    let scaled: Vec<f64> = v.iter().map(|e| e.abs() / unit).collect();
    let above = match norm {
        Norm::L1 => sum(&scaled).enclosure().hi,
        Norm::Lp(p) => {
            let powers: Vec<f64> = scaled.iter().map(|e| e.powf(p)).collect();
            sum(&powers).enclosure().hi.powf(1.0 / p) * (1.0 + 16.0 * f64::EPSILON)
        }
        _ => enclosed_dot(&scaled, &scaled).hi.sqrt().next_up(),
    };
    (above * unit).next_up()
}

/// `y − X w`: `w [d]`, `y [n]`, result `[n]`.
pub fn residual(x: &Design, w: &[f64], y: &[f64]) -> Vec<Accumulator> {
    let row = |(i, &yi): (usize, &f64)| {
        let mut acc = Accumulator::default();
        acc.add(yi);
        match x {
            Design::Dense(m) | Design::Lower(m) => add_dot(&mut acc, m.row(i), w, -1.0),
            Design::Sparse(_) => x.for_row(i, |j, v| acc.add_product(v, -w[j])),
        }
        acc
    };
    y.iter().enumerate().map(row).collect()
}

/// `Xᵀ r − c`: `r [n]`, `c [d]`, result `[d]`.
pub fn adjoint_residual(x: &Design, r: &[f64], c: &[f64]) -> Vec<Accumulator> {
    let mut out = adjoint(x, r);
    out.iter_mut().zip(c).for_each(|(o, &v)| o.add(-v));
    out
}

/// `Xᵀ r`: `r [n]`, result `[d]`.
pub fn adjoint(x: &Design, r: &[f64]) -> Vec<Accumulator> {
    let mut out = vec![Accumulator::default(); x.cols()];
    for (i, &c) in r.iter().enumerate() {
        match x {
            _ if c == 0.0 => {}
            Design::Dense(m) | Design::Lower(m) => add_row(c, m.row(i), &mut out),
            Design::Sparse(_) => x.for_row(i, |j, v| out[j].add_product(v, c)),
        }
    }
    out
}

/// Values alone.
pub fn values(v: &[Accumulator]) -> Vec<f64> {
    v.iter().map(Accumulator::value).collect()
}

/// Error bounds alone.
pub fn errors(v: &[Accumulator]) -> Vec<f64> {
    v.iter().map(Accumulator::error).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Matrix;

    #[test]
    fn cancellation_is_survived() {
        // 1e16·1 + 1·1 − 1e16·1: the plain sum gives 0 or 2, the exact one is 1.
        let acc = dot(&[1e16, 1.0, -1e16], &[1.0, 1.0, 1.0]);
        assert_eq!(acc.value(), 1.0);
        // u + γ_8² · 2e16 ≈ 2e-14.
        assert!(acc.error() < 1e-13);
        let (p, e) = two_product(1.0 + f64::EPSILON, 1.0 + f64::EPSILON);
        // (1 + ε)² = 1 + 2ε + ε²: the last term does not fit into p.
        assert_eq!((p, e), (1.0 + 2.0 * f64::EPSILON, f64::EPSILON * f64::EPSILON));
    }

    #[test]
    fn norms_are_rounded_up_and_tight() {
        // Pythagorean and telescoping cases whose norms are known.
        let long = vec![0.1; 100_000];
        for (norm, v, exact) in [
            (Norm::L2, &[3.0, 4.0][..], 5.0),
            (Norm::L2, &[3e-200, -4e-200], 5e-200),
            (Norm::LInf, &[3.0, -4.0], 4.0),
            (Norm::Lp(3.0), &[3.0, 4.0, 5.0], 6.0),
            (Norm::Lp(4.0), &long, 0.1 * 100_000f64.powf(0.25)),
            (Norm::L1, &long, 10_000.0),
        ] {
            let above = norm_above(norm, v);
            // 0.1 and the reference itself are rounded: a few units either way.
            assert!(
                (above / exact - 1.0).abs() < 1e-14 && above >= exact * (1.0 - 1e-15),
                "{norm:?} {above}"
            );
        }
    }

    #[test]
    fn integer_products_are_exact() {
        let x: Design = Matrix::from_rows(&[vec![1.0, -2.0, 3.0], vec![0.0, 5.0, -1.0]]).into();
        assert_eq!(values(&adjoint(&x, &[2.0, 3.0])), [2.0, 11.0, 3.0]);
        assert_eq!(values(&residual(&x, &[1.0, 1.0, 1.0], &[2.0, 5.0])), [0.0, 1.0]);
        assert_eq!(values(&adjoint_residual(&x, &[2.0, 3.0], &[1.0, 1.0, 1.0])), [1.0, 10.0, 2.0]);
    }
}
