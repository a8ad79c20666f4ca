//! The direction that a polynomial tail `ℓ(m) ~ m^-a` selects: `min ‖w‖₂ s.t. (Σ_i m_i^-a)^(-1/a) ≥ 1`, `m = Zw > 0`.
//!
//! The constraint is the power mean of the margins with exponent `−a`, which weighs every sample and tends to the
//! smallest margin as `a → ∞`: the max-margin program is the limit of this one. Only the direction of `w` matters:
//! `value(w) = ‖w‖ (Σ m_i^-a)^(1/a)`, so its minimiser is also `argmin Σ m_i^-a` on the unit sphere, and up to scale
//! `argmin ½‖w‖² + c Σ m_i^-a` for every `c > 0`. Any `q ≥ 0` bounds the optimum from below by Hölder's inequality for
//! negative exponents, `Σ q_i m_i ≥ (Σ m_i^-a)^(-1/a) ‖q‖_r` with `r = a/(a + 1)`:
//! `‖q‖_r / ‖Zᵀq‖₂ ≤ value(w)`, with equality at `q_i ∝ m_i^-(a+1)`.
//!
//! Shapes: `w [k d]`, dual `q [N]`, as in `max_margin`.
//! Assumes: `a > 0`; data that are not separable have no feasible point, `value = +∞`.
//! Source: the limit of the regularisation path, and so of gradient descent (Ji, Dudík, Schapire, Telgarsky 2020, arXiv
//! 2006.11226): on the sphere of radius `B` the loss is `B^-a Σ m_i^-a (1 + o(1))`. The program and its dual are ours.
//! Units and invariance: inverse units of the data; invariant under rotations. The minimiser is unique: in
//! `½‖w‖² + (1/a) log Σ m_i^-a`, which Newton's method minimises, its norm is one, and that function is strictly convex.
//! Errors: `a` not a finite number above 0.
//!
//! ```
//! use std::sync::Arc;
//! use tropism::data::MarginMap;
//! use tropism::numerics::Matrix;
//! use tropism::programs::{Budget, Program, TailDirection};
//!
//! // Two orthogonal samples of lengths 1 and 2: stationarity w_j³ ∝ 1/x_j on the sphere, for a = 2 w₁ = √2 w₂.
//! let z = Arc::new(Matrix::from_rows(&[vec![1.0, 0.0], vec![0.0, 2.0]]).into());
//! let w = TailDirection::new(MarginMap::Binary { z }, 2.0)?.solve(&Budget::default()).w;
//! assert!((w[0] / w[1] - 2f64.sqrt()).abs() < 1e-9);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::max_margin::exact_weights;
use super::{
    Budget, MaxMargin, Program, ProgramFacts, Separability, Solution, SolveStatus, Uniqueness, separability,
};
use crate::data::MarginMap;
use crate::error::Error;
use crate::numerics::{Matrix, Norm, linalg};

/// `min ‖w‖₂ s.t. (Σ m_i^-a)^(-1/a) ≥ 1`.
#[derive(Debug, Clone)]
pub struct TailDirection {
    margins: MarginMap,
    power: f64,
}

/// Relative error allowed for one call of `powf`, `exp` or `ln` and the operation beside it.
const CALL: f64 = 8.0 * f64::EPSILON;
/// Largest number of unknowns for the dense Newton system.
const LARGEST: usize = 4_000;

impl TailDirection {
    /// The program for the margins and the exponent `a` of the tail.
    ///
    /// Errors: an exponent that is not a finite number above 0.
    pub fn new(margins: MarginMap, power: f64) -> Result<Self, Error> {
        if !(power > 0.0 && power.is_finite()) {
            return Err(Error::bad_value("program", "power", power, "it must be a finite number > 0"));
        }
        Ok(Self { margins, power })
    }

    fn nothing(&self, status: SolveStatus, w: Vec<f64>) -> Solution {
        let dual = vec![0.0; self.margins.rows()];
        let uniqueness = Uniqueness::Unique;
        Solution { w, dual, status, iterations: 0, method: "Newton".into(), uniqueness }
    }
}

