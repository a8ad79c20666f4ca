//! Separable mirror potentials `Φ(w) = Σ φ(w_j)` with their conjugates, accurate far outside the comfortable range.
//!
//! | potential | `φ(w)` | mirror map `φ'(w)` | inverse `φ*'(z)` |
//! |---|---|---|---|
//! | half square | `w²/2` | `w` | `z` |
//! | p-norm | `\|w\|^p / p` | `sign(w) \|w\|^{p−1}` | `sign(z) \|z\|^{q−1}` |
//! | negative entropy, `w ≥ 0` | `w log w − w` | `log w` | `e^z` |
//! | hypentropy | `w arcsinh(w/β) − √(w² + β²)` | `arcsinh(w/β)` | `β sinh z` |
//! | diagonal depth D | by its conjugate | `h⁻¹(w/c)` | `c ((1−z)^{−k} − (1+z)^{−k})`, `k = D/(D−2)` |
//!
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1802.08246) for the bias of mirror descent; Ghai, Hazan,
//! Singer 2020 (arXiv 1902.01903) for hypentropy; Woodworth et al. 2020 (arXiv 2002.09277): a depth-2 diagonal
//! network started at `u = v = α` moves in hypentropy with `β = 2α²`.
//! Units: `w` and `β` in the units of the weights. Bregman divergences never subtract nearly equal numbers:
//! each has a series or a difference formula near the diagonal.

use super::deep_diagonal::Deep;
use super::directed::Enclosure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A strictly convex function of one weight, summed over the weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Potential {
    /// `w²/2`: gradient descent.
    HalfSquare,
    /// `|w|^p / p`, `1 < p < ∞`.
    PNorm(f64),
    /// `w log w − w` on `w ≥ 0`: exponentiated gradient.
    NegEntropy,
    /// `w arcsinh(w/β) − √(w² + β²)`, `β > 0`: the depth-2 diagonal network with `β = 2α²`.
    Hypentropy(f64),
    /// The network `w = u^D − v^D` of depth `D ≥ 3` started at `u = v = α`, with `scale = α^D`: `φ(0) = 0`.
    DiagonalDepth { scale: f64, depth: u32 },
}

use Potential::{DiagonalDepth, HalfSquare, Hypentropy, NegEntropy, PNorm};

/// Relative error allowed for one call of `exp`, `ln`, `powf`, `sinh`, ... and the few operations around it.
pub(super) const CALL: f64 = 16.0 * f64::EPSILON;
/// Beyond this `arcsinh(x) = ln(2x)` to the last bit: the next term is `1/(4x²)`.
const LARGE: f64 = 1e8;

impl Potential {
    /// What gradient flow on `w = u^D − v^D` from `u = v` minimises the divergence of, `scale = u^D`, `D ≥ 2`.
    pub fn of_diagonal_network(scale: f64, depth: u32) -> Self {
        if depth == 2 { Hypentropy(2.0 * scale) } else { DiagonalDepth { scale, depth } }
    }

    /// Whether the parameter is admissible.
    pub fn is_valid(self) -> bool {
        match self {
            HalfSquare | NegEntropy => true,
            PNorm(p) => p > 1.0 && p.is_finite(),
            Hypentropy(beta) => beta > 0.0 && beta.is_finite(),
            DiagonalDepth { scale, depth } => scale > 0.0 && scale.is_finite() && depth >= 3,
        }
    }

    /// Whether `φ(w)` is finite.
    pub fn contains(self, w: f64) -> bool {
        w.is_finite() && (self != NegEntropy || w >= 0.0)
    }

    /// Whether the mirror map exists at `w`, as it must at a starting point.
    pub fn contains_start(self, w: f64) -> bool {
        w.is_finite() && (self != NegEntropy || w > 0.0)
    }

    /// The minimiser of `φ`, where training starts unless told otherwise.
    pub fn centre(self) -> f64 {
        self.inverse(0.0)
    }

