//! Chains of layers with a ReLU between them: outputs, pullback, pushforward and curvature, shared by all ReLU models.
//!
//! `f = factor · W_L relu(W_{L−1} ⋯ relu(W_1 x))`, without biases. The derivative of the ReLU at 0 is taken as 0, in every
//! one of the four: the same element of the Clarke subdifferential that common software takes. Units that a caller holds on
//! their kink (`kinks.rs`) have the derivative it gives them.

mod kinks;
mod layer;
mod trace;

pub use kinks::Kink;
pub use layer::{Layer, Window};
pub use trace::Trace;
pub(in crate::models) use trace::copy_rows;

use crate::models::Block;
use crate::numerics::gemm::{Factor, product};
use crate::numerics::{Design, Matrix, linalg};
use trace::Back;

/// A chain of layers, of which the first few may be held fixed.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    pub layers: Vec<Layer>,
    /// What the outputs are multiplied by.
    pub factor: f64,
    /// Weights of the layers that do not move, first layers first.
    pub frozen: Vec<Vec<f64>>,
}

impl Network {
    /// Number of trained parameters.
    pub fn dim(&self) -> usize {
        self.layers[self.frozen.len()..].iter().map(Layer::weights).sum()
    }

    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(0, Layer::outputs)
    }

    /// The trained weight matrices.
    pub fn blocks(&self) -> Vec<Block> {
        let mut offset = 0;
        let place = |layer: &Layer| {
            offset += layer.weights();
            layer.block(offset - layer.weights())
        };
        self.layers[self.frozen.len()..].iter().map(place).collect()
    }

    /// Where the weights of trained layer `l` stand among the parameters.
    fn range(&self, l: usize) -> std::ops::Range<usize> {
        let begin = self.layers[self.frozen.len()..l].iter().map(Layer::weights).sum();
        begin..begin + self.layers[l].weights()
    }

    fn weights<'a>(&'a self, theta: &'a [f64], l: usize) -> &'a [f64] {
        match self.frozen.get(l) {
            Some(w) => w,
            None => &theta[self.range(l)],
        }
    }

    /// Fills `trace` with the values at `theta`, from the first layer on whose weights or inputs are new.
    fn forward(&self, theta: &[f64], x: &Design, trace: &mut Trace) {
        let mut known = trace.begin(&self.layers, x);
        let n = x.rows();
        for (l, layer) in self.layers.iter().enumerate() {
            let weights = self.weights(theta, l);
            known &= trace.remember(l, weights);
            if known {
                continue;
            }
            let (before, after) = trace.values.split_at_mut(l + 1);
            let input = match layer.window {
                Some(_) => {
                    layer.gather(&before[l], &mut trace.patches[l]);
                    &trace.patches[l]
                }
                None => &before[l],
            };
            let out = &mut after[0];
            times_weights(out, input, weights, layer, n, false);
            if l + 1 < self.layers.len() {
                // NaN stays NaN.
                out.iter_mut().for_each(|v| *v = if *v < 0.0 { 0.0 } else { *v });
            }
        }
    }

    /// `out [n · k]`: the outputs.
    pub fn predict(&self, theta: &[f64], x: &Design, trace: &mut Trace, out: &mut [f64]) {
        self.forward(theta, x, trace);
        let last = &trace.values[self.layers.len()];
        out.iter_mut().zip(last).for_each(|(o, v)| *o = self.factor * v);
    }

    /// `out [p] = Jᵀ r`.
    pub fn pullback(&self, theta: &[f64], x: &Design, r: &[f64], trace: &mut Trace, out: &mut [f64]) {
        self.forward(theta, x, trace);
        let mut back = std::mem::take(&mut trace.back);
        start_back(&mut back.delta, r, self.factor);
        for l in (self.frozen.len()..self.layers.len()).rev() {
            let gradient = &mut out[self.range(l)];
            weight_gradient(gradient, &back.delta, trace.input(l), &self.layers[l], x.rows(), false);
            if l > self.frozen.len() {
                self.step_back(theta, l, trace, &mut back, x.rows());
            }
        }
        trace.back = back;
    }

    /// Turns the derivative in the values after layer `l` into that in the values before it, before their ReLU.
    fn step_back(&self, theta: &[f64], l: usize, trace: &Trace, back: &mut Back, n: usize) {
        let layer = &self.layers[l];
        let Back { delta, next, patches, pulls } = back;
        input_gradient(next, patches, delta, self.weights(theta, l), layer, n, false);
        kinks::through_relu(next, &trace.values[l], (&trace.kinks, l), pulls);
        std::mem::swap(delta, next);
    }

    /// `out [n · k] = J v`; leaves the derivatives of all values along `v` in the trace.
    pub fn pushforward(&self, theta: &[f64], x: &Design, v: &[f64], trace: &mut Trace, out: &mut [f64]) {
        self.forward(theta, x, trace);
        trace.begin_tangents();
        let n = x.rows();
        for l in self.frozen.len()..self.layers.len() {
            let layer = &self.layers[l];
            let mut after = std::mem::take(&mut trace.tangents[l + 1]);
            times_weights(&mut after, trace.input(l), &v[self.range(l)], layer, n, false);
            if l > self.frozen.len() {
                if layer.window.is_some() {
                    layer.gather(&trace.tangents[l], &mut trace.tangent_patches[l]);
                }
                times_weights(&mut after, trace.tangent_input(l), self.weights(theta, l), layer, n, true);
            }
            if l + 1 < self.layers.len() {
                let held = (&trace.kinks[..], l + 1);
                kinks::through_relu(&mut after, &trace.values[l + 1], held, &mut trace.changes);
            }
            trace.tangents[l + 1] = after;
        }
        out.iter_mut().zip(&trace.tangents[self.layers.len()]).for_each(|(o, t)| *o = self.factor * t);
    }

    /// `out [p] = Σ_i r_i (∇² f_i) v`: the derivative of the pullback of `r` along `v`, forward over reverse. The ReLU itself
    /// contributes nothing, its second derivative being zero almost everywhere.
    pub fn curvature_product(
        &self,
        theta: &[f64],
        x: &Design,
        (r, v): (&[f64], &[f64]),
        trace: &mut Trace,
        out: &mut [f64],
    ) {
        let n = x.rows();
        let mut outputs = vec![0.0; n * self.outputs()];
        self.pushforward(theta, x, v, trace, &mut outputs);
        let mut back = std::mem::take(&mut trace.back);
        start_back(&mut back.delta, r, self.factor);
        // The derivative of `back.delta` along v; zero behind the last layer, where the outputs are weighed by constants.
        let mut turn = vec![0.0; back.delta.len()];
        let first = self.frozen.len();
        for l in (first..self.layers.len()).rev() {
            let layer = &self.layers[l];
            let gradient = &mut out[self.range(l)];
            weight_gradient(gradient, &turn, trace.input(l), layer, n, false);
            if l == first {
                break;
            }
            weight_gradient(gradient, &back.delta, trace.tangent_input(l), layer, n, true);
            let mut before = vec![];
            input_gradient(&mut before, &mut back.patches, &turn, self.weights(theta, l), layer, n, false);
            input_gradient(&mut before, &mut back.patches, &back.delta, &v[self.range(l)], layer, n, true);
            mask(&mut before, &trace.values[l]);
            turn = before;
            self.step_back(theta, l, trace, &mut back, n);
        }
        trace.back = back;
    }

    /// `J [n k × p]`, all samples at once for each output: `n k p` multiplications beyond one pullback's.
    pub fn jacobian(&self, theta: &[f64], x: &Design, trace: &mut Trace, out: &mut Matrix) {
        self.forward(theta, x, trace);
        let (n, k) = (x.rows(), self.outputs());
        let mut back = std::mem::take(&mut trace.back);
        let mut unit = std::mem::take(&mut trace.passing[0]);
        unit.resize(n * k, 0.0);
        out.as_mut_slice().fill(0.0);
        for c in 0..k {
            unit.fill(0.0);
            unit.iter_mut().skip(c).step_by(k).for_each(|u| *u = 1.0);
            start_back(&mut back.delta, &unit, self.factor);
            for l in (self.frozen.len()..self.layers.len()).rev() {
                let layer = &self.layers[l];
                for i in 0..n {
                    let row = &mut out.row_mut(i * k + c)[self.range(l)];
                    outer_products(row, &back.delta, trace.input(l), layer, i);
                }
                if l > self.frozen.len() {
                    self.step_back(theta, l, trace, &mut back, n);
                }
            }
        }
        trace.back = back;
        trace.passing[0] = unit;
    }
}

