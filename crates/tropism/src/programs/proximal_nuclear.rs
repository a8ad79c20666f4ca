//! The proximal point method for `min ‖W‖_* s.t. ⟨A_i, W⟩ = b_i`, its steps by a semismooth Newton method in the dual.
//!
//! `W⁺ = argmin ‖W‖_* + ‖W − W_k‖² / 2σ` over the constraint is `W⁺ = D_σ(W_k + σ A*ν)`, `D_σ` the soft threshold of the
//! singular values, with `ν` the maximiser of the smooth concave `⟨b, ν⟩ − ‖D_σ(W_k + σ A*ν)‖²/2σ`. Its generalised
//! Hessian is `−σ A D'_σ A*`, and `D'_σ` vanishes off the tangent space of the current rank: a product with it costs
//! `O(rows · cols · rank)`, so conjugate gradients are cheap. Every step also proves itself: `A*ν` exceeds the unit
//! ball by at most `‖W⁺ − W_k‖ / σ`.
//!
//! Source: Jiang, Sun, Toh 2014, Math. Prog. Comp. 6, 281-325, <https://doi.org/10.1007/s12532-014-0069-8>
//! (the method); Ding, Sun, Sun, Toh 2018, Math. Program. 168, 509-531 (the derivative of a spectral function).

use super::Budget;
use crate::numerics::linalg::{self, axpy, dot, matmul_nn, matmul_nt, matmul_tn};
use crate::numerics::{Design, Matrix, PseudoInverse};
use faer::linalg::matmul::matmul;
use faer::{Accum, Par};

/// `A` as a matrix whose row `i` is `vec(A_i)`, `[n × rows·cols]`, with its pseudo-inverse, and `b [n]`.
pub(super) struct Sensing<'a> {
    pub x: &'a Design,
    pub inverse: &'a PseudoInverse,
    pub b: &'a [f64],
    pub rows: usize,
    pub cols: usize,
}

/// The best pair that was met.
pub(super) struct Found {
    pub w: Vec<f64>,
    pub nu: Vec<f64>,
    pub gap: f64,
    pub iterations: usize,
}

/// Outer steps without halving the gap before the method gives up.
const PATIENCE: usize = 6;
/// An outer step that divides the gap by this much is fast enough.
const BRISK: f64 = 5.0;
/// Newton steps and conjugate gradients within one of each.
const NEWTON: usize = 40;
const GRADIENTS: usize = 500;

