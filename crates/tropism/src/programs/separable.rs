//! Newton's method for `min Σ φ_j(w_j) − ⟨z0, w⟩ s.t. X w = r` with mirror potentials `φ_j`.
//!
//! Where the conjugates are twice differentiable (everything but p-norms with `p > 2`) the smooth dual
//! `max ⟨r, ν⟩ − Σ φ_j*(z0_j + (Xᵀν)_j)` is solved, with Hessian `−X diag(φ*'') Xᵀ`; p-norms with `p > 2` are
//! solved on the affine set itself, with `φ''` in its place. Both are `n × n` systems. Steps are globalised by
//! the slope along the direction, which, unlike the objective, does not drown in rounding near the optimum.

use crate::numerics::linalg::{self, Cholesky};
use crate::numerics::{Design, Matrix, Potential, compensated};

/// `x [m × d]` of full row rank, `r [m]`, `shift [d]` = `z0`, one potential per coordinate.
#[derive(Clone, Copy)]
pub(super) struct Separable<'a> {
    pub x: &'a Design,
    pub r: &'a [f64],
    pub shift: &'a [f64],
    pub potentials: &'a [Potential],
}

/// Where Newton's method stopped.
pub(super) struct Stationary {
    pub w: Vec<f64>,
    pub nu: Vec<f64>,
    pub iterations: usize,
}

/// Relative change of `w` below which a step changes nothing.
const STILL: f64 = 2.0 * f64::EPSILON;