    /// `φ(w)`; `+∞` outside the domain.
    pub fn value(self, w: f64) -> f64 {
        match self {
            HalfSquare => 0.5 * w * w,
            PNorm(p) => w.abs().powf(p) / p,
            NegEntropy if w > 0.0 => w * w.ln() - w,
            NegEntropy if w == 0.0 => 0.0,
            NegEntropy => f64::INFINITY,
            Hypentropy(beta) => w * self.mirror(w) - w.hypot(beta),
            DiagonalDepth { scale, depth } => Deep::new(scale, depth).divergence(w, 0.0).0,
        }
    }

    /// The mirror map `φ'(w)`.
    pub fn mirror(self, w: f64) -> f64 {
        match self {
            HalfSquare => w,
            PNorm(p) => w.abs().powf(p - 1.0).copysign(w),
            NegEntropy => w.ln(),
            Hypentropy(beta) => {
                let x = w / beta;
                if x.abs() < LARGE {
                    x.asinh()
                } else {
                    (std::f64::consts::LN_2 + w.abs().ln() - beta.ln()).copysign(w)
                }
            }
            DiagonalDepth { scale, depth } => Deep::new(scale, depth).mirror(w),
        }
    }

    /// The inverse mirror map `φ*'(z)`.
    pub fn inverse(self, z: f64) -> f64 {
        match self {
            HalfSquare => z,
            PNorm(p) => z.abs().powf(1.0 / (p - 1.0)).copysign(z),
            NegEntropy => z.exp(),
            Hypentropy(beta) if z.abs() < 700.0 => beta * z.sinh(),
            Hypentropy(beta) => half_exp(beta, z.abs()).copysign(z),
            DiagonalDepth { scale, depth } => Deep::new(scale, depth).inverse(z),
        }
    }

    /// The convex conjugate `φ*(z)`.
    pub fn conjugate(self, z: f64) -> f64 {
        match self {
            HalfSquare => 0.5 * z * z,
            PNorm(p) => z.abs().powf(p / (p - 1.0)) * (p - 1.0) / p,
            NegEntropy => z.exp(),
            Hypentropy(beta) if z.abs() < 700.0 => beta * z.cosh(),
            Hypentropy(beta) => half_exp(beta, z.abs()),
            DiagonalDepth { scale, depth } => Deep::new(scale, depth).conjugate(z),
        }
    }

    /// `φ''(w)`.
    pub fn curvature(self, w: f64) -> f64 {
        match self {
            HalfSquare => 1.0,
            PNorm(p) => (p - 1.0) * w.abs().powf(p - 2.0),
            NegEntropy => 1.0 / w,
            Hypentropy(beta) => 1.0 / w.hypot(beta),
            DiagonalDepth { scale, depth } => Deep::new(scale, depth).curvature(w),
        }
    }

    /// `φ*''(z)`.
    pub fn conjugate_curvature(self, z: f64) -> f64 {
        match self {
            HalfSquare => 1.0,
            PNorm(p) => z.abs().powf((2.0 - p) / (p - 1.0)) / (p - 1.0),
            NegEntropy => z.exp(),
            Hypentropy(_) => self.conjugate(z),
            DiagonalDepth { scale, depth } => Deep::new(scale, depth).conjugate_curvature(z),
        }
    }

    /// The Bregman divergence `φ(w) − φ(w0) − φ'(w0)(w − w0)`; `+∞` outside the domain.
    pub fn divergence(self, w: f64, w0: f64) -> f64 {
        self.divergence_enclosed(w, w0).mid()
    }

