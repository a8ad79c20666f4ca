//! Path norm of a ReLU network: `Σ_{paths} Π |weights on the path|`, over all paths from an input to an output.
//!
//! Shapes: `θ [p]`, all layers trained.
//! Assumes: a ReLU network, homogeneous. Computed as one forward pass of `|θ|` on the input of all ones: nothing is cut
//! off there, so the sum over paths is what comes out.
//! Source: Neyshabur, Tomioka, Srebro 2015 (arXiv 1503.00036), with p = 1. For two layers it is `Σ_j |a_j| ‖w_j‖₁`.
//! Units and invariance: output units; unchanged when weight is moved between layers (positive rescaling of a unit).
//! Errors: none; `None` for other models.
//! Example: the `path_norm` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::models::{Structure, Trained, Workspace};
use crate::numerics::{Design, Matrix};

/// See the module header.
pub struct PathNorm;

impl Measure for PathNorm {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let model = &view.setup.model;
        let facts = model.facts();
        let all = matches!(facts.structure, Structure::Relu { trained: Trained::AllLayers, .. });
        if !all || facts.homogeneity.is_none() {
            return None;
        }
        let theta: Vec<f64> = view.moment.theta.iter().map(|t| t.abs()).collect();
        let ones = Design::Dense(Matrix::from_fn(1, view.setup.data.d(), |_, _| 1.0));
        let mut out = vec![0.0; facts.outputs];
        model.predict(&theta, &ones, &mut Workspace::default(), &mut out);
        let sum: f64 = out.iter().sum();
        sum.is_finite().then_some(sum)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "output", at_target: None, scale_invariant: false, shown: true }
    }
}