impl Sensing<'_> {
    /// Runs until the estimated relative gap is below half the budget's or stops falling. `least [rows·cols]` is the shortest
    /// solution of the constraint, not zero.
    pub fn solve(&self, least: &[f64], budget: &Budget) -> Found {
        let target = 0.5 * budget.relative_gap;
        let size = self.spectral(least);
        let mut nu = self.inverse.solve_transposed(least);
        nu.iter_mut().for_each(|v| *v /= size);
        let (mut w, gap) = (least.to_vec(), self.gap(least, &nu));
        let mut best = Found { w: w.clone(), nu: nu.clone(), gap, iterations: 0 };
        let (mut sigma, mut last, mut stale, mut done) = (4.0 * size, gap, 0, 0);
        while done < budget.iterations && stale < PATIENCE && best.gap > target && !budget.stopped() {
            let tolerance = linalg::norm2(least) * (0.1 * best.gap).clamp(1e-15, 1e-2);
            let Some(next) = self.step(&w, &mut nu, sigma, tolerance) else { break };
            done += 1;
            w = next;
            let mut feasible = w.clone();
            axpy(1.0, &self.inverse.solve(&self.rest(&w)), &mut feasible);
            let gap = self.gap(&feasible, &nu);
            stale = if gap < 0.5 * best.gap { 0 } else { stale + 1 };
            if gap < best.gap {
                best = Found { w: feasible, nu: nu.clone(), gap, iterations: done };
            }
            // Longer steps converge faster, and each costs more conjugate gradients: about √σ.
            sigma *= if gap > last / BRISK { 2.0 } else { 1.0 };
            last = gap;
        }
        Found { iterations: done, ..best }
    }

    /// One proximal step from `w`: the new point, `nu` moved to its multiplier.
    fn step(&self, w: &[f64], nu: &mut Vec<f64>, sigma: f64, tolerance: f64) -> Option<Vec<f64>> {
        let mut now = self.at(w, nu, sigma)?;
        let scale = linalg::norm2(w);
        for _ in 0..NEWTON {
            let scaled = self.inverse.gram_solve(&now.rest);
            let size = dot(&now.rest, &scaled).max(0.0).sqrt();
            if size <= tolerance {
                break;
            }
            // Far from the optimum the rank is not the right one yet, and an exact step would be a waste.
            let soft = (0.1 * (size / scale).min(1.0)).max(1e-10);
            let accuracy = (0.1 * (size / scale).sqrt()).clamp(1e-6, 1e-2);
            let direction = self.newton(&now, sigma, &scaled, [accuracy, soft]);
            let slope = dot(&direction, &now.rest);
            let mut t = 1.0;
            now = loop {
                let mut trial = nu.clone();
                axpy(t, &direction, &mut trial);
                let next = self.at(w, &trial, sigma)?;
                // Near the optimum the values themselves are rounding.
                let enough = now.value + 1e-4 * t * slope - 1e-14 * now.value.abs();
                if next.value >= enough || t < 1e-6 {
                    *nu = trial;
                    break next;
                }
                t *= 0.5;
            };
        }
        Some(now.w)
    }

    fn at(&self, w: &[f64], nu: &[f64], sigma: f64) -> Option<State> {
        let mut z = vec![0.0; w.len()];
        self.x.adjoint(nu, &mut z);
        z.iter_mut().zip(w).for_each(|(z, w)| *z = w + sigma * *z);
        let threshold = Threshold::new(&Matrix::from_vec(self.rows, self.cols, z), sigma)?;
        let point = threshold.point().as_slice().to_vec();
        let rest = self.rest(&point);
        let value = dot(self.b, nu) - dot(&point, &point) / (2.0 * sigma);
        Some(State { threshold, w: point, rest, value })
    }

    /// Solves `σ A (D' + soft) A* d = rest` to a relative `accuracy` by conjugate gradients, preconditioned with `A A*`.
    fn newton(&self, now: &State, sigma: f64, scaled: &[f64], [accuracy, soft]: [f64; 2]) -> Vec<f64> {
        let mut d = vec![0.0; self.b.len()];
        let (mut r, mut p) = (now.rest.clone(), scaled.to_vec());
        let mut energy = dot(&r, scaled);
        let goal = accuracy * accuracy * energy;
        let mut image = vec![0.0; d.len()];
        let mut e = Matrix::zeros(self.rows, self.cols);
        for _ in 0..GRADIENTS {
            self.x.adjoint(&p, e.as_mut_slice());
            let mut moved = now.threshold.derivative(&e);
            axpy(soft, e.as_slice(), moved.as_mut_slice());
            self.x.apply(moved.as_slice(), &mut image);
            let t = energy / (sigma * dot(&p, &image));
            if !(t > 0.0 && t.is_finite()) {
                break;
            }
            axpy(t, &p, &mut d);
            axpy(-t * sigma, &image, &mut r);
            let s = self.inverse.gram_solve(&r);
            let next = dot(&r, &s);
            if next.is_nan() || next <= goal {
                break;
            }
            p.iter_mut().zip(&s).for_each(|(p, s)| *p = s + next / energy * *p);
            energy = next;
        }
        d
    }

    /// `b − A W`.
    fn rest(&self, w: &[f64]) -> Vec<f64> {
        let mut rest = vec![0.0; self.b.len()];
        self.x.apply(w, &mut rest);
        rest.iter_mut().zip(self.b).for_each(|(r, b)| *r = b - *r);
        rest
    }

    fn singular_values(&self, w: &[f64]) -> Vec<f64> {
        linalg::singular_values(&Matrix::from_vec(self.rows, self.cols, w.to_vec()))
    }

    fn spectral(&self, w: &[f64]) -> f64 {
        self.singular_values(w).first().copied().unwrap_or(0.0)
    }

    /// `(‖W‖_* − bound) / bound` without error bounds; `W` satisfies the constraint.
    fn gap(&self, w: &[f64], nu: &[f64]) -> f64 {
        let mut image = vec![0.0; w.len()];
        self.x.adjoint(nu, &mut image);
        let bound = dot(self.b, nu) / self.spectral(&image);
        let value: f64 = self.singular_values(w).iter().sum();
        let gap = value / bound - 1.0;
        if gap.is_nan() || bound <= 0.0 { f64::INFINITY } else { gap.max(0.0) }
    }
}

