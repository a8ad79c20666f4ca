//! Deep ReLU network `f(x) = c W_L relu(W_{L−1} ⋯ relu(W_1 x))`, without biases.
//!
//! Shapes: parameters `[W_1 (m_1 × d), …, W_L (k × m_{L−1})]`, each row by row; hidden widths by `widths`, or by `depth`
//! (layers of weights, `L`) and `width`.
//! Assumes: nothing. A bias is a constant column of the data (`data.bias = true`); it leaves the network homogeneous.
//! Source: Lyu, Li 2020 (arXiv 1906.05890), where homogeneous networks are studied; `scheme = "gaussian"` draws
//! `W_l ~ s² N(0, 2/m_{l−1})` with c = 1 (He et al. 2015, arXiv 1502.01852), `scheme = "balanced"` then scales the outgoing
//! weights of every hidden unit to the length of its incoming ones, layer by layer upwards, which gradient flow keeps (Du, Hu, Lee
//! 2018, arXiv 1806.00900, Theorem 2.1): all layers have the Frobenius norm of the first. `scheme = "ntk"` draws `s² N(0, 1)` with
//! `c = (m_1 ⋯ m_{L−1})^{-1/2}` (Jacot, Gabriel, Hongler 2018, arXiv 1806.07572, without bias and without their √2 a
//! layer); `s = init_scale`. The derivative of the ReLU at 0 is taken as 0.
//! Units and invariance: homogeneous of degree L.
//! Errors: `depth` outside 2..64, a width of 0, `widths` beside `width` or a `depth` that does not agree; `init_scale = 0`, a saddle point.
//! Example: `model.kind = "deep_relu"`, `widths = [64, 32]` (three layers of weights), `init_scale = 1.0`.

use super::chain::Chain;
use super::network::{Layer, Network};
use super::two_layer_relu::{balance, draw};
use super::{
    Block, Interface, Model, ModelFacts, Structure, Trained, Workspace, check_not_saddle, check_size,
};
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
    /// The same, with every hidden unit's outgoing weights as long as its incoming ones.
    Balanced,
    /// Independent standard Gaussians times `init_scale`; every hidden layer is divided by the root of its width.
    Ntk,
}

/// Spec keys of the deep ReLU network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeepReluSpec {
    /// Widths of the hidden layers, first to last, in the place of `depth` and `width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(range(min = 1)))]
    pub widths: Option<Vec<usize>>,
    /// Layers of weights, with `width` units in each hidden layer; 3 unless `widths` say otherwise, with which it must agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 64))]
    pub depth: Option<usize>,
    /// Units in each hidden layer; 64 if `widths` is absent too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
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
    /// `widths` beside `width` or a `depth` that does not agree, no hidden layer, a hidden layer without units.
    fn hidden(&self) -> Result<Vec<usize>, Error> {
        let (depth, width, widths) = (self.depth, self.width, self.widths.as_deref());
        Chain { depth, width, widths, usual_depth: 3, usual_width: 64, least_depth: 2 }.hidden()
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
        let (key, found) = match &self.widths {
            Some(list) => ("widths", format!("{list:?}")),
            None => ("width", hidden.first().map_or_else(String::new, ToString::to_string)),
        };
        check_size(key, found, layers.iter().map(|l| (l.units, l.fan_in)))?;
        let deviations = layers.iter().map(|l| if ntk { 1.0 } else { (2.0 / l.fan_in as f64).sqrt() });
        let deviations = deviations.map(|d| self.init_scale * d).collect();
        let balanced = self.scheme == DeepScheme::Balanced;
        Ok(Box::new(ReluChain { network: Network { layers, factor, frozen: vec![] }, deviations, balanced }))
    }
}

/// A ReLU network all of whose layers are trained from independent Gaussians.
#[derive(Debug, Clone, PartialEq)]
pub struct ReluChain {
    pub(super) network: Network,
    /// Standard deviation of each layer's weights at the start.
    pub(super) deviations: Vec<f64>,
    /// Weights out of a hidden unit, or channel, start as long as those into it.
    pub(super) balanced: bool,
}

impl Model for ReluChain {
    fn dim(&self) -> usize {
        self.network.dim()
    }

