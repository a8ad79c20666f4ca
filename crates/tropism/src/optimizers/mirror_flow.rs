//! Mirror flow `d∇Φ(w)/dt = −∇L(w)` in a separable potential: mirror descent with infinitely small steps, in log time.
//!
//! `potential = "p_norm"` (key `p`), `"entropy"` (positive weights), `"hypentropy"` (key `beta`), `"half_square"`.
//!
//! Shapes: any parameter vector.
//! Assumes: the start lies in the potential's domain (entropy: positive weights, `model.start > 0`); a convex loss.
//! Source: Gunasekar et al. 2018 (arXiv 1802.08246) for interpolation; Sun et al. 2022 (arXiv 2205.12808) and Pesme,
//! Dragomir, Flammarion 2024 (arXiv 2406.12763) for separable data. See `training::flow` for the integrator.
//! Units and invariance: commutes with permutations of the coordinates (signed ones where Φ is even). Time is `t` itself.
//! Errors: `p ≤ 1`, `beta ≤ 0`, a start outside the domain, more weights than the implicit stages can factorise. For `p`
//! well above 3 a weight passes through zero with infinite slope in `z`, and the run may end before its horizon.
//! Example: `optimizer.kind = "mirror_flow"`, `optimizer.potential = "p_norm"`, `optimizer.p = 1.1`.

use super::mirror_descent::{MirrorDescentSpec, PotentialName};
use super::{
    Built, Curvature, Curve, FlowLimit, Geometry, Optimizer, OptimizerFacts, Oracle, State, Symmetry,
};
use crate::Error;
use crate::numerics::Potential;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of mirror flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MirrorFlowSpec {
    /// The mirror map is the gradient of this.
    pub potential: PotentialName,
    /// Exponent of the p-norm potential, > 1.
    pub p: f64,
    /// Scale of the hypentropy potential, > 0.
    pub beta: f64,
}

impl Default for MirrorFlowSpec {
    fn default() -> Self {
        Self { potential: PotentialName::PNorm, p: 3.0, beta: 1.0 }
    }
}

/// The flow in its potential; it has no discrete step.
#[derive(Debug, Clone, PartialEq)]
pub struct MirrorFlow {
    pub potential: Potential,
}

impl MirrorFlowSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, _: &Curvature) -> Result<Built, Error> {
        let keys = MirrorDescentSpec {
            potential: self.potential,
            p: self.p,
            beta: self.beta,
            ..MirrorDescentSpec::default()
        };
        Ok(Built {
            optimizer: Box::new(MirrorFlow { potential: keys.potential()? }),
            step_size: None,
            origin: "a flow has no step size; the integrator chooses its steps by error control".into(),
        })
    }
}

impl Optimizer for MirrorFlow {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    /// Does nothing: a flow is integrated, not iterated.
    fn step(&self, _state: &mut State, _oracle: &mut dyn Oracle) {}

    fn facts(&self) -> OptimizerFacts {
        let even = self.potential != Potential::NegEntropy;
        OptimizerFacts {
            stability: (f64::INFINITY, f64::INFINITY),
            symmetry: if even { Symmetry::SignedPermutation } else { Symmetry::Permutation },
            flow: Some(FlowLimit { curve: Curve::Flow, time_factor: 1.0, error_factor: 0.0, batch: None }),
            continuous: true,
            ..OptimizerFacts::plain(Geometry::Mirror(self.potential))
        }
    }
}
