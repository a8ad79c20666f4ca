//! The margin program of a diagonal network of depth `D` stopped at a finite loss: `min Q_μ(w) s.t. Z w ≥ 1`,
//! `Q_μ(w) = Σ μ q(w_i/μ)`; `q(z) = 2 − √(4 + z²) + z arcsinh(z/2)` at depth 2, and from depth 3 on `q' = h⁻¹`,
//! `h(z) = (1 − z)^{−k} − (1 + z)^{−k}`, `k = D/(D − 2)`.
//!
//! `Q_μ` is between the ℓ1 norm (`μ → 0`; at depth 2 up to the factor `log(1/μ)`) and the squared ℓ2 norm (`μ → ∞`), convex, and
//! not homogeneous; it grows along every ray, so of all multiples of a direction the one with margin one is the best, and
//! `value(w) = Q_μ(w / min_i (Zw)_i)`.
//!
//! Shapes: `w [k d]` row by row, dual `[N]`, `N = n` or `n (k − 1)`.
//! Assumes: `μ > 0`; data that are not separable have no feasible point, `value = +∞`.
//! Source: Moroshko et al. 2020, arXiv 2007.06738 (the network `u^D − v^D` started at `u = v = α`, stopped at loss `ε` with
//! `α^D / log(1/ε) → μ`); `Q_μ` is the Bregman divergence from 0 of the [`Potential`] of that depth at scale `μ`: hypentropy with
//! `β = 2μ` at depth 2 (Woodworth et al. 2020, arXiv 2002.09277, Theorems 1 and 3).
//! Units and invariance: `μ` in units of the weights at margin one, as `value`; commutes with signed permutations of
//! the features.
//! Bound: `Σa − Σ_j q_μ*((Zᵀa)_j)`, at depth 2 `q_μ*(z) = 2μ (cosh z − 1)`, for every `a ≥ 0`; negative entries are dropped and the
//! best multiple is taken.
//! Errors: none; what could not be solved shows in the certificate.

