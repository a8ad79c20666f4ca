//! AdamW: Adam with decoupled weight decay, `w ← (1 − η_k λ) w − η_k m̂ / (√v̂ + ε)`.
//!
//! Shapes: any parameter vector; two slots of the same size.
//! Assumes: as Adam; `weight_decay = 0` is Adam.
//! Source: Loshchilov, Hutter 2019 (arXiv 1711.05101), Algorithm 2; without ε it stays in the ball `‖w‖_∞ ≤ 1/λ`, where it
//! minimises the loss: Xie, Li 2024 (2404.04454).
//! Units and invariance: λ is one over a weight. Commutes with signed permutations of the coordinates.
//! Errors: those of Adam; `weight_decay < 0`.
//! Example: `optimizer.kind = "adamw"`, `optimizer.weight_decay = 0.1`.

use super::adam::Parts;
use super::{BatchSpec, Built, Curvature, ScheduleSpec, SecondMoment};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of AdamW.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdamWSpec {
    /// Momentum β₁ in [0, 1).
    pub beta1: f64,
    /// Memory β₂ of the second moment in [0, 1).
    pub beta2: f64,
    /// Stability constant ε ≥ 0, in the units of the gradient.
    pub epsilon: f64,
    /// Divide the moments by `1 − β^k`.
    pub bias_correction: bool,
    /// Decoupled weight decay λ ≥ 0.
    pub weight_decay: f64,
    #[serde(flatten)]
    pub batches: BatchSpec,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for AdamWSpec {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            bias_correction: true,
            weight_decay: 0.01,
            batches: BatchSpec::default(),
            steps: ScheduleSpec::default(),
        }
    }
}

impl AdamWSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let (epsilon, bias_correction) = (self.epsilon, self.bias_correction);
        Parts {
            name: "adamw",
            beta1: self.beta1,
            beta2_key: "beta2",
            second: SecondMoment { beta2: Some(self.beta2), epsilon, initial: 0.0, bias_correction },
            weight_decay: self.weight_decay,
            batches: &self.batches,
            steps: &self.steps,
        }
        .build(c)
    }
}
