//! The unique minimiser of a convex loss with a quadratic penalty: `min F(w) = L(w) + (λ/2) ‖w‖²`.
//!
//! Shapes: `w [k d]`; the dual is another point `v [k d]`.
//! Assumes: a model linear in `w`, a convex loss, `λ > 0`.
//! Source: weight decay as a penalty: Krogh, Hertz 1992 (NeurIPS 4); the bound is the definition of strong convexity.
//! Units and invariance: `value` in units of the loss; commutes with rotations of the inputs.
//! Bound: `F(w) ≥ F(v) − ‖∇F(v)‖²/(2λ)` for every `w` and every `v`, and `‖v − w*‖ ≤ ‖∇F(v)‖/λ`. Values and gradients are rounded;
//! what rounding may have done to them is added outward.
//! Errors: `λ` not a finite number above 0, more than 2,500 unknowns.

use super::data_loss::{DataLoss, Jet, ROUNDING};
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::error::Error;
use crate::numerics::Matrix;
use crate::numerics::linalg::{Cholesky, axpy, norm2};

/// Most unknowns for which Newton's dense factorisations are worth their time.
const LARGEST: usize = 2_500;

/// `min L(w) + (λ/2) ‖w‖²`.
pub struct PenalisedLoss {
    loss: DataLoss,
    lambda: f64,
}

impl PenalisedLoss {
    /// `loss` with the penalty `(lambda/2) ‖w‖²`.
    ///
    /// # Errors
    /// See the module header.
    pub fn new(loss: DataLoss, lambda: f64) -> Result<Self, Error> {
        if !(lambda > 0.0 && lambda.is_finite()) {
            return Err(Error::bad_value("program", "lambda", lambda, "a number λ with 0 < λ < ∞"));
        }
        let (k, d) = loss.shape();
        let unknowns = k * d;
        if unknowns > LARGEST {
            let what = format!("{unknowns} unknowns, and Newton's method takes at most {LARGEST}");
            return Err(Error::data("penalised loss", what));
        }
        Ok(Self { loss, lambda })
    }

    /// `‖∇F(w)‖/λ`, rounded outward: no minimiser is farther away.
    pub fn radius(&self, w: &[f64]) -> f64 {
        let jet = self.jet(w);
        (norm2(&jet.gradient) + jet.gradient_error) * (1.0 + ROUNDING) / self.lambda
    }

    fn jet(&self, w: &[f64]) -> Jet {
        let mut jet = self.loss.jet(w);
        let size = norm2(w);
        let penalty = 0.5 * self.lambda * size * size;
        jet.value += penalty;
        jet.value_error += (w.len() as f64 + 8.0) * f64::EPSILON * penalty + f64::EPSILON * jet.value;
        axpy(self.lambda, w, &mut jet.gradient);
        jet.gradient_error += 2.0 * f64::EPSILON * (self.lambda * size + norm2(&jet.gradient));
        jet
    }

    /// `∇²F(w)`, `[k d × k d]`.
    fn hessian(&self, w: &[f64]) -> Matrix {
        let mut h = self.loss.hessian(w);
        (0..w.len()).for_each(|j| h.set(j, j, h.get(j, j) + self.lambda));
        h
    }
}

impl Program for PenalisedLoss {
    fn value(&self, w: &[f64]) -> f64 {
        let jet = self.jet(w);
        let up = (jet.value + jet.value_error).next_up();
        if up.is_nan() { f64::INFINITY } else { up }
    }

    fn violation(&self, _w: &[f64]) -> f64 {
        0.0
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let jet = self.jet(dual);
        let steep = norm2(&jet.gradient) + jet.gradient_error;
        let bound = jet.value - jet.value_error - steep * steep * (1.0 + ROUNDING) / (2.0 * self.lambda);
        // No loss is negative.
        if bound.is_nan() { 0.0 } else { bound.next_down().max(0.0) }
    }

