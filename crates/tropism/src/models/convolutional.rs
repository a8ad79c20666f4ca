//! Linear circular convolutional network: `depth − 1` convolutions with `channels` channels, then a dense output layer.
//!
//! `h_l[c, i] = Σ_{c', j} w_l[c, c', j] h_{l−1}[c', (i + j) mod d]`, `h_0 = x`, `f = Σ_{c, i} w_L[o, c, i] h_{L−1}[c, i]`. With one
//! channel and kernels as long as the input (the default) the predictor is the circular convolution of all layers.
//!
//! Shapes: kernels `[channels × channels_before × kernel]`, output layer `[k × channels × d]`; parameters in the order of the
//! layers.
//! Assumes: the order of the inputs means something (a signal).
//! Source: Gunasekar, Lee, Soudry, Srebro 2018, arXiv 1806.00468, definition in section 2; theirs has a factor `1/√d` in every
//! convolution, ours none (the selected direction is the same). `init = "balanced"` gives all layers the same Fourier moduli at every
//! frequency, the geometric mean of those drawn, and leaves phases and predictor as they are: gradient flow conserves
//! `|ŵ_l|² − |ŵ_{l+1}|²` at every frequency (that of several outputs summed).
//! Units and invariance: homogeneous of degree `depth`; commutes with cyclic shifts of the inputs.
//! Errors: `depth` outside 1..64, a kernel of 0 or longer than the input, 0 channels, `init = "balanced"` with shorter kernels or several
//! channels, where the flow conserves no moduli, `init_scale = 0` for `depth ≥ 2`.
//! Example: `model.kind = "convolutional"`, `model.depth = 2`, `model.init_scale = 0.1`.

use super::spectral::Spectral;
use super::through_predictor::{Layers, PredictorMap, ThroughPredictor, multilinear_curvature};
use super::{Block, Interface, Model, ModelFacts, Structure, check_depth, check_not_saddle, check_size};
use crate::Error;
use crate::numerics::Matrix;
use crate::numerics::fourier::Fourier;
use crate::numerics::linalg::{axpy, dot};
use crate::numerics::rng::Rng;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the layers start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConvolutionalStart {
    /// Independent normal weights.
    #[default]
    Gaussian,
    /// The same predictor from layers of equal Fourier moduli; for one channel and kernels as long as the input.
    Balanced,
}

/// Spec keys of the linear convolutional network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConvolutionalSpec {
    /// Number of layers, the output layer included.
    #[schemars(range(min = 1, max = 64))]
    pub depth: usize,
    /// Length of the kernels; the whole input unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub kernel: Option<usize>,
    /// Channels of every hidden layer.
    #[schemars(range(min = 1))]
    pub channels: usize,
    /// How the layers start.
    pub init: ConvolutionalStart,
    /// Standard deviation of the weights at the start, times the root of the number of terms a layer adds.
    pub init_scale: f64,
}

impl Default for ConvolutionalSpec {
    fn default() -> Self {
        Self { depth: 2, kernel: None, channels: 1, init: ConvolutionalStart::Gaussian, init_scale: 0.1 }
    }
}

