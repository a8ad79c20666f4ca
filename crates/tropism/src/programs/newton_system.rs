//! Newton's equations of the [`interior`](super::interior) method: assembled, factored in the smaller dimension, bordered
//! and refined.
//!
//! `E Δw − ZᵀΔa + b Δt = f`, `Z Δw + D⁻¹Δa − Δρ = h`, `ΣΔa = missing`, `bᵀΔw − β Δt = r`.

use super::interior::Metric;
use super::rows::Rows;
use super::saddle::Saddle;
use crate::numerics::Matrix;
use crate::numerics::linalg::{Cholesky, axpy, dot, matvec, norm2};

/// Newton's equations, factored.
pub(super) enum System {
    Bordered(Kkt, Ends),
    Saddle(Saddle),
}

impl System {
    pub fn new(
        rows: &Rows,
        metric: Metric,
        border: Option<(Vec<f64>, f64)>,
        d: Vec<f64>,
        factors: &mut Factors,
    ) -> Option<Self> {
        if let Metric::Inverse(m) = metric {
            let (column, tau) = border?;
            return Some(System::Saddle(Saddle::new(rows, m, column, tau, d)));
        }
        let kkt = Kkt::new(rows, metric, d, factors)?;
        let ends = Ends::new(rows, &kkt, border);
        Some(System::Bordered(kkt, ends))
    }

    pub fn solve(&self, rows: &Rows, right: Right) -> Option<Delta> {
        match self {
            System::Bordered(kkt, ends) => kkt.bordered(rows, ends, right),
            System::Saddle(saddle) => saddle.solve(rows, right),
        }
    }
}

/// What stays the same between factorisations.
#[derive(Default)]
pub(super) struct Factors {
    gram: Option<Matrix>,
}

/// The factored Newton matrix, in the smaller dimension where `E` is diagonal.
pub(super) struct Kkt {
    /// `D⁻¹ + Z E⁻¹ Zᵀ` if `wide`, else `E + Zᵀ D Z`.
    factor: Cholesky,
    wide: bool,
    metric: Metric,
    d: Vec<f64>,
}

impl Kkt {
    pub fn new(rows: &Rows, metric: Metric, d: Vec<f64>, factors: &mut Factors) -> Option<Self> {
        let (n, m) = (rows.count(), rows.width());
        let wide = n < m && !matches!(metric, Metric::Dense(_));
        let mut k = match &metric {
            _ if !wide => rows.normal(&d),
            Metric::Diagonal(e) => rows.gram(Some(&e.iter().map(|v| 1.0 / v).collect::<Vec<f64>>())),
            _ => factors.gram.get_or_insert_with(|| rows.gram(None)).clone(),
        };
        if wide {
            d.iter().enumerate().for_each(|(i, v)| k.set(i, i, k.get(i, i) + 1.0 / v));
        } else {
            match &metric {
                Metric::Identity => (0..m).for_each(|j| k.set(j, j, k.get(j, j) + 1.0)),
                Metric::Diagonal(e) => e.iter().enumerate().for_each(|(j, v)| k.set(j, j, k.get(j, j) + v)),
                Metric::Dense(e) | Metric::Inverse(e) => axpy(1.0, e.as_slice(), k.as_mut_slice()),
            }
        }
        Some(Kkt { factor: regularised(k)?, wide, metric, d })
    }

    fn metric_times(&self, w: &[f64]) -> Vec<f64> {
        let mut out = w.to_vec();
        match &self.metric {
            Metric::Identity => {}
            Metric::Diagonal(e) => out.iter_mut().zip(e).for_each(|(v, e)| *v *= e),
            Metric::Dense(e) | Metric::Inverse(e) => matvec(e, w, &mut out),
        }
        out
    }

    /// The whole system with its borders, refined while that helps: near the end the border columns are huge
    /// and cancel.
    fn bordered(&self, rows: &Rows, ends: &Ends, right: Right) -> Option<Delta> {
        let (n, m) = (rows.count(), rows.width());
        let mut x = Delta { dw: vec![0.0; m], da: vec![0.0; n], dg: None, drho: 0.0, dt: 0.0 };
        let mut left = Right { f: right.f.clone(), h: right.h.clone(), ..right };
        let mut size = f64::INFINITY;
        for _ in 0..3 {
            let (w0, a0) = self.solve(rows, &left.f, &left.h);
            let (drho, dt) = ends.scalars(&w0, &a0, left.missing, left.r)?;
            let before = Delta { dw: x.dw.clone(), da: x.da.clone(), dg: None, ..x };
            axpy(1.0, &w0, &mut x.dw);
            axpy(1.0, &a0, &mut x.da);
            axpy(drho, &ends.rho_w, &mut x.dw);
            axpy(drho, &ends.rho_a, &mut x.da);
            if let Some(side) = &ends.side {
                axpy(dt, &side.w, &mut x.dw);
                axpy(dt, &side.a, &mut x.da);
            }
            x.drho += drho;
            x.dt += dt;
            if matches!(self.metric, Metric::Identity) {
                // The ℓ2 program is well conditioned and its digits come from the active-set finish.
                return Some(x);
            }
            left = self.residual(rows, ends, &right, &x);
            let now = norm2(&left.f) + norm2(&left.h) + left.missing.abs() + left.r.abs();
            if now.is_nan() || now > 0.5 * size {
                return Some(if now < size { x } else { before });
            }
            size = now;
        }
        Some(x)
    }