/// One evaluation of the dual function.
struct State {
    threshold: Threshold,
    w: Vec<f64>,
    rest: Vec<f64>,
    value: f64,
}

/// `D_σ` at a point, with what its derivative needs: the thin decomposition `U diag(s) Vᵀ`, and the leading
/// `rank` vectors, those with `s > σ`, once more.
struct Threshold {
    u: Matrix,
    s: Vec<f64>,
    v: Matrix,
    lead_u: Matrix,
    lead_v: Matrix,
    rank: usize,
    sigma: f64,
}

impl Threshold {
    fn new(z: &Matrix, sigma: f64) -> Option<Self> {
        let svd = linalg::svd(z)?;
        let rank = svd.s.iter().take_while(|s| **s > sigma).count();
        let lead = |m: &Matrix| Matrix::from_fn(m.rows(), rank, |i, j| m.get(i, j));
        let (lead_u, lead_v) = (lead(&svd.u), lead(&svd.v));
        Some(Self { lead_u, lead_v, u: svd.u, s: svd.s, v: svd.v, rank, sigma })
    }

    fn point(&self) -> Matrix {
        let mut scaled = self.lead_u.clone();
        for i in 0..scaled.rows() {
            scaled.row_mut(i).iter_mut().zip(&self.s).for_each(|(v, s)| *v *= s - self.sigma);
        }
        matmul_nt(&scaled, &self.lead_v)
    }

    /// `D'_σ(E) = U₁ L + R V₁ᵀ`.
    fn derivative(&self, e: &Matrix) -> Matrix {
        let r = self.rank;
        let (left, right) = (matmul_tn(&self.lead_u, e), matmul_nn(e, &self.lead_v));
        let (mut a, mut b) = (matmul_nn(&left, &self.v), matmul_tn(&self.u, &right));
        let outer = |i: usize| (self.s[i] - self.sigma) / self.s[i];
        for i in 0..r {
            for j in 0..self.s.len() {
                // The pair (i, j) and its mirror image: symmetric and skew part have weights of their own.
                let (x, y) = (a.get(i, j), b.get(j, i));
                let skew =
                    (self.s[i] - self.sigma + (self.s[j] - self.sigma).max(0.0)) / (self.s[i] + self.s[j]);
                let even = if j < r { 1.0 } else { (self.s[i] - self.sigma) / (self.s[i] - self.s[j]) };
                let (sum, difference) = (0.5 * even * (x + y), 0.5 * skew * (x - y));
                a.set(i, j, sum + difference - outer(i) * x);
                b.set(j, i, if j < r { 0.0 } else { sum - difference } - outer(i) * y);
            }
        }
        let mut l = matmul_nt(&a, &self.v);
        let mut m = matmul_nn(&self.u, &b);
        for i in 0..r {
            axpy(outer(i), left.row(i), l.row_mut(i));
        }
        for i in 0..m.rows() {
            for j in 0..r {
                m.set(i, j, m.get(i, j) + outer(j) * right.get(i, j));
            }
        }
        let mut out = matmul_nn(&self.lead_u, &l);
        matmul(out.as_faer_mut(), Accum::Add, m.as_faer(), self.lead_v.as_faer().transpose(), 1.0, Par::Seq);
        out
    }
}
