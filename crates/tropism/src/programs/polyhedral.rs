//! Least ℓ1 and ℓ∞ norm on an affine set: an own dense interior point method with an exact finish.
//!
//! Both are linear programs in `u` and bounds `−τ ≤ u ≤ τ`, with slacks `a = τ − u`, `b = τ + u` and multipliers
//! `p, q ≥ 0`, `p − q = Xᵀν`: one `τ_j` per coordinate and `p_j + q_j = 1` for ℓ1, one shared `τ` and
//! `Σ (p + q) = 1` for ℓ∞. Mehrotra's predictor-corrector (Mehrotra 1992, SIAM J. Optim. 2(4)) eliminates everything
//! but `ν`, leaving `X Θ Xᵀ`, `[n × n]`, with one border for ℓ∞. The start is strictly feasible on both sides.
//!
//! The finish guesses which coordinates are free (ℓ1: nonzero; ℓ∞: inside the box) and solves the two linear
//! systems that hold at the optimum, so a right guess is correct to rounding; a wrong one is seen by the caller's
//! certificate and the iteration goes on.

use crate::numerics::linalg::{self, Cholesky};
use crate::numerics::{Design, Matrix, PseudoInverse};
use std::sync::Arc;

/// Which unit ball.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ball {
    L1,
    LInf,
}

/// The iterate; all vectors `[d]` but `nu [n]`.
pub(super) struct Interior<'a> {
    x: &'a Design,
    r: &'a [f64],
    ball: Ball,
    u: Vec<f64>,
    a: Vec<f64>,
    b: Vec<f64>,
    p: Vec<f64>,
    q: Vec<f64>,
    pub nu: Vec<f64>,
}

struct Step {
    u: Vec<f64>,
    tau: Vec<f64>,
    p: Vec<f64>,
    q: Vec<f64>,
    nu: Vec<f64>,
}

/// The part of an optimum that linear algebra finishes: `coefficients` of the columns of `basis` give `u`.
pub(super) struct Finish {
    pub u: Vec<f64>,
    pub nu: Vec<f64>,
    /// Coordinates whose value the columns decide.
    pub free: Vec<usize>,
    pub basis: PseudoInverse,
    signs: Vec<f64>,
    coefficients: Vec<f64>,
    ball: Ball,
}

impl<'a> Interior<'a> {
    /// Starts from a feasible `u` in the row space of `x` and `ν` with `Xᵀν = u`. `x` has full row rank; `u` should
    /// be of size one.
    pub fn new(x: &'a Design, r: &'a [f64], ball: Ball, u: Vec<f64>, nu: &[f64]) -> Self {
        let d = u.len() as f64;
        let (sum, top) = (u.iter().map(|v| v.abs()).sum::<f64>(), linalg::max_abs(&u));
        // Half way from the centre of the dual ball to its boundary.
        let shrink = 0.5 / if ball == Ball::L1 { top } else { sum };
        let z: Vec<f64> = u.iter().map(|v| shrink * v).collect();
        let room = (1.0 - z.iter().map(|v| v.abs()).sum::<f64>()) / d;
        let total = |z: f64| if ball == Ball::L1 { 1.0 } else { z.abs() + room };
        let tau = |v: f64| if ball == Ball::L1 { v.abs() + sum / d } else { 1.5 * top };
        Self {
            x,
            r,
            ball,
            a: u.iter().map(|&v| tau(v) - v).collect(),
            b: u.iter().map(|&v| tau(v) + v).collect(),
            p: z.iter().map(|&v| 0.5 * (total(v) + v)).collect(),
            q: z.iter().map(|&v| 0.5 * (total(v) - v)).collect(),
            nu: nu.iter().map(|v| shrink * v).collect(),
            u,
        }
    }

