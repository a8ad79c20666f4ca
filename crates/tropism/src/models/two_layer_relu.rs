//! Two-layer ReLU network `f(x) = c Σ_j a_j relu(⟨w_j, x⟩)`, without biases.
//!
//! Shapes: parameters `[W (m × d), A (k × m)]`, both row by row, `m = width`; with `trained = "output_layer"` only `A`.
//! Assumes: nothing. A bias is a constant column of the data (`data.bias = true`).
//! Source: mean-field and kernel limits in Chizat, Bach 2020 (arXiv 2002.04486); `scheme = "ntk"` is the parametrisation of
//! Jacot, Gabriel, Hongler 2018 (arXiv 1806.07572) without its bias and without their √2. Schemes: `gaussian` draws
//! `W ~ s² N(0, 2/d)`, `A ~ s² N(0, 2/m)` (He et al. 2015, arXiv 1502.01852), c = 1; `balanced` draws `w_j` so and
//! `|a_j| = ‖w_j‖` with random sign (for several outputs a random direction), which gradient flow keeps; `ntk` draws
//! everything from `s² N(0, 1)` with `c = m^{-1/2}`; `s = init_scale`. The derivative of the ReLU at 0 is taken as 0.
//! With `trained = "output_layer"` the hidden weights are drawn by the scheme and stay; `A` starts at 0, so that what is
//! selected is nearest to zero: the kernel (F2) problem.
//! `start` gives every unit's start instead of drawing it.
//! Units and invariance: homogeneous of degree 2 (of degree 1 with only the output layer trained).
//! Errors: `width = 0`; `init_scale = 0`, which is a saddle point where nothing moves; a `start` of another shape.
//! Example: `model.kind = "two_layer_relu"`, `width = 512`, `scheme = "balanced"`, `init_scale = 0.01`.

use super::network::{Layer, Network};
use super::{
    Block, Interface, Model, ModelFacts, Structure, Trained, Workspace, check_not_saddle, check_size,
};
use crate::error::counted;
use crate::numerics::linalg::norm2;
use crate::numerics::rng::{self, Rng};
use crate::numerics::{Design, Matrix};
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the start is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Independent Gaussians of variance 2 / fan-in, times `init_scale`.
    #[default]
    Gaussian,
    /// The same, with every unit's outgoing weights as long as its incoming ones.
    Balanced,
    /// Independent standard Gaussians times `init_scale`; the output is divided by the root of the width.
    Ntk,
}

/// Spec keys of the two-layer ReLU network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TwoLayerReluSpec {
    /// Number of hidden units.
    #[schemars(range(min = 1))]
    pub width: usize,
    /// Which layers move.
    pub trained: Trained,
    /// How the start is drawn.
    pub scheme: Scheme,
    /// What the drawn start is multiplied by.
    pub init_scale: f64,
    /// Seed of the hidden weights when only the output layer is trained; the experiment's own seed if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_seed: Option<u64>,
    /// The start itself, one row for each unit: its output weight, then its input weights. For one output, with all layers trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Vec<Vec<f64>>>,
}

impl Default for TwoLayerReluSpec {
    fn default() -> Self {
        Self {
            width: 100,
            trained: Trained::AllLayers,
            scheme: Scheme::Gaussian,
            init_scale: 1.0,
            feature_seed: None,
            start: None,
        }
    }
}

