//! The regularisation path `w(λ) = argmin L(w) + (λ/2)‖w − w₀‖²`, followed from large `λ` to `λ → 0`; its clock is `t = 1/λ`.
//!
//! No algorithm at all: what explicit ridge regularisation selects, beside which the implicit kind is to be seen.
//!
//! Shapes: any parameter vector; `w₀` is the start of the run, zero unless the model says otherwise.
//! Assumes: a convex, twice differentiable loss.
//! Source: Rosset, Zhu, Hastie 2003 (Margin maximizing loss functions, NeurIPS 16); Ji, Dudík, Schapire, Telgarsky 2020
//! (arXiv 2006.11226): its limit direction is that of gradient descent. See `training::flow` for the solver.
//! Units and invariance: commutes with rotations of the parameters. `λ` in units of the loss over squared weights; the
//! horizon `time = "1e100000"` is `λ = 10^-100000`.
//! Errors: none; it has no keys.
//! Example: `optimizer.kind = "regularization_path"`.

use super::{
    Built, Curvature, Curve, FlowLimit, Geometry, Optimizer, OptimizerFacts, Oracle, State, Symmetry,
};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec of the regularisation path: no keys.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RegularizationPathSpec {}

/// The path, which the training room solves point by point; it has no discrete step.
#[derive(Debug, Clone, PartialEq)]
pub struct RegularizationPath;

impl RegularizationPathSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, _: &Curvature) -> Result<Built, Error> {
        Ok(Built {
            optimizer: Box::new(RegularizationPath),
            step_size: None,
            origin: "a path has no step size; every point is solved by itself".into(),
        })
    }
}

impl Optimizer for RegularizationPath {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    /// Does nothing: a path is solved, not iterated.
    fn step(&self, _state: &mut State, _oracle: &mut dyn Oracle) {}

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            stability: (f64::INFINITY, f64::INFINITY),
            symmetry: Symmetry::Rotation,
            flow: Some(FlowLimit {
                curve: Curve::RegularizationPath,
                time_factor: 1.0,
                error_factor: 0.0,
                batch: None,
            }),
            continuous: true,
            ..OptimizerFacts::plain(Geometry::Norm(Norm::L2))
        }
    }
}