    fn init(&self, rng: &mut Rng, theta: &mut [f64]) {
        for (block, deviation) in self.network.blocks().iter().zip(&self.deviations) {
            draw(rng, *deviation, &mut theta[block.range()]);
        }
        if !self.balanced {
            return;
        }
        // Upwards: what a layer's columns become decides the rows that the next one must match.
        for pair in self.network.blocks().windows(2) {
            let (below, above) = theta.split_at_mut(pair[1].offset);
            balance(&below[pair[0].range()], &mut above[..pair[1].rows * pair[1].cols], pair[0].rows);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::conv_relu::{ConvReluSpec, ConvScheme};
    use crate::numerics::linalg::norm2;
    use crate::numerics::rng::{Stream, rng};

    /// `‖W_l[j, :]‖² − ‖W_{l+1}[:, j]‖²` of every hidden unit or channel `j`: what gradient flow conserves.
    fn imbalances(model: &dyn Model, theta: &[f64]) -> Vec<f64> {
        let mut out = vec![];
        for pair in model.blocks().windows(2) {
            let (below, above) = (&theta[pair[0].range()], &theta[pair[1].range()]);
            for (j, row) in below.chunks_exact(pair[0].cols).enumerate() {
                let leaving: Vec<f64> = above.iter().skip(j).step_by(pair[0].rows).copied().collect();
                out.push(norm2(row).powi(2) - norm2(&leaving).powi(2));
            }
        }
        out
    }

    fn models(balanced: bool) -> Vec<Box<dyn Model>> {
        let image = Some((5, 4));
        let interface = Interface { inputs: 20, outputs: 3, shape: None, image };
        let scheme = if balanced { DeepScheme::Balanced } else { DeepScheme::Gaussian };
        let deep = DeepReluSpec { widths: Some(vec![7, 4, 6]), scheme, ..Default::default() };
        let scheme = if balanced { ConvScheme::Balanced } else { ConvScheme::Gaussian };
        let conv = ConvReluSpec { channels: vec![3, 2], kernel: 2, scheme, ..Default::default() };
        vec![deep.build(&interface).unwrap(), conv.build(&interface).unwrap()]
    }

    #[test]
    fn a_balanced_start_is_balanced_at_every_unit_and_layer() {
        for (balanced, plain) in models(true).iter().zip(models(false)) {
            let (mut a, mut b) = (vec![0.0; plain.dim()], vec![0.0; plain.dim()]);
            balanced.init(&mut rng(3, Stream::Init), &mut a);
            plain.init(&mut rng(3, Stream::Init), &mut b);
            // A few roundings of sums of squares of order one.
            assert!(imbalances(&**balanced, &a).iter().all(|v| v.abs() < 1e-13));
            assert!(imbalances(&*plain, &b).iter().any(|v| v.abs() > 0.1));
            let blocks = balanced.blocks();
            let sizes: Vec<f64> = blocks.iter().map(|b| norm2(&a[b.range()])).collect();
            assert!(sizes.iter().all(|s| (s / sizes[0] - 1.0).abs() < 1e-13), "{sizes:?}");
            // The first layer is as drawn.
            assert_eq!(a[blocks[0].range()], b[blocks[0].range()]);
        }
    }

    /// A gradient has no component along the rescalings that balance measures: a short Euler step changes it in second order only.
    #[test]
    fn the_flow_conserves_what_balance_measures() {
        let x = Design::Dense(Matrix::from_fn(6, 20, |i, j| (((i * 20 + j) * 37 % 23) as f64 - 11.0) / 11.0));
        for model in models(false) {
            let mut theta = vec![0.0; model.dim()];
            model.init(&mut rng(5, Stream::Init), &mut theta);
            let before = imbalances(&*model, &theta);
            let r: Vec<f64> = (0..18).map(|i| f64::sin(1.0 + i as f64)).collect();
            let mut g = vec![0.0; model.dim()];
            model.pullback(&theta, &x, &r, &mut Workspace::default(), &mut g);
            let moved = |h: f64| -> f64 {
                let there: Vec<f64> = theta.iter().zip(&g).map(|(t, g)| t - h * g).collect();
                let after = imbalances(&*model, &there);
                after.iter().zip(&before).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()))
            };
            let (long, short) = (moved(1e-3), moved(1e-4));
            // Exactly quadratic in the step, up to rounding.
            assert!(long > 1e-8 && (long / short - 100.0).abs() < 1e-3, "{long} {short}");
        }
    }

    #[test]
    fn widths_beyond_memory_are_refused_by_name() {
        let interface = Interface { inputs: 20, outputs: 1, shape: None, image: None };
        let refused =
            |spec: DeepReluSpec| spec.build(&interface).err().map(|e| e.to_string()).unwrap_or_default();
        let wide = refused(DeepReluSpec { width: Some(1_000_000), ..Default::default() });
        assert!(wide.contains("`width`") && wide.contains("1000021000000 weights"), "{wide}");
        let endless = refused(DeepReluSpec { widths: Some(vec![usize::MAX; 2]), ..Default::default() });
        assert!(
            endless.contains("`widths`") && endless.contains("more weights than can be counted"),
            "{endless}"
        );
    }
}