    /// [`Potential::divergence`] with its rounding error.
    pub fn divergence_enclosed(self, w: f64, w0: f64) -> Enclosure {
        if !self.contains(w) || !self.contains_start(w0) {
            return Enclosure { lo: f64::INFINITY, hi: f64::INFINITY };
        }
        if w == w0 {
            return Enclosure { lo: 0.0, hi: 0.0 };
        }
        let (v, e) = match self {
            HalfSquare => {
                let v = 0.5 * (w - w0) * (w - w0);
                (v, CALL * v)
            }
            PNorm(p) => power_divergence(p, w, w0),
            NegEntropy => {
                let t = (w - w0) / w0;
                if t.abs() < 0.1 {
                    scaled(w0, alternating_series(t))
                } else if w == 0.0 {
                    scaled(w0, 1.0)
                } else {
                    let log = w.ln() - w0.ln();
                    let size = w * (w.ln().abs() + w0.ln().abs() + 1.0) + w0;
                    (w * log - w + w0, CALL * size)
                }
            }
            // D(w, w0) is the conjugate's divergence with the arguments exchanged: no large terms cancel there.
            Hypentropy(beta) => {
                let delta = arcsinh_difference(w0, w, beta);
                let (v, e) = cosh_divergence(beta, w, delta);
                (v, e + CALL * (w0 - w).abs() * delta.abs())
            }
            DiagonalDepth { scale, depth } => Deep::new(scale, depth).divergence(w, w0),
        };
        Enclosure { lo: Enclosure::around(v, e).lo.max(0.0), hi: (v + e).next_up() }
    }

    /// An upper bound on `φ*(z0 + δ) − φ*(z0) − w0 δ`, `z0 = φ'(w0)`, for every `δ` within `error` of `delta`.
    ///
    /// Stated in `w0`, which is exact, rather than `z0`, which is rounded. The expression is convex in `δ`, so its
    /// largest value over an interval is at one of the ends.
    pub fn conjugate_divergence_above(self, w0: f64, delta: f64, error: f64) -> f64 {
        let above = |d: f64| {
            let (v, e) = self.conjugate_divergence(w0, d);
            (v + e).next_up()
        };
        if delta == 0.0 && error == 0.0 {
            return 0.0;
        }
        above((delta - error).next_down()).max(above((delta + error).next_up()))
    }

    /// `φ*(z) − φ*(0) − φ*'(0) z`, without cancellation.
    pub fn conjugate_growth(self, z: f64) -> f64 {
        self.conjugate_divergence(self.centre(), z).0
    }

    fn conjugate_divergence(self, w0: f64, delta: f64) -> (f64, f64) {
        match self {
            HalfSquare => scaled(0.5 * delta, delta),
            PNorm(p) => {
                let (z0, q) = (self.mirror(w0), p / (p - 1.0));
                let (v, e) = power_divergence(q, z0 + delta, z0);
                if w0 == 0.0 {
                    return (v, e);
                }
                // Both z0 and z0 + delta are rounded; the derivatives in them are w1 − w0 and −φ*''(z0) δ.
                let end = (z0.abs() + delta.abs()) * (self.inverse(z0 + delta) - w0).abs();
                let base = z0.abs() * self.conjugate_curvature(z0) * delta.abs();
                (v, e + CALL * (end + base))
            }
            NegEntropy if delta.abs() < 0.5 => scaled(w0, exponential_series(delta)),
            NegEntropy => {
                let z = w0.ln() + delta;
                let up = z.exp();
                (
                    up - w0 - delta * w0,
                    CALL * (up * (1.0 + w0.ln().abs() + delta.abs()) + w0 * (1.0 + delta.abs())),
                )
            }
            Hypentropy(beta) => cosh_divergence(beta, w0, delta),
            DiagonalDepth { scale, depth } => Deep::new(scale, depth).conjugate_divergence(w0, delta),
        }
    }
}

/// `β e^z / 2` without overflow on the way.
fn half_exp(beta: f64, z: f64) -> f64 {
    let h = (0.5 * z).exp();
    0.5 * (beta * h) * h
}

/// A product with its rounding error.
fn scaled(a: f64, b: f64) -> (f64, f64) {
    let v = a * b;
    (v, CALL * v.abs())
}

