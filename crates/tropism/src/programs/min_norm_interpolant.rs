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
use super::min_norm_methods::Candidate;
use super::polyhedral::Ball;
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::error::Error;
use crate::numerics::compensated;
use crate::numerics::{Design, Norm, PseudoInverse, linalg};
use std::sync::Arc;

/// `min ‖w − w0‖ s.t. X w = y`.
#[derive(Debug, Clone)]
pub struct MinNormInterpolant {
    pub(super) affine: Affine,
    pub(super) norm: Norm,
}

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
        self.affine.bound(dual, |image| {
            let image: Vec<f64> = image.iter().map(|a| a.value().abs() + a.error()).collect();
            // The entries of `image` are themselves sums of two roundings.
            let norm = compensated::norm_above(self.norm.dual(), &image) * (1.0 + 2.0 * f64::EPSILON);
            norm.next_up()
        })
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let start = &self.affine.start;
        let Some(inverse) = PseudoInverse::new(self.affine.x.clone()) else {
            return Solution::at_once(
                start.clone(),
                vec![0.0; self.affine.y.len()],
                SolveStatus::Stalled,
                "none",
            );
        };
        let (u, ray) = self.affine.least_norm(&inverse);
        if let Some(ray) = ray {
            let w = self.affine.at(&u);
            return Solution::at_once(w, ray, SolveStatus::Infeasible, "least squares");
        }
        if linalg::max_abs(&u) == 0.0 {
            let nu = vec![0.0; self.affine.y.len()];
            let at_start =
                Solution::at_once(start.clone(), nu, SolveStatus::Converged, "the start interpolates");
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