impl Separable<'_> {
    /// Whether the primal side is the smooth one.
    pub fn prefers_primal(&self) -> bool {
        self.potentials.iter().any(|p| matches!(p, Potential::PNorm(e) if *e > 2.0))
    }

    /// Whether the dual is finite at `nu`, up to overflow.
    pub fn contains(&self, nu: &[f64]) -> bool {
        let z = self.mirror_point(nu);
        self.potentials.iter().zip(&z).all(|(p, z)| p.inverse(*z).is_finite())
    }

    /// Maximises the dual from `nu`, until `w` changes by less than `tolerance` relatively (0: as far as it goes).
    pub fn dual_newton(&self, mut nu: Vec<f64>, tolerance: f64, limit: usize) -> Stationary {
        let (d, m) = (self.shift.len(), self.r.len());
        let mut best = (f64::INFINITY, nu.clone());
        let (mut fails, mut iterations) = (0, 0);
        let mut z = self.mirror_point(&nu);
        while iterations < limit {
            iterations += 1;
            let w: Vec<f64> = (0..d).map(|j| self.potentials[j].inverse(z[j])).collect();
            let curve: Vec<f64> = (0..d).map(|j| self.potentials[j].conjugate_curvature(z[j])).collect();
            let mut g = vec![0.0; m];
            self.x.apply(&w, &mut g);
            g.iter_mut().zip(self.r).for_each(|(v, r)| *v = r - *v);
            if linalg::max_abs(&g) < 1e-9 * linalg::max_abs(self.r) {
                g = compensated::values(&compensated::residual(self.x, &w, self.r));
            }
            let Some(chol) = regularised(self.x.weighted_gram(&curve)) else { break };
            let mut step = g.clone();
            chol.solve(&mut step);
            let slope = linalg::dot(&step, &g);
            let mut delta = vec![0.0; d];
            self.x.adjoint(&step, &mut delta);
            let move_w = (0..d).fold(0.0, |a: f64, j| a.max((curve[j] * delta[j]).abs()));
            let size = linalg::max_abs(&w);
            if !slope.is_finite() || !move_w.is_finite() {
                break;
            }
            // The decrement is the merit: once it stops halving, rounding has been reached.
            if slope < best.0 {
                fails = if slope > 0.5 * best.0 { fails + 1 } else { 0 };
                best = (slope, nu.clone());
            } else {
                fails += 1;
            }
            let settled = move_w <= 1e-6 * size;
            if move_w <= tolerance.max(STILL) * size || (settled && fails >= 2) || fails >= 30 || slope <= 0.0
            {
                linalg::axpy(1.0, &step, &mut nu);
                break;
            }
            let along = |t: f64| {
                slope
                    - (0..d)
                        .map(|j| (self.potentials[j].inverse(z[j] + t * delta[j]) - w[j]) * delta[j])
                        .sum::<f64>()
            };
            let t = if settled { 1.0 } else { step_length(slope, along) };
            linalg::axpy(t, &step, &mut nu);
            z = self.mirror_point(&nu);
        }
        if tolerance == 0.0 && !self.residual_is_smaller(&nu, &best.1) {
            nu = best.1;
        }
        let z = self.mirror_point(&nu);
        let mut w: Vec<f64> = (0..d).map(|j| self.potentials[j].inverse(z[j])).collect();
        if tolerance == 0.0 {
            self.restore(&z, &mut w);
        }
        Stationary { w, nu, iterations }
    }

    /// One Newton step in `w` alone: `z` is rounded relative to its size, which in `w = φ*'(z)` can be many units in
    /// the last place; the constraint is met again without going through `z`.
    fn restore(&self, z: &[f64], w: &mut [f64]) {
        let curve: Vec<f64> = z.iter().zip(self.potentials).map(|(z, p)| p.conjugate_curvature(*z)).collect();
        let mut g = compensated::values(&compensated::residual(self.x, w, self.r));
        let Some(chol) = regularised(self.x.weighted_gram(&curve)) else { return };
        chol.solve(&mut g);
        let mut delta = vec![0.0; w.len()];
        self.x.adjoint(&g, &mut delta);
        let step: Vec<f64> = curve.iter().zip(&delta).map(|(c, d)| c * d).collect();
        // Only a correction: anything larger than rounding explains is refused.
        if linalg::max_abs(&step) < 1e-6 * linalg::max_abs(w) {
            linalg::axpy(1.0, &step, w);
        }
    }

    /// Minimises over the affine set from a feasible `w`.
    pub fn primal_newton(&self, mut w: Vec<f64>, tolerance: f64, limit: usize) -> Stationary {
        let d = self.shift.len();
        let mut nu = (vec![0.0; self.r.len()], vec![0.0; self.r.len()]);
        let mut best: Option<(f64, Vec<f64>, Vec<f64>)> = None;
        let (mut fails, mut iterations) = (0, 0);
        while iterations < limit {
            iterations += 1;
            let Some(step) = self.primal_step(&w, &mut nu) else { break };
            let gradient = self.primal_gradient(&w);
            let slope = -linalg::dot(&step, &gradient);
            let (moved, size) = (linalg::max_abs(&step), linalg::max_abs(&w));
            if !slope.is_finite() || !moved.is_finite() {
                break;
            }
            let lowest = best.as_ref().map_or(f64::INFINITY, |b| b.0);
            fails = if slope.abs() > 0.5 * lowest { fails + 1 } else { 0 };
            if slope.abs() < lowest {
                best = Some((slope.abs(), w.clone(), nu.0.clone()));
            }
            let scale: f64 = (0..d).map(|j| (gradient[j] * w[j]).abs()).sum();
            // Weights with next to no curvature move for ever, without any effect: the decrement decides as well.
            let idle = slope.abs() <= 1e-18 * scale;
            let settled = moved <= 1e-6 * size;
            let done = fails >= 2 && (settled || idle) || fails >= 30;
            if moved <= tolerance.max(STILL) * size || done || slope.abs() <= 1e-30 * scale {
                break;
            }
            let along = |t: f64| {
                -(0..d)
                    .map(|j| (self.potentials[j].mirror(w[j] + t * step[j]) - self.shift[j]) * step[j])
                    .sum::<f64>()
            };
            let t = if settled || slope <= 0.0 { 1.0 } else { step_length(slope, along) };
            linalg::axpy(t, &step, &mut w);
        }
        match best {
            Some((_, w, nu)) => Stationary { w, nu, iterations },
            None => Stationary { w, nu: nu.0, iterations },
        }
    }

    fn primal_gradient(&self, w: &[f64]) -> Vec<f64> {
        (0..w.len()).map(|j| self.potentials[j].mirror(w[j]) - self.shift[j]).collect()
    }

    /// Newton's step `Θ (Xᵀν − ∇)` with `X step = r − X w`, and its multiplier `ν` as an unevaluated sum of two vectors.
    ///
    /// The weights `Θ = 1/φ''` span many orders of magnitude for large `p`: where they are large, `Xᵀν` must equal the
    /// gradient far beyond the precision of a rounded `ν`.
    fn primal_step(&self, w: &[f64], nu: &mut (Vec<f64>, Vec<f64>)) -> Option<Vec<f64>> {
        let curve: Vec<f64> = w.iter().zip(self.potentials).map(|(w, p)| p.curvature(*w)).collect();
        // Weights that vanish where w does would make free moves there; the floor keeps a descent direction.
        let floor = 1e-12 * curve.iter().copied().filter(|c| c.is_finite()).fold(0.0, f64::max);
        let theta: Vec<f64> = curve.iter().map(|c| 1.0 / c.max(floor)).collect();
        let chol = regularised(self.x.weighted_gram(&theta))?;
        let gradient = self.primal_gradient(w);
        let rest = compensated::values(&compensated::residual(self.x, w, self.r));
        let mut step = self.weighted(&theta, nu, &gradient);
        let mut last = f64::INFINITY;
        for _ in 0..10 {
            let mut missing = compensated::values(&compensated::residual(self.x, &step, &rest));
            let size = linalg::norm2(&missing);
            if size > 0.25 * last {
                break;
            }
            last = size;
            chol.solve(&mut missing);
            for (k, m) in missing.iter().enumerate() {
                let (high, low) = compensated::two_sum(nu.0[k], *m);
                (nu.0[k], nu.1[k]) = compensated::two_sum(high, nu.1[k] + low);
            }
            step = self.weighted(&theta, nu, &gradient);
        }
        Some(step)
    }

    /// `Θ (Xᵀν − g)`.
    fn weighted(&self, theta: &[f64], nu: &(Vec<f64>, Vec<f64>), g: &[f64]) -> Vec<f64> {
        let mut z = compensated::adjoint_residual(self.x, &nu.0, g);
        for (i, &low) in nu.1.iter().enumerate() {
            self.x.for_row(i, |j, v| z[j].add_product(v, low));
        }
        z.iter().zip(theta).map(|(z, t)| t * z.value()).collect()
    }

    /// The multiple of `direction` that maximises the dual, to within a factor: a start for [`Self::dual_newton`].
    pub fn along(&self, direction: &[f64]) -> Vec<f64> {
        let mut delta = vec![0.0; self.shift.len()];
        self.x.adjoint(direction, &mut delta);
        let goal = linalg::dot(direction, self.r);
        let slope = |t: f64| {
            let spent: f64 = (0..delta.len())
                .map(|j| self.potentials[j].inverse(self.shift[j] + t * delta[j]) * delta[j])
                .sum();
            goal - spent
        };
        let at_zero = slope(0.0);
        let t = if at_zero > 0.0 { step_length(at_zero, slope) } else { 0.0 };
        direction.iter().map(|v| t * v).collect()
    }

    fn mirror_point(&self, nu: &[f64]) -> Vec<f64> {
        let mut z = vec![0.0; self.shift.len()];
        self.x.adjoint(nu, &mut z);
        z.iter_mut().zip(self.shift).for_each(|(v, s)| *v += s);
        z
    }

    fn residual_is_smaller(&self, a: &[f64], b: &[f64]) -> bool {
        let size = |nu: &[f64]| {
            let z = self.mirror_point(nu);
            let w: Vec<f64> = (0..z.len()).map(|j| self.potentials[j].inverse(z[j])).collect();
            linalg::max_abs(&compensated::values(&compensated::residual(self.x, &w, self.r)))
        };
        size(a) <= size(b)
    }
}

