//! Gradient flow on the mean squared loss at a finite time, exactly.
//!
//! For the loss `‖y − X w‖²/(2n)` the flow from `w0` is
//! `w(t) = w0 + Σ_j (1 − e^{−t σ_j²/n})/σ_j ⟨u_j, y − X w0⟩ v_j`, with `X = Σ σ_j u_j v_jᵀ`; `t = ∞` is the interpolant
//! nearest to `w0`, or the nearest least-squares solution.
//!
//! Shapes: `X [n × d]`, `y [n]`, `w, w0 [d]`; the dual is ignored (any length).
//! Source: Ali, Kolter, Tibshirani 2019 (arXiv 1810.10082); Yao, Rosasco, Caponnetto 2007.
//! Units and invariance: time in units of `1/X²`, given as its natural logarithm; commutes with rotations of samples
//! and features. `value` is the squared ℓ2 distance to `w(t)` in units of `w²`, so the optimum is 0 and the bound is
//! 0: only `value` against [`SpectralFilter::rounding`] squared says something, not the relative gap.
//! Errors: none beyond shapes; singular values below `max(n, d) u σ_max` count as zero.

use super::affine::Affine;
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness};
use crate::error::Error;
use crate::numerics::{Design, linalg};
use std::sync::Arc;

/// The point `w(t)`, as a program whose only minimiser it is.
#[derive(Debug, Clone)]
pub struct SpectralFilter {
    point: Vec<f64>,
    rounding: f64,
    log_time: f64,
}

impl SpectralFilter {
    /// `X [n × d]`, `y [n]`, start `w0 [d]` (zero if `None`), natural logarithm of the time (`∞` allowed).
    pub fn new(x: &Arc<Design>, y: &[f64], start: Option<Vec<f64>>, log_time: f64) -> Result<Self, Error> {
        if log_time.is_nan() {
            return Err(Error::bad_value(
                "program",
                "log_time",
                log_time,
                "the logarithm of a time, or infinity",
            ));
        }
        let start = start.unwrap_or_else(|| vec![0.0; x.cols()]);
        let affine = Affine::new(x.clone(), y.to_vec(), start)?;
        let Some(svd) = linalg::svd(&x.to_dense()) else {
            return Err(Error::data("spectral filter", "the singular value decomposition did not converge"));
        };
        let (n, d) = (x.rows(), x.cols());
        let top = svd.s.first().copied().unwrap_or(0.0);
        let cut = n.max(d) as f64 * f64::EPSILON * top;
        let mut step = vec![0.0; d];
        let mut gain: f64 = 0.0;
        for (k, &s) in svd.s.iter().enumerate().filter(|(_, s)| **s > cut) {
            let c: f64 = affine.rest.iter().enumerate().map(|(i, r)| svd.u.get(i, k) * r).sum();
            let f = filter(s, n as f64, log_time);
            gain = gain.max(f);
            step.iter_mut().enumerate().for_each(|(j, v)| *v += f * c * svd.v.get(j, k));
        }
        // A backward stable SVD is exact for X + E, ‖E‖ ≤ max(n, d) u σ_max; the flow then moves by at most
        // ‖E‖ g (2 ‖step‖ + g ‖r‖), g the largest filter factor (Wedin's bound, with g in place of 1/σ_min).
        let perturbation = n.max(d) as f64 * f64::EPSILON * top;
        let moved = perturbation * gain * (2.0 * linalg::norm2(&step) + gain * linalg::norm2(&affine.rest));
        let point = affine.at(&step);
        let rounding = moved + f64::EPSILON * (linalg::norm2(&point) + linalg::norm2(&affine.start));
        Ok(Self { point, rounding, log_time })
    }

    /// `w(t)`.
    pub fn point(&self) -> &[f64] {
        &self.point
    }

    /// First-order bound on the ℓ2 error of [`SpectralFilter::point`] from rounding.
    pub fn rounding(&self) -> f64 {
        self.rounding
    }
}

