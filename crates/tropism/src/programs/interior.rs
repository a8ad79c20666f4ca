//! A dense primal-dual interior point method for the margin game
//! `max_{w ∈ B} min_i (Zw)_i = min_{a ∈ Δ} ‖Zᵀa‖_*`, the ball `B` given by a [`Ball`].
//!
//! Stated as a game, both sides always have interior points (`w = 0`, uniform `a`) and bounded solutions, so
//! nothing breaks down when data are barely or not separable: the value is then just tiny or zero.
//! With `s = Zw − ρ 1 ≥ 0` and `a` its multiplier, Newton's equations reduce to
//! `E Δw − ZᵀΔa = f`, `Z Δw + D⁻¹ Δa = h`, `D = diag(a/s)`, where `E` is the ball's linearised map from `w` to
//! its multiplier `g = Zᵀa`; plus one border row for `ρ` and at most one for the ball's own scalar. They are solved by
//! Cholesky in the smaller of the two dimensions, with Mehrotra's predictor and corrector (Mehrotra 1992,
//! SIAM J. Optim. 2(4), 575-601, <https://doi.org/10.1137/0802028>).

use super::rows::Rows;
use super::saddle::Saddle;
use crate::numerics::Matrix;
use crate::numerics::linalg::{Cholesky, axpy, dot, norm2};

/// The ball's linearised map `Δw ↦ Δg`.
pub(super) enum Metric {
    Identity,
    Diagonal(Vec<f64>),
    /// Symmetric, full.
    Dense(Matrix),
    /// Symmetric, full, `M = E⁻¹`, too ill-conditioned to invert: `Δw = M Δg + m Δt + e`, `mᵀΔg + τ Δt = −r` with the
    /// border `(m, τ)`.
    Inverse(Matrix),
}

/// One unit ball with its own complementarity pairs, as Newton's method sees it.
pub(super) trait Ball {
    /// The primal iterate `w`.
    fn point(&self) -> &[f64];
    /// Number of complementarity pairs, and the sum of their products.
    fn pairs(&self) -> (f64, f64);
    /// `E`, and the border `(b, β)` of the ball's own scalar `t` if it has one:
    /// `ZᵀΔa = E Δw + b Δt + e`, `bᵀΔw − β Δt = r`.
    fn linearise(&mut self, v: &[f64]) -> Option<(Metric, Option<(Vec<f64>, f64)>)>;
    /// `(e, r)` for complementarity products `target`, given `v = Zᵀa`; with the second-order terms of the
    /// last direction if `second`.
    fn rhs(&self, v: &[f64], target: f64, second: bool) -> (Vec<f64>, f64);
    /// Completes and keeps the direction that belongs to `Δw`, `Δt`, `ΔZᵀa` and the right-hand side just asked for.
    fn direction(&mut self, dw: &[f64], dt: f64, dv: &[f64], target: f64, second: bool);
    /// Largest step in `[0, 1]` that stays inside, and the sum of products after the step `alpha`.
    fn longest_step(&self) -> f64;
    fn gap_after(&self, alpha: f64) -> f64;
    fn advance(&mut self, alpha: f64);
}

/// The best vectors seen: `w` by its margin and `a` by its bound, each on its own.
pub(super) struct GamePoint {
    pub w: Vec<f64>,
    pub a: Vec<f64>,
    /// Slacks `s` at the last iterate, for telling active rows from inactive ones.
    pub slack: Vec<f64>,
    /// Multipliers at the last iterate.
    pub last: Vec<f64>,
    pub iterations: usize,
}

/// How the game value is measured along the way.
pub(super) struct Gauge<'a> {
    pub norm: &'a dyn Fn(&[f64]) -> f64,
    pub dual: &'a dyn Fn(&[f64]) -> f64,
}

struct State {
    a: Vec<f64>,
    s: Vec<f64>,
    rho: f64,
}

