//! Signum `w ← w − η_k sign(m)`, `m ← β m + (1 − β) g`: steepest descent in ℓ∞ with momentum under its common name.
//!
//! Shapes: any parameter vector; one slot of the same size.
//! Assumes: steps `η_k = η (k + 1)^−power`, by default `power = 0.5`; `momentum = 0` is sign descent.
//! Source: Bernstein et al. 2018 (arXiv 1802.04434), Algorithm 2.
//! Units and invariance: does not see the loss's scale. Commutes with signed permutations of the coordinates.
//! Errors: `momentum` outside [0, 1), `step_size ≤ 0`.
//! Example: `optimizer.kind = "signum"`, `optimizer.momentum = 0.9`.

use super::steepest_descent::SteepestDescentSpec;
use super::{Built, Curvature, ScheduleSpec};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of signum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SignumSpec {
    /// Momentum β in [0, 1).
    pub momentum: f64,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for SignumSpec {
    fn default() -> Self {
        Self { momentum: 0.9, steps: ScheduleSpec::default() }
    }
}

impl SignumSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        SteepestDescentSpec {
            norm: Norm::LInf,
            momentum: self.momentum,
            normalized: true,
            steps: self.steps.clone(),
        }
        .build(c)
    }
}
