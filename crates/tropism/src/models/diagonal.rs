//! Diagonal linear network `w = u^D − v^D`, elementwise, for every output.
//!
//! Shapes: parameters `[u, v]`, `u` and `v [k * d]` each; predictor `[k * d]`. Starts at `u = v = α`, so at `w = 0`, with one
//! `α` for all or one for each input; `start_v` gives `v` a start of its own, so `w₀ = u₀^D − v₀^D`.
//! Assumes: a whole depth `D ≥ 1`.
//! Source: Woodworth et al. 2020, arXiv 2002.09277, section 3 (D = 2, there `u_+² − u_−²`) and section 4 (any D).
//! Units and invariance: homogeneous of degree `D`; commutes with permutations and sign flips of the inputs, not with
//! rotations.
//! Errors: `depth` outside 1..64, `init_scale ≤ 0` for `D ≥ 2`, a `start` or `start_v` of the wrong length.
//! Example: `model.kind = "diagonal"`, `model.depth = 2`, `model.init_scale = 0.01`.

use super::through_predictor::{Layers, PredictorMap, ThroughPredictor};
use super::{Block, Interface, Model, ModelFacts, Structure, check_depth, check_not_saddle};
use crate::Error;
use crate::error::counted;
use crate::numerics::Matrix;
use crate::numerics::rng::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of the diagonal network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiagonalSpec {
    /// Power `D`.
    #[schemars(range(min = 1, max = 64))]
    pub depth: usize,
    /// Every entry of `u` and `v` at the start, `α`.
    pub init_scale: f64,
    /// One `α` for each input in the place of `init_scale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Vec<f64>>,
    /// The start of `v`, one number for each input, where it is not that of `u`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_v: Option<Vec<f64>>,
}

impl Default for DiagonalSpec {
    fn default() -> Self {
        Self { depth: 2, init_scale: 0.1, start: None, start_v: None }
    }
}

impl DiagonalSpec {
    /// The model itself, after checking the ranges of its keys.
    ///
    /// # Errors
    /// See the module header.
    pub fn build(&self, interface: &Interface) -> Result<Box<dyn Model>, Error> {
        check_depth(self.depth, 1)?;
        check_not_saddle(self.init_scale, self.depth)?;
        let Interface { inputs, outputs, .. } = *interface;
        let alpha =
            each("start", self.start.as_ref(), inputs)?.unwrap_or_else(|| vec![self.init_scale; inputs]);
        let alpha_v = each("start_v", self.start_v.as_ref(), inputs)?.unwrap_or_else(|| alpha.clone());
        if self.depth >= 2 && alpha.iter().chain(&alpha_v).all(|a| *a == 0.0) {
            let expected = "some entry must be > 0: at 0 every gradient of a model of depth 2 or more vanishes (a saddle), and the run would \
                            never leave it";
            return Err(Error::bad_value("model", "start", "0 everywhere", expected));
        }
        Ok(Box::new(ThroughPredictor::new(Diagonal { depth: self.depth, outputs, alpha, alpha_v })))
    }
}

/// One start for each input, where a key gives them.
fn each(key: &str, list: Option<&Vec<f64>>, inputs: usize) -> Result<Option<Vec<f64>>, Error> {
    let Some(list) = list else { return Ok(None) };
    if list.len() != inputs {
        let expected = format!("it must hold one number for each input, and there are {inputs}");
        let found = format!("a list of {}", counted(list.len(), "number", "numbers"));
        return Err(Error::bad_value("model", key, found, &expected));
    }
    if let Some(j) = list.iter().position(|a| !(*a >= 0.0 && a.is_finite())) {
        let found = format!("{} at place {}", list[j], j + 1);
        return Err(Error::bad_value("model", key, found, "every entry must be a finite number >= 0"));
    }
    Ok(Some(list.clone()))
}

/// The map `[u, v] ↦ u^D − v^D`.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagonal {
    pub depth: usize,
    pub outputs: usize,
    /// Start of `u` for each input, `[d]`.
    pub alpha: Vec<f64>,
    /// Start of `v`, `[d]`.
    pub alpha_v: Vec<f64>,
}

impl Diagonal {
    fn power(&self, base: f64) -> f64 {
        if self.depth == 2 { base * base } else { base.powi(self.depth as i32) }
    }

    /// `d base^D / d base`.
    fn slope(&self, base: f64) -> f64 {
        if self.depth == 2 { 2.0 * base } else { self.depth as f64 * base.powi(self.depth as i32 - 1) }
    }

    /// `d² base^D / d base²`.
    fn bend(&self, base: f64) -> f64 {
        match self.depth {
            1 => 0.0,
            depth => (depth * (depth - 1)) as f64 * base.powi(depth as i32 - 2),
        }
    }
}

impl PredictorMap for Diagonal {
    fn dim(&self) -> usize {
        2 * self.outputs * self.alpha.len()
    }

    fn predictor_shape(&self) -> (usize, usize) {
        (self.outputs, self.alpha.len())
    }

    fn init(&self, _rng: &mut Rng, theta: &mut [f64]) {
        let (u, v) = theta.split_at_mut(self.outputs * self.alpha.len());
        u.chunks_exact_mut(self.alpha.len()).for_each(|row| row.copy_from_slice(&self.alpha));
        v.chunks_exact_mut(self.alpha.len()).for_each(|row| row.copy_from_slice(&self.alpha_v));
    }

    fn predictor(&self, theta: &[f64], _layers: &mut Layers, w: &mut [f64]) {
        let (u, v) = theta.split_at(w.len());
        for ((w, u), v) in w.iter_mut().zip(u).zip(v) {
            *w = self.power(*u) - self.power(*v);
        }
    }

    fn pull(&self, theta: &[f64], g: &[f64], _layers: &mut Layers, out: &mut [f64]) {
        let (u, v) = theta.split_at(g.len());
        let (du, dv) = out.split_at_mut(g.len());
        for ((o, u), g) in du.iter_mut().zip(u).zip(g) {
            *o = self.slope(*u) * g;
        }
        for ((o, v), g) in dv.iter_mut().zip(v).zip(g) {
            *o = -self.slope(*v) * g;
        }
    }

    fn push(&self, theta: &[f64], direction: &[f64], _layers: &mut Layers, out: &mut [f64]) {
        let (u, v) = theta.split_at(out.len());
        let (du, dv) = direction.split_at(out.len());
        for (i, o) in out.iter_mut().enumerate() {
            *o = self.slope(u[i]) * du[i] - self.slope(v[i]) * dv[i];
        }
    }

    fn curvature(&self, theta: &[f64], g: &[f64], _layers: &mut Layers, out: &mut Matrix) {
        out.as_mut_slice().fill(0.0);
        for (i, base) in theta.iter().enumerate() {
            let sign = if i < g.len() { 1.0 } else { -1.0 };
            out.set(i, i, sign * g[i % g.len()] * self.bend(*base));
        }
    }

    fn facts(&self) -> ModelFacts {
        ModelFacts {
            homogeneity: Some(self.depth as f64),
            linear_in_parameters: self.depth == 1,
            linear_in_inputs: true,
            is_predictor: false,
            outputs: self.outputs,
            structure: Structure::Diagonal { depth: self.depth },
        }
    }

    fn is_difference_of_squares(&self) -> bool {
        self.depth == 2 && self.outputs == 1
    }

    fn blocks(&self) -> Vec<Block> {
        let half = self.dim() / 2;
        // Coordinates, not a matrix: two vectors.
        vec![Block { offset: 0, rows: half, cols: 1 }, Block { offset: half, rows: half, cols: 1 }]
    }
}
