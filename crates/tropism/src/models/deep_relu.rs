//! Deep ReLU network `f(x) = c W_L relu(W_{L−1} ⋯ relu(W_1 x))`, without biases.
//!
//! Shapes: parameters `[W_1 (m_1 × d), …, W_L (k × m_{L−1})]`, each row by row; hidden widths by `widths`, or by `depth`
//! (layers of weights, `L`) and `width`.
//! Assumes: nothing. A bias is a constant column of the data (`data.bias = true`); it leaves the network homogeneous.
//! Source: Lyu, Li 2020 (arXiv 1906.05890), where homogeneous networks are studied; `scheme = "gaussian"` draws
//! `W_l ~ s² N(0, 2/m_{l−1})` with c = 1 (He et al. 2015, arXiv 1502.01852), `scheme = "ntk"` draws `s² N(0, 1)` with
//! `c = (m_1 ⋯ m_{L−1})^{-1/2}` (Jacot, Gabriel, Hongler 2018, arXiv 1806.07572, without bias and without their √2 a
//! layer); `s = init_scale`. The derivative of the ReLU at 0 is taken as 0.
//! Units and invariance: homogeneous of degree L.
//! Errors: `depth` below 2, a width of 0, `widths` beside `depth` or `width`; `init_scale = 0`, a saddle point.
//! Example: `model.kind = "deep_relu"`, `widths = [64, 32]` (three layers of weights), `init_scale = 1.0`.

use super::network::{Layer, Network};
use super::two_layer_relu::draw;
use super::{Block, Interface, Model, ModelFacts, Structure, Trained, Workspace, check_not_saddle};
use crate::Error;
use crate::numerics::rng::Rng;
use crate::numerics::{Design, Matrix};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the start of a deep network is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeepScheme {
    /// Independent Gaussians of variance 2 / fan-in, times `init_scale`.
    #[default]
    Gaussian,
    /// Independent standard Gaussians times `init_scale`; every hidden layer is divided by the root of its width.
    Ntk,
}

/// Spec keys of the deep ReLU network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeepReluSpec {
    /// Widths of the hidden layers, first to last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widths: Option<Vec<usize>>,
    /// Layers of weights, with `width` units in each hidden layer; 3 if `widths` is absent too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    /// Units in each hidden layer; 64 if `widths` is absent too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// How the start is drawn.
    pub scheme: DeepScheme,
    /// What the drawn start is multiplied by.
    pub init_scale: f64,
}

impl Default for DeepReluSpec {
    fn default() -> Self {
        Self { widths: None, depth: None, width: None, scheme: DeepScheme::Gaussian, init_scale: 1.0 }
    }
}

impl DeepReluSpec {
    /// The widths of the hidden layers.
    ///
    /// # Errors
    /// `widths` beside `depth` or `width`, no hidden layer, a hidden layer without units.
    fn hidden(&self) -> Result<Vec<usize>, Error> {
        let refuse = |key: &str, found: String, why: &str| Err(Error::bad_value("model", key, found, why));
        let widths = match (&self.widths, self.depth, self.width) {
            (Some(w), None, None) => w.clone(),
            (Some(w), _, _) => {
                return refuse(
                    "widths",
                    format!("{w:?}"),
                    "it already says everything that `depth` and `width` say; drop these two keys or this one",
                );
            }
            (None, depth, width) => {
                let depth = depth.unwrap_or(3);
                if depth < 2 {
                    let why = "it must be at least 2: the model of one layer of weights is `linear`";
                    return refuse("depth", depth.to_string(), why);
                }
                let width = width.unwrap_or(64);
                if width == 0 {
                    return refuse("width", "0".into(), "it must be at least 1");
                }
                vec![width; depth - 1]
            }
        };
        if widths.is_empty() || widths.contains(&0) {
            let why = "it must list at least one hidden layer, each of width at least 1";
            return refuse("widths", format!("{widths:?}"), why);
        }
        Ok(widths)
    }

    /// The model itself, after checking the ranges of its keys.
    ///
    /// # Errors
    /// Widths that are 0 or do not fit the depth; a start scale that is not above 0.
    pub fn build(&self, interface: &Interface) -> Result<Box<dyn Model>, Error> {
        let hidden = self.hidden()?;
        check_not_saddle(self.init_scale, 2)?;
        let ntk = self.scheme == DeepScheme::Ntk;
        let factor = if ntk { hidden.iter().map(|m| 1.0 / (*m as f64).sqrt()).product() } else { 1.0 };
        let into = std::iter::once(&interface.inputs).chain(&hidden);
        let out = hidden.iter().chain(std::iter::once(&interface.outputs));
        let layers: Vec<Layer> = into.zip(out).map(|(a, b)| Layer::dense(*a, *b)).collect();
        let deviations = layers.iter().map(|l| if ntk { 1.0 } else { (2.0 / l.fan_in as f64).sqrt() });
        let deviations = deviations.map(|d| self.init_scale * d).collect();
        Ok(Box::new(ReluChain { network: Network { layers, factor, frozen: vec![] }, deviations }))
    }
}

/// A ReLU network all of whose layers are trained from independent Gaussians.
#[derive(Debug, Clone, PartialEq)]
pub struct ReluChain {
    pub(super) network: Network,
    /// Standard deviation of each layer's weights at the start.
    pub(super) deviations: Vec<f64>,
}

impl Model for ReluChain {
    fn dim(&self) -> usize {
        self.network.dim()
    }

    fn init(&self, rng: &mut Rng, theta: &mut [f64]) {
        for (block, deviation) in self.network.blocks().iter().zip(&self.deviations) {
            draw(rng, *deviation, &mut theta[block.range()]);
        }
    }

    fn predict(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut [f64]) {
        self.network.predict(theta, x, &mut work.trace, out);
    }

    fn pullback(&self, theta: &[f64], x: &Design, r: &[f64], work: &mut Workspace, out: &mut [f64]) {
        self.network.pullback(theta, x, r, &mut work.trace, out);
    }

    fn facts(&self) -> ModelFacts {
        let depth = self.network.layers.len();
        ModelFacts {
            homogeneity: Some(depth as f64),
            linear_in_parameters: false,
            linear_in_inputs: false,
            is_predictor: false,
            outputs: self.network.outputs(),
            structure: Structure::Relu { depth, trained: Trained::AllLayers },
        }
    }

    fn blocks(&self) -> Vec<Block> {
        self.network.blocks()
    }

    fn network(&self) -> Option<&Network> {
        Some(&self.network)
    }

    fn pushforward(&self, theta: &[f64], x: &Design, v: &[f64], work: &mut Workspace, out: &mut [f64]) {
        self.network.pushforward(theta, x, v, &mut work.trace, out);
    }

    fn jacobian(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut Matrix) {
        self.network.jacobian(theta, x, &mut work.trace, out);
    }

    fn curvature_product(
        &self,
        theta: &[f64],
        x: &Design,
        r: &[f64],
        v: &[f64],
        work: &mut Workspace,
        out: &mut [f64],
    ) {
        self.network.curvature_product(theta, x, (r, v), &mut work.trace, out);
    }
}