impl ConvolutionalSpec {
    /// The model itself, after checking the ranges of its keys.
    ///
    /// # Errors
    /// See the module header.
    pub fn build(&self, interface: &Interface) -> Result<Box<dyn Model>, Error> {
        let Interface { inputs, outputs, .. } = *interface;
        check_depth(self.depth, 1)?;
        check_not_saddle(self.init_scale, self.depth)?;
        let kernel = self.kernel.unwrap_or(inputs);
        if kernel == 0 || kernel > inputs {
            let expected = format!(
                "it must lie between 1 and {inputs}, the number of inputs: a kernel is no longer than the signal"
            );
            return Err(Error::bad_value("model", "kernel", kernel, &expected));
        }
        if self.channels == 0 {
            return Err(Error::bad_value("model", "channels", 0, "it must be a whole number of at least 1"));
        }
        let balanced = self.init == ConvolutionalStart::Balanced;
        if balanced && (kernel < inputs || self.channels > 1) {
            let expected = "it takes one channel and kernels as long as the input, whose Fourier moduli gradient flow balances; leave \
                            out `kernel` and `channels`, or take \"gaussian\"";
            return Err(Error::bad_value("model", "init", "\"balanced\"", expected));
        }
        let (c, inner) = (self.channels, self.depth.saturating_sub(2));
        let hidden =
            (0..inner).map(|_| (c.saturating_mul(c), kernel)).chain((self.depth > 1).then_some((c, kernel)));
        check_size(
            "channels",
            c,
            hidden.chain([(outputs.saturating_mul(inputs), if self.depth > 1 { c } else { 1 })]),
        )?;
        let (depth, channels, init_scale) = (self.depth, self.channels, self.init_scale);
        Ok(Box::new(ThroughPredictor::new(Convolutional {
            depth,
            kernel,
            channels,
            balanced,
            init_scale,
            inputs,
            outputs,
        })))
    }
}

/// The map from kernels to the predictor.
#[derive(Debug, Clone, PartialEq)]
pub struct Convolutional {
    pub depth: usize,
    pub kernel: usize,
    pub channels: usize,
    pub balanced: bool,
    pub init_scale: f64,
    pub inputs: usize,
    pub outputs: usize,
}

/// One convolution: channels before and after, and where its kernels stand.
#[derive(Clone, Copy)]
struct Layer {
    before: usize,
    after: usize,
    offset: usize,
}

impl Convolutional {
    /// Channels after `l` convolutions.
    fn channels_after(&self, l: usize) -> usize {
        if l == 0 { 1 } else { self.channels }
    }

    /// The convolution that makes `h_l`, `1 ≤ l < depth`.
    fn layer(&self, l: usize) -> Layer {
        let first = if l > 1 { self.channels * self.kernel } else { 0 };
        let inner = l.saturating_sub(2) * self.channels * self.channels * self.kernel;
        Layer { before: self.channels_after(l - 1), after: self.channels, offset: first + inner }
    }

    /// Where the output layer stands, and its length for one output.
    fn output(&self) -> (usize, usize) {
        let len = self.channels_after(self.depth - 1) * self.inputs;
        (self.dim() - self.outputs * len, len)
    }

    /// The kernel from channel `c` to channel `o` of a layer.
    fn kernel(&self, layer: Layer, o: usize, c: usize) -> std::ops::Range<usize> {
        let at = layer.offset + (o * layer.before + c) * self.kernel;
        at..at + self.kernel
    }

    /// `out[c] += Σ_o Σ_j w[o, c, j] above[o] shifted by j`: the predictor one layer further down.
    fn descend(&self, theta: &[f64], layer: Layer, above: &[f64], out: &mut [f64]) {
        let d = self.inputs;
        for o in 0..layer.after {
            for c in 0..layer.before {
                let (signal, target) = (&above[o * d..(o + 1) * d], &mut out[c * d..(c + 1) * d]);
                for (j, w) in theta[self.kernel(layer, o, c)].iter().enumerate() {
                    // target[(i + j) mod d] += w signal[i].
                    axpy(*w, &signal[..d - j], &mut target[j..]);
                    axpy(*w, &signal[d - j..], &mut target[..j]);
                }
            }
        }
    }

    /// The forward pass of a signal: `out[o, i] = Σ w[o, c, j] below[c, i + j]`.
    fn ascend(&self, theta: &[f64], layer: Layer, below: &[f64], out: &mut [f64]) {
        let d = self.inputs;
        out.fill(0.0);
        for o in 0..layer.after {
            for c in 0..layer.before {
                let (signal, target) = (&below[c * d..(c + 1) * d], &mut out[o * d..(o + 1) * d]);
                for (j, w) in theta[self.kernel(layer, o, c)].iter().enumerate() {
                    axpy(*w, &signal[j..], &mut target[..d - j]);
                    axpy(*w, &signal[..j], &mut target[d - j..]);
                }
            }
        }
    }

