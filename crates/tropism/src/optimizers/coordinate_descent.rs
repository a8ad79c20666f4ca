//! Greedy coordinate descent `w_j ← w_j − η_k ∂_j L`, `j = argmax |∂_j L|`: steepest descent in ℓ1 under its common name.
//!
//! Shapes: any parameter vector.
//! Assumes: `normalized = false` (default) multiplies the step by `|∂_j L|`; otherwise its length is `η_k`, which is
//! ε-boosting: `η_k = η (k + 1)^−power`, by default `power = 0.5`.
//! Source: Gunasekar et al. 2018 (arXiv 1802.08246), §3; as boosting, Telgarsky 2013 (1303.4172).
//! Units and invariance: commutes with signed permutations of the coordinates.
//! Errors: `step_size ≤ 0`.
//! Example: `optimizer.kind = "coordinate_descent"`.

use super::steepest_descent::SteepestDescentSpec;
use super::{Built, Curvature, ScheduleSpec};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of greedy coordinate descent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CoordinateDescentSpec {
    /// Steps of length η_k; otherwise η_k times the derivative.
    pub normalized: bool,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl CoordinateDescentSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        SteepestDescentSpec {
            norm: Norm::L1,
            momentum: 0.0,
            normalized: self.normalized,
            steps: self.steps.clone(),
        }
        .build(c)
    }
}
