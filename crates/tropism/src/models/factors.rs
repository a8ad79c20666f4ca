//! Products of matrices `W = W_N ⋯ W_1` with their derivatives: deep linear networks and matrix factorisations.

use super::through_predictor::{Layers, PredictorMap, multilinear_curvature};
use super::{Block, ModelFacts};
use crate::numerics::Matrix;
use crate::numerics::gemm::{Factor, product};
use crate::numerics::linalg::{norm2, svd};
use crate::numerics::rng::Rng;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the factors start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Independent normal entries, scaled so that the product's entries have standard deviation `init_scale^depth`.
    #[default]
    Gaussian,
    /// Balanced factors, `W_{j+1}ᵀ W_{j+1} = W_j W_jᵀ`, of a normal product matrix whose Frobenius norm is `init_scale^depth`
    /// (Arora, Cohen, Hazan 2018, arXiv 1802.06509, section 5).
    Balanced,
    /// Every factor `init_scale` times the (rectangular) identity.
    Identity,
}

/// `W = W_N ⋯ W_1`; parameters `[W_1, …, W_N]`, each row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    /// Sizes between the factors: `W_j` is `sizes[j] × sizes[j − 1]`, so `sizes = [d, …, k]`.
    pub sizes: Vec<usize>,
    pub start: Start,
    pub init_scale: f64,
    pub facts: ModelFacts,
    /// Shape of the predictor as a model sees it: `(k, d)`, or `(1, rows · cols)` where inputs are matrices.
    pub predictor: (usize, usize),
}

impl Factors {
    /// Number of factors, `N`.
    pub fn depth(&self) -> usize {
        self.sizes.len() - 1
    }

    fn block(&self, j: usize) -> Block {
        let offset = self.sizes.windows(2).take(j).map(|s| s[0] * s[1]).sum();
        Block { offset, rows: self.sizes[j + 1], cols: self.sizes[j] }
    }

    fn factor<'a>(&self, theta: &'a [f64], j: usize) -> Factor<'a> {
        let b = self.block(j);
        Factor::plain(&theta[b.range()], b.rows, b.cols)
    }

    /// Where `W_j ⋯ W_1` stands among the partial products, `[sizes[j] × sizes[0]]`, `1 ≤ j < N`.
    fn partial(&self, j: usize) -> std::ops::Range<usize> {
        let before: usize = self.sizes[1..j].iter().sum();
        let at = before * self.sizes[0];
        at..at + self.sizes[j] * self.sizes[0]
    }

    /// Fills `layers.forward` with the products `W_j ⋯ W_1`, `1 ≤ j < N`.
    fn forward(&self, theta: &[f64], layers: &mut Layers) {
        let n = self.depth();
        if n < 2 {
            return;
        }
        let len = self.partial(n - 1).end;
        // The same point again, as in a pullback after its forward pass: the products are those of last time.
        if layers.forward.len() == len && layers.point == theta {
            return;
        }
        layers.point.clear();
        layers.point.extend_from_slice(theta);
        layers.forward.resize(len, 0.0);
        let first = self.block(0).range();
        layers.forward[self.partial(1)].copy_from_slice(&theta[first]);
        for j in 2..n {
            let (done, rest) = layers.forward.split_at_mut(self.partial(j).start);
            let before = Factor::plain(&done[self.partial(j - 1)], self.sizes[j - 1], self.sizes[0]);
            let len = self.sizes[j] * self.sizes[0];
            product(&mut rest[..len], self.factor(theta, j - 1), before, false);
        }
    }

    /// The product of the first `j` factors after [`Factors::forward`].
    fn product<'a>(&self, theta: &'a [f64], layers: &'a Layers, j: usize) -> Factor<'a> {
        if j == 1 {
            return self.factor(theta, 0);
        }
        Factor::plain(&layers.forward[self.partial(j)], self.sizes[j], self.sizes[0])
    }

    fn gaussian(&self, rng: &mut Rng, theta: &mut [f64]) {
        for j in 0..self.depth() {
            // An inner sum over `sizes[j]` terms: its standard deviation grows by the root of their number.
            let inner = if j == 0 { 1 } else { self.sizes[j] };
            let scale = self.init_scale / (inner as f64).sqrt();
            for t in &mut theta[self.block(j).range()] {
                let g: f64 = StandardNormal.sample(rng);
                *t = scale * g;
            }
        }
    }

    fn identity(&self, theta: &mut [f64]) {
        theta.fill(0.0);
        for j in 0..self.depth() {
            let b = self.block(j);
            (0..b.rows.min(b.cols)).for_each(|i| theta[b.offset + i * b.cols + i] = self.init_scale);
        }
    }

    /// `W_1 = S^{1/N} Vᵀ`, `W_j = S^{1/N}`, `W_N = U S^{1/N}` for a normal matrix `U S Vᵀ`.
    fn balanced(&self, rng: &mut Rng, theta: &mut [f64]) {
        let (n, d, k) = (self.depth(), self.sizes[0], self.sizes[self.depth()]);
        let draw: Vec<f64> = (0..k * d).map(|_| StandardNormal.sample(rng)).collect();
        let size = norm2(&draw);
        let normal = Matrix::from_vec(k, d, draw);
        theta.fill(0.0);
        let Some(usv) = svd(&normal) else { return self.identity(theta) };
        let root = |i: usize| self.init_scale * (usv.s[i] / size).powf(1.0 / n as f64);
        let rank = usv.s.len().min(self.sizes.iter().copied().min().unwrap_or(0));
        for j in 0..n {
            let b = self.block(j);
            let w = &mut theta[b.range()];
            for i in 0..rank {
                match (j == 0, j + 1 == n) {
                    (true, true) => (0..k * d).for_each(|e| {
                        w[e] += usv.u.get(e / d, i) * root(i) * usv.v.get(e % d, i);
                    }),
                    (true, false) => (0..d).for_each(|c| w[i * d + c] = root(i) * usv.v.get(c, i)),
                    (false, true) => (0..k).for_each(|r| w[r * b.cols + i] = usv.u.get(r, i) * root(i)),
                    (false, false) => w[i * b.cols + i] = root(i),
                }
            }
        }
    }
}

