//! The unit balls of the spectral and the nuclear norm for the [`interior`](super::interior) method.
//!
//! Both are one linear matrix inequality `S = [[tI, Y], [Yᵀ, tI]] ⪰ 0` of order `k + d` with a multiplier
//! `X ⪰ 0`, `X S → μ I`: for the spectral ball `t = 1`, `Y = W` and the dual is `g = −2 X₁₂`; for the nuclear ball
//! the roles change, `Y = g = Zᵀa`, `t ≥ ‖g‖` is minimised, `W = −2 X₁₂` and `tr X = 1`. So no lifted variables
//! are needed. The direction is the one of Helmberg, Rendl, Vanderbei, Wolkowicz 1996 (SIAM J. Optim. 6(2),
//! <https://doi.org/10.1137/0806020>), whose matrix has the entries written out in [`Lifted::schur`].

use super::interior::{Ball, Linear, Metric};
use crate::numerics::Matrix;
use crate::numerics::linalg::{Cholesky, axpy, dot, matmul_nn, norm2, symmetric_eigen};

/// The matrices `S`, `X` with their last directions. Order `k + d`.
struct Lifted {
    k: usize,
    d: usize,
    s: Matrix,
    x: Matrix,
    ds: Matrix,
    dx: Matrix,
    /// `S⁻¹`, kept from `linearise`.
    t: Matrix,
}

impl Lifted {
    fn new(k: usize, d: usize, y: &[f64], level: f64, mu: f64) -> Option<Self> {
        let m = k + d;
        let s = lift(k, d, y, level);
        let t = inverse(&s)?;
        let mut x = t.clone();
        x.as_mut_slice().iter_mut().for_each(|v| *v *= mu);
        let zero = || Matrix::zeros(m, m);
        Some(Self { k, d, s, x, ds: zero(), dx: zero(), t })
    }

    /// The off-diagonal block times −2, row by row: `g` or `W`.
    fn corner(&self, x: &Matrix) -> Vec<f64> {
        (0..self.k * self.d).map(|i| -2.0 * x.get(i / self.d, self.k + i % self.d)).collect()
    }

    /// `M_{(c,j),(c',j')} = ⟨A, X A' S⁻¹⟩` with `A = e_c e_{k+j}ᵀ + e_{k+j} e_cᵀ`; full, symmetric.
    fn schur(&self) -> Matrix {
        let (k, d) = (self.k, self.d);
        let (x, t) = (&self.x, &self.t);
        let mut m = Matrix::zeros(k * d, k * d);
        for c in 0..k {
            for j in 0..d {
                let row = m.row_mut(c * d + j);
                let (xj, tj) = (x.row(k + j), t.row(k + j));
                for e in 0..k {
                    let (xce, tce, xje, tje) = (x.get(c, e), t.get(c, e), xj[e], tj[e]);
                    let (xc, tc) = (&x.row(c)[k..], &t.row(c)[k..]);
                    for (l, o) in row[e * d..(e + 1) * d].iter_mut().enumerate() {
                        *o = xje * tc[l] + xj[k + l] * tce + xce * tj[k + l] + xc[l] * tje;
                    }
                }
            }
        }
        m
    }

    /// `μ S⁻¹ − X`, less the second-order term of the last direction.
    fn wanted(&self, target: f64, second: bool) -> Matrix {
        let mut out = self.t.clone();
        for (o, x) in out.as_mut_slice().iter_mut().zip(self.x.as_slice()) {
            *o = target * *o - x;
        }
        if second {
            let p = symmetric_part(&matmul_nn(&matmul_nn(&self.dx, &self.ds), &self.t));
            axpy(-1.0, p.as_slice(), out.as_mut_slice());
        }
        out
    }

    /// Completes the direction from `ΔS`.
    fn complete(&mut self, wanted: Matrix, ds: Matrix) {
        let p = symmetric_part(&matmul_nn(&matmul_nn(&self.x, &ds), &self.t));
        self.dx = wanted;
        axpy(-1.0, p.as_slice(), self.dx.as_mut_slice());
        self.ds = ds;
    }

