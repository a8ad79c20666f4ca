//! Ridge regression: `min (1/n) ‖y − X w‖² + λ ‖w‖²`, the explicit rival of early stopping.
//!
//! Shapes: `X [n × d]`, `y [n]`, `w [d]`, dual `a [n]` (at the optimum a multiple of the residual `y − Xw`).
//! Assumes: one real output, `λ > 0`, no intercept (centre the data, or add a column, beforehand).
//! Source: Ali, Kolter, Tibshirani 2019 (arXiv 1810.10082), eq. (2), which compares it at `λ = 1/t` with gradient
//! flow at time `t`; Fenchel dual as in Rockafellar 1970, Convex Analysis, §31.
//! Units and invariance: `value` in squared units of `y`; commutes with rotations of samples and of features.
//! Bound: for every `a` and every scale `s`, `value ≥ 2s⟨a,y⟩/n − s² (‖a‖²/n + ‖Xᵀa‖²/(n²λ))`; the best scale gives
//! `(⟨a,y⟩/n)² / (‖a‖²/n + ‖Xᵀa‖²/(n²λ))`.

use super::affine::Affine;
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::error::Error;
use crate::numerics::compensated::{self, Accumulator};
use crate::numerics::directed::enclosed_dot;
use crate::numerics::linalg::{self, Cholesky};
use crate::numerics::{Design, Matrix};
use std::sync::Arc;

/// `min (1/n) ‖y − X w‖² + λ ‖w‖²`.
#[derive(Debug, Clone)]
pub struct Ridge {
    affine: Affine,
    lambda: f64,
}

impl Ridge {
    /// `X [n × d]`, `y [n]`, `λ` in squared units of `X`. Errors: shapes, entries not finite, `λ` not in `(0, ∞)`.
    pub fn new(x: Arc<Design>, y: Vec<f64>, lambda: f64) -> Result<Self, Error> {
        if !(lambda > 0.0 && lambda.is_finite()) {
            return Err(Error::bad_value("program", "lambda", lambda, "a number λ with 0 < λ < ∞"));
        }
        let start = vec![0.0; x.cols()];
        Ok(Self { affine: Affine::new(x, y, start)?, lambda })
    }

    fn samples(&self) -> f64 {
        self.affine.y.len() as f64
    }

    /// `(K + ρ) a = y`, `w = Xᵀa`, `K = XXᵀ`, `ρ = nλ`, refined: `ρ a` is the residual at the optimum without a subtraction.
    fn by_rows(&self, chol: &Cholesky) -> (Vec<f64>, Vec<f64>) {
        let x = &self.affine.x;
        let ridge = self.samples() * self.lambda;
        let mut a = self.affine.y.clone();
        chol.solve(&mut a);
        let mut w = vec![0.0; x.cols()];
        for _ in 0..2 {
            x.adjoint(&a, &mut w);
            let mut rest = compensated::residual(x, &w, &self.affine.y);
            rest.iter_mut().zip(&a).for_each(|(r, a)| r.add_product(-ridge, *a));
            let mut step = compensated::values(&rest);
            chol.solve(&mut step);
            linalg::axpy(1.0, &step, &mut a);
        }
        (compensated::values(&compensated::adjoint(x, &a)), a)
    }

    /// `(XᵀX + ρ) w = Xᵀy`, refined.
    fn by_columns(&self, chol: &Cholesky) -> Vec<f64> {
        let x = &self.affine.x;
        let ridge = self.samples() * self.lambda;
        let mut w = vec![0.0; x.cols()];
        for _ in 0..3 {
            let rest = compensated::values(&compensated::residual(x, &w, &self.affine.y));
            let mut pull = compensated::adjoint(x, &rest);
            pull.iter_mut().zip(&w).for_each(|(p, w)| p.add_product(-ridge, *w));
            let mut step = compensated::values(&pull);
            chol.solve(&mut step);
            linalg::axpy(1.0, &step, &mut w);
        }
        w
    }

    fn factor(&self) -> Option<Side> {
        let x = &self.affine.x;
        let ridge = self.samples() * self.lambda;
        let shifted = |mut k: Matrix| {
            (0..k.rows()).for_each(|i| k.set(i, i, k.get(i, i) + ridge));
            Cholesky::new(&k)
        };
        if x.rows() <= x.cols() {
            shifted(x.gram()).map(Side::Rows)
        } else {
            shifted(x.gram_columns()).map(Side::Cols)
        }
    }

    /// For `λ` below the rounding of the Gram matrix: filter factors `σ/(σ² + nλ)` on the singular values.
    fn by_svd(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let svd = linalg::svd(&self.affine.x.to_dense())?;
        let ridge = self.samples() * self.lambda;
        let (mut w, mut a) = (vec![0.0; self.affine.x.cols()], self.affine.y.clone());
        for (k, &s) in svd.s.iter().enumerate() {
            let c: f64 = self.affine.y.iter().enumerate().map(|(i, y)| svd.u.get(i, k) * y).sum();
            let f = s / (s * s + ridge);
            w.iter_mut().enumerate().for_each(|(j, v)| *v += f * c * svd.v.get(j, k));
            // a = y − Xw without subtraction: the part s²/(s² + ρ) of c goes, ρ/(s² + ρ) stays.
            a.iter_mut().enumerate().for_each(|(i, v)| *v -= s * f * c * svd.u.get(i, k));
        }
        // Xᵀa = ρ w, refined: its residual is divided by λ in the bound.
        let target: Vec<f64> = w.iter().map(|v| ridge * v).collect();
        let off = compensated::values(&compensated::adjoint_residual(&self.affine.x, &a, &target));
        let cut = off.len().max(a.len()) as f64 * f64::EPSILON * svd.s.first().copied().unwrap_or(0.0);
        for (k, &s) in svd.s.iter().enumerate().filter(|(_, s)| **s > cut) {
            let c: f64 = off.iter().enumerate().map(|(j, e)| svd.v.get(j, k) * e).sum();
            a.iter_mut().enumerate().for_each(|(i, v)| *v -= c / s * svd.u.get(i, k));
        }
        Some((w, a))
    }
}