impl TwoLayerReluSpec {
    /// The model itself, after checking the ranges of its keys.
    ///
    /// # Errors
    /// A width of 0, a start scale that is not above 0, or a `start` that does not fit.
    pub fn build(&self, interface: &Interface) -> Result<Box<dyn Model>, crate::Error> {
        if self.width == 0 {
            return Err(crate::Error::bad_value("model", "width", 0, "it must be at least 1"));
        }
        check_not_saddle(self.init_scale, 2)?;
        self.check_start(interface)?;
        let (m, Interface { inputs, outputs, .. }) = (self.width, *interface);
        let factor = if self.scheme == Scheme::Ntk { 1.0 / (m as f64).sqrt() } else { 1.0 };
        check_size("width", m, [(m, inputs), (outputs, m)])?;
        let layers = vec![Layer::dense(inputs, m), Layer::dense(m, outputs)];
        let mut model =
            TwoLayerRelu { network: Network { layers, factor, frozen: vec![] }, spec: self.clone() };
        if self.trained == Trained::OutputLayer {
            let mut hidden = vec![0.0; m * inputs];
            model.draw_hidden(&mut rng::rng(self.feature_seed.unwrap_or(0), rng::Stream::Init), &mut hidden);
            model.network.frozen = vec![hidden];
        }
        Ok(Box::new(model))
    }

    /// Refuses a start that is not one row of `1 + inputs` numbers for each unit.
    fn check_start(&self, interface: &Interface) -> Result<(), crate::Error> {
        let Some(rows) = &self.start else { return Ok(()) };
        if self.trained == Trained::OutputLayer || interface.outputs != 1 {
            let missing = "the start itself is written for a network with one output whose layers are all trained; leave it out";
            let other = match self.trained {
                Trained::OutputLayer => "model.trained = \"output_layer\"",
                Trained::AllLayers => "several classes",
            };
            return Err(crate::Error::incompatible("model.start", other, missing));
        }
        let refuse =
            |found: String, expected: &str| Err(crate::Error::bad_value("model", "start", found, expected));
        let (rows_of, numbers) = (|n| counted(n, "row", "rows"), |n| counted(n, "number", "numbers"));
        if rows.len() != self.width {
            let expected = format!("it must hold one row for each unit, and model.width is {}", self.width);
            return refuse(format!("a list of {}", rows_of(rows.len())), &expected);
        }
        let long = 1 + interface.inputs;
        if let Some(i) = rows.iter().position(|r| r.len() != long) {
            let expected = format!(
                "every row must hold {}: the output weight of its unit and one weight for each of the {}",
                numbers(long),
                counted(interface.inputs, "input", "inputs")
            );
            return refuse(format!("a list whose row {} has {}", i + 1, numbers(rows[i].len())), &expected);
        }
        if let Some((i, t)) =
            rows.iter().enumerate().find_map(|(i, r)| Some((i, r.iter().find(|t| !t.is_finite())?)))
        {
            return refuse(format!("{t} in row {}", i + 1), "every weight must be a finite number");
        }
        if rows.iter().flatten().all(|t| *t == 0.0) {
            return refuse(
                "0 everywhere".into(),
                "some weight must differ from 0: at 0 every gradient vanishes (a saddle)",
            );
        }
        Ok(())
    }
}

/// The network over `d` inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoLayerRelu {
    network: Network,
    spec: TwoLayerReluSpec,
}

impl TwoLayerRelu {
    fn deviation(&self, fan_in: usize) -> f64 {
        let unit = if self.spec.scheme == Scheme::Ntk { 1.0 } else { (2.0 / fan_in as f64).sqrt() };
        self.spec.init_scale * unit
    }

    fn draw_hidden(&self, rng: &mut Rng, out: &mut [f64]) {
        draw(rng, self.deviation(self.network.layers[0].fan_in), out);
    }

    /// One output and both layers trained: the case with kernels of its own.
    fn plain(&self) -> bool {
        self.network.outputs() == 1 && self.network.frozen.is_empty()
    }
}

/// Independent Gaussians of a standard deviation.
pub(super) fn draw(rng: &mut Rng, deviation: f64, out: &mut [f64]) {
    for t in out {
        let g: f64 = StandardNormal.sample(rng);
        *t = deviation * g;
    }
}

