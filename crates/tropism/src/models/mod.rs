//! Parameterisations `θ ↦ f(θ; ·)`: what is trained, and what it computes.

mod balance;
mod chain;
mod determinant;
mod factors;
mod held_signs;
pub mod network;
mod regime;
mod scaled;
pub mod spectral;
mod tangent;
mod through_predictor;
mod two_layer_kernel;

pub use balance::Imbalance;
pub use determinant::determinant_sign;
pub use factors::Start;
pub use held_signs::{HeldSigns, coefficient};
pub use regime::Regime;
pub use through_predictor::Layers;

use crate::numerics::linalg::max_abs;
use crate::numerics::rng::Rng;
use crate::numerics::{Design, Matrix};
use crate::registry::members;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

members! {
    /// The `[model]` section.
    "model" ModelSpec: Interface => Box<dyn Model> {
        conv_relu => ConvReluSpec,
        convolutional => ConvolutionalSpec,
        deep_linear => DeepLinearSpec,
        deep_relu => DeepReluSpec,
        diagonal => DiagonalSpec,
        linear => LinearSpec,
        matrix_factorization => MatrixFactorizationSpec,
        two_layer_relu => TwoLayerReluSpec,
    }
}

impl ModelSpec {
    /// Fills in what follows from the experiment's own seed and from other keys.
    pub fn resolve(&mut self, seed: u64) {
        match self {
            ModelSpec::two_layer_relu(spec) if spec.trained == Trained::OutputLayer => {
                spec.feature_seed.get_or_insert(seed);
            }
            ModelSpec::deep_linear(spec) => spec.depth = Some(spec.chain().depth()),
            ModelSpec::matrix_factorization(spec) => spec.depth = Some(spec.chain().depth()),
            _ => {}
        }
    }
}

/// What a model is built between: the data's inputs and targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    /// Numbers per sample, `d`.
    pub inputs: usize,
    /// Outputs per sample, `k`.
    pub outputs: usize,
    /// Where an input is a matrix, its rows and columns; entries run along rows.
    pub shape: Option<(usize, usize)>,
    /// Where an input holds the pixels of an image, its rows and columns; pixels run along rows.
    pub image: Option<(usize, usize)>,
}

/// Most trained and frozen weights of a model: a start of one gigabyte, of which a run holds several copies.
const MOST_WEIGHTS: usize = 1 << 27;

/// Refuses weight matrices of more than [`MOST_WEIGHTS`] entries together, before any memory is asked for; `key` says what `found` set.
fn check_size(
    key: &str,
    found: impl ToString,
    matrices: impl IntoIterator<Item = (usize, usize)>,
) -> Result<(), crate::Error> {
    let total =
        matrices.into_iter().try_fold(0_usize, |sum, (rows, cols)| sum.checked_add(rows.checked_mul(cols)?));
    if total.is_some_and(|t| t <= MOST_WEIGHTS) {
        return Ok(());
    }
    let weights = total.map_or_else(|| "more weights than can be counted".into(), |t| format!("{t} weights"));
    let expected = format!(
        "the model would have {weights}, and at most {MOST_WEIGHTS} (one gigabyte of numbers) are allowed: make it smaller"
    );
    Err(crate::Error::bad_value("model", key, found, &expected))
}

/// Refuses a depth below `least`.
fn check_depth(depth: usize, least: usize) -> Result<(), crate::Error> {
    if depth >= least && depth <= 64 {
        return Ok(());
    }
    let least_of = if least > 1 { "; a single layer of weights is the model `linear`" } else { "" };
    let expected = format!("it must be a whole number from {least} to 64{least_of}");
    Err(crate::Error::bad_value("model", "depth", depth, &expected))
}

/// Refuses a start at which every layer is zero: a saddle that no gradient method leaves.
fn check_not_saddle(init_scale: f64, depth: usize) -> Result<(), crate::Error> {
    check_init_scale(init_scale)?;
    if init_scale > 0.0 || depth < 2 {
        return Ok(());
    }
    let expected = "it must be > 0: at 0 every gradient of a model with several layers vanishes (a saddle), and the run \
                    would never leave it";
    Err(crate::Error::bad_value("model", "init_scale", init_scale, expected))
}

/// Refuses a start that is not a finite number of at least zero.
fn check_init_scale(value: f64) -> Result<(), crate::Error> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(crate::Error::bad_value("model", "init_scale", value, "it must be a finite number >= 0"))
}

/// Which family of parameterisations a model belongs to: what theorems on parameterisations read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// `f = W x`.
    Linear,
    /// `w = u^depth − v^depth`, elementwise; parameters `[u, v]`.
    Diagonal { depth: usize },
    /// `W = W_depth ⋯ W_1` over vector inputs; parameters `[W_1, …, W_depth]`, each row by row.
    DeepLinear { depth: usize },
    /// `⟨A, W_depth ⋯ W_1⟩` over inputs that are `rows × cols` matrices; parameters `[W_1, …, W_depth]`.
    Factorized { depth: usize, rows: usize, cols: usize },
    /// `β = w_1 ⋆ … ⋆ w_depth`, circular convolutions; `full` if every kernel is as long as the input.
    Convolutional { depth: usize, full: bool },
    /// A ReLU network of `depth` layers of weights.
    Relu { depth: usize, trained: Trained },
    /// A network linearised at its start.
    Tangent,
}