enum Side {
    Rows(Cholesky),
    Cols(Cholesky),
}

/// Upper bound on `Σ v²` for enclosed `v`.
fn square_above(v: &[Accumulator]) -> f64 {
    let squares: Vec<f64> = v.iter().map(|a| (a.value().abs() + a.error()).powi(2).next_up()).collect();
    compensated::sum(&squares).enclosure().hi
}

impl Program for Ridge {
    fn value(&self, w: &[f64]) -> f64 {
        let fit = square_above(&compensated::residual(&self.affine.x, w, &self.affine.y)) / self.samples();
        let size = enclosed_dot(w, w).hi;
        let total = (fit + self.lambda * size) * (1.0 + 4.0 * f64::EPSILON);
        if total.is_nan() { f64::INFINITY } else { total.next_up() }
    }

    fn violation(&self, _w: &[f64]) -> f64 {
        0.0
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let n = self.samples();
        let product = self.affine.dual_value(dual);
        let numerator = product.lo.max(-product.hi).max(0.0) / n;
        let spent = enclosed_dot(dual, dual).hi / n
            + square_above(&self.affine.adjoint(dual)) / (n * n * self.lambda);
        // Six roundings of half a unit each in the lines above and below.
        let bound = numerator * numerator / spent * (1.0 - 8.0 * f64::EPSILON);
        if bound.is_nan() { 0.0 } else { bound.next_down().max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let (x, y) = (&self.affine.x, &self.affine.y);
        let zero = vec![0.0; x.cols()];
        let mut best: Option<(f64, Vec<f64>, Vec<f64>, &str)> = None;
        let mut keep = |w: Vec<f64>, a: Vec<f64>, method| {
            let gap = certify(self, &w, &a).relative_gap;
            if best.as_ref().is_none_or(|b| gap < b.0) {
                best = Some((gap, w, a, method));
            }
            gap
        };
        let mut gap = f64::INFINITY;
        match self.factor() {
            Some(Side::Rows(chol)) => {
                let (w, a) = self.by_rows(&chol);
                gap = keep(w, a, "Cholesky");
            }
            Some(Side::Cols(chol)) => {
                let w = self.by_columns(&chol);
                let rest = compensated::values(&compensated::residual(x, &w, y));
                // Where X fits y the residual is all rounding: a = X (XᵀX + ρ)⁻¹ w is what it should be then.
                let mut v = w.clone();
                chol.solve(&mut v);
                let mut fitted = vec![0.0; y.len()];
                x.apply(&v, &mut fitted);
                gap = keep(w.clone(), rest, "Cholesky").min(keep(w, fitted, "Cholesky"));
            }
            None => {}
        }
        if gap > 0.1 * budget.relative_gap
            && let Some((w, a)) = self.by_svd()
        {
            gap = keep(w, a, "singular values").min(gap);
        }
        let (_, w, dual, method) = best.unwrap_or((gap, zero, vec![0.0; y.len()], "none"));
        let status = if gap <= budget.relative_gap { SolveStatus::Converged } else { SolveStatus::Stalled };
        Solution { w, dual, status, iterations: 0, method: method.into(), uniqueness: Uniqueness::Unique }
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "ridge".into(),
            formula: format!("min ‖y − Xw‖²/n + λ‖w‖², λ = {}", self.lambda),
            scale_invariant: false,
            uniqueness: Uniqueness::Unique,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_weight_by_hand() {
        // n = 2, x = (1, 2), y = (1, 1): w = ⟨x,y⟩/(‖x‖² + nλ) = 3/(5 + 1) = 1/2 at λ = 1/2;
        // value = ((1/2)² + 0)/2 + 1/8 = 1/4.
        let x: Arc<Design> = Arc::new(Matrix::from_rows(&[vec![1.0], vec![2.0]]).into());
        let ridge = Ridge::new(x, vec![1.0, 1.0], 0.5).unwrap();
        let found = ridge.solve(&Budget::default());
        let c = certify(&ridge, &found.w, &found.dual);
        assert!((found.w[0] - 0.5).abs() < 1e-15 && (c.value - 0.25).abs() < 1e-15);
        assert!(c.relative_gap < 1e-13, "{c:?}");
        assert!(certify(&ridge, &[0.51], &found.dual).relative_gap > 1e-4);
    }

    #[test]
    fn tiny_and_huge_lambda() {
        let rows: Vec<Vec<f64>> = (0..6)
            .map(|i| (0..9).map(|j| (((i * 9 + j) * 7919) % 101) as f64 / 50.0 - 1.0).collect())
            .collect();
        let x: Arc<Design> = Arc::new(Matrix::from_rows(&rows).into());
        let y = vec![1.0, -2.0, 0.5, 3.0, 0.0, 1.0];
        for lambda in [1e-18, 1e-9, 1.0, 1e9] {
            let ridge = Ridge::new(x.clone(), y.clone(), lambda).unwrap();
            let found = ridge.solve(&Budget::default());
            let c = certify(&ridge, &found.w, &found.dual);
            assert!(c.relative_gap < 1e-11, "{lambda}: {c:?}");
        }
        assert!(Ridge::new(x, y, 0.0).is_err());
    }
}