    /// Complementarity relative to the objective: an estimate of the relative gap.
    pub fn gap(&self) -> f64 {
        let objective = match self.ball {
            Ball::L1 => self.u.iter().map(|v| v.abs()).sum::<f64>(),
            Ball::LInf => linalg::max_abs(&self.u),
        };
        self.complementarity() / objective
    }

    /// A point on the affine set up to the iteration's own accuracy.
    pub fn point(&self) -> Vec<f64> {
        self.u.clone()
    }

    /// One predictor-corrector step; `false` if it could make no progress.
    pub fn advance(&mut self) -> bool {
        let d = self.u.len();
        let theta: Vec<f64> = (0..d).map(|j| self.theta(j)).collect();
        let Some(chol) = regularised(self.x.weighted_gram(&theta)) else { return false };
        let mu = self.complementarity() / (2 * d) as f64;
        let zero = vec![0.0; d];
        let affine = self.direction(&chol, &theta, 0.0, &zero, &zero);
        let (sp, sd) = self.lengths(&affine);
        let after: f64 = (0..d)
            .map(|j| {
                let (da, db) = (affine.tau[j] - affine.u[j], affine.tau[j] + affine.u[j]);
                (self.a[j] + sp * da) * (self.p[j] + sd * affine.p[j])
                    + (self.b[j] + sp * db) * (self.q[j] + sd * affine.q[j])
            })
            .sum::<f64>()
            / (2 * d) as f64;
        let centring = (after / mu).clamp(0.0, 1.0).powi(3);
        let ca: Vec<f64> = (0..d).map(|j| (affine.tau[j] - affine.u[j]) * affine.p[j]).collect();
        let cb: Vec<f64> = (0..d).map(|j| (affine.tau[j] + affine.u[j]) * affine.q[j]).collect();
        let step = self.direction(&chol, &theta, centring * mu, &ca, &cb);
        let (sp, sd) = self.lengths(&step);
        if !(sp.is_finite() && sd.is_finite()) || sp.max(sd) < 1e-8 {
            return false;
        }
        for j in 0..d {
            self.u[j] += sp * step.u[j];
            self.a[j] += sp * (step.tau[j] - step.u[j]);
            self.b[j] += sp * (step.tau[j] + step.u[j]);
            self.p[j] += sd * step.p[j];
            self.q[j] += sd * step.q[j];
        }
        linalg::axpy(sd, &step.nu, &mut self.nu);
        true
    }

    fn complementarity(&self) -> f64 {
        linalg::dot(&self.a, &self.p) + linalg::dot(&self.b, &self.q)
    }

    fn theta(&self, j: usize) -> f64 {
        match self.ball {
            Ball::L1 => 0.25 * (self.a[j] / self.p[j] + self.b[j] / self.q[j]),
            Ball::LInf => 1.0 / (self.p[j] / self.a[j] + self.q[j] / self.b[j]),
        }
    }