/// `(1 − e^{−t σ²/n})/σ`, without over- or underflow of `t σ²`.
fn filter(sigma: f64, n: f64, log_time: f64) -> f64 {
    let exponent = (log_time + 2.0 * sigma.ln() - n.ln()).exp();
    -(-exponent).exp_m1() / sigma
}

impl Program for SpectralFilter {
    fn value(&self, w: &[f64]) -> f64 {
        let gap: Vec<f64> = w.iter().zip(&self.point).map(|(a, b)| a - b).collect();
        let far = linalg::norm2(&gap) * (1.0 + f64::EPSILON * (gap.len() as f64 + 4.0));
        let value = (far * far).next_up();
        if far == 0.0 {
            0.0
        } else if value.is_nan() {
            f64::INFINITY
        } else {
            value
        }
    }

    fn violation(&self, _w: &[f64]) -> f64 {
        0.0
    }

    fn bound(&self, _dual: &[f64]) -> f64 {
        0.0
    }

    fn solve(&self, _budget: &Budget) -> Solution {
        Solution {
            w: self.point.clone(),
            dual: vec![],
            status: SolveStatus::Converged,
            iterations: 0,
            method: "singular values".into(),
            uniqueness: Uniqueness::Unique,
        }
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "spectral_filter".into(),
            formula: format!("min ‖w − w(t)‖², gradient flow at log t = {}", self.log_time),
            scale_invariant: false,
            uniqueness: Uniqueness::Unique,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Matrix;

    fn small() -> (Arc<Design>, Vec<f64>) {
        let x = Matrix::from_rows(&[vec![1.0, 2.0, 0.0], vec![0.0, 1.0, -1.0]]);
        (Arc::new(x.into()), vec![1.0, 3.0])
    }

    #[test]
    fn one_weight_by_hand() {
        // x = 2, y = 6, n = 1: dw/dt = 2(6 − 2w), w(t) = 3(1 − e^{−4t}) from 0.
        let x: Arc<Design> = Arc::new(Matrix::from_rows(&[vec![2.0]]).into());
        for t in [1e-9, 0.1, 1.0, 50.0] {
            let found = SpectralFilter::new(&x, &[6.0], None, f64::ln(t)).unwrap();
            let exact = -3.0 * f64::exp_m1(-4.0 * t);
            // log t costs |log t| u ≤ 21 u relatively; nothing else is more than a few u.
            assert!((found.point()[0] / exact - 1.0).abs() < 1e-14);
            assert!(found.value(&[exact]).sqrt() <= 1e-14 * exact);
        }
    }

    #[test]
    fn the_path_solves_its_differential_equation() {
        let (x, y) = small();
        let start = vec![0.5, -0.5, 1.0];
        let at = |t: f64| SpectralFilter::new(&x, &y, Some(start.clone()), t.ln()).unwrap().point().to_vec();
        let (t, h) = (0.7, 1e-5);
        let (before, now, after) = (at(t - h), at(t), at(t + h));
        let mut r = vec![0.0; 2];
        x.apply(&now, &mut r);
        r.iter_mut().zip(&y).for_each(|(v, y)| *v = (y - *v) / 2.0);
        let mut velocity = vec![0.0; 3];
        x.adjoint(&r, &mut velocity);
        for j in 0..3 {
            // Central difference: h²/6 |w'''| ≤ 1e-9, rounding u/h = 2e-11.
            assert!(((after[j] - before[j]) / (2.0 * h) - velocity[j]).abs() < 1e-8);
        }
    }

    #[test]
    fn ends_of_time() {
        let (x, y) = small();
        let end = SpectralFilter::new(&x, &y, None, f64::INFINITY).unwrap();
        let mut fit = vec![0.0; 2];
        x.apply(end.point(), &mut fit);
        assert!(fit.iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-14));
        assert!(end.rounding() < 1e-13);
        let begin = SpectralFilter::new(&x, &y, Some(vec![1.0; 3]), f64::NEG_INFINITY).unwrap();
        assert_eq!(begin.point(), [1.0; 3]);
        // Far beyond the range of t itself.
        let late = SpectralFilter::new(&x, &y, None, 1e6).unwrap();
        assert_eq!(late.point(), end.point());
    }
}