    fn longest_step(&self) -> f64 {
        longest(&self.x, &self.dx).min(longest(&self.s, &self.ds))
    }

    fn gap_after(&self, alpha: f64) -> f64 {
        let terms = self.x.as_slice().iter().zip(self.dx.as_slice());
        let other = self.s.as_slice().iter().zip(self.ds.as_slice());
        terms.zip(other).map(|((x, dx), (s, ds))| (x + alpha * dx) * (s + alpha * ds)).sum()
    }

    fn advance(&mut self, alpha: f64) {
        axpy(alpha, self.dx.as_slice(), self.x.as_mut_slice());
        axpy(alpha, self.ds.as_slice(), self.s.as_mut_slice());
    }

    fn refresh(&mut self) -> Option<()> {
        self.t = inverse(&self.s)?;
        Some(())
    }
}

/// `‖W‖ ≤ 1`, largest singular value.
pub(super) struct SpectralBall {
    lifted: Lifted,
    w: Vec<f64>,
    dw: Vec<f64>,
}

impl SpectralBall {
    /// Starts at `W = 0`, products `mu`.
    pub fn new(k: usize, d: usize, mu: f64) -> Option<Self> {
        let w = vec![0.0; k * d];
        Some(Self { lifted: Lifted::new(k, d, &w, 1.0, mu)?, dw: w.clone(), w })
    }
}

impl Ball for SpectralBall {
    fn point(&self) -> &[f64] {
        &self.w
    }
    fn pairs(&self) -> (f64, f64) {
        ((self.lifted.k + self.lifted.d) as f64, dot(self.lifted.x.as_slice(), self.lifted.s.as_slice()))
    }
    fn linearise(&mut self, _: &[f64]) -> Option<Linear> {
        self.lifted.s = lift(self.lifted.k, self.lifted.d, &self.w, 1.0);
        self.lifted.refresh()?;
        Some(Linear { metric: Metric::Dense(self.lifted.schur()), border: None })
    }
    fn rhs(&self, v: &[f64], target: f64, second: bool) -> (Vec<f64>, f64) {
        let mut e = self.lifted.corner(&self.lifted.wanted(target, second));
        axpy(1.0, &self.lifted.corner(&self.lifted.x), &mut e);
        axpy(-1.0, v, &mut e);
        (e, 0.0)
    }
    fn direction(&mut self, dw: &[f64], _: f64, _: &[f64], target: f64, second: bool) {
        let wanted = self.lifted.wanted(target, second);
        let ds = lift(self.lifted.k, self.lifted.d, dw, 0.0);
        self.lifted.complete(wanted, ds);
        self.dw.copy_from_slice(dw);
    }
    fn longest_step(&self) -> f64 {
        self.lifted.longest_step()
    }
    fn gap_after(&self, alpha: f64) -> f64 {
        self.lifted.gap_after(alpha)
    }
    fn advance(&mut self, alpha: f64) {
        self.lifted.advance(alpha);
        axpy(alpha, &self.dw, &mut self.w);
    }
}

/// `Σσ(W) ≤ 1`.
pub(super) struct NuclearBall {
    lifted: Lifted,
    w: Vec<f64>,
    dw: Vec<f64>,
}

impl NuclearBall {
    /// Starts at `g = v` with `t` well above its largest singular value.
    pub fn new(k: usize, d: usize, v: &[f64]) -> Option<Self> {
        let level = norm2(v) + 1.0;
        let mut lifted = Lifted::new(k, d, v, level, 1.0)?;
        let trace: f64 = (0..k + d).map(|i| lifted.x.get(i, i)).sum();
        lifted.x.as_mut_slice().iter_mut().for_each(|x| *x /= trace);
        let w = lifted.corner(&lifted.x);
        Some(Self { lifted, dw: w.clone(), w })
    }
}

