//! The interpolant nearest to the start: `min ‖w − w0‖ s.t. X w = y`, in ℓ1, ℓ2, ℓ∞ or ℓp.
//!
//! Shapes: `X [n × d]`, `y [n]`, `w, w0 [d]`, dual `ν [n]`.
//! Assumes: one real output. Rank-deficient `X` is welcome as long as `y` is consistent.
//! Source: gradient descent on the squared loss selects the ℓ2 member (Gunasekar, Lee, Soudry, Srebro 2018, arXiv
//! 1802.08246, §2.1); α → 0 of a diagonal network the ℓ1 member (Woodworth et al. 2020, arXiv 2002.09277).
//! Units and invariance: `value` in units of `w`; commutes with row operations on `(X, y)`, and with signed
//! permutations of the features (ℓ2: rotations).
//! Bound: `⟨ν, y − X w0⟩ = ⟨Xᵀν, w − w0⟩ ≤ ‖Xᵀν‖_* ‖w − w0‖` for every feasible `w` and every `ν`.
//! Errors: inconsistent `y` is the status [`SolveStatus::Infeasible`], with a `ν` whose bound is larger than any
//! reachable norm. A gap cannot be smaller than the rounding of `w` seen by the dual, about `u ‖ν‖ ‖y‖/‖w‖`: for
//! condition numbers of `X` above 1e4 this exceeds 1e-12, and the status is [`SolveStatus::Stalled`].
//!
//! ```
//! use std::sync::Arc;
//! use tropism::numerics::{Matrix, Norm};
//! use tropism::programs::{Budget, MinNormInterpolant, Program, certify};
//!
//! // 3 w₁ + 4 w₂ = 12: the shortest solution is 12 (3, 4)/25, of length 12/5.
//! let x = Arc::new(Matrix::from_rows(&[vec![3.0, 4.0]]).into());
//! let program = MinNormInterpolant::new(x, vec![12.0], Norm::L2, None)?;
//! let solution = program.solve(&Budget::default());
//! let certificate = certify(&program, &solution.w, &solution.dual);
//! assert!((certificate.value - 2.4).abs() < 1e-14 && certificate.relative_gap < 1e-14);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::affine::Affine;
use super::conic_interpolant;
use super::polyhedral::{Ball, Finish, Interior};
use super::separable::Separable;
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::error::Error;
use crate::numerics::compensated;
use crate::numerics::{Design, Norm, Potential, PseudoInverse, linalg};
use std::sync::Arc;

/// `min ‖w − w0‖ s.t. X w = y`.
#[derive(Debug, Clone)]
pub struct MinNormInterpolant {
    affine: Affine,
    norm: Norm,
}

/// A candidate optimum in units of `w − w0`.
struct Candidate {
    u: Vec<f64>,
    nu: Vec<f64>,
    iterations: usize,
    method: &'static str,
    uniqueness: Uniqueness,
}

/// How far from a tie a coordinate must be, relative to the largest, for strict complementarity: far above the
/// accuracy of a finished solution (1e-13), far below anything that arises from generic data.
const STRICT: f64 = 1e-8;

impl MinNormInterpolant {
    /// `X [n × d]`, `y [n]`, start `w0 [d]` (zero if `None`). Matrix norms are ℓ2, as there is one output.
    ///
    /// Errors: shapes that do not fit, entries that are not finite, an exponent not in `(1, ∞)`.
    pub fn new(x: Arc<Design>, y: Vec<f64>, norm: Norm, start: Option<Vec<f64>>) -> Result<Self, Error> {
        let norm = match norm {
            Norm::Spectral | Norm::Nuclear | Norm::Lp(2.0) => Norm::L2,
            Norm::Lp(p) if !(p > 1.0 && p.is_finite()) => {
                return Err(Error::bad_value("program", "norm", p, "an exponent p with 1 < p < ∞"));
            }
            other => other,
        };
        let start = start.unwrap_or_else(|| vec![0.0; x.cols()]);
        Ok(Self { affine: Affine::new(x, y, start)?, norm })
    }

    /// The norm being minimised.
    pub fn norm(&self) -> Norm {
        self.norm
    }