impl Program for TailDirection {
    fn value(&self, w: &[f64]) -> f64 {
        let below = self.margins.margins_below(w);
        let least = below.iter().fold(f64::INFINITY, |l: f64, &m| if m.is_nan() { m } else { l.min(m) });
        // Written so that NaN counts as not separating.
        if below.iter().any(|m| m.is_nan()) || least <= 0.0 || least.is_infinite() {
            return f64::INFINITY;
        }
        let a = self.power;
        // Each term is at most one; a ratio of relative error ε moves it by a factor 1 + aε at most.
        let sum: f64 = below.iter().map(|m| (m / least).powf(-a)).sum();
        let sum_error = CALL * (1.0 + a) + (below.len() as f64) * f64::EPSILON;
        let size = linalg::norm2(w) * (1.0 + 2.0 * Norm::L2.rounding(w.len()));
        let root = sum.powf(1.0 / a) * (1.0 + 2.0 * sum_error / a + CALL);
        let value = (size * root / least * (1.0 + CALL)).next_up();
        if value.is_nan() { f64::INFINITY } else { value }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        MaxMargin::new(self.margins.clone(), Norm::L2).violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let Some((q, _)) = exact_weights(dual) else { return 0.0 };
        let above = MaxMargin::new(self.margins.clone(), Norm::L2).dual_norm_above(&q);
        let r = self.power / (self.power + 1.0);
        // The exponent is rounded as well: a relative error ε of r moves q^r by a factor 1 ± ε r |log q|.
        let terms = q.iter().filter(|q| **q > 0.0).map(|q| {
            let error = CALL * (1.0 + r * q.ln().abs());
            q.powf(r) * (1.0 - error).max(0.0)
        });
        let sum = terms.sum::<f64>() * (1.0 - (q.len() as f64) * f64::EPSILON);
        let root = sum.powf(1.0 / r) * (1.0 - CALL * (1.0 + (1.0 + sum.ln().abs()) / r)).max(0.0);
        let bound = (root / above * (1.0 - CALL)).next_down();
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let (n, d) = (self.margins.rows(), self.margins.cols());
        let start = match separability(&self.margins, budget) {
            Separability::Separable { w, .. } => w,
            Separability::NotSeparable { .. } => return self.nothing(SolveStatus::Infeasible, vec![0.0; d]),
            Separability::Undecided { .. } => return self.nothing(SolveStatus::Stalled, vec![0.0; d]),
        };
        if n.min(d) > LARGEST {
            return self.nothing(SolveStatus::BudgetSpent, start);
        }
        let z = self.margins.to_dense();
        // The minimiser lies in the row space: with fewer rows than columns that is the smaller system.
        let (rows, basis) = if n < d {
            let (lower, basis) = linalg::lq(&z);
            (lower, Some(basis))
        } else {
            (z, None)
        };
        let inside = match &basis {
            Some(q) => {
                let mut c = vec![0.0; q.cols()];
                linalg::matvec_transposed(q, &start, &mut c);
                c
            }
            None => start,
        };
        let newton = Newton { rows: &rows, power: self.power };
        let (inside, dual, iterations, converged) = newton.minimise(inside, budget.iterations);
        let w = match &basis {
            Some(q) => {
                let mut w = vec![0.0; d];
                linalg::matvec(q, &inside, &mut w);
                w
            }
            None => inside,
        };
        let status = if converged { SolveStatus::Converged } else { SolveStatus::Stalled };
        Solution { w, dual, status, iterations, method: "Newton".into(), uniqueness: Uniqueness::Unique }
    }

    fn facts(&self) -> ProgramFacts {
        let a = self.power;
        ProgramFacts {
            id: "tail_direction".into(),
            formula: format!("min ‖w‖₂ s.t. (Σ (Zw)ᵢ^−{a})^(−1/{a}) ≥ 1"),
            scale_invariant: true,
            uniqueness: Uniqueness::Unique,
        }
    }
}

/// Newton's method for `F(w) = ½‖w‖² + (1/a) log Σ m_i^-a`, `m = Zw`.
struct Newton<'a> {
    rows: &'a Matrix,
    power: f64,
}