use super::max_margin::exact_weights;
use super::q_interior::Inner;
use super::rows::Rows;
use super::{Budget, MaxMargin, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::data::MarginMap;
use crate::error::Error;
use crate::numerics::linalg::{Cholesky, axpy, dot, max_abs};
use crate::numerics::{Norm, Potential, compensated, directed};

/// `min Q_μ(w) s.t. Z w ≥ 1`.
#[derive(Debug, Clone)]
pub struct QMargin {
    margins: MarginMap,
    mu: f64,
    depth: u32,
}

/// Factor between neighbouring scales of the continuation in `μ`.
const STRIDE: f64 = 8.0;

/// Certified gap from which on the dual method counts as stalled.
const STALLED: f64 = 1e-9;

impl QMargin {
    /// Errors: `μ` that is not positive and finite, a depth below 2.
    pub fn new(margins: MarginMap, mu: f64, depth: u32) -> Result<Self, Error> {
        if !(mu > 0.0 && (2.0 * mu).is_finite()) {
            return Err(Error::bad_value("program", "mu", mu, "a positive number"));
        }
        if depth < 2 {
            return Err(Error::bad_value("program", "depth", depth, "a whole number of at least 2"));
        }
        Ok(Self { margins, mu, depth })
    }

    fn potential(&self) -> Potential {
        self.scaled(1.0)
    }

    /// `q` at the scale `κ μ`.
    fn scaled(&self, kappa: f64) -> Potential {
        Potential::of_diagonal_network(self.mu * kappa, self.depth)
    }

    /// A lower bound from `t a`, rounded down.
    fn bound_at(&self, a: &[f64], t: f64) -> f64 {
        let scaled: Vec<f64> = a.iter().map(|v| t * v).collect();
        let (z, error) = self.margins.adjoint_enclosed(&scaled);
        let p = self.potential();
        let spent: Vec<f64> =
            z.iter().zip(&error).map(|(z, e)| p.conjugate_divergence_above(0.0, *z, *e)).collect();
        (directed::sum(&scaled).lo - compensated::sum(&spent).enclosure().hi).next_down()
    }
}

impl Program for QMargin {
    fn value(&self, w: &[f64]) -> f64 {
        let least = self.margins.min_margin_below(w);
        if least.is_nan() || least <= 0.0 || least.is_infinite() {
            return f64::INFINITY;
        }
        let p = self.potential();
        // Q grows with every modulus: rounding each up rounds the value up.
        let terms: Vec<f64> =
            w.iter().map(|w| p.divergence_enclosed((w.abs() / least).next_up(), 0.0).hi).collect();
        let total = compensated::sum(&terms).enclosure().hi;
        if total.is_nan() { f64::INFINITY } else { total }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        MaxMargin::new(self.margins.clone(), Norm::L2).violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let Some((a, unit)) = exact_weights(dual) else { return 0.0 };
        // The multiple is near one for a dual at the documented scale, and then exactly that is tried too.
        let mut z = vec![0.0; self.margins.cols()];
        self.margins.adjoint(&a, &mut z);
        let multiple = best_multiple(&z, a.iter().sum(), self.potential());
        let bound = self.bound_at(&a, multiple).max(self.bound_at(&a, 1.0 / unit));
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let start = MaxMargin::new(self.margins.clone(), Norm::L2).solve(budget);
        if start.status == SolveStatus::Infeasible || self.margins.min_margin(&start.w) <= 0.0 {
            return start;
        }
        let rows = Rows::new(&self.margins);
        // Rows are scaled by a power of two: margins one there are margins `unit` here.
        let unit = rows
            .apply(&start.w)
            .iter()
            .zip(self.raw(&start.w))
            .fold(1.0, |u, (a, b)| if b != 0.0 { a / b } else { u });
        let mut a: Vec<f64> = start.dual.iter().map(|v| v.max(0.0)).collect();
        let mut iterations = start.iterations;
        let p = self.potential();
        let size = max_abs(&start.w);
        let mut kappa = (size / p.conjugate_curvature(0.0)).max(1.0);
        // The ℓ2 dual belongs to w = Zᵀa; here w = q*'(Zᵀa), for small a proportional to it.
        a.iter_mut().for_each(|v| *v /= unit * p.conjugate_curvature(0.0) * kappa);
        let mut best = (f64::INFINITY, start.w.clone(), a.clone());
        loop {
            let dual = Dual { rows: &rows, goal: unit, potential: self.scaled(kappa) };
            let t = best_multiple(&rows.adjoint(&a), unit * a.iter().sum::<f64>(), dual.potential);
            a.iter_mut().for_each(|v| *v *= t);
            iterations += dual.maximise(&mut a, budget.iterations.min(100));
            if kappa <= 1.0 || budget.stopped() {
                break;
            }
            kappa = (kappa / STRIDE).max(1.0);
        }
        let w: Vec<f64> = rows.adjoint(&a).iter().map(|z| p.inverse(*z)).collect();
        let dual: Vec<f64> = a.iter().map(|v| v * unit).collect();
        let gap = certify(self, &w, &dual).relative_gap;
        if gap < best.0 {
            best = (gap, w, dual);
        }
        let mut method = "projected Newton in the dual";
        if best.0 > STALLED && !budget.stopped() {
            // More rows than weights: the dual's own curvature says nothing along most of its directions.
            let t = best_multiple(&rows.adjoint(&a), unit * a.iter().sum::<f64>(), p);
            let scaled: Vec<f64> = a.iter().map(|a| t * a).collect();
            let mut inner = Inner::new(&rows, unit, &start.w, &scaled);
            iterations += inner.solve(&rows, unit, p, budget.iterations);
            let dual: Vec<f64> = inner.a.iter().map(|v| v * unit).collect();
            let gap = certify(self, &inner.w, &dual).relative_gap;
            if gap < best.0 {
                best = (gap, inner.w, dual);
                method = "interior point";
            }
        }
        let (gap, mut w, dual) = best;
        let least = self.margins.min_margin(&w);
        w.iter_mut().for_each(|v| *v /= least);
        let status = if gap <= budget.relative_gap { SolveStatus::Converged } else { SolveStatus::Stalled };
        Solution { w, dual, status, iterations, method: method.into(), uniqueness: Uniqueness::Unique }
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "q_margin".into(),
            formula: match self.depth {
                2 => format!("min Q_μ(w) s.t. Zw ≥ 1, μ = {}", self.mu),
                depth => format!("min Q_μ(w) of depth {depth} s.t. Zw ≥ 1, μ = {}", self.mu),
            },
            scale_invariant: true,
            uniqueness: Uniqueness::Unique,
        }
    }
}

impl QMargin {
    fn raw(&self, w: &[f64]) -> Vec<f64> {
        let mut m = vec![0.0; self.margins.rows()];
        self.margins.apply(w, &mut m);
        m
    }
}