    fn relative_gap(&self, c: &Candidate) -> f64 {
        let found = certify(self, &self.affine.at(&c.u), &c.nu);
        // A candidate off the constraint may look better than it is.
        found.relative_gap.max(100.0 * found.violation)
    }

    /// `rank X = d`: one feasible point. `ν` solves `Xᵀν = ∂‖u‖` exactly.
    fn only_point(&self, inverse: &PseudoInverse, u: Vec<f64>) -> Candidate {
        let size = linalg::max_abs(&u);
        let gradient: Vec<f64> = match self.norm {
            Norm::L1 => u.iter().map(|v| 1.0f64.copysign(*v)).collect(),
            Norm::LInf => {
                let top = u.iter().position(|v| v.abs() == size);
                u.iter().enumerate().map(|(j, v)| if Some(j) == top { v.signum() } else { 0.0 }).collect()
            }
            Norm::Lp(p) => u.iter().map(|v| (v.abs() / size).powf(p - 1.0).copysign(*v)).collect(),
            _ => u.clone(),
        };
        let nu = inverse.solve_transposed(&gradient);
        Candidate { u, nu, iterations: 0, method: "the only feasible point", uniqueness: Uniqueness::Unique }
    }

    fn smooth(&self, inverse: &PseudoInverse, u: Vec<f64>, p: f64, limit: usize) -> Candidate {
        let scale = linalg::max_abs(&u);
        let rest: Vec<f64> = self.affine.rest.iter().map(|v| v / scale).collect();
        let reduced = inverse.reduced(&rest);
        let (x, r) = reduced.as_ref().map_or((&*self.affine.x, &rest), |(x, r)| (x, r));
        let mut w: Vec<f64> = u.iter().map(|v| v / scale).collect();
        let mut nu = PseudoInverse::new(Arc::new(x.clone())).map_or(vec![], |i| i.solve_transposed(&w));
        let shift = vec![0.0; w.len()];
        let mut iterations = 0;
        for e in exponents(p) {
            let potentials = vec![Potential::PNorm(e); w.len()];
            let problem = Separable { x, r, shift: &shift, potentials: &potentials };
            let tolerance = if e == p { 0.0 } else { 1e-2 };
            let found = if problem.prefers_primal() {
                problem.primal_newton(w, tolerance, limit)
            } else {
                problem.dual_newton(problem.along(&nu), tolerance, limit)
            };
            iterations += found.iterations;
            (w, nu) = (found.w, found.nu);
        }
        let u: Vec<f64> = w.iter().map(|v| v * scale).collect();
        let uniqueness = Uniqueness::Unique;
        Candidate { u, nu: inverse.lift(&nu), iterations, method: "Newton", uniqueness }
    }

    fn polyhedral(&self, inverse: &PseudoInverse, u: Vec<f64>, ball: Ball, budget: &Budget) -> Candidate {
        let scale = linalg::max_abs(&u);
        let rest: Vec<f64> = self.affine.rest.iter().map(|v| v / scale).collect();
        let reduced = inverse.reduced(&rest);
        let (x, r) = reduced.as_ref().map_or((&*self.affine.x, &rest), |(x, r)| (x, r));
        let start: Vec<f64> = u.iter().map(|v| v / scale).collect();
        let nu = match &reduced {
            // Orthonormal rows are their own pseudo-inverse.
            Some((rows, _)) => {
                let mut nu = vec![0.0; r.len()];
                rows.apply(&start, &mut nu);
                nu
            }
            None => inverse.solve_transposed(&start),
        };
        let mut interior = Interior::new(x, r, ball, start, &nu);
        let method = "interior point";
        let mut best: Option<(f64, Candidate)> = None;
        let mut next_finish = 1e-5;
        for iterations in 1..=budget.iterations {
            let moved = interior.advance();
            let gap = interior.gap();
            if moved && gap > next_finish && iterations < budget.iterations {
                continue;
            }
            next_finish = 1e-2 * gap;
            let unknown = Uniqueness::Unknown;
            if let Some(finish) = interior.finish() {
                let u: Vec<f64> = finish.u.iter().map(|v| v * scale).collect();
                let mut exact =
                    Candidate { u, nu: inverse.lift(&finish.nu), iterations, method, uniqueness: unknown };
                exact.uniqueness = self.uniqueness(ball, &exact, &finish, scale);
                self.keep(&mut best, exact);
            }
            if best.as_ref().is_none_or(|b| b.0 > budget.relative_gap) {
                let mut u = interior.point();
                u.iter_mut().for_each(|v| *v *= scale);
                self.keep(
                    &mut best,
                    Candidate { u, nu: inverse.lift(&interior.nu), iterations, method, uniqueness: unknown },
                );
            }
            let reached = best.as_ref().is_some_and(|b| b.0 <= 0.1 * budget.relative_gap.max(1e-14));
            if reached || !moved || gap < 1e-15 {
                break;
            }
        }
        if best.as_ref().is_none_or(|b| b.0 > budget.relative_gap) {
            self.keep(&mut best, self.by_cone(ball, budget));
        }
        best.map_or_else(|| self.by_cone(ball, budget), |b| b.1)
    }

