//! The methods behind [`MinNormInterpolant`]: each turns the shortest step onto the constraint into a candidate
//! optimum, to be certified.

use super::min_norm_interpolant::MinNormInterpolant;
use super::polyhedral::{Ball, Finish, Interior};
use super::separable::Separable;
use super::{Budget, Uniqueness, certify, conic_interpolant};
use crate::numerics::{Norm, Potential, PseudoInverse, linalg};
use std::sync::Arc;

/// A candidate optimum in units of `w − w0`.
pub(super) struct Candidate {
    pub u: Vec<f64>,
    pub nu: Vec<f64>,
    pub iterations: usize,
    pub method: &'static str,
    pub uniqueness: Uniqueness,
}

/// How far from a tie a coordinate must be, relative to the largest, for strict complementarity: far above the
/// accuracy of a finished solution (1e-13), far below anything that arises from generic data.
const STRICT: f64 = 1e-8;

impl MinNormInterpolant {
    pub(super) fn relative_gap(&self, c: &Candidate) -> f64 {
        let found = certify(self, &self.affine.at(&c.u), &c.nu);
        // A candidate off the constraint may look better than it is.
        found.relative_gap.max(100.0 * found.violation)
    }

    /// `rank X = d`: one feasible point. `ν` solves `Xᵀν = ∂‖u‖` exactly.
    pub(super) fn only_point(&self, inverse: &PseudoInverse, u: Vec<f64>) -> Candidate {
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

    pub(super) fn smooth(&self, inverse: &PseudoInverse, u: Vec<f64>, p: f64, limit: usize) -> Candidate {
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

    pub(super) fn polyhedral(
        &self,
        inverse: &PseudoInverse,
        u: Vec<f64>,
        ball: Ball,
        budget: &Budget,
    ) -> Candidate {
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
            let last = iterations == budget.iterations || budget.stopped();
            let moved = interior.advance();
            let gap = interior.gap();
            if moved && gap > next_finish && !last {
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
            if reached || !moved || gap < 1e-15 || last {
                break;
            }
        }
        if !budget.stopped() && best.as_ref().is_none_or(|b| b.0 > budget.relative_gap) {
            self.keep(&mut best, self.by_cone(ball, budget));
        }
        best.map_or_else(|| self.by_cone(ball, budget), |b| b.1)
    }

    pub(super) fn better(&self, a: Candidate, b: Candidate) -> Candidate {
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
