//! AdaBoost: `w_j ← w_j + α`, `j = argmax |∂_j L|`, with the `α` that minimises the loss along that coordinate: steepest descent in
//! ℓ1 with exact line search; columns are weak hypotheses.
//!
//! On the exponential loss with entries ±1, `α = ½ log((1 + r)/(1 − r))`, `r` the edge. A hypothesis without error would get an
//! infinite weight; the step is then `max_step`.
//!
//! Shapes: any parameter vector.
//! Assumes: a convex loss; the root of the derivative is bracketed and found to its rounding error by about ten gradients a step.
//! Source: Freund, Schapire 1997; as coordinate descent, Telgarsky 2013 (arXiv 1303.4172). It need not reach the ℓ1 max
//! margin: Rudin, Daubechies, Schapire 2004 (JMLR 5).
//! Units and invariance: `max_step` is a weight. Commutes with signed permutations of the coordinates.
//! Errors: `max_step ≤ 0`.
//! Example: `loss.kind = "exponential"`, `optimizer.kind = "adaboost"`.

use super::{Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, State, Symmetry, check_positive};
use crate::Error;
use crate::numerics::Norm;
use crate::numerics::linalg::max_abs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of AdaBoost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdaBoostSpec {
    /// Longest step; 20 over the largest input if absent.
    pub max_step: Option<f64>,
}

/// AdaBoost with its longest step.
#[derive(Debug, Clone, PartialEq)]
pub struct AdaBoost {
    pub max_step: f64,
    /// Largest input: outputs move by at most this per unit of a weight.
    pub largest: f64,
}

impl AdaBoostSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let largest = c.radius.linf.max(f64::MIN_POSITIVE);
        let max_step = self.max_step.unwrap_or(20.0 / largest);
        check_positive("max_step", max_step)?;
        Ok(Built {
            step_size: None,
            origin: format!("each step minimises the loss along its coordinate; at most {max_step:.6}"),
            optimizer: Box::new(AdaBoost { max_step, largest }),
        })
    }
}

/// The loss along one coordinate.
struct Line<'a> {
    oracle: &'a mut dyn Oracle,
    theta: &'a mut [f64],
    g: &'a mut [f64],
    coordinate: usize,
    from: f64,
    sign: f64,
    /// Log scale in which derivatives are given.
    scale: f64,
}

impl Line<'_> {
    /// The derivative at `alpha`, negative below the minimum.
    fn slope(&mut self, alpha: f64) -> f64 {
        self.theta[self.coordinate] = self.from + self.sign * alpha;
        let scale = self.oracle.gradient(self.theta, None, self.g);
        self.sign * self.g[self.coordinate] * (scale - self.scale).exp()
    }

    /// The root of the slope in `(0, most]`; `most` if there is none.
    fn minimum(&mut self, first: f64, guess: f64, most: f64) -> f64 {
        let (mut low, mut at_low) = (0.0, first);
        let mut high = guess.min(most);
        let mut at_high = self.slope(high);
        while at_high < 0.0 {
            if high >= most {
                return most;
            }
            (low, at_low) = (high, at_high);
            high = (2.0 * high).min(most);
            at_high = self.slope(high);
        }
        // The Illinois method: secants, with the end that stays halved so that both close in.
        for _ in 0..200 {
            let width = high - low;
            if at_high == 0.0 || width <= 2.0 * f64::EPSILON * high {
                break;
            }
            let secant = high - at_high * (width / (at_high - at_low));
            let middle = if secant > low && secant < high { secant } else { low + 0.5 * width };
            if middle <= low || middle >= high {
                break;
            }
            let at = self.slope(middle);
            if at < 0.0 {
                (low, at_low) = (middle, at);
                at_high *= 0.5;
            } else {
                (high, at_high) = (middle, at);
                at_low *= 0.5;
            }
        }
        high
    }
}

impl Optimizer for AdaBoost {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let scale = oracle.gradient(&state.theta, None, &mut g);
        let log_loss = oracle.log_loss();
        let top = max_abs(&g);
        let mut alpha: f64 = 0.0;
        if top > 0.0
            && top.is_finite()
            && let Some(coordinate) = g.iter().position(|v| v.abs() == top)
        {
            // Exact for entries ±1 on the exponential loss, a start for all others.
            let edge = ((top.ln() + scale - log_loss).exp() / self.largest).min(1.0 - 1e-12);
            let guess = (edge.atanh() / self.largest).max(f64::MIN_POSITIVE);
            let (from, sign) = (state.theta[coordinate], -g[coordinate].signum());
            let theta = &mut state.theta;
            let mut line = Line { oracle, theta, g: &mut g, coordinate, from, sign, scale };
            alpha = line.minimum(-top, guess, self.max_step);
            state.theta[coordinate] = from + sign * alpha;
        }
        state.tick(alpha.ln());
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            symmetry: Symmetry::SignedPermutation,
            line_search: true,
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Exponential};
    use super::*;

    const HYPOTHESES: [&[f64]; 6] = [
        &[1.0, 1.0, -1.0, 1.0],
        &[1.0, -1.0, 1.0, 1.0],
        &[-1.0, 1.0, 1.0, -1.0],
        &[1.0, 1.0, 1.0, -1.0],
        &[-1.0, -1.0, 1.0, 1.0],
        &[1.0, -1.0, -1.0, 1.0],
    ];

    /// The recursion of Freund and Schapire on the weights of the samples.
    #[test]
    fn agrees_with_the_recursion_on_weights() {
        let optimizer = AdaBoostSpec::default().build(&reference::curvature()).unwrap().optimizer;
        let mut oracle = Exponential::new(&HYPOTHESES);
        // A start that no two hypotheses tie from.
        let mut w = [0.1, -0.05, 0.02, 0.07];
        let mut state = optimizer.start(w.to_vec(), 1);
        (0..30).for_each(|_| optimizer.step(&mut state, &mut oracle));
        let mut d = HYPOTHESES.map(|z| (-z.iter().zip(w).map(|(z, w)| z * w).sum::<f64>()).exp());
        let total: f64 = d.iter().sum();
        d.iter_mut().for_each(|d| *d /= total);
        for _ in 0..30 {
            let edge = |j: usize| (0..6).map(|i| d[i] * HYPOTHESES[i][j]).sum::<f64>();
            let j = (0..4).max_by(|&a, &b| edge(a).abs().total_cmp(&edge(b).abs())).unwrap();
            let wrong = 0.5 * (1.0 - edge(j));
            let alpha = 0.5 * ((1.0 - wrong) / wrong).ln();
            w[j] += alpha;
            (0..6).for_each(|i| d[i] *= (-alpha * HYPOTHESES[i][j]).exp());
            let total: f64 = d.iter().sum();
            d.iter_mut().for_each(|d| *d /= total);
        }
        reference::close(&state.theta, &w, 1e-12);
    }

    #[test]
    fn a_hypothesis_without_error_is_capped() {
        let optimizer =
            AdaBoostSpec { max_step: Some(3.0) }.build(&reference::curvature()).unwrap().optimizer;
        let mut oracle = Exponential::new(&[&[1.0, 0.5], &[1.0, -0.5]]);
        let mut state = optimizer.start(vec![0.0; 2], 1);
        optimizer.step(&mut state, &mut oracle);
        assert_eq!(state.theta, [3.0, 0.0]);
    }
}