/// Makes the outgoing weights of every unit as long as its incoming ones, `hidden [m × d]`, `outer [k × m]`. Units that are channels have
/// one column of `outer` at each position, `m` columns apart.
pub(super) fn balance(hidden: &[f64], outer: &mut [f64], units: usize) {
    let d = hidden.len() / units;
    for j in 0..units {
        let wanted = norm2(&hidden[j * d..(j + 1) * d]);
        let column: Vec<f64> = outer.iter().skip(j).step_by(units).copied().collect();
        let found = norm2(&column);
        if found > 0.0 {
            outer.iter_mut().skip(j).step_by(units).for_each(|a| *a *= wanted / found);
        }
    }
}

impl Model for TwoLayerRelu {
    fn dim(&self) -> usize {
        self.network.dim()
    }

    fn init(&self, rng: &mut Rng, theta: &mut [f64]) {
        if self.spec.trained == Trained::OutputLayer {
            return theta.fill(0.0);
        }
        let units = self.spec.width;
        let (hidden, outer) = theta.split_at_mut(self.network.layers[0].weights());
        if let Some(rows) = &self.spec.start {
            let d = hidden.len() / units;
            for (row, (w, a)) in rows.iter().zip(hidden.chunks_exact_mut(d).zip(outer)) {
                *a = row[0];
                w.copy_from_slice(&row[1..]);
            }
            return;
        }
        self.draw_hidden(rng, hidden);
        draw(rng, self.deviation(units), outer);
        if self.spec.scheme == Scheme::Balanced {
            balance(hidden, outer, units);
        }
    }

    fn predict(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut [f64]) {
        if !self.plain() {
            return self.network.predict(theta, x, &mut work.trace, out);
        }
        work.trace.panel.predict(theta, x, out);
        out.iter_mut().for_each(|o| *o *= self.network.factor);
    }

    fn pullback(&self, theta: &[f64], x: &Design, r: &[f64], work: &mut Workspace, out: &mut [f64]) {
        if !self.plain() {
            return self.network.pullback(theta, x, r, &mut work.trace, out);
        }
        work.trace.panel.pullback(theta, x, r, out);
        if self.network.factor != 1.0 {
            out.iter_mut().for_each(|o| *o *= self.network.factor);
        }
    }

    fn facts(&self) -> ModelFacts {
        let linear = self.spec.trained == Trained::OutputLayer;
        ModelFacts {
            homogeneity: Some(if linear { 1.0 } else { 2.0 }),
            linear_in_parameters: linear,
            linear_in_inputs: false,
            is_predictor: false,
            outputs: self.network.outputs(),
            structure: Structure::Relu { depth: 2, trained: self.spec.trained },
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

    fn start(rows: &[[f64; 3]], width: usize, trained: Trained) -> Result<Vec<f64>, String> {
        let rows = rows.iter().map(|r| r.to_vec()).collect();
        let spec = TwoLayerReluSpec { width, trained, start: Some(rows), ..Default::default() };
        let model = spec
            .build(&Interface { inputs: 2, outputs: 1, shape: None, image: None })
            .map_err(|e| e.to_string())?;
        let mut theta = vec![f64::NAN; model.dim()];
        model.init(&mut rng::rng(0, rng::Stream::Init), &mut theta);
        Ok(theta)
    }

    #[test]
    fn starts_where_it_is_told_to() {
        let rows = [[5.0, 1.0, 2.0], [-6.0, 3.0, 4.0]];
        // Hidden weights row by row, then the output weights.
        assert_eq!(start(&rows, 2, Trained::AllLayers).unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, -6.0]);
        assert!(
            start(&rows, 3, Trained::AllLayers)
                .unwrap_err()
                .contains("one row for each unit, and model.width is 3")
        );
        assert!(start(&[[0.0; 3]], 1, Trained::AllLayers).unwrap_err().contains("a saddle"));
        assert!(start(&rows[..1], 2, Trained::AllLayers).unwrap_err().contains("a list of 1 row, but"));
        let odd = start(&[[1.0, f64::INFINITY, 2.0]], 1, Trained::AllLayers).unwrap_err();
        assert!(odd.contains("inf in row 1"), "{odd}");
        assert!(start(&rows, 2, Trained::OutputLayer).unwrap_err().contains("all trained"));
    }
}
