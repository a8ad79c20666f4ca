//! The interpolant nearest to the start in a mirror potential: `argmin D_Φ(w, w0) s.t. X w = y`.
//!
//! `D_Φ(w, w0) = Φ(w) − Φ(w0) − ⟨∇Φ(w0), w − w0⟩`, `Φ(w) = Σ φ_j(w_j)`, solved by `w = ∇Φ*(∇Φ(w0) + Xᵀν)`.
//!
//! Shapes: `X [n × d]`, `y [n]`, `w, w0 [d]`, dual `ν [n]`.
//! Assumes: one real output; `w0` inside the domain of `Φ`.
//! Source: mirror descent on any loss with a unique finite root (Gunasekar, Lee, Soudry, Srebro 2018, arXiv
//! 1802.08246, Theorem 1). Gradient flow on `w = u² − v²` from `u = v = α` is hypentropy with `β = 2α²` and `w0 = 0`
//! (Woodworth et al. 2020, arXiv 2002.09277, Theorem 1, `Q_α = D_Φ(·, 0)`); a general start has
//! `β_j = 2 u_j v_j`, `w0 = u² − v²`; on `w = u^D − v^D`, `D ≥ 3`, it is the potential of Theorem 3. A linear term `⟨c, w⟩` is the start `w0 = ∇Φ*(−c)`.
//! Units and invariance: `value` in the units of `Φ`; commutes with row operations on `(X, y)` and with signed
//! permutations (with permutations for negative entropy).
//! Bound: `D_Φ(w, w0) ≥ ⟨ν, y − X w0⟩ − D_Φ*(∇Φ(w0) + Xᵀν, ∇Φ(w0))` for every feasible `w` and every `ν`. Both sides
//! are divergences, so the gap is relative to the optimal divergence itself, however small: no constant of `Φ` enters.
//! Accuracy: at depth `D` a start `α` keeps the dual within `α^{D−2}` of the edge of its domain; below about 1e-8 doubles do
//! not resolve that, the solution is that of a softer potential, and the gap may stay at 1e-8 or so, as certified.
//! Errors: inconsistent `y` and, for negative entropy, systems without a positive solution are
//! [`SolveStatus::Infeasible`], with a `ν` whose bound is large.
//!
//! ```
//! use std::sync::Arc;
//! use tropism::numerics::Matrix;
//! use tropism::programs::{BregmanInterpolant, Budget, Program};
//!
//! // One equation 3 w₁ + 4 w₂ = 12: a small start of w = u² − v² is sparse, a large one the shortest solution.
//! let x = Arc::new(Matrix::from_rows(&[vec![3.0, 4.0]]).into());
//! let limit = |alpha| -> Result<Vec<f64>, tropism::Error> {
//!     let program = BregmanInterpolant::diagonal_network(Arc::clone(&x), vec![12.0], alpha)?;
//!     Ok(program.solve(&Budget::default()).w)
//! };
//! assert!(limit(1e-8)?[0] < 1e-3 && (limit(1e4)?[0] - 1.44).abs() < 1e-12);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::affine::Affine;
use super::separable::{Separable, Stationary};
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::error::Error;
use crate::numerics::{Design, Potential, PseudoInverse, compensated, linalg};
use std::sync::Arc;

/// `min D_Φ(w, w0) s.t. X w = y`.
#[derive(Debug, Clone)]
pub struct BregmanInterpolant {
    affine: Affine,
    potentials: Vec<Potential>,
}

/// Factor between neighbouring scales of the continuation in `β`.
const STRIDE: f64 = 30.0;

impl BregmanInterpolant {
    /// One potential for all weights; the start is its minimiser if `None`.
    pub fn new(
        x: Arc<Design>,
        y: Vec<f64>,
        potential: Potential,
        start: Option<Vec<f64>>,
    ) -> Result<Self, Error> {
        let potentials = vec![potential; x.cols()];
        Self::with_potentials(x, y, potentials, start)
    }

    /// The limit of gradient flow on `w = u² − v²` from `u = v = α`: hypentropy with `β = 2α²` from 0.
    pub fn diagonal_network(x: Arc<Design>, y: Vec<f64>, alpha: f64) -> Result<Self, Error> {
        Self::new(x, y, Potential::of_diagonal_network(alpha * alpha, 2), None)
    }

    /// The limit of gradient flow on `w = u^D − v^D` from `u = v = α`, `alpha [d]`, `D ≥ 2`.
    pub fn deep_diagonal_network(
        x: Arc<Design>,
        y: Vec<f64>,
        alpha: &[f64],
        depth: u32,
    ) -> Result<Self, Error> {
        let one = |a: &f64| Potential::of_diagonal_network(a.powi(depth as i32), depth);
        Self::with_potentials(x, y, alpha.iter().map(one).collect(), None)
    }

