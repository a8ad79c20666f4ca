//! Models that are a reparameterised linear predictor, `f(θ; x) = W(θ) x`: everything but the map `θ ↦ W` is shared.

use super::linear::{Linear, LinearSpec};
use super::{Block, Model, ModelFacts, Workspace};
use crate::numerics::rng::Rng;
use crate::numerics::{Csr, Design, Matrix};

/// A map from parameters `θ [p]` to a linear predictor `W [k * d]`.
pub trait PredictorMap: Send + Sync + Clone + 'static {
    /// `p`.
    fn dim(&self) -> usize;

    /// `k` and `d`.
    fn predictor_shape(&self) -> (usize, usize);

    fn init(&self, rng: &mut Rng, theta: &mut [f64]);

    /// Writes `W(θ)` into `w [k * d]`.
    fn predictor(&self, theta: &[f64], layers: &mut Layers, w: &mut [f64]);

    /// `out [p] = W'(θ)ᵀ g`, `g [k * d]`.
    fn pull(&self, theta: &[f64], g: &[f64], layers: &mut Layers, out: &mut [f64]);

    /// `out [k * d] = W'(θ) v`, `v [p]`.
    fn push(&self, theta: &[f64], v: &[f64], layers: &mut Layers, out: &mut [f64]);

    /// `out [p × p] = Σ g ∇²W(θ)`, `g [k * d]`.
    fn curvature(&self, theta: &[f64], g: &[f64], layers: &mut Layers, out: &mut Matrix);

    /// The outputs `out [n]` on sparse inputs that ask for so few entries of `W` that the whole of it would be dearer; `false` where that is not
    /// so, or the map knows no such way.
    fn predict_entries(&self, _theta: &[f64], _x: &Csr, _layers: &mut Layers, _out: &mut [f64]) -> bool {
        false
    }

    /// The pullback `out [p]` of `r [n]` in the same way.
    fn pull_entries(
        &self,
        _theta: &[f64],
        _x: &Csr,
        _r: &[f64],
        _layers: &mut Layers,
        _out: &mut [f64],
    ) -> bool {
        false
    }

    fn facts(&self) -> ModelFacts;

    fn blocks(&self) -> Vec<Block>;

    /// See [`Model::spectral`].
    fn spectral(&self) -> Option<Box<dyn Model>> {
        None
    }

    /// See [`Model::is_difference_of_squares`].
    fn is_difference_of_squares(&self) -> bool {
        false
    }
}

/// Scratch memory of a map from parameters to a predictor: what it needs of its layers, grown once.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    pub forward: Vec<f64>,
    pub backward: Vec<f64>,
    /// The parameters that `forward` was computed at, for maps that reuse it.
    pub point: Vec<f64>,
    /// The same of maps on their way past the predictor (`predict_entries`), and what they pull back to its right side.
    pub beside: Vec<f64>,
    pub beside_point: Vec<f64>,
    pub pulled: Vec<f64>,
}

/// The model of a [`PredictorMap`].
#[derive(Debug, Clone)]
pub struct ThroughPredictor<M> {
    pub map: M,
    linear: Linear,
}

impl<M: PredictorMap> ThroughPredictor<M> {
    pub fn new(map: M) -> Self {
        let (outputs, inputs) = map.predictor_shape();
        Self { map, linear: Linear { inputs, outputs, spec: LinearSpec::default() } }
    }

    fn with_predictor(&self, work: &mut Workspace, f: impl FnOnce(&mut [f64], &mut Workspace)) {
        let mut w = std::mem::take(&mut work.predictor);
        w.resize(self.linear.dim(), 0.0);
        f(&mut w, work);
        work.predictor = w;
    }
}

impl<M: PredictorMap> Model for ThroughPredictor<M> {
    fn dim(&self) -> usize {
        self.map.dim()
    }

    fn init(&self, rng: &mut Rng, theta: &mut [f64]) {
        self.map.init(rng, theta);
    }

    fn predict(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut [f64]) {
        if let Design::Sparse(s) = x
            && self.map.predict_entries(theta, s, &mut work.layers, out)
        {
            return;
        }
        self.with_predictor(work, |w, work| {
            self.map.predictor(theta, &mut work.layers, w);
            self.linear.predict(w, x, work, out);
        });
    }

    fn pullback(&self, theta: &[f64], x: &Design, r: &[f64], work: &mut Workspace, out: &mut [f64]) {
        if let Design::Sparse(s) = x
            && self.map.pull_entries(theta, s, r, &mut work.layers, out)
        {
            return;
        }
        self.with_predictor(work, |g, work| {
            self.linear.pullback(&[], x, r, work, g);
            self.map.pull(theta, g, &mut work.layers, out);
        });
    }

    fn facts(&self) -> ModelFacts {
        self.map.facts()
    }

    fn blocks(&self) -> Vec<Block> {
        self.map.blocks()
    }

    fn spectral(&self) -> Option<Box<dyn Model>> {
        self.map.spectral()
    }

    fn is_difference_of_squares(&self) -> bool {
        self.map.is_difference_of_squares()
    }

    fn effective(&self, theta: &[f64]) -> Option<Vec<f64>> {
        let mut w = vec![0.0; self.linear.dim()];
        self.map.predictor(theta, &mut Layers::default(), &mut w);
        Some(w)
    }

    fn curvature(
        &self,
        theta: &[f64],
        x: &Design,
        r: &[f64],
        work: &mut Workspace,
        out: &mut Matrix,
    ) -> bool {
        self.with_predictor(work, |g, work| {
            self.linear.pullback(&[], x, r, work, g);
            self.map.curvature(theta, g, &mut work.layers, out);
        });
        true
    }

    fn jacobian(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut Matrix) {
        let (k, d) = self.map.predictor_shape();
        self.with_predictor(work, |g, work| {
            for i in 0..x.rows() {
                for c in 0..k {
                    g.fill(0.0);
                    x.for_row(i, |j, v| g[c * d + j] = v);
                    self.map.pull(theta, g, &mut work.layers, out.row_mut(i * k + c));
                }
            }
        });
    }

    fn pushforward(
        &self,
        theta: &[f64],
        x: &Design,
        direction: &[f64],
        work: &mut Workspace,
        out: &mut [f64],
    ) {
        self.with_predictor(work, |w, work| {
            self.map.push(theta, direction, &mut work.layers, w);
            self.linear.predict(w, x, work, out);
        });
    }
}

/// [`PredictorMap::curvature`] of a map that is linear in each of its blocks: with a block replaced by one of its unit vectors the
/// pullback of all others is a row of the second derivative, without any difference.
pub fn multilinear_curvature<M: PredictorMap>(
    map: &M,
    theta: &[f64],
    g: &[f64],
    layers: &mut Layers,
    out: &mut Matrix,
) {
    let mut point = theta.to_vec();
    for block in map.blocks() {
        let range = block.range();
        point[range.clone()].fill(0.0);
        for i in range.clone() {
            point[i] = 1.0;
            map.pull(&point, g, layers, out.row_mut(i));
            out.row_mut(i)[range.clone()].fill(0.0);
            point[i] = 0.0;
        }
        point[range.clone()].copy_from_slice(&theta[range]);
    }
}
