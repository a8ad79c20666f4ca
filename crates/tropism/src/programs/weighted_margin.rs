//! The max margin in a weighted Euclidean norm: `min √(Σ d_j w_j²) s.t. Z w ≥ 1`.
//!
//! Shapes: `Z [n × d]` through [`MarginMap`], `d, w [d]`, dual `a [n]`, nonnegative.
//! Assumes: two classes, `d_j > 0`.
//! Source: the limit direction of descent in a fixed diagonal metric, and with `d_j = √G_j + ε` of AdaGrad: Gunasekar, Lee, Soudry,
//! Srebro 2018 (arXiv 1802.08246), §3.3; Qian, Qian 2019 (arXiv 1905.11545). With `v = d^½ ∘ w` it is the ℓ2 margin of
//! `Z diag(d^-½)`, which is how it is solved.
//! Units and invariance: `value` in the units of `d^½ w`; scale-invariant in `w`; commutes with signed permutations.
//! Bound: `value ≥ Σ a_i / ‖d^-½ ∘ Zᵀa‖₂` for every `a ≥ 0`.
//! Errors: not separable: the value of every `w` is infinite.

use super::max_margin::exact_weights;
use super::{Budget, MaxMargin, Program, ProgramFacts, Solution, Uniqueness, check_weights};
use crate::data::MarginMap;
use crate::error::Error;
use crate::numerics::{Norm, directed};
use std::sync::Arc;

/// `min √(Σ d_j w_j²) s.t. Z w ≥ 1`.
#[derive(Debug, Clone)]
pub struct WeightedMargin {
    margins: MarginMap,
    roots: Vec<f64>,
    scaled: MaxMargin,
}

impl WeightedMargin {
    /// Two-class margins, weights `d [d]`.
    ///
    /// # Errors
    /// Several classes, shapes that do not fit, a weight that is not positive.
    pub fn new(margins: MarginMap, weights: &[f64]) -> Result<Self, Error> {
        let MarginMap::Binary { z } = &margins else {
            return Err(Error::incompatible("weighted_margin", "several classes", "it needs two classes"));
        };
        check_weights(weights, z.cols())?;
        let roots: Vec<f64> = weights.iter().map(|d| d.sqrt()).collect();
        let inverse: Vec<f64> = roots.iter().map(|r| 1.0 / r).collect();
        let scaled = MaxMargin::new(MarginMap::Binary { z: Arc::new(z.scaled_columns(&inverse)) }, Norm::L2);
        Ok(Self { margins, roots, scaled })
    }
}

impl Program for WeightedMargin {
    fn value(&self, w: &[f64]) -> f64 {
        let least = self.margins.min_margin_below(w);
        // Written so that NaN counts as not separating.
        if least.is_nan() || least <= 0.0 || least.is_infinite() {
            return f64::INFINITY;
        }
        let v: Vec<f64> = w.iter().zip(&self.roots).map(|(w, r)| r * w).collect();
        // One rounding of each product beside those of the norm.
        let rounding = 2.0 * Norm::L2.rounding(v.len()) + 2.0 * f64::EPSILON;
        let up = (Norm::L2.value(&v, 1) * (1.0 + rounding)).next_up();
        (up / least).next_up()
    }

    fn violation(&self, w: &[f64]) -> f64 {
        if self.value(w).is_finite() {
            0.0
        } else {
            MaxMargin::new(self.margins.clone(), Norm::L2).violation(w)
        }
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let Some((a, _)) = exact_weights(dual) else { return 0.0 };
        let (image, error) = self.margins.adjoint_enclosed(&a);
        let above = |(v, e): (&f64, &f64)| (v.abs() + e).next_up();
        let scaled: Vec<f64> =
            image.iter().zip(&error).map(above).zip(&self.roots).map(|(v, r)| (v / r).next_up()).collect();
        let rounding = 2.0 * Norm::L2.rounding(scaled.len());
        let size = (Norm::L2.value(&scaled, 1) * (1.0 + rounding)).next_up();
        let bound = (directed::sum(&a).lo / size).next_down();
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let mut solution = self.scaled.solve(budget);
        solution.w.iter_mut().zip(&self.roots).for_each(|(v, r)| *v /= r);
        solution
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "weighted_margin".into(),
            formula: "min √(Σ d_j w_j²) s.t. Zw ≥ 1".into(),
            scale_invariant: true,
            uniqueness: Uniqueness::Unique,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Matrix;
    use crate::programs::certify;

    fn program(rows: &[Vec<f64>], weights: &[f64]) -> Result<WeightedMargin, Error> {
        WeightedMargin::new(MarginMap::Binary { z: Arc::new(Matrix::from_rows(rows).into()) }, weights)
    }

    /// One sample `z = (1, 2)`: `w ∝ z/d`, and the value is `1/√(Σ z_j²/d_j)`.
    #[test]
    fn one_sample_by_hand() {
        let p = program(&[vec![1.0, 2.0]], &[4.0, 1.0]).unwrap();
        let found = p.solve(&Budget::default());
        let c = certify(&p, &found.w, &found.dual);
        let want = 1.0 / (0.25_f64 + 4.0).sqrt();
        assert!(c.relative_gap < 1e-12 && (c.value - want).abs() < 1e-12, "{c:?}");
        assert!((found.w[0] / found.w[1] - 0.125).abs() < 1e-12);
        assert!(certify(&p, &[1.0, 2.0], &found.dual).relative_gap > 0.1);
        assert_eq!(p.value(&[-1.0, 0.0]), f64::INFINITY);
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        assert!(program(&[vec![1.0, 2.0]], &[1.0, 0.0]).is_err());
        assert!(program(&[vec![1.0, 2.0]], &[1.0]).is_err());
    }
}