impl Newton<'_> {
    /// Minimiser, dual `q_i = p_i / m_i` with `p` the softmax of `−a log m`, steps, and whether it converged.
    fn minimise(&self, mut w: Vec<f64>, most: usize) -> (Vec<f64>, Vec<f64>, usize, bool) {
        let size = linalg::norm2(&w);
        w.iter_mut().for_each(|v| *v /= size);
        let mut iterations = 0;
        while iterations < most {
            iterations += 1;
            let (_, m, p) = self.evaluate(&w);
            let mut gradient = self.pull(&m, &p);
            gradient.iter_mut().zip(&w).for_each(|(g, w)| *g = w - *g);
            let Some(factor) = linalg::Cholesky::new(&self.hessian(&m, &p)) else { break };
            let mut step = gradient.clone();
            factor.solve(&mut step);
            let decrement = linalg::dot(&gradient, &step);
            // F is at least 1-strongly convex: the step bounds the distance; below rounding nothing is left to gain.
            if !decrement.is_finite() || !self.advance(&mut w, &step, decrement) {
                break;
            }
            if decrement < 1e-28 {
                break;
            }
        }
        let (_, m, p) = self.evaluate(&w);
        let dual: Vec<f64> = p.iter().zip(&m).map(|(p, m)| p / m).collect();
        let rest: Vec<f64> = self.pull(&m, &p).iter().zip(&w).map(|(g, w)| w - g).collect();
        let converged = linalg::norm2(&rest) < 1e-6;
        (w, dual, iterations, converged)
    }

    /// `F`, margins and softmax weights; `F = +∞` outside the cone.
    fn evaluate(&self, w: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let mut m = vec![0.0; self.rows.rows()];
        linalg::matvec(self.rows, w, &mut m);
        let least = m.iter().copied().fold(f64::INFINITY, f64::min);
        if least <= 0.0 {
            return (f64::INFINITY, m, vec![]);
        }
        let mut p: Vec<f64> = m.iter().map(|m| (m / least).powf(-self.power)).collect();
        let total: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= total);
        (0.5 * linalg::dot(w, w) + total.ln() / self.power - least.ln(), m, p)
    }

    /// `Σ (p_i / m_i) z_i`.
    fn pull(&self, m: &[f64], p: &[f64]) -> Vec<f64> {
        let q: Vec<f64> = p.iter().zip(m).map(|(p, m)| p / m).collect();
        let mut out = vec![0.0; self.rows.cols()];
        linalg::matvec_transposed(self.rows, &q, &mut out);
        out
    }

    /// `I + Zᵀ [(1 + a) diag(p/m²) − a (p/m)(p/m)ᵀ] Z`.
    fn hessian(&self, m: &[f64], p: &[f64]) -> Matrix {
        let (n, d, a) = (self.rows.rows(), self.rows.cols(), self.power);
        let weighted = Matrix::from_fn(n, d, |i, j| self.rows.get(i, j) * p[i].sqrt() / m[i]);
        let mut h = linalg::matmul_tn(&weighted, &weighted);
        let centre = self.pull(m, p);
        for i in 0..d {
            for j in 0..d {
                let v = (1.0 + a) * h.get(i, j) - a * centre[i] * centre[j];
                h.set(i, j, if i == j { 1.0 + v } else { v });
            }
        }
        h
    }

    /// A step with backtracking into the cone and to enough descent; `false` if no step descends any more.
    fn advance(&self, w: &mut Vec<f64>, step: &[f64], decrement: f64) -> bool {
        let (now, _, _) = self.evaluate(w);
        let mut length = 1.0;
        while length > 1e-12 {
            let trial: Vec<f64> = w.iter().zip(step).map(|(w, s)| w - length * s).collect();
            let (next, _, _) = self.evaluate(&trial);
            // In the quadratic region the gain drowns in the rounding of F; the full step is right there.
            let rounding = if decrement < 1e-10 {
                1e-9 * decrement.sqrt() + 4.0 * f64::EPSILON * (1.0 + now.abs())
            } else {
                0.0
            };
            if next <= now - 1e-4 * length * decrement + rounding {
                *w = trial;
                return true;
            }
            length *= 0.5;
        }
        false
    }
}