/// The `t > 0` with the largest `t gain − Σ q*(t z_j)`, nearly.
fn best_multiple(z: &[f64], gain: f64, potential: Potential) -> f64 {
    let slope = |t: f64| gain - z.iter().map(|z| potential.inverse(t * z) * z).sum::<f64>();
    // The slope falls from the gain; beyond |t z| = 700 everything overflows, and from depth 3 on the domain ends at 1.
    let edge = if let Potential::DiagonalDepth { .. } = potential { 1.0 } else { 700.0 };
    let (mut low, mut high) = (0.0, edge / max_abs(z));
    if !high.is_finite() {
        return 1.0;
    }
    for _ in 0..200 {
        let t = 0.5 * (low + high);
        if t <= low || t >= high {
            break;
        }
        if slope(t) > 0.0 { low = t } else { high = t }
    }
    low
}

/// `max_{a ≥ 0} goal Σa − Σ q*((Zᵀa)_j)`.
struct Dual<'a> {
    rows: &'a Rows,
    goal: f64,
    potential: Potential,
}

impl Dual<'_> {
    /// Newton's method on the weights that are positive or want to be (Bertsekas 1982, SIAM J. Control Optim. 20(2),
    /// 221-246), the step bent at zero; returns the number of steps.
    fn maximise(&self, a: &mut Vec<f64>, limit: usize) -> usize {
        let mut best = (f64::INFINITY, a.clone());
        let mut fails = 0;
        for step in 0..limit {
            let z = self.rows.adjoint(a);
            let w: Vec<f64> = z.iter().map(|z| self.potential.inverse(*z)).collect();
            let slope: Vec<f64> = self.rows.apply(&w).iter().map(|m| self.goal - m).collect();
            let largest = max_abs(a);
            let free: Vec<usize> =
                (0..a.len()).filter(|&i| a[i] > 1e-14 * largest || slope[i] > 0.0).collect();
            let worst = free.iter().fold(0.0, |m: f64, &i| m.max(slope[i].abs()));
            if worst < best.0 {
                fails = if worst > 0.5 * best.0 { fails + 1 } else { 0 };
                best = (worst, a.clone());
            } else {
                fails += 1;
            }
            if worst <= 4.0 * f64::EPSILON * self.goal || fails > 12 || !worst.is_finite() {
                *a = best.1;
                return step;
            }
            let curve: Vec<f64> = z.iter().map(|z| self.potential.conjugate_curvature(*z)).collect();
            let Some(direction) = self.newton(&curve, &free, &slope) else { break };
            self.advance(a, &direction, &slope);
        }
        *a = best.1;
        limit
    }

    /// `(Z diag(curve) Zᵀ)_FF d = slope_F`, zero elsewhere.
    fn newton(&self, curve: &[f64], free: &[usize], slope: &[f64]) -> Option<Vec<f64>> {
        let gram = self.rows.gram(Some(curve));
        let at = |i: usize, j: usize| gram.get(i.max(j), i.min(j));
        let scale: Vec<f64> = free.iter().map(|&i| 1.0 / at(i, i).sqrt()).collect();
        let m = free.len();
        let mut h = crate::numerics::Matrix::from_fn(m, m, |i, j| at(free[i], free[j]) * scale[i] * scale[j]);
        // More positive weights than parameters make it singular; the shift is far below what a step needs.
        let chol = [1e-15, 1e-13, 1e-11, 1e-8].iter().find_map(|shift| {
            (0..m).for_each(|i| h.set(i, i, 1.0 + shift));
            Cholesky::new(&h)
        })?;
        let mut d: Vec<f64> = free.iter().zip(&scale).map(|(&i, s)| slope[i] * s).collect();
        chol.solve(&mut d);
        let mut out = vec![0.0; slope.len()];
        free.iter().zip(d.iter().zip(&scale)).for_each(|(&i, (d, s))| out[i] = d * s);
        Some(out)
    }

    /// The bent step `max(a + t d, 0)`, `t` halved until the dual rises.
    fn advance(&self, a: &mut Vec<f64>, d: &[f64], slope: &[f64]) {
        let now = self.objective(a);
        let mut t = 1.0;
        for _ in 0..60 {
            let next: Vec<f64> = a.iter().zip(d).map(|(a, d)| (a + t * d).max(0.0)).collect();
            let mut moved = next.clone();
            axpy(-1.0, a, &mut moved);
            // Near the top the objective itself is rounding.
            let enough = now + 1e-4 * dot(&moved, slope).max(0.0) - 1e-13 * now.abs();
            if self.objective(&next) >= enough {
                *a = next;
                return;
            }
            t *= 0.5;
        }
    }

    fn objective(&self, a: &[f64]) -> f64 {
        let p = self.potential;
        let spent: f64 = self.rows.adjoint(a).iter().map(|z| p.conjugate_growth(*z)).sum();
        self.goal * a.iter().sum::<f64>() - spent
    }
}