    fn better(&self, a: Candidate, b: Candidate) -> Candidate {
        if self.relative_gap(&a) < self.relative_gap(&b) { a } else { b }
    }

    fn keep(&self, best: &mut Option<(f64, Candidate)>, candidate: Candidate) {
        let gap = self.relative_gap(&candidate);
        if best.as_ref().is_none_or(|b| gap < b.0) {
            *best = Some((gap, candidate));
        }
    }

    /// Decides uniqueness at a finished optimum; `Unknown` unless strict complementarity holds, or a second
    /// optimum can be shown.
    fn uniqueness(&self, ball: Ball, c: &Candidate, finish: &Finish, scale: f64) -> Uniqueness {
        let mut z = vec![0.0; c.u.len()];
        self.affine.x.adjoint(&c.nu, &mut z);
        let top = linalg::max_abs(&c.u);
        let mut free = vec![false; z.len()];
        finish.free.iter().for_each(|&j| free[j] = true);
        let strict = (0..z.len()).all(|j| match (ball, free[j]) {
            (Ball::L1, true) => c.u[j].abs() > STRICT * top,
            (Ball::L1, false) => z[j].abs() < 1.0 - STRICT,
            (Ball::LInf, true) => c.u[j].abs() < (1.0 - STRICT) * top,
            (Ball::LInf, false) => z[j].abs() > STRICT / z.len() as f64,
        });
        let optimal = self.relative_gap(c) <= 1e-10;
        if optimal && strict && finish.injective() {
            return Uniqueness::Unique;
        }
        let Some(second) = finish.second().filter(|_| optimal && !finish.injective()) else {
            return Uniqueness::Unknown;
        };
        let second: Vec<f64> = second.iter().map(|v| v * scale).collect();
        let apart = second.iter().zip(&c.u).any(|(a, b)| (a - b).abs() > 1e-6 * top);
        let w = self.affine.at(&second);
        let same = certify(self, &w, &c.nu);
        if apart && same.relative_gap <= 1e-10 && same.violation <= 1e-11 {
            Uniqueness::NotUnique
        } else {
            Uniqueness::Unknown
        }
    }

    fn by_cone(&self, ball: Ball, budget: &Budget) -> Candidate {
        let found = conic_interpolant::least_norm(&self.affine.x, &self.affine.rest, ball, budget.iterations);
        let (u, nu, iterations) = found;
        Candidate { u, nu, iterations, method: "conic interior point", uniqueness: Uniqueness::Unknown }
    }
}

/// Exponents on the way from 2 to `p`, doubling the larger of `p` and its conjugate.
fn exponents(p: f64) -> Vec<f64> {
    let target = p.max(p / (p - 1.0));
    let mut list = vec![];
    let mut e = 4.0;
    while e < target {
        list.push(if p > 2.0 { e } else { e / (e - 1.0) });
        e *= 2.0;
    }
    list.push(p);
    list
}