    /// `argmin D_Φ(w, u² − v²) + ⟨c, w⟩ s.t. X w = y`, `Φ` hypentropy with `β = 2 u v`; `u, v, c [d]`.
    ///
    /// With `c = 0` the limit of gradient flow on `w = u² − v²` from `(u, v)`. After finite steps or mini-batches from
    /// `u = v = α`: `u = v = α_∞` and `c = 2R` (Even, Pesme, Gunasekar, Flammarion 2023, arXiv 2302.08982, Theorem 1).
    pub fn diagonal_network_from(
        x: Arc<Design>,
        y: Vec<f64>,
        (u, v): (&[f64], &[f64]),
        linear: Option<&[f64]>,
    ) -> Result<Self, Error> {
        let (d, zero) = (x.cols(), vec![0.0; u.len()]);
        let linear = linear.unwrap_or(&zero);
        if [u.len(), v.len(), linear.len()] != [d; 3] {
            let what =
                format!("{} and {} factors, {} linear terms for {d} weights", u.len(), v.len(), linear.len());
            return Err(Error::data("bregman interpolant", what));
        }
        let potentials: Vec<Potential> =
            u.iter().zip(v).map(|(u, v)| Potential::Hypentropy(2.0 * u * v)).collect();
        let start = (0..d).map(|j| {
            let w0 = (u[j] - v[j]) * (u[j] + v[j]);
            if linear[j] == 0.0 { w0 } else { potentials[j].inverse(potentials[j].mirror(w0) - linear[j]) }
        });
        Self::with_potentials(x, y, potentials.clone(), Some(start.collect()))
    }

    /// One potential per weight, `potentials [d]`.
    ///
    /// Errors: shapes that do not fit, entries that are not finite, a potential with an inadmissible parameter, a
    /// start where the mirror map does not exist.
    pub fn with_potentials(
        x: Arc<Design>,
        y: Vec<f64>,
        potentials: Vec<Potential>,
        start: Option<Vec<f64>>,
    ) -> Result<Self, Error> {
        let start = start.unwrap_or_else(|| potentials.iter().map(|p| p.centre()).collect());
        let affine = Affine::new(x, y, start)?;
        if potentials.len() != affine.start.len() {
            let (found, d) = (potentials.len(), affine.start.len());
            return Err(Error::data("bregman interpolant", format!("{found} potentials for {d} weights")));
        }
        for (p, w) in potentials.iter().zip(&affine.start) {
            if !p.is_valid() {
                let expected =
                    "1 < p < ∞ for a p-norm, 0 < β < ∞ for hypentropy, a positive scale and depth ≥ 3";
                return Err(Error::bad_value("program", "potential", format!("{p:?}"), expected));
            }
            if !p.contains_start(*w) {
                return Err(Error::bad_value("program", "start", w, "a start inside the potential's domain"));
            }
        }
        Ok(Self { affine, potentials })
    }

    /// One potential per weight.
    pub fn potentials(&self) -> &[Potential] {
        &self.potentials
    }

    fn mirror(&self, w: &[f64]) -> Vec<f64> {
        w.iter().zip(&self.potentials).map(|(w, p)| p.mirror(*w)).collect()
    }

