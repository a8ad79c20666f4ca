//! Sums along a run that a theorem's program is made of.

use super::Job;
use crate::models::Structure;
use crate::numerics::squares;
use crate::optimizers::OptimizerFacts;
use serde::{Deserialize, Serialize};

/// `Σ log|1 − a_k²|` and `Σ (artanh a_k − a_k)` of a diagonal network `w = u² − v²`, elementwise, `a_k = 2 η_k g_k` with the
/// stochastic gradient `g_k` in `w`: the exact limit of finite steps is made of them (Even, Pesme, Gunasekar, Flammarion 2023,
/// arXiv 2302.08982). A plain step multiplies `u` by `1 − a_k` and `v` by `1 + a_k`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accumulators {
    /// `A [d]`.
    pub shrink: Vec<f64>,
    /// `R [d]`.
    pub excess: Vec<f64>,
    /// Some `|a_k| ≥ 1`: a weight changed its sign and the sums mean nothing.
    pub overshot: bool,
}

impl Accumulators {
    /// Empty sums where a theorem could ask for them: a diagonal network of depth 2 with one output under plain gradient steps.
    pub fn wanted(job: &Job, facts: &OptimizerFacts) -> Option<Self> {
        let model = job.model.facts();
        let diagonal = model.structure == Structure::Diagonal { depth: 2 } && model.outputs == 1;
        let d = job.theta0.len() / 2;
        (diagonal && facts.bare_gradient_steps()).then(|| Self {
            shrink: vec![0.0; d],
            excess: vec![0.0; d],
            overshot: false,
        })
    }

    /// One step from `before` to `after`, both `[u, v]`.
    pub fn add(&mut self, before: &[f64], after: &[f64]) {
        self.overshot |= squares::add_step(before, after, &mut self.shrink, &mut self.excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_the_factors() {
        let mut sums = Accumulators { shrink: vec![0.0], excess: vec![0.0], overshot: false };
        let (mut u, mut v, mut plain) = (0.3_f64, 0.3_f64, 0.0);
        for a in [0.2, -0.5, 0.01, 0.9] {
            let next = (u * (1.0 - a), v * (1.0 + a));
            sums.add(&[u, v], &[next.0, next.1]);
            (u, v) = next;
            plain += a;
        }
        // u v = α² e^A, and Σ artanh a = ½ log(v/u).
        assert!((sums.shrink[0] - (u * v / 0.09).ln()).abs() < 1e-14);
        assert!((sums.excess[0] - (0.5 * (v / u).ln() - plain)).abs() < 1e-14);
        assert!(!sums.overshot);
        sums.add(&[1.0, 1.0], &[-0.1, 2.1]);
        assert!(sums.overshot);
    }
}