struct Step {
    dw: Vec<f64>,
    da: Vec<f64>,
    ds: Vec<f64>,
    drho: f64,
    dt: f64,
}

/// Plays the game to a relative gap of `tolerance`, at most `iterations` Newton steps.
pub(super) fn play(
    rows: &Rows,
    ball: &mut dyn Ball,
    gauge: &Gauge<'_>,
    iterations: usize,
    tolerance: f64,
) -> GamePoint {
    let n = rows.count();
    let margins = rows.apply(ball.point());
    let rho = margins.iter().copied().fold(f64::INFINITY, f64::min) - 1.0;
    let mut now = State { a: vec![1.0 / n as f64; n], s: margins.iter().map(|m| m - rho).collect(), rho };
    let mut best = Best::new(&now.a, ball.point());
    let mut factors = Factors { gram: None };
    let mut done = 0;
    while done < iterations {
        let v = rows.adjoint(&now.a);
        let margins = rows.apply(ball.point());
        if best.update(&now, ball.point(), &v, &margins, gauge, tolerance) {
            break;
        }
        let Some(step) = newton(rows, ball, &mut now, &v, &margins, &mut factors) else { break };
        done += 1;
        if !take(&mut now, ball, &step) {
            break;
        }
    }
    GamePoint { w: best.w, a: best.a, slack: now.s, last: now.a, iterations: done }
}

/// One predictor and one corrector; `None` if the factorisation breaks down.
fn newton(
    rows: &Rows,
    ball: &mut dyn Ball,
    now: &mut State,
    v: &[f64],
    margins: &[f64],
    factors: &mut Factors,
) -> Option<Step> {
    let n = now.a.len();
    let (metric, border) = ball.linearise(v)?;
    let d: Vec<f64> = now.a.iter().zip(&now.s).map(|(a, s)| a / s).collect();
    let system = System::new(rows, metric, border, d, factors)?;
    let (pairs, gap) = ball.pairs();
    let mu = (dot(&now.a, &now.s) + gap) / (n as f64 + pairs);
    let residual: Vec<f64> = margins.iter().zip(&now.s).map(|(m, s)| m - now.rho - s).collect();
    let mut step: Option<Step> = None;
    for target_ratio in [None, Some(())] {
        let (target, second) = match (&step, target_ratio) {
            (Some(p), Some(())) => {
                let alpha = inside(&now.a, &p.da).min(inside(&now.s, &p.ds)).min(ball.longest_step());
                let after: f64 =
                    (0..n).map(|i| (now.a[i] + alpha * p.da[i]) * (now.s[i] + alpha * p.ds[i])).sum();
                let ratio = (after + ball.gap_after(alpha)) / (n as f64 + pairs) / mu;
                (ratio.clamp(0.0, 1.0).powi(3) * mu, true)
            }
            _ => (0.0, false),
        };
        let (e, r) = ball.rhs(v, target, second);
        let h: Vec<f64> = (0..n)
            .map(|i| {
                let cross = if second { step.as_ref().map_or(0.0, |p| p.da[i] * p.ds[i]) } else { 0.0 };
                (target - cross) / now.a[i] - now.s[i] - residual[i]
            })
            .collect();
        let f: Vec<f64> = e.iter().map(|v| -v).collect();
        let missing = 1.0 - now.a.iter().sum::<f64>();
        let Delta { dw, da, dg, drho, dt } = system.solve(rows, Right { f, h, missing, r })?;
        let zdw = rows.apply(&dw);
        let ds: Vec<f64> = zdw.iter().zip(&residual).map(|(m, r)| m - drho + r).collect();
        let dg = dg.unwrap_or_else(|| rows.adjoint(&da));
        ball.direction(&dw, dt, &dg, target, second);
        step = Some(Step { dw, da, ds, drho, dt });
    }
    step.filter(|s| s.dw.iter().chain(&s.da).all(|v| v.is_finite()) && s.dt.is_finite())
}

