//! A primal-dual interior point method for `min Σ φ(w_j) s.t. Z w ≥ goal`, `φ` a potential with its minimum at zero: for data with
//! more samples than weights, where the dual has more weights than its curvature has directions.
//!
//! With `s = Zw − goal ≥ 0` and `a` its multiplier, Newton's equations are those of the [`interior`](super::interior) method without
//! its borders: `φ'' Δw − ZᵀΔa = f`, `Z Δw + D⁻¹ Δa = h`, `D = diag(a/s)`, with Mehrotra's predictor and corrector.

use super::interior::{Metric, inside};
use super::newton_system::{Factors, Kkt};
use super::rows::Rows;
use crate::numerics::Potential;
use crate::numerics::linalg::{axpy, dot, max_abs};

/// Iterates that stay inside: `w [m]`, slack and multipliers `[n]`.
pub(super) struct Inner {
    pub w: Vec<f64>,
    pub a: Vec<f64>,
    s: Vec<f64>,
}

/// Part of the way to the boundary that a step goes.
const NEAR: f64 = 0.995;

impl Inner {
    /// From a point with `Zw ≥ goal` and non-negative multipliers, both moved inside.
    pub fn new(rows: &Rows, goal: f64, w: &[f64], a: &[f64]) -> Self {
        let w: Vec<f64> = w.iter().map(|w| 1.5 * w).collect();
        let s = rows.apply(&w).iter().map(|m| (m - goal).max(0.1 * goal)).collect();
        let least = 1e-3 * max_abs(a);
        Self { w, a: a.iter().map(|a| a.max(least)).collect(), s }
    }

    /// Newton steps until they no longer shorten the gap; returns their number.
    pub fn solve(&mut self, rows: &Rows, goal: f64, phi: Potential, limit: usize) -> usize {
        for step in 0..limit {
            let before = dot(&self.a, &self.s);
            if self.step(rows, goal, phi).is_none() {
                return step;
            }
            let size = goal * self.a.iter().sum::<f64>();
            if dot(&self.a, &self.s) <= 1e-15 * size || step > 40 && dot(&self.a, &self.s) >= before {
                return step + 1;
            }
        }
        limit
    }

    /// One predictor and one corrector; `None` where a factorisation breaks down or the step leads nowhere.
    fn step(&mut self, rows: &Rows, goal: f64, phi: Potential) -> Option<()> {
        let n = self.a.len();
        let curve: Vec<f64> = self.w.iter().map(|w| phi.curvature(*w)).collect();
        let d: Vec<f64> = self.a.iter().zip(&self.s).map(|(a, s)| a / s).collect();
        let kkt = Kkt::new(rows, Metric::Diagonal(curve), d, &mut Factors::default())?;
        let f: Vec<f64> =
            rows.adjoint(&self.a).iter().zip(&self.w).map(|(z, w)| z - phi.mirror(*w)).collect();
        let off: Vec<f64> = rows.apply(&self.w).iter().zip(&self.s).map(|(m, s)| m - goal - s).collect();
        let mu = dot(&self.a, &self.s) / n as f64;
        let direction = |target: f64, cross: &[f64]| {
            let h: Vec<f64> = (0..n).map(|i| (target - cross[i]) / self.a[i] - self.s[i] - off[i]).collect();
            let (dw, da) = kkt.solve(rows, &f, &h);
            let ds: Vec<f64> = rows.apply(&dw).iter().zip(&off).map(|(z, r)| z + r).collect();
            (dw, da, ds)
        };
        let (_, da, ds) = direction(0.0, &vec![0.0; n]);
        let alpha = inside(&self.a, &da).min(inside(&self.s, &ds));
        let after: f64 = (0..n).map(|i| (self.a[i] + alpha * da[i]) * (self.s[i] + alpha * ds[i])).sum();
        let target = (after / n as f64 / mu).clamp(0.0, 1.0).powi(3) * mu;
        let cross: Vec<f64> = da.iter().zip(&ds).map(|(a, s)| a * s).collect();
        let (dw, da, ds) = direction(target, &cross);
        let alpha = (NEAR * inside(&self.a, &da).min(inside(&self.s, &ds))).min(0.9995);
        if alpha < 1e-8 || !dw.iter().chain(&da).all(|v| v.is_finite()) {
            return None;
        }
        axpy(alpha, &dw, &mut self.w);
        axpy(alpha, &da, &mut self.a);
        axpy(alpha, &ds, &mut self.s);
        // Underflow to zero would make the ratio a/s meaningless.
        self.a.iter_mut().chain(&mut self.s).for_each(|v| *v = v.max(1e-300));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use crate::data::MarginMap;
    use crate::numerics::{Design, Matrix};
    use crate::programs::{Budget, Program, QMargin, certify};
    use std::sync::Arc;

    /// Two hundred samples of three weights, at scales from far below their size to far above it: the ℓ2 start of the dual method
    /// has support vectors of which most are none, and every solution must be certified.
    #[test]
    fn many_samples_of_few_weights_are_certified() {
        let entry = |i: usize, j: usize| ((i * 37 + j * 101 + i * i * j) % 113) as f64 / 56.0 - 1.0;
        let z = Matrix::from_fn(
            200,
            3,
            |i, j| if j == 0 { 0.05 + (entry(i, 0) + 1.0) } else { 30.0 * entry(i, j) },
        );
        let map = MarginMap::Binary { z: Arc::new(Design::Dense(z)) };
        for (mu, depth) in [1e-4, 1e-2, 1.0, 1e2, 1e4].into_iter().flat_map(|mu| [(mu, 2), (mu, 3), (mu, 5)])
        {
            let program = QMargin::new(map.clone(), mu, depth).unwrap();
            let found = program.solve(&Budget::default());
            let gap = certify(&program, &found.w, &found.dual).relative_gap;
            // The products are rounded at 1e-16 of sums with moduli up to a thousand times the margin.
            assert!(gap < 1e-11, "{gap:e} at μ = {mu}, depth {depth}, by {}", found.method);
        }
    }
}
