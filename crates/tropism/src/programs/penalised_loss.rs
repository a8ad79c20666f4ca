//! The unique minimiser of a convex loss with a quadratic penalty: `min F(w) = L(w) + (λ/2) ‖w‖²`.
//!
//! Shapes: `w [k d]`; the dual is another point `v [k d]`.
//! Assumes: a model linear in `w`, a convex loss, `λ > 0`.
//! Source: weight decay as a penalty: Krogh, Hertz 1992 (NeurIPS 4); the bound is the definition of strong convexity.
//! Units and invariance: `value` in units of the loss; commutes with rotations of the inputs.
//! Bound: `F(w) ≥ F(v) − ‖∇F(v)‖²/(2λ)` for every `w` and every `v`, and `‖v − w*‖ ≤ ‖∇F(v)‖/λ`. Values and gradients are rounded;
//! what rounding may have done to them is added outward.
//! Errors: `λ` not a finite number above 0, more than 2,500 unknowns.

use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::data::Targets;
use crate::error::Error;
use crate::losses::Loss;
use crate::numerics::linalg::{Cholesky, axpy, norm2};
use crate::numerics::{Design, Matrix};
use std::sync::Arc;

/// Most unknowns for which Newton's dense factorisations are worth their time.
const LARGEST: usize = 2_500;
/// Relative rounding of one sample's loss or slope: a product of the data, one exponential or logarithm, and their sum.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// `min L(w) + (λ/2) ‖w‖²`.
pub struct PenalisedLoss {
    x: Arc<Design>,
    targets: Targets,
    loss: Box<dyn Loss>,
    log_weight: f64,
    lambda: f64,
}

/// Value, gradient and, each in its units, how far rounding may have moved them.
struct Jet {
    value: f64,
    value_error: f64,
    gradient: Vec<f64>,
    gradient_error: f64,
}

impl PenalisedLoss {
    /// `X [n × d]`, `exp(log_weight)` the weight of one sample.
    ///
    /// # Errors
    /// See the module header.
    pub fn new(
        x: Arc<Design>,
        targets: Targets,
        loss: Box<dyn Loss>,
        log_weight: f64,
        lambda: f64,
    ) -> Result<Self, Error> {
        if !(lambda > 0.0 && lambda.is_finite()) {
            return Err(Error::bad_value("program", "lambda", lambda, "a number λ with 0 < λ < ∞"));
        }
        let unknowns = x.cols() * targets.outputs();
        if unknowns > LARGEST {
            let what = format!("{unknowns} unknowns, and Newton's method takes at most {LARGEST}");
            return Err(Error::data("penalised loss", what));
        }
        Ok(Self { x, targets, loss, log_weight, lambda })
    }

    /// `‖∇F(w)‖/λ`, rounded outward: no minimiser is farther away.
    pub fn radius(&self, w: &[f64]) -> f64 {
        let jet = self.jet(w);
        (norm2(&jet.gradient) + jet.gradient_error) * (1.0 + ROUNDING) / self.lambda
    }

    fn outputs(&self, w: &[f64]) -> Vec<f64> {
        let (k, d) = (self.targets.outputs(), self.x.cols());
        let mut out = vec![0.0; self.x.rows() * k];
        for (i, f) in out.chunks_exact_mut(k).enumerate() {
            f.iter_mut().enumerate().for_each(|(c, f)| *f = self.x.row_dot(i, &w[c * d..(c + 1) * d]));
        }
        out
    }

    fn jet(&self, w: &[f64]) -> Jet {
        let (n, k, d) = (self.x.rows(), self.targets.outputs(), self.x.cols());
        let outputs = self.outputs(w);
        let (mut slope, mut value, mut value_error) = (vec![0.0; k], 0.0, 0.0);
        // Sum of the moduli that make the gradient, and what their own errors add.
        let (mut moduli, mut gradient_error) = (self.lambda * norm2(w), 0.0);
        let mut gradient: Vec<f64> = w.iter().map(|w| self.lambda * w).collect();
        let lengths = self.x.row_norms();
        // A product of the data is rounded by at most this share of the product of the lengths.
        let product = (d as f64 + 2.0) * f64::EPSILON * norm2(w);
        for i in 0..n {
            let (f, y) = (&outputs[i * k..(i + 1) * k], self.targets.get(i));
            let loss = (self.loss.log_value(f, y) + self.log_weight).exp();
            let scale = (self.loss.slope(f, y, &mut slope) + self.log_weight).exp();
            let steep = scale * norm2(&slope);
            value += loss;
            // The output is off by `moved`; curvatures of these losses are of the order of slope and loss, or one.
            let moved = product * lengths[i] * (k as f64).sqrt();
            value_error += loss * ROUNDING + steep * moved;
            let curved = (steep + loss).max(self.log_weight.exp());
            moduli += lengths[i] * steep;
            gradient_error += lengths[i] * (steep * ROUNDING + curved * moved);
            for (c, s) in slope.iter().enumerate() {
                self.x.add_row(i, scale * s, &mut gradient[c * d..(c + 1) * d]);
            }
        }
        let size = norm2(w);
        value += 0.5 * self.lambda * size * size;
        gradient_error += (n as f64 + 4.0) * f64::EPSILON * moduli;
        value_error += (n as f64 + 8.0) * f64::EPSILON * value;
        Jet { value, value_error, gradient, gradient_error }
    }

    /// `∇²F(w)`, `[k d × k d]`.
    fn hessian(&self, w: &[f64]) -> Matrix {
        let (n, k, d) = (self.x.rows(), self.targets.outputs(), self.x.cols());
        let outputs = self.outputs(w);
        let mut h = Matrix::zeros(k * d, k * d);
        let (mut curvature, mut row) = (vec![0.0; k * k], vec![0.0; d]);
        for i in 0..n {
            let scale =
                self.loss.curvature(&outputs[i * k..(i + 1) * k], self.targets.get(i), &mut curvature);
            let weight = (scale + self.log_weight).exp();
            row.fill(0.0);
            self.x.add_row(i, 1.0, &mut row);
            for (a, b) in (0..k).flat_map(|a| (0..k).map(move |b| (a, b))) {
                let c = weight * curvature[a * k + b];
                if c == 0.0 {
                    continue;
                }
                for (j, r) in row.iter().enumerate().filter(|(_, r)| **r != 0.0) {
                    axpy(c * r, &row, &mut h.row_mut(a * d + j)[b * d..(b + 1) * d]);
                }
            }
        }
        (0..k * d).for_each(|j| h.set(j, j, h.get(j, j) + self.lambda));
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
        let mut w = vec![0.0; self.x.cols() * self.targets.outputs()];
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
    use crate::losses::LossSpec;
    use crate::programs::Ridge;

    fn x() -> Arc<Design> {
        Arc::new(Matrix::from_fn(6, 9, |i, j| (((i * 9 + j) * 7919) % 101) as f64 / 50.0 - 1.0).into())
    }

    /// On the mean squared loss it is ridge regression, which is solved without iterations.
    #[test]
    fn the_squared_loss_gives_ridge() {
        let y = vec![1.0, -2.0, 0.5, 3.0, 0.0, 1.0];
        let loss = LossSpec::squared(Default::default()).build().unwrap();
        let program = PenalisedLoss::new(x(), Targets::Real(y.clone()), loss, -(6f64.ln()), 0.3).unwrap();
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
        let program = PenalisedLoss::new(one, Targets::Sign(vec![1.0]), loss, 0.0, lambda).unwrap();
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
        let program = PenalisedLoss::new(x(), targets, loss, 0.0, 0.05).unwrap();
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
