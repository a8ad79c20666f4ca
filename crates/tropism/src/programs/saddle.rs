//! Newton's equations where the ball's metric is known only by its inverse `M` (the nuclear norm): neither `M` nor
//! `H = Zᵀ D Z` can be inverted near the end, but the symmetric system
//! `[H, I; I, −M]` in `(Δw, Δg)`, with the borders of `ρ` and `t`, stays well posed; it is solved by LU with refinement.

use super::newton_system::{Delta, Right};
use super::rows::Rows;
use crate::numerics::Matrix;
use crate::numerics::linalg::{Lu, axpy, dot, matvec, norm2};

pub(super) struct Saddle {
    factor: Lu,
    /// Row and column scales that make the factored matrix balanced.
    scale: Vec<f64>,
    m: Matrix,
    column: Vec<f64>,
    tau: f64,
    d: Vec<f64>,
    /// `ZᵀD 1`.
    u: Vec<f64>,
}

/// Unknowns or residuals: `(Δw, Δg, Δρ, Δt)` in one vector.
type Stacked = Vec<f64>;

impl Saddle {
    pub fn new(rows: &Rows, m: Matrix, column: Vec<f64>, tau: f64, d: Vec<f64>) -> Self {
        let size = rows.width();
        let h = rows.normal(&d);
        let u = rows.adjoint(&d);
        let total: f64 = d.iter().sum();
        let mut k = Matrix::zeros(2 * size + 2, 2 * size + 2);
        for i in 0..size {
            for j in 0..size {
                let lower = if i >= j { h.get(i, j) } else { h.get(j, i) };
                k.set(i, j, lower);
                k.set(size + i, size + j, -m.get(i, j));
            }
            for (r, c, v) in [(i, size + i, 1.0), (i, 2 * size, -u[i]), (size + i, 2 * size + 1, -column[i])]
            {
                k.set(r, c, v);
                k.set(c, r, v);
            }
        }
        k.set(2 * size, 2 * size, total);
        k.set(2 * size + 1, 2 * size + 1, -tau);
        let scale: Vec<f64> = (0..k.rows()).map(|i| 1.0 / k.get(i, i).abs().max(1e-300).sqrt()).collect();
        for i in 0..k.rows() {
            k.row_mut(i).iter_mut().zip(&scale).for_each(|(v, s)| *v *= s * scale[i]);
        }
        Self { factor: Lu::new(&k), scale, m, column, tau, d, u }
    }

    pub fn solve(&self, rows: &Rows, right: Right) -> Option<Delta> {
        let size = rows.width();
        let dh: Vec<f64> = self.d.iter().zip(&right.h).map(|(d, h)| d * h).collect();
        let mut b: Stacked = rows.adjoint(&dh);
        b.extend(right.f.iter().map(|v| -v));
        b.extend([right.missing - dh.iter().sum::<f64>(), right.r]);
        let mut x = vec![0.0; b.len()];
        let mut left = b.clone();
        let mut last = f64::INFINITY;
        for _ in 0..4 {
            let mut step: Stacked = left.iter().zip(&self.scale).map(|(v, s)| v * s).collect();
            self.factor.solve(&mut step);
            let before = x.clone();
            step.iter().zip(&self.scale).zip(&mut x).for_each(|((v, s), x)| *x += v * s);
            left = self.times(rows, &x);
            left.iter_mut().zip(&b).for_each(|(l, b)| *l = b - *l);
            let weighted: Vec<f64> = left.iter().zip(&self.scale).map(|(v, s)| v * s).collect();
            let now = norm2(&weighted);
            if now.is_nan() || now > 0.5 * last {
                if now.is_nan() || now > last {
                    x = before;
                }
                break;
            }
            last = now;
        }
        let (dw, rest) = x.split_at(size);
        let (drho, dt) = (rest[size], rest[size + 1]);
        let zdw = rows.apply(dw);
        let da = self.d.iter().zip(&right.h).zip(&zdw).map(|((d, h), z)| d * (h - z + drho)).collect();
        Some(Delta { dw: dw.to_vec(), da, dg: Some(rest[..size].to_vec()), drho, dt })
            .filter(|x| x.drho.is_finite() && x.dt.is_finite())
    }

    fn times(&self, rows: &Rows, x: &[f64]) -> Stacked {
        let size = self.u.len();
        let (w, g) = (&x[..size], &x[size..2 * size]);
        let (rho, t) = (x[2 * size], x[2 * size + 1]);
        let weighted: Vec<f64> = rows.apply(w).iter().zip(&self.d).map(|(z, d)| z * d).collect();
        let mut first = rows.adjoint(&weighted);
        axpy(1.0, g, &mut first);
        axpy(-rho, &self.u, &mut first);
        let mut second = vec![0.0; size];
        matvec(&self.m, g, &mut second);
        for (i, s) in second.iter_mut().enumerate() {
            *s = w[i] - *s - self.column[i] * t;
        }
        let total: f64 = self.d.iter().sum();
        first.extend(second);
        first.extend([total * rho - dot(&self.u, w), -dot(&self.column, g) - self.tau * t]);
        first
    }
}
