//! Units of a network on their kink: where the derivative of a ReLU is any number between 0 and 1.
//!
//! A flow may stay on such a kink for good: below it the unit is driven up, above it down. There it moves with the share of
//! the derivative that keeps the unit at zero (Filippov's convention; the smallest element of the Clarke subdifferential).

use super::trace::Trace;
use super::{Layer, Network, times_weights};
use crate::numerics::{Design, linalg};

/// A hidden unit on one sample, and the derivative of its ReLU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kink {
    /// Behind how many layers of weights it stands, from 1.
    pub layer: usize,
    /// Its place among the values there, `sample · units + unit`.
    pub place: usize,
    /// The derivative, between 0 and 1.
    pub share: f64,
}

impl Network {
    /// Whether every layer is dense: only then a unit stands on one kink a sample.
    pub fn is_dense(&self) -> bool {
        self.layers.iter().all(|l| l.window.is_none())
    }

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
        let mut outputs = vec![0.0; x.rows() * self.outputs()];
        self.pushforward(theta, x, v, trace, &mut outputs);
        let (n, first) = (x.rows(), self.frozen.len());
        let (mut value, mut change) = (vec![], vec![]);
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
        let (sample, unit) = (kink.place / units, kink.place % units);
        let weights = &self.weights(theta, l)[unit * fan_in..(unit + 1) * fan_in];
        (weights, &trace.input(l)[sample * fan_in..(sample + 1) * fan_in])
    }

    /// `out [p]`: gradient of a unit's value before its ReLU, at the point of the last pass. Dense layers only.
    pub fn unit_gradient(&self, theta: &[f64], kink: &Kink, trace: &Trace, out: &mut [f64]) {
        out.fill(0.0);
        let top = kink.layer - 1;
        let (sample, unit) = (kink.place / self.layers[top].units, kink.place % self.layers[top].units);
        let mut delta = vec![0.0; self.layers[top].units];
        delta[unit] = 1.0;
        for l in (self.frozen.len()..=top).rev() {
            let Layer { fan_in, .. } = self.layers[l];
            let input = &trace.input(l)[sample * fan_in..(sample + 1) * fan_in];
            let weights = self.weights(theta, l);
            let begin = self.range(l).start;
            let mut next = vec![0.0; fan_in];
            for (j, d) in delta.iter().enumerate().filter(|(_, d)| **d != 0.0) {
                linalg::axpy(*d, input, &mut out[begin + j * fan_in..begin + (j + 1) * fan_in]);
                linalg::axpy(*d, &weights[j * fan_in..(j + 1) * fan_in], &mut next);
            }
            if l == self.frozen.len() {
                return;
            }
            let held = trace.kinks.iter().filter(|k| k.layer == l && k.place / fan_in == sample);
            let shares: Vec<(usize, f64)> =
                held.map(|k| (k.place % fan_in, k.share * next[k.place % fan_in])).collect();
            next.iter_mut().zip(input).for_each(|(d, v)| *d = if *v > 0.0 { *d } else { 0.0 });
            shares.iter().for_each(|(j, d)| next[*j] = *d);
            delta = next;
        }
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