impl PredictorMap for Factors {
    fn dim(&self) -> usize {
        self.sizes.windows(2).map(|s| s[0] * s[1]).sum()
    }

    fn predictor_shape(&self) -> (usize, usize) {
        self.predictor
    }

    fn init(&self, rng: &mut Rng, theta: &mut [f64]) {
        match self.start {
            Start::Gaussian => self.gaussian(rng, theta),
            Start::Balanced => self.balanced(rng, theta),
            Start::Identity => self.identity(theta),
        }
    }

    fn predictor(&self, theta: &[f64], layers: &mut Layers, w: &mut [f64]) {
        let n = self.depth();
        if n == 1 {
            return w.copy_from_slice(theta);
        }
        self.forward(theta, layers);
        product(w, self.factor(theta, n - 1), self.product(theta, layers, n - 1), false);
    }

    fn pull(&self, theta: &[f64], g: &[f64], layers: &mut Layers, out: &mut [f64]) {
        let n = self.depth();
        self.forward(theta, layers);
        // `back = (W_N ⋯ W_{j+1})ᵀ G`, two buffers in turn.
        let widest = self.sizes.iter().copied().max().unwrap_or(0) * self.sizes[0];
        let mut back = std::mem::take(&mut layers.backward);
        back.resize(2 * widest, 0.0);
        let (mut now, mut next) = back.split_at_mut(widest);
        now[..g.len()].copy_from_slice(g);
        for j in (0..n).rev() {
            let (rows, b) = (self.sizes[j + 1], self.block(j));
            let upper = Factor::plain(&now[..rows * self.sizes[0]], rows, self.sizes[0]);
            if j == 0 {
                out[b.range()].copy_from_slice(&now[..rows * self.sizes[0]]);
                break;
            }
            product(&mut out[b.range()], upper, self.product(theta, layers, j).t(), false);
            let len = self.sizes[j] * self.sizes[0];
            product(&mut next[..len], self.factor(theta, j).t(), upper, false);
            std::mem::swap(&mut now, &mut next);
        }
        layers.backward = back;
    }

    fn push(&self, theta: &[f64], v: &[f64], layers: &mut Layers, out: &mut [f64]) {
        let n = self.depth();
        if n == 1 {
            return out.copy_from_slice(v);
        }
        self.forward(theta, layers);
        // `moved = d(W_j ⋯ W_1)`, two buffers in turn: `W_j moved + V_j (W_{j−1} ⋯ W_1)`.
        let widest = self.sizes.iter().copied().max().unwrap_or(0) * self.sizes[0];
        let mut back = std::mem::take(&mut layers.backward);
        back.resize(2 * widest, 0.0);
        let (mut now, mut next) = back.split_at_mut(widest);
        let first = self.block(0).range();
        now[..first.len()].copy_from_slice(&v[first]);
        for j in 1..n {
            let before = Factor::plain(&now[..self.sizes[j] * self.sizes[0]], self.sizes[j], self.sizes[0]);
            let target = if j + 1 == n { &mut *out } else { &mut next[..self.sizes[j + 1] * self.sizes[0]] };
            product(target, self.factor(theta, j), before, false);
            product(target, self.factor(v, j), self.product(theta, layers, j), true);
            std::mem::swap(&mut now, &mut next);
        }
        layers.backward = back;
    }

    fn curvature(&self, theta: &[f64], g: &[f64], layers: &mut Layers, out: &mut Matrix) {
        multilinear_curvature(self, theta, g, layers, out);
    }

    fn facts(&self) -> ModelFacts {
        self.facts
    }

    fn blocks(&self) -> Vec<Block> {
        (0..self.depth()).map(|j| self.block(j)).collect()
    }
}
