//! Gradient flow `dw/dt = −∇L(w)`: gradient descent with infinitely small steps, integrated in log time.
//!
//! Shapes: any parameter vector.
//! Assumes: a twice differentiable loss.
//! Source: the common limit of the gradient methods; see `training::flow` for the integrator.
//! Units and invariance: commutes with rotations of the parameters. Time is `t` itself.
//! Errors: none; it has no keys.
//! Example: `optimizer.kind = "gradient_flow"`.

use super::{
    Built, Curvature, Curve, FlowLimit, Geometry, Optimizer, OptimizerFacts, Oracle, State, Symmetry,
};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec of the gradient flow: no keys.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GradientFlowSpec {}

/// The flow, which the training room integrates; it has no discrete step.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientFlow;

impl GradientFlowSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, _: &Curvature) -> Result<Built, Error> {
        Ok(Built {
            optimizer: Box::new(GradientFlow),
            step_size: None,
            origin: "a flow has no step size; the integrator chooses its steps by error control".into(),
        })
    }
}

impl Optimizer for GradientFlow {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    /// Does nothing: a flow is integrated, not iterated.
    fn step(&self, _state: &mut State, _oracle: &mut dyn Oracle) {}

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            stability: (f64::INFINITY, f64::INFINITY),
            symmetry: Symmetry::Rotation,
            flow: Some(FlowLimit { curve: Curve::Flow, time_factor: 1.0, error_factor: 0.0, batch: None }),
            continuous: true,
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        }
    }
}
