//! Linear model `f(W; x) = W x`.
//!
//! Shapes: `W [k × d]`, stored row by row; `k = 1` for regression and binary problems.
//! Assumes: nothing. A bias is a constant column of the data (`data.bias = true`).
//! Source: standard.
//! Units and invariance: homogeneous of degree 1; commutes with rotations of the inputs.
//! Errors: `start` of the wrong length is refused.
//! Example: `model.kind = "linear"`, optionally `model.init_scale = 0.1` (Gaussian start) or `model.start = 0.5`.

use super::{Block, Interface, Model, ModelFacts, Structure, Workspace, check_init_scale};
use crate::numerics::Design;
use crate::numerics::rng::Rng;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of the linear model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinearSpec {
    /// Standard deviation of the Gaussian start; 0 starts at `start`.
    pub init_scale: f64,
    /// Constant added to every weight at the start.
    pub start: f64,
}

impl Default for LinearSpec {
    fn default() -> Self {
        Self { init_scale: 0.0, start: 0.0 }
    }
}

impl LinearSpec {
    /// The model itself, after checking the ranges of its keys.
    ///
    /// # Errors
    /// A negative or infinite `init_scale`.
    pub fn build(&self, interface: &Interface) -> Result<Box<dyn Model>, crate::Error> {
        check_init_scale(self.init_scale)?;
        if !self.start.is_finite() {
            return Err(crate::Error::bad_value("model", "start", self.start, "it must be a finite number"));
        }
        let Interface { inputs, outputs, .. } = *interface;
        Ok(Box::new(Linear { inputs, outputs, spec: self.clone() }))
    }
}

/// The linear model over `inputs` inputs with `outputs` outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    pub inputs: usize,
    pub outputs: usize,
    pub spec: LinearSpec,
}

impl Model for Linear {
    fn dim(&self) -> usize {
        self.inputs * self.outputs
    }

    fn init(&self, rng: &mut Rng, theta: &mut [f64]) {
        for t in theta.iter_mut() {
            let g: f64 = StandardNormal.sample(rng);
            *t = self.spec.start + self.spec.init_scale * g;
        }
    }

    fn predict(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut [f64]) {
        if self.outputs == 1 {
            return x.apply(theta, out);
        }
        let (n, d, k) = (x.rows(), self.inputs, self.outputs);
        work.buffer.resize(n, 0.0);
        for c in 0..k {
            x.apply(&theta[c * d..(c + 1) * d], &mut work.buffer);
            for (i, v) in work.buffer.iter().enumerate() {
                out[i * k + c] = *v;
            }
        }
    }

    fn pullback(&self, _theta: &[f64], x: &Design, r: &[f64], work: &mut Workspace, out: &mut [f64]) {
        if self.outputs == 1 {
            return x.adjoint(r, out);
        }
        let (n, d, k) = (x.rows(), self.inputs, self.outputs);
        work.buffer.resize(n, 0.0);
        for c in 0..k {
            for (i, v) in work.buffer.iter_mut().enumerate() {
                *v = r[i * k + c];
            }
            x.adjoint(&work.buffer, &mut out[c * d..(c + 1) * d]);
        }
    }

    fn facts(&self) -> ModelFacts {
        ModelFacts {
            homogeneity: Some(1.0),
            linear_in_parameters: true,
            linear_in_inputs: true,
            is_predictor: true,
            outputs: self.outputs,
            structure: Structure::Linear,
        }
    }

    fn blocks(&self) -> Vec<Block> {
        vec![Block { offset: 0, rows: self.outputs, cols: self.inputs }]
    }

    fn effective(&self, theta: &[f64]) -> Option<Vec<f64>> {
        Some(theta.to_vec())
    }

    fn over_inputs(&self, d: usize) -> Option<Box<dyn Model>> {
        Some(Box::new(Linear { inputs: d, ..self.clone() }))
    }
}