    /// Newton's direction towards `a p = μ − ca`, `b q = μ − cb`.
    fn direction(&self, chol: &Cholesky, theta: &[f64], mu: f64, ca: &[f64], cb: &[f64]) -> Step {
        let (n, d) = (self.r.len(), self.u.len());
        let slope = |j: usize| (self.p[j] / self.a[j], self.q[j] / self.b[j]);
        let cp: Vec<f64> = (0..d).map(|j| (mu - ca[j]) / self.a[j] - self.p[j]).collect();
        let cq: Vec<f64> = (0..d).map(|j| (mu - cb[j]) / self.b[j] - self.q[j]).collect();
        let mut z = vec![0.0; d];
        self.x.adjoint(&self.nu, &mut z);
        let mass: f64 = self.p.iter().chain(&self.q).sum();
        let mut g: Vec<f64> = (0..d).map(|j| z[j] - (self.p[j] - self.q[j]) - cp[j] + cq[j]).collect();
        let skew = |j: usize| {
            let (pj, qj) = slope(j);
            pj - qj
        };
        // What is left of the multipliers' normalisation in coordinate j (ℓ1 only).
        let left = |j: usize| cp[j] + cq[j] - (1.0 - self.p[j] - self.q[j]);
        if self.ball == Ball::L1 {
            for (j, v) in g.iter_mut().enumerate() {
                let (pj, qj) = slope(j);
                *v += (pj - qj) / (pj + qj) * left(j);
            }
        }
        let weighted: Vec<f64> = (0..d).map(|j| theta[j] * g[j]).collect();
        let at_point: Vec<f64> = (0..d).map(|j| self.u[j] + weighted[j]).collect();
        let mut nu = vec![0.0; n];
        self.x.apply(&at_point, &mut nu);
        nu.iter_mut().zip(self.r).for_each(|(v, r)| *v = r - *v);
        chol.solve(&mut nu);
        let mut shared = 0.0;
        if self.ball == Ball::LInf {
            let tilt: Vec<f64> = (0..d).map(|j| theta[j] * skew(j)).collect();
            let mut h = vec![0.0; n];
            self.x.apply(&tilt, &mut h);
            let mut solved = h.clone();
            chol.solve(&mut solved);
            let kappa: f64 = (0..d).map(|j| 4.0 * slope(j).0 * slope(j).1 * theta[j]).sum();
            let e = linalg::dot(&tilt, &g) + cp.iter().chain(&cq).sum::<f64>() - (1.0 - mass);
            shared = (linalg::dot(&h, &nu) + e) / (kappa + linalg::dot(&h, &solved));
            linalg::axpy(-shared, &solved, &mut nu);
        }
        self.x.adjoint(&nu, &mut z);
        let mut out = Step { u: vec![0.0; d], tau: vec![shared; d], p: vec![0.0; d], q: vec![0.0; d], nu };
        for j in 0..d {
            let (pj, qj) = slope(j);
            let du = theta[j] * (z[j] + g[j] + if self.ball == Ball::LInf { skew(j) * shared } else { 0.0 });
            let dt = if self.ball == Ball::L1 { (skew(j) * du + left(j)) / (pj + qj) } else { shared };
            out.u[j] = du;
            out.tau[j] = dt;
            out.p[j] = cp[j] - pj * (dt - du);
            out.q[j] = cq[j] - qj * (dt + du);
        }
        out
    }

    /// Primal and dual step lengths that keep all slacks and multipliers positive.
    fn lengths(&self, s: &Step) -> (f64, f64) {
        let ratio = |v: f64, dv: f64| if dv < 0.0 { -v / dv } else { f64::INFINITY };
        let (mut primal, mut dual) = (f64::INFINITY, f64::INFINITY);
        for j in 0..self.u.len() {
            primal = primal.min(ratio(self.a[j], s.tau[j] - s.u[j])).min(ratio(self.b[j], s.tau[j] + s.u[j]));
            dual = dual.min(ratio(self.p[j], s.p[j])).min(ratio(self.q[j], s.q[j]));
        }
        ((0.995 * primal).min(1.0), (0.995 * dual).min(1.0))
    }

