//! Parameterisations `θ ↦ f(θ; ·)`: what is trained, and what it computes.

use crate::numerics::Design;
use crate::numerics::rng::Rng;
use crate::registry::members;

members! {
    /// The `[model]` section.
    "model" ModelSpec {
        linear => LinearSpec,
    }
}

impl ModelSpec {
    /// The model over `inputs` inputs and `outputs` outputs.
    pub fn build(&self, inputs: usize, outputs: usize) -> Result<Box<dyn Model>, crate::Error> {
        match self {
            ModelSpec::linear(spec) => {
                if !(spec.init_scale >= 0.0 && spec.init_scale.is_finite()) {
                    let expected = "it must be a finite number >= 0";
                    return Err(crate::Error::bad_value("model", "init_scale", spec.init_scale, expected));
                }
                Ok(Box::new(linear::Linear { inputs, outputs, spec: spec.clone() }))
            }
        }
    }
}

/// What a model declares about itself; theorems read only this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelFacts {
    /// `f(cθ; x) = c^degree f(θ; x)` for `c > 0`, if it is homogeneous.
    pub homogeneity: Option<f64>,
    /// The outputs are linear in the parameters.
    pub linear_in_parameters: bool,
    /// The outputs are linear in the inputs: `f(θ; x) = W(θ) x`.
    pub linear_in_inputs: bool,
    /// Outputs per sample.
    pub outputs: usize,
}

/// A matrix among the parameters: `θ[offset .. offset + rows · cols]`, stored row by row. Optimizers with a spectral
/// geometry treat each block by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub offset: usize,
    pub rows: usize,
    pub cols: usize,
}

impl Block {
    /// Where it stands among the parameters.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.rows * self.cols
    }

    /// A single row or column: all its matrix norms are the ℓ2 norm.
    pub fn is_vector(&self) -> bool {
        self.rows.min(self.cols) <= 1
    }
}

/// Scratch memory of one run: grown on the first call, reused ever after, so that a training step allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    pub buffer: Vec<f64>,
}

/// A parameterisation. Outputs are `[n * k]`, one sample's `k` outputs contiguous.
pub trait Model: Send + Sync {
    /// Number of parameters `p`.
    fn dim(&self) -> usize;

    /// Writes the starting point into `theta [p]`.
    fn init(&self, rng: &mut Rng, theta: &mut [f64]);

    /// Outputs on all rows of `x`: `out [n * k]`.
    fn predict(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut [f64]);

    /// `out [p] = Jᵀ r`, `r [n * k]` the slopes of the loss in the outputs.
    fn pullback(&self, theta: &[f64], x: &Design, r: &[f64], work: &mut Workspace, out: &mut [f64]);

    fn facts(&self) -> ModelFacts;

    /// The weight matrices, in order and without gaps: `θ` is their concatenation. One vector unless the model says more.
    fn blocks(&self) -> Vec<Block> {
        vec![Block { offset: 0, rows: self.dim(), cols: 1 }]
    }

    /// The effective linear predictor `W [k * d]` with `f(θ; x) = W x`, where there is one.
    fn effective(&self, _theta: &[f64]) -> Option<Vec<f64>> {
        None
    }

    /// The same parameterisation over `d` inputs, for models that commute with rotations of the inputs; this is
    /// what lets a run be carried out in an orthonormal basis of the data's row space.
    fn over_inputs(&self, _d: usize) -> Option<Box<dyn Model>> {
        None
    }
}
