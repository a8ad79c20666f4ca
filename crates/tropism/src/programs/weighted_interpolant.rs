//! The interpolant of smallest weighted ℓ1 norm: `min Σ h_j |w_j| s.t. X w = y`.
//!
//! Shapes: `X [n × d]`, `y [n]`, `h, w [d]`, dual `ν [n]`.
//! Assumes: one real output, `h_j > 0`.
//! Source: what label noise selects on a diagonal network, with `h = diag(XᵀX/n)`: HaoChen, Wei, Lee, Ma 2021 (arXiv 2006.08680); Li,
//! Wang, Arora 2022 (arXiv 2110.06914). With `v = h ∘ w` it is the ℓ1 interpolant of `X diag(1/h)`, which is how it is solved.
//! Units and invariance: `value` in the units of `h` times those of the weights; commutes with signed permutations.
//! Bound: `Σ h_j |w_j| ≥ ⟨ν, y⟩ / max_j |(Xᵀν)_j| / h_j` for every feasible `w` and every `ν`.
//! Errors: inconsistent `y` is [`SolveStatus::Infeasible`](super::SolveStatus), with a `ν` whose bound is large.

use super::affine::Affine;
use super::{Budget, MinNormInterpolant, Program, ProgramFacts, Solution, Uniqueness, check_weights};
use crate::error::Error;
use crate::numerics::{Design, Norm, compensated};
use std::sync::Arc;

/// `min Σ h_j |w_j| s.t. X w = y`.
#[derive(Debug, Clone)]
pub struct WeightedInterpolant {
    affine: Affine,
    weights: Vec<f64>,
    scaled: MinNormInterpolant,
}

impl WeightedInterpolant {
    /// `X [n × d]`, `y [n]`, weights `h [d]`.
    ///
    /// # Errors
    /// Shapes that do not fit, entries that are not finite, a weight that is not positive.
    pub fn new(x: Arc<Design>, y: Vec<f64>, weights: Vec<f64>) -> Result<Self, Error> {
        check_weights(&weights, x.cols())?;
        let inverse: Vec<f64> = weights.iter().map(|h| 1.0 / h).collect();
        let scaled =
            MinNormInterpolant::new(Arc::new(x.scaled_columns(&inverse)), y.clone(), Norm::L1, None)?;
        let start = vec![0.0; x.cols()];
        Ok(Self { affine: Affine::new(x, y, start)?, weights, scaled })
    }
}

impl Program for WeightedInterpolant {
    fn value(&self, w: &[f64]) -> f64 {
        let terms: Vec<f64> = w.iter().zip(&self.weights).map(|(w, h)| (h * w.abs()).next_up()).collect();
        if terms.iter().all(|t| *t <= f64::MIN_POSITIVE) {
            return 0.0;
        }
        let total = compensated::sum(&terms).enclosure().hi;
        if total.is_nan() { f64::INFINITY } else { total }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        self.affine.violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        self.affine.bound(dual, |image| {
            let ratios = image.iter().zip(&self.weights).map(|(a, h)| {
                let above = (a.value().abs() + a.error()).next_up();
                (above / h).next_up()
            });
            ratios.fold(0.0, |m: f64, r| if r.is_nan() { f64::INFINITY } else { m.max(r) })
        })
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let mut solution = self.scaled.solve(budget);
        solution.w.iter_mut().zip(&self.weights).for_each(|(v, h)| *v /= h);
        solution
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "weighted_interpolant".into(),
            formula: "min Σ h_j |w_j| s.t. Xw = y".into(),
            scale_invariant: false,
            uniqueness: Uniqueness::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Matrix;
    use crate::programs::certify;

    /// One equation `w₁ + 2 w₂ = 2`: per unit of the equation the weights cost `h₁` and `h₂/2`, the cheaper one carries all.
    #[test]
    fn the_cheaper_weight_carries_one_equation() {
        let x: Arc<Design> = Arc::new(Matrix::from_rows(&[vec![1.0, 2.0]]).into());
        for (h, want) in [([1.0, 3.0], [2.0, 0.0]), ([2.0, 3.0], [0.0, 1.0])] {
            let program = WeightedInterpolant::new(x.clone(), vec![2.0], h.to_vec()).unwrap();
            let found = program.solve(&Budget::default());
            let c = certify(&program, &found.w, &found.dual);
            assert!(c.relative_gap < 1e-12, "{c:?}");
            assert!(found.w.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
            assert!(certify(&program, &[1.0, 0.5], &found.dual).relative_gap > 0.1);
        }
        assert!(WeightedInterpolant::new(x.clone(), vec![2.0], vec![1.0, 0.0]).is_err());
        assert!(WeightedInterpolant::new(x, vec![2.0], vec![1.0]).is_err());
    }

    /// Equal weights give the ℓ1 program.
    #[test]
    fn equal_weights_are_the_plain_norm() {
        let x = Matrix::from_fn(3, 7, |i, j| ((i * 7 + j * j * 3 + 1) % 11) as f64 - 5.0);
        let (x, y): (Arc<Design>, _) = (Arc::new(x.into()), vec![1.0, -2.0, 0.5]);
        let plain = MinNormInterpolant::new(x.clone(), y.clone(), Norm::L1, None).unwrap();
        let weighted = WeightedInterpolant::new(x, y, vec![2.5; 7]).unwrap();
        let (a, b) = (plain.solve(&Budget::default()), weighted.solve(&Budget::default()));
        let (a, b) = (certify(&plain, &a.w, &a.dual), certify(&weighted, &b.w, &b.dual));
        assert!((2.5 * a.value / b.value - 1.0).abs() < 1e-12 && b.relative_gap < 1e-12, "{a:?} {b:?}");
    }
}