    fn residual(&self, rows: &Rows, ends: &Ends, right: &Right, x: &Delta) -> Right {
        let (ew, zw, za) = (self.metric_times(&x.dw), rows.apply(&x.dw), rows.adjoint(&x.da));
        let b = ends.side.as_ref();
        let bt = |j: usize| b.map_or(0.0, |s| s.b[j] * x.dt);
        Right {
            f: (0..ew.len()).map(|j| right.f[j] - (ew[j] - za[j] + bt(j))).collect(),
            h: (0..zw.len()).map(|i| right.h[i] - (zw[i] + x.da[i] / self.d[i] - x.drho)).collect(),
            missing: right.missing - x.da.iter().sum::<f64>(),
            r: b.map_or(0.0, |s| right.r - (dot(&s.b, &x.dw) - s.beta * x.dt)),
        }
    }

    pub fn solve(&self, rows: &Rows, f: &[f64], h: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let d = &self.d;
        if !self.wide {
            let dh: Vec<f64> = d.iter().zip(h).map(|(d, h)| d * h).collect();
            let mut w = rows.adjoint(&dh);
            axpy(1.0, f, &mut w);
            self.factor.solve(&mut w);
            let zw = rows.apply(&w);
            let a = d.iter().zip(h).zip(&zw).map(|((d, h), z)| d * (h - z)).collect();
            return (w, a);
        }
        let weigh = |v: &mut [f64]| {
            if let Metric::Diagonal(e) = &self.metric {
                v.iter_mut().zip(e).for_each(|(v, e)| *v /= e);
            }
        };
        let mut ef = f.to_vec();
        weigh(&mut ef);
        let zef = rows.apply(&ef);
        let mut a: Vec<f64> = h.iter().zip(&zef).map(|(h, z)| h - z).collect();
        self.factor.solve(&mut a);
        let mut w = rows.adjoint(&a);
        axpy(1.0, f, &mut w);
        weigh(&mut w);
        (w, a)
    }
}

/// Cholesky, with the diagonal lifted a little if rounding has made the matrix indefinite.
fn regularised(mut k: Matrix) -> Option<Cholesky> {
    let largest = (0..k.rows()).map(|i| k.get(i, i)).fold(0.0, f64::max);
    let mut lift = 0.0;
    for _ in 0..4 {
        (0..k.rows()).for_each(|i| k.set(i, i, k.get(i, i) * (1.0 + lift) + lift * 1e-3 * largest));
        if let Some(c) = Cholesky::new(&k) {
            return Some(c);
        }
        lift = if lift == 0.0 { 1e-15 } else { lift * 1e2 };
    }
    None
}

/// The columns that belong to `ρ` and to the ball's scalar `t`.
pub(super) struct Ends {
    rho_w: Vec<f64>,
    rho_a: Vec<f64>,
    side: Option<Side>,
}

struct Side {
    b: Vec<f64>,
    beta: f64,
    w: Vec<f64>,
    a: Vec<f64>,
}

impl Ends {
    fn new(rows: &Rows, kkt: &Kkt, border: Option<(Vec<f64>, f64)>) -> Self {
        let (n, m) = (rows.count(), rows.width());
        let (rho_w, rho_a) = kkt.solve(rows, &vec![0.0; m], &vec![1.0; n]);
        let side = border.map(|(b, beta)| {
            let minus: Vec<f64> = b.iter().map(|v| -v).collect();
            let (w, a) = kkt.solve(rows, &minus, &vec![0.0; n]);
            Side { b, beta, w, a }
        });
        Self { rho_w, rho_a, side }
    }

    /// `Δρ` and `Δt` from the 1×1 or 2×2 system that the border rows leave.
    fn scalars(&self, w0: &[f64], a0: &[f64], missing: f64, r: f64) -> Option<(f64, f64)> {
        let total = |v: &[f64]| v.iter().sum::<f64>();
        let (k11, r1) = (total(&self.rho_a), missing - total(a0));
        let Some(side) = &self.side else {
            return (k11 != 0.0).then(|| (r1 / k11, 0.0));
        };
        let (k12, k21) = (total(&side.a), dot(&side.b, &self.rho_w));
        let (k22, r2) = (dot(&side.b, &side.w) - side.beta, r - dot(&side.b, w0));
        let det = k11 * k22 - k12 * k21;
        (det != 0.0).then(|| ((r1 * k22 - k12 * r2) / det, (k11 * r2 - k21 * r1) / det))
    }
}

/// Right-hand sides of Newton's equations and of the two border rows.
pub(super) struct Right {
    pub f: Vec<f64>,
    pub h: Vec<f64>,
    pub missing: f64,
    pub r: f64,
}

pub(super) struct Delta {
    pub dw: Vec<f64>,
    pub da: Vec<f64>,
    /// `Δg` where the system has it as an unknown: closer to the truth than `ZᵀΔa`.
    pub dg: Option<Vec<f64>>,
    pub drho: f64,
    pub dt: f64,
}