/// Moves along the step; false when it no longer leads anywhere.
fn take(now: &mut State, ball: &mut dyn Ball, step: &Step) -> bool {
    let longest = inside(&now.a, &step.da).min(inside(&now.s, &step.ds)).min(ball.longest_step());
    let alpha = if longest >= 1.0 { 1.0 } else { 0.995 * longest };
    let alpha = alpha.min(0.9995);
    axpy(alpha, &step.da, &mut now.a);
    axpy(alpha, &step.ds, &mut now.s);
    now.rho += alpha * step.drho;
    ball.advance(alpha);
    // Underflow to zero would make the ratio a/s meaningless.
    now.a.iter_mut().chain(&mut now.s).for_each(|v| *v = v.max(1e-300));
    alpha > 1e-8
}

/// The columns that belong to `ρ` and to the ball's scalar `t`.
struct Ends {
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

/// Largest `α ≤ 1` with `x + α dx ≥ 0`.
pub(super) fn inside(x: &[f64], dx: &[f64]) -> f64 {
    x.iter().zip(dx).fold(1.0, |m: f64, (x, d)| if *d < 0.0 { m.min(-x / d) } else { m })
}

/// Newton's equations, factored.
enum System {
    Bordered(Kkt, Ends),
    Saddle(Saddle),
}

impl System {
    fn new(
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

    fn solve(&self, rows: &Rows, right: Right) -> Option<Delta> {
        match self {
            System::Bordered(kkt, ends) => kkt.bordered(rows, ends, right),
            System::Saddle(saddle) => saddle.solve(rows, right),
        }
    }
}

/// What stays the same between factorisations.
struct Factors {
    gram: Option<Matrix>,
}

/// The factored Newton matrix, in the smaller dimension where `E` is diagonal.
struct Kkt {
    /// `D⁻¹ + Z E⁻¹ Zᵀ` if `wide`, else `E + Zᵀ D Z`.
    factor: Cholesky,
    wide: bool,
    metric: Metric,
    d: Vec<f64>,
}

impl Kkt {
    fn new(rows: &Rows, metric: Metric, d: Vec<f64>, factors: &mut Factors) -> Option<Self> {
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
            Metric::Dense(e) | Metric::Inverse(e) => crate::numerics::linalg::matvec(e, w, &mut out),
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

    fn solve(&self, rows: &Rows, f: &[f64], h: &[f64]) -> (Vec<f64>, Vec<f64>) {
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

struct Best {
    w: Vec<f64>,
    a: Vec<f64>,
    lower: f64,
    upper: f64,
    gap: f64,
    stale: usize,
}

impl Best {
    fn new(a: &[f64], w: &[f64]) -> Self {
        let inf = f64::INFINITY;
        Self { w: w.to_vec(), a: a.to_vec(), lower: -inf, upper: inf, gap: inf, stale: 0 }
    }

    /// Keeps what improves; true when there is nothing left to gain.
    fn update(
        &mut self,
        now: &State,
        w: &[f64],
        v: &[f64],
        margins: &[f64],
        gauge: &Gauge<'_>,
        tolerance: f64,
    ) -> bool {
        let upper = (gauge.dual)(v) / now.a.iter().sum::<f64>();
        let size = (gauge.norm)(w);
        let least = margins.iter().copied().fold(f64::INFINITY, f64::min);
        let lower = if size > 0.0 { least / size } else { f64::NEG_INFINITY };
        if upper < self.upper {
            self.upper = upper;
            self.a.copy_from_slice(&now.a);
        }
        if lower > self.lower {
            self.lower = lower;
            self.w.copy_from_slice(w);
        }
        let gap = (self.upper - self.lower.max(0.0)) / self.upper;
        self.stale = if gap < 0.9 * self.gap || self.lower <= 0.0 { 0 } else { self.stale + 1 };
        self.gap = self.gap.min(gap);
        // Rows have length about one: a value below 1e-15 cannot be told from zero.
        gap <= tolerance || self.upper <= 1e-15 || self.stale >= 8
    }
}
