//! The tangent model at a start `θ₀`: `f(θ; x) = h(θ₀; x) + J(θ₀; x)(θ − θ₀)`, affine in its parameters.

use super::{Block, Model, ModelFacts, Structure, Workspace};
use crate::numerics::rng::Rng;
use crate::numerics::{Design, Matrix};

/// `inner` linearised at `start`.
pub struct Tangent {
    inner: Box<dyn Model>,
    start: Vec<f64>,
}

impl Tangent {
    /// The tangent of `inner` at `start [p]`.
    pub fn new(inner: Box<dyn Model>, start: &[f64]) -> Self {
        Self { inner, start: start.to_vec() }
    }
}

impl Model for Tangent {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn init(&self, _rng: &mut Rng, theta: &mut [f64]) {
        theta.copy_from_slice(&self.start);
    }

    fn predict(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut [f64]) {
        let mut shift = std::mem::take(&mut work.shift);
        shift.clear();
        shift.extend(theta.iter().zip(&self.start).map(|(t, s)| t - s));
        self.inner.pushforward(&self.start, x, &shift, work, out);
        work.shift = shift;
        let base = work.base.get_or_insert_default();
        out.iter_mut().zip(base.at(&*self.inner, &self.start, x)).for_each(|(o, b)| *o += b);
    }

    fn pullback(&self, _theta: &[f64], x: &Design, r: &[f64], work: &mut Workspace, out: &mut [f64]) {
        self.inner.pullback(&self.start, x, r, work, out);
    }

    fn facts(&self) -> ModelFacts {
        ModelFacts {
            homogeneity: None,
            linear_in_parameters: true,
            linear_in_inputs: false,
            is_predictor: false,
            outputs: self.inner.facts().outputs,
            structure: Structure::Tangent,
        }
    }

    fn blocks(&self) -> Vec<Block> {
        self.inner.blocks()
    }

    fn pushforward(&self, _theta: &[f64], x: &Design, v: &[f64], work: &mut Workspace, out: &mut [f64]) {
        self.inner.pushforward(&self.start, x, v, work, out);
    }

    fn jacobian(&self, _theta: &[f64], x: &Design, work: &mut Workspace, out: &mut Matrix) {
        self.inner.jacobian(&self.start, x, work, out);
    }
}