    /// Guesses the free coordinates and solves for the optimum they determine.
    pub fn finish(&self) -> Option<Finish> {
        let d = self.u.len();
        let free: Vec<usize> = (0..d)
            .filter(|&j| match self.ball {
                Ball::L1 => self.a[j].max(self.b[j]) > self.p[j].min(self.q[j]),
                Ball::LInf => self.a[j].min(self.b[j]) > d as f64 * self.p[j].max(self.q[j]),
            })
            .collect();
        let signs: Vec<f64> = self.u.iter().map(|v| 1.0f64.copysign(*v)).collect();
        let mut columns = self.x.dense_columns(&free);
        let mut target: Vec<f64> = free.iter().map(|&j| signs[j]).collect();
        let mut coefficients: Vec<f64> = free.iter().map(|&j| self.u[j]).collect();
        if self.ball == Ball::LInf {
            let mut edge = signs.clone();
            free.iter().for_each(|&j| edge[j] = 0.0);
            let mut column = vec![0.0; self.r.len()];
            self.x.apply(&edge, &mut column);
            columns = append_column(&columns, &column);
            target = vec![0.0; free.len()];
            target.push(1.0);
            coefficients.push(linalg::max_abs(&self.u));
        }
        let basis = PseudoInverse::new(Arc::new(columns.into()))?;
        let design = basis.design().clone();
        let mut rest = vec![0.0; self.r.len()];
        design.apply(&coefficients, &mut rest);
        rest.iter_mut().zip(self.r).for_each(|(v, r)| *v = r - *v);
        linalg::axpy(1.0, &basis.solve(&rest), &mut coefficients);
        let mut off = vec![0.0; target.len()];
        design.adjoint(&self.nu, &mut off);
        off.iter_mut().zip(&target).for_each(|(v, t)| *v = t - *v);
        let mut nu = self.nu.clone();
        linalg::axpy(1.0, &basis.solve_transposed(&off), &mut nu);
        let ball = self.ball;
        let u = expand(ball, &free, &signs, &coefficients);
        Some(Finish { u, nu, free, basis, signs, coefficients, ball })
    }
}

impl Finish {
    /// Whether the free coordinates are determined by the constraint alone.
    pub fn injective(&self) -> bool {
        self.basis.rank() == self.coefficients.len()
    }

    /// Another point with the same free coordinates' signs and, if this one is optimal, the same norm.
    pub fn second(&self) -> Option<Vec<f64>> {
        let k = self.coefficients.len();
        // A fixed direction with irregular entries, less its part in the row space.
        let mut h: Vec<f64> = (0..k).map(|j| ((j * 37 + 11) % 101) as f64 / 101.0 - 0.47).collect();
        let mut image = vec![0.0; self.nu.len()];
        self.basis.design().apply(&h, &mut image);
        linalg::axpy(-1.0, &self.basis.solve(&image), &mut h);
        let room = |j: usize| match self.ball {
            Ball::L1 => self.coefficients[j].abs(),
            Ball::LInf if j + 1 == k => f64::INFINITY,
            Ball::LInf => self.coefficients[k - 1] - self.coefficients[j].abs(),
        };
        let longest = (0..k).map(|j| room(j) / h[j].abs()).fold(f64::INFINITY, f64::min);
        if !(longest.is_finite() && longest > 0.0) {
            return None;
        }
        let moved: Vec<f64> = self.coefficients.iter().zip(&h).map(|(c, h)| c + 0.5 * longest * h).collect();
        Some(expand(self.ball, &self.free, &self.signs, &moved))
    }
}

fn expand(ball: Ball, free: &[usize], signs: &[f64], coefficients: &[f64]) -> Vec<f64> {
    let edge = if ball == Ball::LInf { coefficients.last().copied().unwrap_or(0.0) } else { 0.0 };
    let mut u: Vec<f64> = signs.iter().map(|s| s * edge).collect();
    free.iter().zip(coefficients).for_each(|(&j, &c)| u[j] = c);
    u
}

fn append_column(m: &Matrix, column: &[f64]) -> Matrix {
    let k = m.cols();
    Matrix::from_fn(m.rows(), k + 1, |i, j| if j < k { m.get(i, j) } else { column[i] })
}

/// The factor, with a relative shift of the diagonal if rounding has made it indefinite.
fn regularised(mut gram: Matrix) -> Option<Cholesky> {
    let n = gram.rows();
    let diagonal: Vec<f64> = (0..n).map(|i| gram.get(i, i)).collect();
    let top = diagonal.iter().copied().fold(0.0, f64::max);
    for shift in [0.0, 1e-15, 1e-13, 1e-11] {
        for (i, v) in diagonal.iter().enumerate() {
            gram.set(i, i, v + shift * top);
        }
        if let Some(chol) = Cholesky::new(&gram) {
            return Some(chol);
        }
    }
    None
}