    /// The predictors seen from every layer for output `o`: `layers.backward[l]` is that of `h_l`, `0 ≤ l < depth`.
    fn descend_all(&self, theta: &[f64], o: usize, layers: &mut Layers) {
        let stride = self.channels * self.inputs;
        layers.backward.resize(self.depth * stride, 0.0);
        layers.backward.fill(0.0);
        let (offset, len) = self.output();
        let top = (self.depth - 1) * stride;
        layers.backward[top..top + len].copy_from_slice(&theta[offset + o * len..offset + (o + 1) * len]);
        for l in (1..self.depth).rev() {
            let (below, above) = layers.backward.split_at_mut(l * stride);
            self.descend(theta, self.layer(l), &above[..stride], &mut below[(l - 1) * stride..]);
        }
    }
}

impl Convolutional {
    /// Gives every layer the geometric mean of the layers' moduli at each frequency and leaves its phases; an output layer of several
    /// rows counts as one, by the root of its summed squares.
    fn balance(&self, theta: &mut [f64]) {
        let (d, fourier) = (self.inputs, Fourier::new(self.inputs));
        let ranges: Vec<_> = self.blocks().iter().map(Block::range).collect();
        let spectra: Vec<Vec<_>> = ranges
            .iter()
            .map(|r| theta[r.clone()].chunks_exact(d).map(|w| fourier.transform(w)).collect())
            .collect();
        let modulus =
            |layer: &[Vec<(f64, f64)>], k: usize| norm2_of(layer.iter().map(|row| row[k].0.hypot(row[k].1)));
        let logs: Vec<Vec<f64>> =
            spectra.iter().map(|layer| (0..d).map(|k| modulus(layer, k).ln()).collect()).collect();
        let mean: Vec<f64> =
            (0..d).map(|k| logs.iter().map(|l| l[k]).sum::<f64>() / self.depth as f64).collect();
        for ((range, layer), log) in ranges.into_iter().zip(&spectra).zip(&logs) {
            for (out, row) in theta[range].chunks_exact_mut(d).zip(layer) {
                // A frequency that some layer has not vanishes from all of them.
                let factor =
                    |k: usize| if mean[k] == f64::NEG_INFINITY { 0.0 } else { (mean[k] - log[k]).exp() };
                let scaled: Vec<(f64, f64)> =
                    row.iter().enumerate().map(|(k, c)| (c.0 * factor(k), c.1 * factor(k))).collect();
                out.copy_from_slice(&fourier.inverse(&scaled));
            }
        }
    }
}

/// The ℓ2 norm of a few numbers.
fn norm2_of(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::hypot)
}

impl PredictorMap for Convolutional {
    fn dim(&self) -> usize {
        let hidden = self.depth - 1;
        let first = if hidden > 0 { self.channels * self.kernel } else { 0 };
        let inner = hidden.saturating_sub(1) * self.channels * self.channels * self.kernel;
        first + inner + self.outputs * self.channels_after(hidden) * self.inputs
    }

    fn predictor_shape(&self) -> (usize, usize) {
        (self.outputs, self.inputs)
    }

    fn init(&self, rng: &mut Rng, theta: &mut [f64]) {
        for b in self.blocks() {
            let scale = self.init_scale / (b.cols as f64).sqrt();
            for t in &mut theta[b.range()] {
                let g: f64 = StandardNormal.sample(rng);
                *t = scale * g;
            }
        }
        if self.balanced {
            self.balance(theta);
        }
    }

    fn predictor(&self, theta: &[f64], layers: &mut Layers, w: &mut [f64]) {
        for o in 0..self.outputs {
            self.descend_all(theta, o, layers);
            w[o * self.inputs..(o + 1) * self.inputs].copy_from_slice(&layers.backward[..self.inputs]);
        }
    }