    fn newton(&self, inverse: &PseudoInverse, u: &[f64], limit: usize) -> Stationary {
        let reduced = inverse.reduced(&self.affine.y);
        let (x, r) = reduced.as_ref().map_or((&*self.affine.x, &self.affine.y), |(x, r)| (x, r));
        let shift = self.mirror(&self.affine.start);
        let nearest = self.affine.at(u);
        let mut problem = Separable { x, r, shift: &shift, potentials: &self.potentials };
        if problem.prefers_primal() {
            let mut found = problem.primal_newton(nearest, 0.0, limit);
            self.affine.project(inverse, &mut found.w);
            return Stationary { nu: inverse.lift(&found.nu), ..found };
        }
        let (mut nu, mut last) = (vec![0.0; r.len()], None::<Vec<f64>>);
        // Along the path ν is almost linear in log κ, or, towards the edge of a bounded domain, in a power of κ.
        let bounded = self.potentials.iter().find_map(|p| match p {
            Potential::DiagonalDepth { depth, .. } => Some(STRIDE.powf(2.0 / f64::from(*depth) - 1.0)),
            _ => None,
        });
        let flat = |(p, z): (&Potential, &f64)| p.conjugate_curvature(*z) < 1e-8;
        if bounded.is_none() && self.potentials.iter().zip(&shift).any(flat) {
            // The Hessian is singular at the start itself: leave it along the shortest step.
            let direction = PseudoInverse::new(Arc::new(x.clone())).map(|i| i.solve_transposed(u));
            nu = direction.map_or(nu, |d| problem.along(&d));
        }
        let mut iterations = 0;
        let guess = |nu: &[f64], last: &Option<Vec<f64>>| match last {
            Some(l) => extrapolate(nu, l, bounded.unwrap_or(1.0)),
            None => nu.to_vec(),
        };
        let mut best: Option<(f64, Stationary)> = None;
        for kappa in scales(&self.potentials, linalg::max_abs(&nearest)) {
            let softened = soften(&self.potentials, kappa);
            let shift: Vec<f64> =
                self.affine.start.iter().zip(&softened).map(|(w, p)| p.mirror(*w)).collect();
            let soft = Separable { shift: &shift, potentials: &softened, ..problem };
            let trial = guess(&nu, &last);
            let trial = if soft.contains(&trial) { trial } else { nu.clone() };
            // In a bounded domain a stage may turn out to be the last that a double can resolve.
            let found = soft.dual_newton(trial, if bounded.is_some() { 1e-9 } else { 1e-3 }, limit);
            iterations += found.iterations;
            last = (iterations > found.iterations).then_some(nu);
            nu = found.nu.clone();
            if bounded.is_some() {
                self.keep(inverse, found, &mut best);
            }
        }
        problem.shift = &shift;
        let trial = guess(&nu, &last);
        let trial = if problem.contains(&trial) { trial } else { nu };
        let mut found = problem.dual_newton(trial, 0.0, limit);
        iterations += found.iterations;
        if bounded.is_some() {
            self.keep(inverse, found, &mut best);
            let nothing = Stationary { w: nearest, nu: vec![0.0; r.len()], iterations };
            return Stationary { iterations, ..best.map_or(nothing, |b| b.1) };
        }
        found.iterations = iterations;
        found.nu = inverse.lift(&found.nu);
        found
    }

    /// Keeps the candidate with the smallest certified gap. For tiny starts the edge of the domain is nearer to the
    /// solution than a double can tell, and a softer potential's solution is as good.
    fn keep(&self, inverse: &PseudoInverse, mut found: Stationary, best: &mut Option<(f64, Stationary)>) {
        found.nu = inverse.lift(&found.nu);
        self.affine.project(inverse, &mut found.w);
        let c = certify(self, &found.w, &found.nu);
        let gap = c.relative_gap.max(100.0 * c.violation);
        if best.as_ref().is_none_or(|b| gap < b.0) {
            *best = Some((gap, found));
        }
    }

    /// A multiple of `ν` that proves that no positive `w` satisfies the constraint: `Xᵀν ≤ 0`, `⟨ν, y⟩ > 0`.
    fn ray(&self, nu: &[f64]) -> Option<Vec<f64>> {
        let z: Vec<f64> = self.affine.adjoint(nu).iter().map(|a| a.value()).collect();
        let size = linalg::max_abs(&z);
        let positive = z.iter().fold(0.0, |m: f64, v| m.max(*v));
        let entropy = self.potentials.iter().all(|p| *p == Potential::NegEntropy);
        let gain = linalg::dot(nu, &self.affine.y);
        if !(entropy && size > 0.0 && positive <= 1e-9 * size && gain > 0.0) {
            return None;
        }
        // As large as rounding of the nonpositive part allows: beyond, exp(positive) would spoil the bound.
        let reach = 1.0 / positive.max(1e-12 * size);
        Some(nu.iter().map(|v| reach * v).collect())
    }
}

/// Common factors of all `β`, decreasing towards 1 (not included), from where the problem is almost quadratic.
fn scales(potentials: &[Potential], size: f64) -> Vec<f64> {
    let top = potentials.iter().fold(0.0, |m: f64, p| match p {
        Potential::Hypentropy(beta) => m.max(*beta),
        Potential::DiagonalDepth { scale, .. } => m.max(*scale),
        _ => m,
    });
    let mut list = vec![];
    let mut kappa = if top > 0.0 { size / top } else { 1.0 };
    while kappa > 2.0 && list.len() < 300 {
        list.push(kappa);
        kappa /= STRIDE;
    }
    list
}

fn soften(potentials: &[Potential], kappa: f64) -> Vec<Potential> {
    let one = |p: &Potential| match p {
        Potential::Hypentropy(beta) => Potential::Hypentropy(beta * kappa),
        Potential::DiagonalDepth { scale, depth } => {
            Potential::DiagonalDepth { scale: scale * kappa, depth: *depth }
        }
        other => *other,
    };
    potentials.iter().map(one).collect()
}

fn extrapolate(now: &[f64], before: &[f64], ratio: f64) -> Vec<f64> {
    now.iter().zip(before).map(|(a, b)| a + ratio * (a - b)).collect()
}