/// A step along which the slope, `slope > 0` at 0 and decreasing, has at most half its size left.
fn step_length(slope: f64, along: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high, mut t) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..200 {
        let s = along(t);
        if s > 0.5 * slope {
            low = t;
            t = if high.is_finite() { 0.5 * (low + high) } else { 4.0 * t };
        } else if s >= -0.5 * slope {
            return t;
        } else {
            // Too long, or not a number at all.
            high = t;
            t = if low > 0.0 { 0.5 * (low + high) } else { 0.25 * t };
        }
    }
    low
}

/// The factor of an equilibrated Hessian, its diagonal raised relatively where rounding made it indefinite.
struct Scaled {
    chol: Cholesky,
    scale: Vec<f64>,
}

impl Scaled {
    fn solve(&self, v: &mut [f64]) {
        v.iter_mut().zip(&self.scale).for_each(|(a, s)| *a *= s);
        self.chol.solve(v);
        v.iter_mut().zip(&self.scale).for_each(|(a, s)| *a *= s);
    }
}

fn regularised(mut h: Matrix) -> Option<Scaled> {
    let n = h.rows();
    let scale: Vec<f64> = (0..n)
        .map(|i| {
            let root = h.get(i, i).sqrt();
            if root > 0.0 { 1.0 / root } else { 1.0 }
        })
        .collect();
    for i in 0..n {
        for j in 0..n {
            h.set(i, j, h.get(i, j) * scale[i] * scale[j]);
        }
    }
    for shift in [0.0, 1e-15, 1e-13, 1e-11, 1e-8] {
        (0..n).for_each(|i| h.set(i, i, 1.0 + shift));
        if let Some(chol) = Cholesky::new(&h) {
            return Some(Scaled { chol, scale });
        }
    }
    None
}
