//! Units of a network on their kink: where the derivative of a ReLU is any number between 0 and 1.
//!
//! A flow may stay on such a kink for good: below it the unit is driven up, above it down. There it moves with the share of
//! the derivative that keeps the unit at zero (Filippov's convention; the smallest element of the Clarke subdifferential).

use super::trace::{Back, Trace};
use super::{Layer, Network, outer_products, times_weights};
use crate::numerics::{Design, linalg};

/// A hidden unit on one sample, in a convolution on one patch of it, and the derivative of its ReLU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kink {
    /// Behind how many layers of weights it stands, from 1.
    pub layer: usize,
    /// Its place among the values there, `(sample · patches + patch) · units + unit`.
    pub place: usize,
    /// The derivative, between 0 and 1.
    pub share: f64,
}

impl Network {
    /// Calls `visit(layer, place, z, dz)` for every hidden unit on every sample, with its value before the ReLU and the change
    /// of that along `v [p]`.
    pub fn visit_units(
        &self,
        theta: &[f64],
        x: &Design,
        v: &[f64],
        trace: &mut Trace,
        mut visit: impl FnMut(usize, usize, f64, f64),
    ) {
        let [mut outputs, mut value, mut change] = std::mem::take(&mut trace.passing);
        outputs.resize(x.rows() * self.outputs(), 0.0);
        self.pushforward(theta, x, v, trace, &mut outputs);
        let (n, first) = (x.rows(), self.frozen.len());
        for l in first..self.layers.len() - 1 {
            let layer = &self.layers[l];
            value.resize(n * layer.outputs(), 0.0);
            change.resize(n * layer.outputs(), 0.0);
            times_weights(&mut value, trace.input(l), self.weights(theta, l), layer, n, false);
            times_weights(&mut change, trace.input(l), &v[self.range(l)], layer, n, false);
            if l > first {
                times_weights(&mut change, trace.tangent_input(l), self.weights(theta, l), layer, n, true);
            }
            for (place, (z, dz)) in value.iter().zip(&change).enumerate() {
                visit(l + 1, place, *z, *dz);
            }
        }
        trace.passing = [outputs, value, change];
    }

    /// Value of a unit before its ReLU, at the point of the last pass, whose parameters are `theta`; and the product of the
    /// lengths of its weights and their inputs.
    pub fn unit_value(&self, theta: &[f64], kink: &Kink, trace: &Trace) -> (f64, f64) {
        let (weights, input) = self.unit(theta, kink, trace);
        (linalg::dot(weights, input), linalg::norm2(weights) * linalg::norm2(input))
    }

    fn unit<'a>(&'a self, theta: &'a [f64], kink: &Kink, trace: &'a Trace) -> (&'a [f64], &'a [f64]) {
        let l = kink.layer - 1;
        let Layer { fan_in, units, .. } = self.layers[l];
        let (patch, unit) = (kink.place / units, kink.place % units);
        let weights = &self.weights(theta, l)[unit * fan_in..(unit + 1) * fan_in];
        (weights, &trace.input(l)[patch * fan_in..(patch + 1) * fan_in])
    }

    /// `out [p]`: gradient of a unit's value before its ReLU, at the point of the last pass.
    pub fn unit_gradient(&self, theta: &[f64], kink: &Kink, trace: &mut Trace, out: &mut [f64]) {
        out.fill(0.0);
        let top = kink.layer - 1;
        let per_sample = self.layers[top].outputs();
        let sample = kink.place / per_sample;
        let (mut back, mut through) = (std::mem::take(&mut trace.back), std::mem::take(&mut trace.changes));
        back.delta.clear();
        back.delta.resize(per_sample, 0.0);
        back.delta[kink.place % per_sample] = 1.0;
        for l in (self.frozen.len()..=top).rev() {
            let layer = &self.layers[l];
            let long = layer.patches() * layer.fan_in;
            let input = &trace.input(l)[sample * long..(sample + 1) * long];
            outer_products(&mut out[self.range(l)], &back.delta, input, layer, 0);
            if l == self.frozen.len() {
                break;
            }
            few_inputs(&mut back, self.weights(theta, l), layer);
            let own = sample * layer.inputs..(sample + 1) * layer.inputs;
            let held = trace.kinks.iter().filter(|k| k.layer == l && own.contains(&k.place));
            through.clear();
            through.extend(held.clone().map(|k| k.share * back.next[k.place - own.start]));
            super::mask(&mut back.next, &trace.values[l][own.clone()]);
            held.zip(&through).for_each(|(k, d)| back.next[k.place - own.start] = *d);
            std::mem::swap(&mut back.delta, &mut back.next);
        }
        (trace.back, trace.changes) = (back, through);
    }
}

/// `back.next [inputs] = delta W` for one sample, where few entries of `delta` are not zero.
fn few_inputs(back: &mut Back, weights: &[f64], layer: &Layer) {
    let Back { delta, next, patches, .. } = back;
    let out = if layer.window.is_some() { &mut *patches } else { &mut *next };
    out.clear();
    out.resize(layer.patches() * layer.fan_in, 0.0);
    for (row, delta) in out.chunks_exact_mut(layer.fan_in).zip(delta.chunks_exact(layer.units)) {
        for (d, w) in delta.iter().zip(weights.chunks_exact(layer.fan_in)).filter(|(d, _)| **d != 0.0) {
            linalg::axpy(*d, w, row);
        }
    }
    if layer.window.is_some() {
        next.clear();
        next.resize(layer.inputs, 0.0);
        layer.scatter_add(patches, next);
    }
}

/// Multiplies `out` by the derivatives of the ReLUs of `layer`, and notes in `seen` what stood at every kink of it before.
pub(super) fn through_relu(
    out: &mut [f64],
    values: &[f64],
    (kinks, layer): (&[Kink], usize),
    seen: &mut Vec<f64>,
) {
    seen.resize(kinks.len(), 0.0);
    for (k, s) in kinks.iter().zip(seen.iter_mut()).filter(|(k, _)| k.layer == layer) {
        *s = out[k.place];
    }
    super::mask(out, values);
    for (k, s) in kinks.iter().zip(seen.iter()).filter(|(k, _)| k.layer == layer) {
        out[k.place] = k.share * s;
    }
}