/// `e^d − 1 − d` for `|d| < 0.5`, by its series.
fn exponential_series(d: f64) -> f64 {
    let tail = (3..20).rev().fold(1.0, |acc, k| 1.0 + d / f64::from(k) * acc);
    0.5 * d * d * tail
}

/// `(1 + t) log(1 + t) − t` for `|t| < 0.1`, by its series.
fn alternating_series(t: f64) -> f64 {
    (2..20).rev().fold(0.0, |acc, k| t * (f64::from(k * (k - 1)).recip() - acc)) * t
}

/// `|w|^p/p − |w0|^p/p − sign(w0)|w0|^{p−1}(w − w0)` with its error.
fn power_divergence(p: f64, w: f64, w0: f64) -> (f64, f64) {
    if w0 == 0.0 {
        let v = w.abs().powf(p) / p;
        return (v, CALL * v);
    }
    let t = (w - w0) / w0;
    if t.abs() * p.max(1.0) < 0.25 {
        // |w0|^p Σ_{k≥2} binom(p, k) t^k / p; the ratio of terms is below (p + k)/(k + 1) · t.
        let (mut term, mut sum) = (0.5 * (p - 1.0) * t * t, 0.0);
        for k in 2..80 {
            sum += term;
            term *= (p - f64::from(k)) / f64::from(k + 1) * t;
            if term.abs() <= 1e-18 * sum.abs() {
                break;
            }
        }
        return scaled(w0.abs().powf(p), sum);
    }
    let (a, b) = (w.abs().powf(p) / p, w0.abs().powf(p));
    let linear = b * t;
    (a - b / p - linear, CALL * (a + b / p + linear.abs()))
}

/// `β (cosh(z0 + δ) − cosh z0 − δ sinh z0)` with `w0 = β sinh z0`, and its error.
fn cosh_divergence(beta: f64, w0: f64, delta: f64) -> (f64, f64) {
    let c0 = w0.hypot(beta);
    if delta.abs() <= 1.0 {
        let h = (0.5 * delta).sinh();
        let d2 = delta * delta;
        // sinh δ − δ = δ³/6 (1 + δ²/20 (1 + δ²/42 (1 + ...)))
        let series = (2..9).rev().fold(1.0, |acc, k| 1.0 + d2 / f64::from(2 * k * (2 * k + 1)) * acc);
        let (even, odd) = (2.0 * c0 * h * h, w0 * delta * d2 / 6.0 * series);
        return (even + odd, CALL * (even + odd.abs()));
    }
    let hyp = Hypentropy(beta);
    let z0 = hyp.mirror(w0);
    let up = hyp.conjugate(z0 + delta);
    let spread = 1.0 + 0.25 * (z0.abs() + delta.abs());
    (up - c0 - delta * w0, CALL * (up * spread + c0 + (delta * w0).abs()))
}

/// `arcsinh(a/β) − arcsinh(b/β)` with a small relative error.
fn arcsinh_difference(a: f64, b: f64, beta: f64) -> f64 {
    let hyp = Hypentropy(beta);
    let (x, y) = (a / beta, b / beta);
    if a * b <= 0.0 || x.abs().max(y.abs()) > 1e150 && x.abs().min(y.abs()) < LARGE {
        return hyp.mirror(a) - hyp.mirror(b);
    }
    if x.abs().min(y.abs()) >= LARGE {
        return ((a - b) / b).ln_1p() * b.signum();
    }
    // sinh(s − t) = sinh s cosh t − cosh s sinh t = (x² − y²) / (x √(1+y²) + y √(1+x²)).
    let difference = (a - b) / beta;
    (difference * ((x + y) / (x * y.hypot(1.0) + y * x.hypot(1.0)))).asinh()
}

#[cfg(test)]
#[path = "potential_tests.rs"]
mod tests;
