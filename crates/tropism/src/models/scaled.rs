//! A model whose outputs are multiplied by a number, and possibly counted from those at the start.

use super::network::{Network, copy_rows};
use super::{Block, Model, ModelFacts, Workspace};
use crate::numerics::rng::Rng;
use crate::numerics::{Design, Matrix};

/// Outputs of a fixed point on the inputs last seen: computed again only when the inputs change.
#[derive(Debug, Clone, Default)]
pub struct Base {
    shape: (usize, usize),
    x: Vec<f64>,
    outputs: Vec<f64>,
    work: Workspace,
}

impl Base {
    /// Outputs `[n * k]` of `model` at `theta` on `x`.
    pub fn at(&mut self, model: &dyn Model, theta: &[f64], x: &Design) -> &[f64] {
        let shape = (x.rows(), x.cols());
        let same_shape = self.shape == shape;
        self.shape = shape;
        self.x.resize(shape.0 * shape.1, 0.0);
        if !(copy_rows(x, &mut self.x) && same_shape) {
            self.outputs.resize(shape.0 * model.facts().outputs, 0.0);
            model.predict(theta, x, &mut self.work, &mut self.outputs);
        }
        &self.outputs
    }
}

/// `factor · (inner(θ) − inner(centre))`.
pub struct Scaled {
    inner: Box<dyn Model>,
    factor: f64,
    centre: Option<Vec<f64>>,
    /// The inner model's chain of layers, multiplied by the factor.
    network: Option<Network>,
}

impl Scaled {
    /// `factor · inner`, counted from its outputs at `centre [p]` if there is one.
    pub fn new(inner: Box<dyn Model>, factor: f64, centre: Option<&[f64]>) -> Self {
        let network = inner.network().map(|n| Network { factor: factor * n.factor, ..n.clone() });
        Self { inner, factor, centre: centre.map(<[f64]>::to_vec), network }
    }

    fn scale(&self, out: &mut [f64]) {
        out.iter_mut().for_each(|o| *o *= self.factor);
    }
}

impl Model for Scaled {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn init(&self, rng: &mut Rng, theta: &mut [f64]) {
        self.inner.init(rng, theta);
    }

    fn predict(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut [f64]) {
        self.inner.predict(theta, x, work, out);
        if let Some(centre) = &self.centre {
            let base = work.centre.get_or_insert_default();
            out.iter_mut().zip(base.at(&*self.inner, centre, x)).for_each(|(o, b)| *o -= b);
        }
        self.scale(out);
    }

    fn pullback(&self, theta: &[f64], x: &Design, r: &[f64], work: &mut Workspace, out: &mut [f64]) {
        self.inner.pullback(theta, x, r, work, out);
        self.scale(out);
    }

    fn facts(&self) -> ModelFacts {
        let inner = self.inner.facts();
        ModelFacts {
            homogeneity: inner.homogeneity.filter(|_| self.centre.is_none()),
            is_predictor: false,
            ..inner
        }
    }

    fn blocks(&self) -> Vec<Block> {
        self.inner.blocks()
    }

    fn effective(&self, theta: &[f64]) -> Option<Vec<f64>> {
        let mut w = self.inner.effective(theta)?;
        if let Some(centre) = &self.centre {
            let start = self.inner.effective(centre)?;
            w.iter_mut().zip(start).for_each(|(w, s)| *w -= s);
        }
        self.scale(&mut w);
        Some(w)
    }

    fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    fn pushforward(&self, theta: &[f64], x: &Design, v: &[f64], work: &mut Workspace, out: &mut [f64]) {
        self.inner.pushforward(theta, x, v, work, out);
        self.scale(out);
    }

    fn jacobian(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut Matrix) {
        self.inner.jacobian(theta, x, work, out);
        self.scale(out.as_mut_slice());
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
        self.inner.curvature_product(theta, x, r, v, work, out);
        self.scale(out);
    }

    fn curvature(
        &self,
        theta: &[f64],
        x: &Design,
        r: &[f64],
        work: &mut Workspace,
        out: &mut Matrix,
    ) -> bool {
        let known = self.inner.curvature(theta, x, r, work, out);
        self.scale(out.as_mut_slice());
        known
    }

    fn spectral(&self) -> Option<Box<dyn Model>> {
        // The centre is a point in the inner model's own coordinates.
        let inner = self.inner.spectral().filter(|_| self.centre.is_none())?;
        Some(Box::new(Self::new(inner, self.factor, None)))
    }
}