impl Program for MinNormInterpolant {
    fn value(&self, w: &[f64]) -> f64 {
        let u: Vec<f64> = w.iter().zip(&self.affine.start).map(|(a, b)| a - b).collect();
        let plain = compensated::norm_above(self.norm, &u);
        // Each difference carries half a unit; equal weights and starts give exactly 0.
        let up = plain * (1.0 + 2.0 * f64::EPSILON);
        if plain == 0.0 {
            0.0
        } else if up.is_nan() {
            f64::INFINITY
        } else {
            up.next_up()
        }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        self.affine.violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let product = self.affine.dual_value(dual);
        // −ν is as good a dual vector as ν.
        let numerator = product.lo.max(-product.hi);
        let image: Vec<f64> = self.affine.adjoint(dual).iter().map(|a| a.value().abs() + a.error()).collect();
        // The entries of `image` are themselves sums of two roundings.
        let denominator = compensated::norm_above(self.norm.dual(), &image) * (1.0 + 2.0 * f64::EPSILON);
        let bound = (numerator / denominator.next_up()).next_down();
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let start = &self.affine.start;
        let finished = |w: Vec<f64>, dual: Vec<f64>, status: SolveStatus, method: &str| Solution {
            w,
            dual,
            status,
            iterations: 0,
            method: method.into(),
            uniqueness: Uniqueness::Unknown,
        };
        let Some(inverse) = PseudoInverse::new(self.affine.x.clone()) else {
            return finished(start.clone(), vec![0.0; self.affine.y.len()], SolveStatus::Stalled, "none");
        };
        let (u, ray) = self.affine.least_norm(&inverse);
        if let Some(ray) = ray {
            let w = self.affine.at(&u);
            return finished(w, ray, SolveStatus::Infeasible, "least squares");
        }
        if linalg::max_abs(&u) == 0.0 {
            let nu = vec![0.0; self.affine.y.len()];
            let at_start = finished(start.clone(), nu, SolveStatus::Converged, "the start interpolates");
            return Solution { uniqueness: Uniqueness::Unique, ..at_start };
        }
        let found = match self.norm {
            _ if inverse.rank() == u.len() => self.only_point(&inverse, u),
            Norm::L1 => self.polyhedral(&inverse, u, Ball::L1, budget),
            Norm::LInf => self.polyhedral(&inverse, u, Ball::LInf, budget),
            Norm::Lp(p) => {
                let found = self.smooth(&inverse, u.clone(), p, budget.iterations);
                let short = self.relative_gap(&found) > budget.relative_gap;
                // Weights over many orders of magnitude on top of an ill-conditioned X: orthonormal rows help.
                match short.then(|| PseudoInverse::by_svd(self.affine.x.clone())).flatten() {
                    Some(svd) => self.better(self.smooth(&svd, u, p, budget.iterations), found),
                    None => found,
                }
            }
            _ => {
                let nu = inverse.solve_transposed(&u);
                let (method, uniqueness) = ("pseudo-inverse", Uniqueness::Unique);
                Candidate { u, nu, iterations: 0, method, uniqueness }
            }
        };
        let mut w = self.affine.at(&found.u);
        self.affine.project(&inverse, &mut w);
        let gap = certify(self, &w, &found.nu).relative_gap;
        let status = match gap <= budget.relative_gap {
            true => SolveStatus::Converged,
            false if found.iterations >= budget.iterations => SolveStatus::BudgetSpent,
            false => SolveStatus::Stalled,
        };
        let (iterations, method) = (found.iterations, found.method.into());
        Solution { w, dual: found.nu, status, iterations, method, uniqueness: found.uniqueness }
    }

    fn facts(&self) -> ProgramFacts {
        let start = if self.affine.start.iter().all(|&v| v == 0.0) { "w" } else { "w − w0" };
        ProgramFacts {
            id: "min_norm_interpolant".into(),
            formula: format!("min ‖{start}‖_{} s.t. Xw = y", self.norm.name().trim_start_matches('l')),
            scale_invariant: false,
            uniqueness: if self.norm.strictly_convex() { Uniqueness::Unique } else { Uniqueness::Unknown },
        }
    }
}
