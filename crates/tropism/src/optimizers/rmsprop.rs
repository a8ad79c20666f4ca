//! RMSProp `w ← w − η_k g / (√v + ε)`, `v ← β v + (1 − β) g²`, coordinate by coordinate.
//!
//! Shapes: any parameter vector; two slots of the same size.
//! Assumes: steps `η_k = η (k + 1)^−power`, by default `power = 0.5`; no bias correction, so the first steps are longer by
//! `1/√(1 − β)`.
//! Source: Tieleman, Hinton 2012, Lecture 6.5; ε added to the root, as in the usual libraries. Bias on homogeneous models:
//! Wang, Meng, Chen, Liu 2021 (arXiv 2012.06244).
//! Units and invariance: ε has the units of the gradient. Commutes with signed permutations of the coordinates.
//! Errors: `beta` outside [0, 1), `epsilon < 0`, `batch` outside 1..=n, `step_size ≤ 0`.
//! Example: `optimizer.kind = "rmsprop"`, `optimizer.beta = 0.99`.

use super::adam::Parts;
use super::{BatchSpec, Built, Curvature, ScheduleSpec, SecondMoment};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of RMSProp.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RmsPropSpec {
    /// Memory β of the second moment in [0, 1).
    pub beta: f64,
    /// Stability constant ε ≥ 0, in the units of the gradient.
    pub epsilon: f64,
    #[serde(flatten)]
    pub batches: BatchSpec,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for RmsPropSpec {
    fn default() -> Self {
        Self { beta: 0.99, epsilon: 1e-8, batches: BatchSpec::default(), steps: ScheduleSpec::default() }
    }
}

impl RmsPropSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let (beta2, epsilon) = (Some(self.beta), self.epsilon);
        Parts {
            name: "rmsprop",
            beta1: 0.0,
            beta2_key: "beta",
            second: SecondMoment { beta2, epsilon, initial: 0.0, bias_correction: false },
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
        let steps = ScheduleSpec { step_size: Some(0.01), ..Default::default() };
        let spec = RmsPropSpec { beta: 0.9, epsilon: 0.01, steps, ..Default::default() };
        let got = reference::run(&*spec.build(&reference::curvature()).unwrap().optimizer, 100);
        let mut w = reference::START.to_vec();
        let mut v = vec![0.0; w.len()];
        for k in 1..=100 {
            let g = Quadratic::slope(&w);
            for i in 0..w.len() {
                v[i] = 0.9 * v[i] + 0.1 * g[i] * g[i];
                w[i] -= 0.01 / f64::from(k).sqrt() * g[i] / (v[i].sqrt() + 0.01);
            }
        }
        reference::close(&got, &w, 1e-12);
    }
}