/// Which layers of a network move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trained {
    /// Every layer.
    #[default]
    AllLayers,
    /// The last layer alone; the others stay where they start.
    OutputLayer,
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
    /// The parameters are the predictor: `f(θ; x) = θ x`, with `θ` read as `W`.
    pub is_predictor: bool,
    /// Outputs per sample.
    pub outputs: usize,
    pub structure: Structure,
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

    /// The matrix itself, at parameters `theta`.
    pub fn matrix(&self, theta: &[f64]) -> Matrix {
        Matrix::from_vec(self.rows, self.cols, theta[self.range()].to_vec())
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
    /// A linear predictor, or the gradient in its space.
    pub predictor: Vec<f64>,
    pub layers: Layers,
    /// Values of a network's layers.
    trace: network::Trace,
    /// Distance from the start, and outputs there, of a tangent model.
    shift: Vec<f64>,
    base: Option<Box<scaled::Base>>,
    /// Outputs from which a centered model counts.
    centre: Option<Box<scaled::Base>>,
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

    /// The outputs are `⟨u² − v², x⟩` of the parameters `θ = [u, v]`, entry by entry, and nothing is done to them after: what
    /// fused steps rely on.
    fn is_difference_of_squares(&self) -> bool {
        false
    }

    /// The effective linear predictor `W [k * d]` with `f(θ; x) = W x`, where there is one.
    fn effective(&self, _theta: &[f64]) -> Option<Vec<f64>> {
        None
    }

    /// `out [n * k] = J v`: the change of the outputs along `direction [p]`. Exact for models linear in the parameters;
    /// others override it.
    fn pushforward(
        &self,
        theta: &[f64],
        x: &Design,
        direction: &[f64],
        work: &mut Workspace,
        out: &mut [f64],
    ) {
        debug_assert!(self.facts().linear_in_parameters, "a curved model must override this");
        let _ = theta;
        self.predict(direction, x, work, out);
    }

    /// `out [p] = Σ_i r_i (∇²f_i) v`, `r [n * k]`, `v [p]`: the derivative of the pullback of `r` along `v`; zero for models
    /// linear in the parameters. Curved models override it exactly; what stands here for them are central differences of
    /// the pullback, exact up to rounding (about 1e-10 relative) for outputs of degree three at most in the parameters.
    fn curvature_product(
        &self,
        theta: &[f64],
        x: &Design,
        r: &[f64],
        v: &[f64],
        work: &mut Workspace,
        out: &mut [f64],
    ) {
        out.fill(0.0);
        let size = max_abs(v);
        if self.facts().linear_in_parameters || size == 0.0 {
            return;
        }
        let step = f64::EPSILON.cbrt() * max_abs(theta).max(f64::MIN_POSITIVE.sqrt()) / size;
        let mut behind = vec![0.0; out.len()];
        let moved = |h: f64| -> Vec<f64> { theta.iter().zip(v).map(|(t, v)| t + h * v).collect() };
        self.pullback(&moved(step), x, r, work, out);
        self.pullback(&moved(-step), x, r, work, &mut behind);
        out.iter_mut().zip(behind).for_each(|(o, b)| *o = (*o - b) / (2.0 * step));
    }

    /// The matrix of [`Model::curvature_product`], `out [p × p] = Σ_i r_i ∇²f_i`, exactly; `false`, and nothing in `out` that means
    /// anything, if the model does not know it.
    fn curvature(
        &self,
        _theta: &[f64],
        _x: &Design,
        _r: &[f64],
        _work: &mut Workspace,
        _out: &mut Matrix,
    ) -> bool {
        false
    }

    /// `J [n k × p]`, the derivative of every output: row `i k + c` is that of output `c` on sample `i`.
    fn jacobian(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut Matrix) {
        let k = self.facts().outputs;
        let mut unit = vec![0.0; k];
        for i in 0..x.rows() {
            let row = x.select(&[i]);
            for c in 0..k {
                unit[c] = 1.0;
                self.pullback(theta, &row, &unit, work, out.row_mut(i * k + c));
                unit[c] = 0.0;
            }
        }
    }

    /// The chain of layers whose derivatives, of every order, are those of this model, if there is one: what a flow along its kinks
    /// looks into. The outputs may differ by a constant.
    fn network(&self) -> Option<&network::Network> {
        None
    }

    /// The same parameterisation in Fourier coordinates of layers and inputs (`spectral`), for models whose frequencies do not mix.
    fn spectral(&self) -> Option<Box<dyn Model>> {
        None
    }

    /// The same parameterisation over `d` inputs, for models that commute with rotations of the inputs; this is
    /// what lets a run be carried out in an orthonormal basis of the data's row space.
    fn over_inputs(&self, _d: usize) -> Option<Box<dyn Model>> {
        None
    }
}