    /// Newton's method with halved steps, from zero.
    fn solve(&self, budget: &Budget) -> Solution {
        let (k, d) = self.loss.shape();
        let mut w = vec![0.0; k * d];
        let mut now = self.jet(&w);
        let mut iterations = 0;
        while iterations < budget.iterations.min(200) && !budget.stopped() {
            iterations += 1;
            let Some(factor) = Cholesky::new(&self.hessian(&w)) else { break };
            let mut step = now.gradient.clone();
            factor.solve(&mut step);
            let halved = (0..60).map(|h| 0.5f64.powi(h)).find_map(|t| {
                let trial: Vec<f64> = w.iter().zip(&step).map(|(w, s)| w - t * s).collect();
                let jet = self.jet(&trial);
                let flatter = norm2(&jet.gradient) < norm2(&now.gradient);
                (jet.value < now.value || flatter && jet.value <= now.value + now.value_error)
                    .then_some((trial, jet))
            });
            let Some((trial, jet)) = halved else { break };
            (w, now) = (trial, jet);
            if norm2(&now.gradient) <= now.gradient_error {
                break;
            }
        }
        let gap = certify(self, &w, &w).relative_gap;
        let status = if gap <= budget.relative_gap { SolveStatus::Converged } else { SolveStatus::Stalled };
        let uniqueness = Uniqueness::Unique;
        Solution { dual: w.clone(), w, status, iterations, method: "Newton".into(), uniqueness }
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "penalised_loss".into(),
            formula: format!("min L(w) + (λ/2)‖w‖², λ = {}", self.lambda),
            scale_invariant: false,
            uniqueness: Uniqueness::Unique,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Targets;
    use crate::losses::LossSpec;
    use crate::numerics::Design;
    use crate::programs::Ridge;
    use std::sync::Arc;

    fn x() -> Arc<Design> {
        Arc::new(Matrix::from_fn(6, 9, |i, j| (((i * 9 + j) * 7919) % 101) as f64 / 50.0 - 1.0).into())
    }

    /// On the mean squared loss it is ridge regression, which is solved without iterations.
    #[test]
    fn the_squared_loss_gives_ridge() {
        let y = vec![1.0, -2.0, 0.5, 3.0, 0.0, 1.0];
        let loss = LossSpec::squared(Default::default()).build().unwrap();
        let program =
            PenalisedLoss::new(DataLoss::new(x(), Targets::Real(y.clone()), loss, -(6f64.ln())), 0.3)
                .unwrap();
        let found = program.solve(&Budget::default());
        let ridge = Ridge::new(x(), y, 0.3).unwrap().solve(&Budget::default());
        assert!(found.w.iter().zip(&ridge.w).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {ridge:?}");
        assert!(
            program.radius(&found.w) < 1e-11 && certify(&program, &found.w, &found.w).relative_gap < 1e-11
        );
    }

    /// One sample `x = 1`, logistic loss: `λ w (1 + e^w) = 1`; with `λ = 1/(1 + e)` that is `w = 1`.
    #[test]
    fn one_sample_by_hand() {
        let one: Arc<Design> = Arc::new(Matrix::from_rows(&[vec![1.0]]).into());
        let loss = LossSpec::logistic(Default::default()).build().unwrap();
        let lambda = 1.0 / (1.0 + 1f64.exp());
        let program =
            PenalisedLoss::new(DataLoss::new(one, Targets::Sign(vec![1.0]), loss, 0.0), lambda).unwrap();
        let found = program.solve(&Budget::default());
        assert!((found.w[0] - 1.0).abs() < 1e-14, "{found:?}");
        // The radius is a bound on the distance, and not a wild one: the curvature is below 1/4 + λ.
        for w in [0.0, 0.5, 2.0] {
            let (distance, radius) = ((w - 1.0f64).abs(), program.radius(&[w]));
            assert!(distance <= radius && radius <= distance * (0.26 + lambda) / lambda, "{w}: {radius}");
        }
        assert!(certify(&program, &[0.9], &found.w).relative_gap > 1e-4);
    }

    /// The gradient of several classes against central differences of the value.
    #[test]
    fn several_classes_are_solved_to_a_flat_point() {
        let targets = Targets::Class { labels: vec![0, 1, 2, 0, 1, 2], classes: 3 };
        let loss = LossSpec::cross_entropy(Default::default()).build().unwrap();
        let program = PenalisedLoss::new(DataLoss::new(x(), targets, loss, 0.0), 0.05).unwrap();
        let found = program.solve(&Budget::default());
        assert!(certify(&program, &found.w, &found.w).relative_gap < 1e-11);
        for j in 0..27 {
            let at = |h: f64| {
                let mut w = found.w.clone();
                w[j] += h;
                program.jet(&w).value
            };
            // Differences of values near 1 over 2e-5: rounding 1e-11, third derivatives 1e-10.
            assert!(((at(1e-5) - at(-1e-5)) / 2e-5).abs() < 1e-9, "{j}");
        }
    }
}
