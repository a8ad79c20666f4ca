//! Normalized gradient descent `w ← w − η_k ∇L(w) / ‖∇L(w)‖`: steepest descent in ℓ2 under its common name.
//!
//! Shapes: any parameter vector.
//! Assumes: steps `η_k = η (k + 1)^−power`, by default `power = 0.5`.
//! Source: Nacson et al. 2018 (arXiv 1803.01905); Gunasekar et al. 2018 (1802.08246), Theorem 5 with the ℓ2 norm.
//! Units and invariance: commutes with rotations of the parameters.
//! Errors: `momentum` outside [0, 1), `step_size ≤ 0`.
//! Example: `optimizer.kind = "normalized_gradient_descent"`.

use super::steepest_descent::SteepestDescentSpec;
use super::{Built, Curvature, ScheduleSpec};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of normalized gradient descent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NormalizedGradientDescentSpec {
    /// Momentum β in [0, 1).
    pub momentum: f64,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl NormalizedGradientDescentSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        SteepestDescentSpec {
            norm: Norm::L2,
            momentum: self.momentum,
            normalized: true,
            steps: self.steps.clone(),
        }
        .build(c)
    }
}