fn start_back(delta: &mut Vec<f64>, r: &[f64], factor: f64) {
    delta.clear();
    delta.extend(r.iter().map(|r| factor * r));
}

/// `out [n · patches × units] = input Wᵀ`, or added to it.
fn times_weights(out: &mut [f64], input: &[f64], weights: &[f64], layer: &Layer, n: usize, add: bool) {
    let rows = n * layer.patches();
    let a = Factor::plain(input, rows, layer.fan_in);
    product(out, a, Factor::transposed(weights, layer.units, layer.fan_in), add);
}

/// `out [units × fan_in] = deltaᵀ input`, or added to it.
fn weight_gradient(out: &mut [f64], delta: &[f64], input: &[f64], layer: &Layer, n: usize, add: bool) {
    let rows = n * layer.patches();
    let a = Factor::transposed(delta, rows, layer.units);
    product(out, a, Factor::plain(input, rows, layer.fan_in), add);
}

/// `out [n × inputs] = delta W`, patches added up; or added to it.
fn input_gradient(
    out: &mut Vec<f64>,
    patches: &mut Vec<f64>,
    delta: &[f64],
    weights: &[f64],
    layer: &Layer,
    n: usize,
    add: bool,
) {
    let rows = n * layer.patches();
    let (a, b) = (Factor::plain(delta, rows, layer.units), Factor::plain(weights, layer.units, layer.fan_in));
    out.resize(n * layer.inputs, 0.0);
    if layer.window.is_none() {
        return product(out, a, b, add);
    }
    patches.resize(rows * layer.fan_in, 0.0);
    product(patches, a, b, false);
    if !add {
        out.fill(0.0);
    }
    layer.scatter_add(patches, out);
}

/// Adds `Σ_patch delta_patch ⊗ input_patch` of sample `i` to `out [units × fan_in]`.
fn outer_products(out: &mut [f64], delta: &[f64], input: &[f64], layer: &Layer, i: usize) {
    for patch in i * layer.patches()..(i + 1) * layer.patches() {
        let input = &input[patch * layer.fan_in..(patch + 1) * layer.fan_in];
        let delta = &delta[patch * layer.units..(patch + 1) * layer.units];
        for (row, d) in out.chunks_exact_mut(layer.fan_in).zip(delta) {
            if *d != 0.0 {
                linalg::axpy(*d, input, row);
            }
        }
    }
}

/// Multiplies by the derivative of the ReLU: zero wherever the value is not positive.
fn mask(out: &mut [f64], values: &[f64]) {
    // A value that is not a number keeps the derivative visible as one.
    out.iter_mut().zip(values).for_each(|(o, v)| *o = if *v <= 0.0 { 0.0 } else { *o });
}