impl Ball for NuclearBall {
    fn point(&self) -> &[f64] {
        &self.w
    }
    fn pairs(&self) -> (f64, f64) {
        ((self.lifted.k + self.lifted.d) as f64, dot(self.lifted.x.as_slice(), self.lifted.s.as_slice()))
    }
    fn linearise(&mut self, v: &[f64]) -> Option<Linear> {
        // Exactly feasible from here on: what rounding left between g and Zᵀa would be multiplied by S⁻¹.
        self.lifted.s = lift(self.lifted.k, self.lifted.d, v, self.lifted.s.get(0, 0));
        self.lifted.refresh()?;
        let xt = symmetric_part(&matmul_nn(&self.lifted.x, &self.lifted.t));
        let m: Vec<f64> = self.lifted.corner(&xt).iter().map(|v| -v).collect();
        let tau: f64 = dot(self.lifted.x.as_slice(), self.lifted.t.as_slice());
        Some(Linear { metric: Metric::Inverse(self.lifted.schur()), border: Some((m, tau)) })
    }
    fn rhs(&self, _: &[f64], target: f64, second: bool) -> (Vec<f64>, f64) {
        let l = &self.lifted;
        let wanted = l.wanted(target, second);
        let trace: f64 = (0..l.k + l.d).map(|i| l.x.get(i, i) + wanted.get(i, i)).sum();
        (l.corner(&wanted), 1.0 - trace)
    }
    fn direction(&mut self, dw: &[f64], dt: f64, dv: &[f64], target: f64, second: bool) {
        let wanted = self.lifted.wanted(target, second);
        let ds = lift(self.lifted.k, self.lifted.d, dv, dt);
        self.lifted.complete(wanted, ds);
        self.dw.copy_from_slice(dw);
    }
    fn longest_step(&self) -> f64 {
        self.lifted.longest_step()
    }
    fn gap_after(&self, alpha: f64) -> f64 {
        self.lifted.gap_after(alpha)
    }
    fn advance(&mut self, alpha: f64) {
        self.lifted.advance(alpha);
        axpy(alpha, &self.dw, &mut self.w);
        let (k, d) = (self.lifted.k, self.lifted.d);
        for (i, w) in self.w.iter().enumerate() {
            self.lifted.x.set(i / d, k + i % d, -0.5 * w);
            self.lifted.x.set(k + i % d, i / d, -0.5 * w);
        }
    }
}

/// `[[tI, Y], [Yᵀ, tI]]`.
fn lift(k: usize, d: usize, y: &[f64], t: f64) -> Matrix {
    let mut s = Matrix::zeros(k + d, k + d);
    for i in 0..k + d {
        s.set(i, i, t);
    }
    for c in 0..k {
        for j in 0..d {
            s.set(c, k + j, y[c * d + j]);
            s.set(k + j, c, y[c * d + j]);
        }
    }
    s
}

fn symmetric_part(a: &Matrix) -> Matrix {
    Matrix::from_fn(a.rows(), a.cols(), |i, j| 0.5 * (a.get(i, j) + a.get(j, i)))
}

fn inverse(s: &Matrix) -> Option<Matrix> {
    let factor = Cholesky::new(s)?;
    let mut out = Matrix::zeros(s.rows(), s.rows());
    for i in 0..s.rows() {
        out.set(i, i, 1.0);
        factor.solve(out.row_mut(i));
    }
    Some(symmetric_part(&out))
}

/// Largest `α ≤ 1` with `A + α dA ⪰ 0`, from the eigenvalues of `A^{-1/2} dA A^{-1/2}`.
fn longest(a: &Matrix, da: &Matrix) -> f64 {
    let Some((values, vectors)) = symmetric_eigen(a) else { return 0.0 };
    let floor = values.last().copied().unwrap_or(0.0) * 1e-300;
    let roots: Vec<f64> = values.iter().map(|v| 1.0 / v.max(floor).sqrt()).collect();
    let m = a.rows();
    let half = Matrix::from_fn(m, m, |i, j| vectors.get(i, j) * roots[j]);
    let inner = crate::numerics::linalg::matmul_tn(&half, &matmul_nn(da, &half));
    match symmetric_eigen(&inner) {
        Some((e, _)) if e[0] < 0.0 => (-1.0 / e[0]).min(1.0),
        Some(_) => 1.0,
        None => 0.0,
    }
}
