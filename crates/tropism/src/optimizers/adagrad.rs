//! AdaGrad `w ← w − η g / (√v + ε)`, `v ← v + g²`, coordinate by coordinate.
//!
//! Shapes: any parameter vector; two slots of the same size.
//! Assumes: constant η by default; the sum of squares shortens the steps by itself. `initial_accumulator` is `v` at the start.
//! Source: Duchi, Hazan, Singer 2011 (JMLR 12), diagonal form. The direction it selects depends on the start and the early
//! steps: Gunasekar et al. 2018 (arXiv 1802.08246), §3.3; Qian, Qian 2019 (1905.11545).
//! Units and invariance: ε has the units of the gradient, `initial_accumulator` those of its square. Commutes with signed
//! permutations of the coordinates.
//! Errors: `epsilon < 0`, `initial_accumulator < 0`, `batch` outside 1..=n, `step_size ≤ 0`.
//! Example: `optimizer.kind = "adagrad"`, `optimizer.initial_accumulator = 0.1`.

use super::adam::Parts;
use super::{BatchSpec, Built, Curvature, ScheduleSpec, SecondMoment};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of AdaGrad.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdaGradSpec {
    /// Stability constant ε ≥ 0, in the units of the gradient.
    pub epsilon: f64,
    /// The sum of squares at the start, ≥ 0.
    pub initial_accumulator: f64,
    #[serde(flatten)]
    pub batches: BatchSpec,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl AdaGradSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let (epsilon, initial) = (self.epsilon, self.initial_accumulator);
        Parts {
            name: "adagrad",
            beta1: 0.0,
            beta2_key: "beta2",
            second: SecondMoment { beta2: None, epsilon, initial, bias_correction: false },
            weight_decay: 0.0,
            batches: &self.batches,
            steps: &self.steps,
        }
        .build(c)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic};
    use super::*;

    #[test]
    fn agrees_with_the_textbook() {
        for (epsilon, initial_accumulator) in [(0.0, 0.0), (1e-2, 0.0), (0.0, 4.0)] {
            let steps = ScheduleSpec { step_size: Some(0.3), ..Default::default() };
            let spec = AdaGradSpec { epsilon, initial_accumulator, steps, ..Default::default() };
            let got = reference::run(&*spec.build(&reference::curvature()).unwrap().optimizer, 100);
            let mut w = reference::START.to_vec();
            let mut v = vec![initial_accumulator; w.len()];
            for _ in 0..100 {
                let g = Quadratic::slope(&w);
                for i in 0..w.len() {
                    v[i] += g[i] * g[i];
                    w[i] -= 0.3 * g[i] / (v[i].sqrt() + epsilon);
                }
            }
            reference::close(&got, &w, 1e-12);
        }
    }
}