    fn pull(&self, theta: &[f64], g: &[f64], layers: &mut Layers, out: &mut [f64]) {
        let (d, stride, (offset, len)) = (self.inputs, self.channels * self.inputs, self.output());
        out.fill(0.0);
        layers.forward.resize(self.depth * stride, 0.0);
        for o in 0..self.outputs {
            self.descend_all(theta, o, layers);
            layers.forward[..d].copy_from_slice(&g[o * d..(o + 1) * d]);
            for l in 1..self.depth {
                let layer = self.layer(l);
                let (below, above) = layers.forward.split_at_mut(l * stride);
                let below = &below[(l - 1) * stride..];
                self.ascend(theta, layer, below, &mut above[..stride]);
                let seen = &layers.backward[l * stride..];
                for (after, c) in (0..layer.after).flat_map(|a| (0..layer.before).map(move |c| (a, c))) {
                    let (s, h) = (&seen[after * d..(after + 1) * d], &below[c * d..(c + 1) * d]);
                    for (j, v) in out[self.kernel(layer, after, c)].iter_mut().enumerate() {
                        *v += dot(&s[..d - j], &h[j..]) + dot(&s[d - j..], &h[..j]);
                    }
                }
            }
            let top = (self.depth - 1) * stride;
            out[offset + o * len..offset + (o + 1) * len].copy_from_slice(&layers.forward[top..top + len]);
        }
    }

    fn push(&self, theta: &[f64], v: &[f64], layers: &mut Layers, out: &mut [f64]) {
        let (d, stride, (offset, len)) = (self.inputs, self.channels * self.inputs, self.output());
        for o in 0..self.outputs {
            self.descend_all(theta, o, layers);
            // The change of the predictor seen from `h_l`, layer by layer downwards.
            layers.forward.resize(self.depth * stride, 0.0);
            layers.forward.fill(0.0);
            let top = (self.depth - 1) * stride;
            layers.forward[top..top + len].copy_from_slice(&v[offset + o * len..offset + (o + 1) * len]);
            for l in (1..self.depth).rev() {
                let layer = self.layer(l);
                let (below, above) = layers.forward.split_at_mut(l * stride);
                let below = &mut below[(l - 1) * stride..];
                self.descend(theta, layer, &above[..stride], below);
                self.descend(v, layer, &layers.backward[l * stride..], below);
            }
            out[o * d..(o + 1) * d].copy_from_slice(&layers.forward[..d]);
        }
    }

    fn curvature(&self, theta: &[f64], g: &[f64], layers: &mut Layers, out: &mut Matrix) {
        multilinear_curvature(self, theta, g, layers, out);
    }

    fn spectral(&self) -> Option<Box<dyn Model>> {
        let full = self.kernel == self.inputs && self.channels == 1;
        let Self { depth, inputs, outputs, .. } = *self;
        full.then(|| Box::new(ThroughPredictor::new(Spectral { depth, inputs, outputs })) as Box<dyn Model>)
    }

    fn facts(&self) -> ModelFacts {
        let full = self.kernel == self.inputs && self.channels == 1;
        ModelFacts {
            homogeneity: Some(self.depth as f64),
            linear_in_parameters: self.depth == 1,
            linear_in_inputs: true,
            is_predictor: self.depth == 1,
            outputs: self.outputs,
            structure: Structure::Convolutional { depth: self.depth, full },
        }
    }

    fn blocks(&self) -> Vec<Block> {
        let hidden = (1..self.depth).map(|l| {
            let layer = self.layer(l);
            Block { offset: layer.offset, rows: layer.after, cols: layer.before * self.kernel }
        });
        let (offset, len) = self.output();
        hidden.chain([Block { offset, rows: self.outputs, cols: len }]).collect()
    }
}

#[cfg(test)]
#[path = "convolutional_tests.rs"]
mod tests;