impl Program for BregmanInterpolant {
    fn value(&self, w: &[f64]) -> f64 {
        let above: Vec<f64> = (self.potentials.iter().zip(w).zip(&self.affine.start))
            .map(|((p, w), w0)| p.divergence_enclosed(*w, *w0).hi)
            .collect();
        if above.iter().all(|&v| v == 0.0) {
            return 0.0;
        }
        let total = compensated::sum(&above).enclosure().hi;
        if total.is_nan() { f64::INFINITY } else { total }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        self.affine.violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let image = self.affine.adjoint(dual);
        let spent: Vec<f64> = (self.potentials.iter().zip(&image).zip(&self.affine.start))
            .map(|((p, z), w0)| p.conjugate_divergence_above(*w0, z.value(), z.error()))
            .collect();
        let bound = (self.affine.dual_value(dual).lo - compensated::sum(&spent).enclosure().hi).next_down();
        // A divergence is never negative, whatever the dual vector.
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let start = &self.affine.start;
        let pack = |w: Vec<f64>, dual: Vec<f64>, status: SolveStatus, iterations: usize, method: &str| {
            let uniqueness = Uniqueness::Unique;
            Solution { w, dual, status, iterations, method: method.into(), uniqueness }
        };
        let nothing = vec![0.0; self.affine.y.len()];
        let Some(inverse) = PseudoInverse::new(self.affine.x.clone()) else {
            return pack(start.clone(), nothing, SolveStatus::Stalled, 0, "none");
        };
        let (u, ray) = self.affine.least_norm(&inverse);
        if let Some(ray) = ray {
            return pack(self.affine.at(&u), ray, SolveStatus::Infeasible, 0, "least squares");
        }
        if linalg::max_abs(&u) == 0.0 {
            return pack(start.clone(), nothing, SolveStatus::Converged, 0, "the start interpolates");
        }
        let nearest = self.affine.at(&u);
        let inside = self.potentials.iter().zip(&nearest).all(|(p, w)| p.contains_start(*w));
        let (found, method) = if self.potentials.iter().all(|p| *p == Potential::HalfSquare) {
            (Stationary { nu: inverse.solve_transposed(&u), w: nearest, iterations: 0 }, "pseudo-inverse")
        } else if inverse.rank() == u.len() && inside {
            let mut z = self.mirror(&nearest);
            z.iter_mut().zip(self.mirror(start)).for_each(|(v, s)| *v -= s);
            let nu = inverse.solve_transposed(&z);
            (Stationary { w: nearest, nu, iterations: 0 }, "the only feasible point")
        } else {
            let found = self.newton(&inverse, &u, budget.iterations);
            let gap = |s: &Stationary| {
                let c = certify(self, &s.w, &s.nu);
                c.relative_gap.max(100.0 * c.violation)
            };
            // Orthonormal rows where the condition of X is in the way.
            let short = gap(&found) > budget.relative_gap;
            let svd = short.then(|| PseudoInverse::by_svd(self.affine.x.clone())).flatten();
            let again = svd.map(|svd| self.newton(&svd, &u, budget.iterations));
            (again.filter(|a| gap(a) < gap(&found)).unwrap_or(found), "Newton")
        };
        let result = certify(self, &found.w, &found.nu);
        if result.violation > 1e-9
            && let Some(ray) = self.ray(&found.nu)
        {
            return pack(found.w, ray, SolveStatus::Infeasible, found.iterations, method);
        }
        let status = match result.relative_gap <= budget.relative_gap && result.violation <= 1e-9 {
            true => SolveStatus::Converged,
            false if found.iterations >= budget.iterations => SolveStatus::BudgetSpent,
            false => SolveStatus::Stalled,
        };
        pack(found.w, found.nu, status, found.iterations, method)
    }

    fn facts(&self) -> ProgramFacts {
        let first = self.potentials.first().copied();
        let name = match first.filter(|p| self.potentials.iter().all(|q| q == p)) {
            Some(Potential::HalfSquare) => "w²/2".to_string(),
            Some(Potential::PNorm(p)) => format!("|w|^{p}/{p}"),
            Some(Potential::NegEntropy) => "w log w − w".into(),
            Some(Potential::DiagonalDepth { scale, depth }) => {
                format!("that of u^{depth} − v^{depth}, α^{depth} = {scale}")
            }
            Some(Potential::Hypentropy(b)) => format!("w arcsinh(w/β) − √(w² + β²), β = {b}"),
            None => "one potential per weight".into(),
        };
        ProgramFacts {
            id: "bregman_interpolant".into(),
            formula: format!("min D_Φ(w, w0) s.t. Xw = y, φ = {name}"),
            scale_invariant: false,
            uniqueness: Uniqueness::Unique,
        }
    }
}
