//! The potential of the diagonal network `w = u^D − v^D`, `D ≥ 3`, through its mirror map
//! `w = c h(z)`, `h(z) = (1 − z)^{−k} − (1 + z)^{−k}`, `k = D / (D − 2)`, `c = α^D`, `|z| < 1`.
//!
//! Source: Woodworth et al. 2020, arXiv 2002.09277, Theorem 3. `φ* = c ((1−z)^{1−k} + (1+z)^{1−k} − 2) / (k − 1)`.
//! Everything is computed from `p = 1 − z` and `q = 1 + z`, each with a small relative error: for small starts the
//! weights live at `p ~ (c/w)^{1/k}`, where `z` itself is one. Both divergences are sums of two that are never negative.

use super::potential::CALL;

/// Scale `c` and exponent `k`.
#[derive(Clone, Copy)]
pub(super) struct Deep {
    pub c: f64,
    pub k: f64,
}

/// `1 − z` and `1 + z`.
#[derive(Clone, Copy)]
struct Edges {
    p: f64,
    q: f64,
}

const CENTRE: Edges = Edges { p: 1.0, q: 1.0 };

impl Deep {
    pub fn new(c: f64, depth: u32) -> Self {
        let depth = f64::from(depth);
        Self { c, k: depth / (depth - 2.0) }
    }

    /// `φ'(w)`.
    pub fn mirror(self, w: f64) -> f64 {
        self.shifted(CENTRE, w / self.c).1
    }

    /// `φ*'(z)`; infinite outside the domain.
    pub fn inverse(self, z: f64) -> f64 {
        if z.abs() >= 1.0 {
            return f64::INFINITY.copysign(z);
        }
        let a = z.abs();
        // p^{−k} − q^{−k} = q^{−k} (e^{k log(q/p)} − 1), and log(q/p) = 2 artanh z.
        (self.c * (1.0 + a).powf(-self.k) * (2.0 * self.k * a.atanh()).exp_m1()).copysign(z)
    }

    /// `φ*''(z)`.
    pub fn conjugate_curvature(self, z: f64) -> f64 {
        if z.abs() >= 1.0 { f64::INFINITY } else { self.steepness(Edges { p: 1.0 - z, q: 1.0 + z }) }
    }

    /// `φ''(w)`.
    pub fn curvature(self, w: f64) -> f64 {
        1.0 / self.steepness(self.shifted(CENTRE, w / self.c).0)
    }

    fn steepness(self, at: Edges) -> f64 {
        self.c * self.k * (at.p.powf(-self.k - 1.0) + at.q.powf(-self.k - 1.0))
    }

    /// `φ*(z) = D_φ*(z, 0)`.
    pub fn conjugate(self, z: f64) -> f64 {
        self.apart(CENTRE, z).0
    }

    /// `D_φ(w, w0) = D_φ*(z0, z)` with its error.
    ///
    /// The step between the two is taken from the one where the mirror map is less steep: from the other, rounding of the
    /// large weight would drown it.
    pub fn divergence(self, w: f64, w0: f64) -> (f64, f64) {
        let x = (w - w0) / self.c;
        let (base, delta) = if w0.abs() <= w.abs() {
            let (base, back) = self.shifted(self.shifted(CENTRE, w0 / self.c).0, x);
            (base, -back)
        } else {
            let base = self.shifted(CENTRE, w / self.c).0;
            (base, self.shifted(base, -x).1)
        };
        let (v, e) = self.apart(base, delta);
        (v, e + CALL * (w0 - w).abs() * delta.abs())
    }

    /// `φ*(z0 + δ) − φ*(z0) − w0 δ` with its error, stated in `w0`.
    pub fn conjugate_divergence(self, w0: f64, delta: f64) -> (f64, f64) {
        self.apart(self.shifted(CENTRE, w0 / self.c).0, delta)
    }

    /// The edges of `z + δ` and `δ`, where `h(z + δ) − h(z) = x`.
    fn shifted(self, from: Edges, x: f64) -> (Edges, f64) {
        if x < 0.0 {
            let (e, delta) = self.shifted(Edges { p: from.q, q: from.p }, -x);
            return (Edges { p: e.q, q: e.p }, -delta);
        }
        // With p = p₀ e^{−u}: an increasing function of u ≥ 0, whose second part only brings the root closer.
        let k = self.k;
        let (first, second) = (from.p.powf(-k), from.q.powf(-k));
        let (mut low, mut high) = (0.0, (x / first).ln_1p() / k);
        let mut u: f64 = high;
        for _ in 0..200 {
            let delta = -from.p * (-u).exp_m1();
            let moved = first * (k * u).exp_m1() - second * (-k * (delta / from.q).ln_1p()).exp_m1();
            let slope = k * first * (k * u).exp() + k * (from.q + delta).powf(-k - 1.0) * from.p * (-u).exp();
            if moved > x {
                high = u
            } else {
                low = u
            }
            let newton = u - (moved - x) / slope;
            let next = if newton >= low && newton <= high { newton } else { 0.5 * (low + high) };
            let still = (next - u).abs() <= f64::EPSILON * u;
            u = next;
            if still {
                break;
            }
        }
        let delta = -from.p * (-u).exp_m1();
        (Edges { p: from.p * (-u).exp(), q: from.q + delta }, delta)
    }

    /// `D_φ*(z + δ, z)` with its error.
    fn apart(self, at: Edges, delta: f64) -> (f64, f64) {
        let (a, ea) = self.half(at.p, -delta);
        let (b, eb) = self.half(at.q, delta);
        (self.c * (a + b), self.c * (ea + eb + CALL * (a + b)))
    }

    /// `f(p + t) − f(p) − f'(p) t` for `f(p) = p^{1−k} / (k − 1)`, and its error, also from `p` being off by a few units.
    fn half(self, p: f64, t: f64) -> (f64, f64) {
        let (k, s) = (self.k, t / p);
        if p + t <= 0.0 {
            return (f64::INFINITY, 0.0);
        }
        let unit = p.powf(1.0 - k);
        if s.abs() < 0.5 {
            // p^{1−k} Σ_{j≥2} binom(1−k, j) s^j / (k−1); the ratio of terms is below (k + j) / (j + 1) |s|.
            let (mut term, mut sum) = (0.5 * k * s * s, 0.0);
            for j in 2..80 {
                sum += term;
                term *= (1.0 - k - f64::from(j)) / f64::from(j + 1) * s;
                if term.abs() <= 1e-18 * sum.abs() {
                    break;
                }
            }
            return (unit * sum, 8.0 * CALL * unit * sum);
        }
        let grown = ((1.0 - k) * s.ln_1p()).exp_m1() / (k - 1.0);
        // ln(1 + s) knows s to a few units: near s = −1 they weigh 1/(1 + s).
        let spread = 1.0 + (s.ln_1p()).abs() + s.abs() / (1.0 + s);
        let v = unit * (grown + s);
        let e = 8.0 * CALL * unit * ((grown.abs() + 1.0 / (k - 1.0)) * spread + s.abs());
        (v.max(0.0), e)
    }
}
