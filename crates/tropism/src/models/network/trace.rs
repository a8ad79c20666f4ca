//! What a network remembers of its last forward pass, so that the pullback at the same point repeats nothing of it.

use super::{Kink, Layer};
use crate::numerics::Design;

/// Memory of one run of a network: grown on the first call, reused ever after.
///
/// What is remembered is used again only where inputs, shape and weights are the same number for number, which costs a
/// comparison of each: nothing beside the products that it saves.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    layers: Vec<Layer>,
    samples: usize,
    /// Weights of each layer at the last pass.
    weights: Vec<Vec<f64>>,
    /// Values before each layer, after the ReLU, and after the last layer: `values[0]` are the inputs.
    pub(super) values: Vec<Vec<f64>>,
    /// Patches of `values`, for convolutions.
    pub(super) patches: Vec<Vec<f64>>,
    /// Derivatives of `values` and `patches` along a direction.
    pub(super) tangents: Vec<Vec<f64>>,
    pub(super) tangent_patches: Vec<Vec<f64>>,
    pub(super) back: Back,
    /// Units held on their kink; none unless a caller sets them.
    pub kinks: Vec<Kink>,
    /// Change of each of them along the last direction.
    pub(super) changes: Vec<f64>,
    /// Outputs, values and changes of units on the way through one layer.
    pub(super) passing: [Vec<f64>; 3],
    /// Kernel memory of the two-layer network.
    pub(in crate::models) panel: crate::models::two_layer_kernel::Panel,
}

/// Derivatives in the values, on the way back.
#[derive(Debug, Clone, Default)]
pub struct Back {
    pub delta: Vec<f64>,
    pub next: Vec<f64>,
    pub patches: Vec<f64>,
    /// Derivative in the value of every kink, behind its ReLU.
    pub pulls: Vec<f64>,
}

impl Trace {
    /// Derivatives of the last pullback in the values of the kinks, behind their ReLUs.
    pub fn pulls(&self) -> &[f64] {
        &self.back.pulls
    }

    /// Makes room for a pass over `x` and copies `x`; `true` if inputs and shape are those of the last pass.
    pub(super) fn begin(&mut self, layers: &[Layer], x: &Design) -> bool {
        let samples = x.rows();
        let same_shape = self.layers == layers && self.samples == samples;
        if !same_shape {
            self.layers.clear();
            self.layers.extend_from_slice(layers);
            self.samples = samples;
            let sized = |lengths: Vec<usize>| lengths.into_iter().map(|l| vec![0.0; l]).collect::<Vec<_>>();
            self.weights = vec![vec![]; layers.len()];
            let ends = layers.first().map(|l| l.inputs).into_iter().chain(layers.iter().map(Layer::outputs));
            self.values = sized(ends.map(|l| l * samples).collect());
            self.patches = sized(layers.iter().map(|l| patch_length(l) * samples).collect());
            self.tangents.clear();
            self.tangent_patches.clear();
        }
        let same = copy_rows(x, &mut self.values[0]);
        same_shape && same
    }

    /// Room for derivatives along a direction.
    pub(super) fn begin_tangents(&mut self) {
        if self.tangents.is_empty() {
            self.tangents.clone_from(&self.values);
            self.tangent_patches.clone_from(&self.patches);
        }
    }

    /// Stores the weights of layer `l`; `true` if they are those of the last pass.
    pub(super) fn remember(&mut self, l: usize, weights: &[f64]) -> bool {
        let held = &mut self.weights[l];
        if held.as_slice() == weights {
            return true;
        }
        held.clear();
        held.extend_from_slice(weights);
        false
    }

    /// What layer `l` multiplies: `[samples · patches × fan_in]`.
    pub(super) fn input(&self, l: usize) -> &[f64] {
        if self.layers[l].window.is_some() { &self.patches[l] } else { &self.values[l] }
    }

    /// Its derivative along the direction.
    pub(super) fn tangent_input(&self, l: usize) -> &[f64] {
        if self.layers[l].window.is_some() { &self.tangent_patches[l] } else { &self.tangents[l] }
    }
}

fn patch_length(layer: &Layer) -> usize {
    if layer.window.is_some() { layer.patches() * layer.fan_in } else { 0 }
}

/// Copies the rows of `x` into `out`; `true` if they were there already.
pub(in crate::models) fn copy_rows(x: &Design, out: &mut [f64]) -> bool {
    match x {
        Design::Dense(m) | Design::Lower(m) => {
            if m.as_slice() == out {
                return true;
            }
            out.copy_from_slice(m.as_slice());
            false
        }
        Design::Sparse(s) => {
            out.fill(0.0);
            for (i, row) in out.chunks_exact_mut(s.cols.max(1)).enumerate().take(s.rows) {
                x.for_row(i, |j, v| row[j] = v);
            }
            false
        }
    }
}
