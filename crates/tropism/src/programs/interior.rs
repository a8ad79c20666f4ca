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

use super::Budget;
use super::newton_system::{Delta, Factors, Right, System};
use super::rows::Rows;
use crate::numerics::Matrix;
use crate::numerics::linalg::{axpy, dot};

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

/// The ball's part of Newton's equations: `E`, and the border `(b, β)` of its own scalar `t` if it has one,
/// `ZᵀΔa = E Δw + b Δt + e`, `bᵀΔw − β Δt = r`.
pub(super) struct Linear {
    pub metric: Metric,
    pub border: Option<(Vec<f64>, f64)>,
}

/// One unit ball with its own complementarity pairs, as Newton's method sees it.
pub(super) trait Ball {
    /// The primal iterate `w`.
    fn point(&self) -> &[f64];
    /// Number of complementarity pairs, and the sum of their products.
    fn pairs(&self) -> (f64, f64);
    /// The linearisation at the current point, where `v = Zᵀa`; `None` if a factorisation breaks down.
    fn linearise(&mut self, v: &[f64]) -> Option<Linear>;
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

/// Plays the game within `budget`, an iteration being a Newton step.
pub(super) fn play(rows: &Rows, ball: &mut dyn Ball, gauge: &Gauge<'_>, budget: &Budget) -> GamePoint {
    let n = rows.count();
    let margins = rows.apply(ball.point());
    let rho = margins.iter().copied().fold(f64::INFINITY, f64::min) - 1.0;
    let mut now = State { a: vec![1.0 / n as f64; n], s: margins.iter().map(|m| m - rho).collect(), rho };
    let mut best = Best::new(&now.a, ball.point());
    let mut factors = Factors::default();
    let mut done = 0;
    while done < budget.iterations && !budget.stopped() {
        let v = rows.adjoint(&now.a);
        let margins = rows.apply(ball.point());
        if best.update(&now, ball.point(), &v, &margins, gauge, budget.relative_gap) {
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
    let Linear { metric, border } = ball.linearise(v)?;
    let d: Vec<f64> = now.a.iter().zip(&now.s).map(|(a, s)| a / s).collect();
    // The ℓ2 ball is its own multiplier and has no use for Δg.
    let plain = matches!(metric, Metric::Identity);
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
        let dg = dg.unwrap_or_else(|| if plain { vec![] } else { rows.adjoint(&da) });
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

/// Largest `α ≤ 1` with `x + α dx ≥ 0`.
pub(super) fn inside(x: &[f64], dx: &[f64]) -> f64 {
    x.iter().zip(dx).fold(1.0, |m: f64, (x, d)| if *d < 0.0 { m.min(-x / d) } else { m })
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
