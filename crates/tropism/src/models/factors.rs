//! Products of matrices `W = W_N ⋯ W_1` with their derivatives: deep linear networks and matrix factorisations.

use super::through_predictor::{Layers, PredictorMap, multilinear_curvature};
use super::{Block, ModelFacts};
use crate::numerics::entries::Entries;
use crate::numerics::gemm::{Factor, product};
use crate::numerics::linalg::{norm2, svd};
use crate::numerics::rng::Rng;
use crate::numerics::{Csr, Matrix};
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Entries of a product are computed one by one where they are less than one in so many: alone each costs about three times as much.
const FEW: usize = 3;

/// `to [cols × rows] = from [rows × cols]ᵀ`.
fn transpose(from: &[f64], (rows, cols): (usize, usize), to: &mut [f64]) {
    for (j, column) in to.chunks_exact_mut(rows).enumerate() {
        column.iter_mut().enumerate().for_each(|(i, t)| *t = from[i * cols + j]);
    }
}

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
        self.partials(theta, n, &mut layers.forward);
    }

    /// Fills `memory` with the products `W_j ⋯ W_1`, `2 ≤ j < end`, where they stand.
    fn partials(&self, theta: &[f64], end: usize, memory: &mut [f64]) {
        for j in 2..end {
            let (done, rest) = memory.split_at_mut(self.partial(j).start);
            let before = self.before(theta, done, j - 1);
            let len = self.sizes[j] * self.sizes[0];
            product(&mut rest[..len], self.factor(theta, j - 1), before, false);
        }
    }

    /// The product of the first `j` factors, where `memory` holds the partial products.
    fn before<'a>(&self, theta: &'a [f64], memory: &'a [f64], j: usize) -> Factor<'a> {
        match j {
            1 => self.factor(theta, 0),
            _ => Factor::plain(&memory[self.partial(j)], self.sizes[j], self.sizes[0]),
        }
    }

    /// The product of the first `j` factors after [`Factors::forward`].
    fn product<'a>(&self, theta: &'a [f64], layers: &'a Layers, j: usize) -> Factor<'a> {
        self.before(theta, &layers.forward, j)
    }

    /// What is left and right of the entries that `x` asks for, where they are so few that the product need not be formed: the last factor
    /// and the others before it, transposed, `[cols × inner]`, which `layers.beside` holds after the partial products before them.
    fn around<'a>(
        &self,
        theta: &'a [f64],
        x: &'a Csr,
        layers: &mut Layers,
    ) -> Option<(Entries<'a>, usize, usize)> {
        let (n, d) = (self.depth(), self.sizes[0]);
        let (rows, cols) = (self.sizes[n], d);
        let few = n >= 2 && self.predictor == (1, rows * cols) && FEW * x.indices.len() <= rows * cols;
        if !few {
            return None;
        }
        let (inner, own) = (self.sizes[n - 1], self.block(n - 1).offset);
        let right = self.partial(n - 1).start;
        if layers.beside.len() != right + inner * d || layers.beside_point != theta[..own] {
            layers.beside_point.clear();
            layers.beside_point.extend_from_slice(&theta[..own]);
            layers.beside.resize(right + inner * d, 0.0);
            self.partials(theta, n - 1, &mut layers.beside);
            let (done, last) = layers.beside.split_at_mut(right);
            if n == 2 {
                transpose(&theta[self.block(0).range()], (inner, d), last);
            } else {
                let before = self.before(theta, done, n - 2);
                product(last, before.t(), self.factor(theta, n - 2).t(), false);
            }
        }
        Some((Entries { pattern: x, cols }, inner, right))
    }

    /// Pulls `upper = (W_N ⋯ W_{top+2})ᵀ G` back to the factors `W_{top+1}, …, W_1`, with the partial products in `partials` and two buffers
    /// in turn; nothing for `top = 0`.
    fn pull_below(
        &self,
        theta: &[f64],
        upper: Factor,
        top: usize,
        (partials, buffers): (&[f64], &mut Vec<f64>),
        out: &mut [f64],
    ) {
        let d = self.sizes[0];
        let widest = self.sizes.iter().copied().max().unwrap_or(0) * d;
        buffers.resize(2 * widest, 0.0);
        let (mut now, mut next) = buffers.split_at_mut(widest);
        for j in (1..=top).rev() {
            let rows = self.sizes[j + 1];
            let upper = if j == top { upper } else { Factor::plain(&now[..rows * d], rows, d) };
            product(&mut out[self.block(j).range()], upper, self.before(theta, partials, j).t(), false);
            let below = self.factor(theta, j).t();
            if j == 1 {
                product(&mut out[self.block(0).range()], below, upper, false);
                return;
            }
            product(&mut next[..self.sizes[j] * d], below, upper, false);
            std::mem::swap(&mut now, &mut next);
        }
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
        if n == 1 {
            return out.copy_from_slice(g);
        }
        self.forward(theta, layers);
        let upper = Factor::plain(g, self.sizes[n], self.sizes[0]);
        self.pull_below(theta, upper, n - 1, (&layers.forward, &mut layers.backward), out);
    }

    fn predict_entries(&self, theta: &[f64], x: &Csr, layers: &mut Layers, out: &mut [f64]) -> bool {
        let Some((entries, inner, right)) = self.around(theta, x, layers) else { return false };
        entries.values(&theta[self.block(self.depth() - 1).range()], &layers.beside[right..], inner, out);
        true
    }

    fn pull_entries(&self, theta: &[f64], x: &Csr, r: &[f64], layers: &mut Layers, out: &mut [f64]) -> bool {
        let Some((entries, inner, right)) = self.around(theta, x, layers) else { return false };
        let (n, d) = (self.depth(), self.sizes[0]);
        let last = self.block(n - 1).range();
        let mut pulled = std::mem::take(&mut layers.pulled);
        pulled.resize(inner * d, 0.0);
        // `(W_Nᵀ G)ᵀ` is what is pulled back to the right.
        let sides = (&theta[last.clone()], &layers.beside[right..]);
        entries.pull(r, sides, inner, (&mut out[last], &mut pulled));
        if n == 2 {
            transpose(&pulled, (d, inner), &mut out[self.block(0).range()]);
        }
        let upper = Factor::transposed(&pulled, d, inner);
        self.pull_below(theta, upper, n - 2, (&layers.beside, &mut layers.backward), out);
        layers.pulled = pulled;
        true
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

#[cfg(test)]
mod tests {
    use crate::models::{Interface, ModelSpec, Workspace};
    use crate::numerics::linalg::{distance, norm2};
    use crate::numerics::rng::{Stream, rng};
    use crate::numerics::{Csr, Design};

    /// Few entries are computed one by one, and pulled back past the product: outputs and gradients are those of the same inputs stored
    /// densely, which take the whole product, in either order of calls and after a look through the other way.
    #[test]
    fn few_entries_are_those_of_the_product() {
        let (rows, cols) = (9, 7);
        for depth in 2..=5 {
            let keys = format!("depth = {depth}\ninit = \"gaussian\"\ninit_scale = 0.9\nwidth = 5");
            let spec = ModelSpec::parse("model", "matrix_factorization", keys.parse().unwrap(), &[]).unwrap();
            let interface =
                Interface { inputs: rows * cols, outputs: 1, shape: Some((rows, cols)), image: None };
            let model = spec.build(&interface).unwrap();
            let x: Design = Design::Sparse(Csr {
                rows: 4,
                cols: rows * cols,
                offsets: vec![0, 1, 3, 4, 6],
                indices: vec![0, 13, 60, 41, 41, 5],
                values: vec![1.0, 2.0, -1.0, 1.0, 0.5, 1.0],
            });
            let dense = Design::Dense(x.to_dense());
            let (mut one, mut two) = (Workspace::default(), Workspace::default());
            let mut theta = vec![0.0; model.dim()];
            model.init(&mut rng(3, Stream::Init), &mut theta);
            let r = [0.3, -1.0, 2.0, 0.7];
            for round in 0..3 {
                theta.iter_mut().enumerate().for_each(|(i, t)| *t += 0.01 * f64::sin((i + round) as f64));
                let (mut f, mut g) = (vec![0.0; 4], vec![0.0; 4]);
                let (mut a, mut b) = (vec![7.0; theta.len()], vec![0.0; theta.len()]);
                if round != 1 {
                    model.predict(&theta, &x, &mut one, &mut f);
                    model.predict(&theta, &dense, &mut two, &mut g);
                    assert!(distance(&f, &g) <= 1e-14 * norm2(&g), "{depth}: {f:?} {g:?}");
                }
                model.pullback(&theta, &x, &r, &mut one, &mut a);
                model.pullback(&theta, &dense, &r, &mut two, &mut b);
                assert!(distance(&a, &b) <= 1e-14 * norm2(&b), "{depth}: {a:?} {b:?}");
                // The other way in the same workspace.
                model.predict(&theta, &dense, &mut one, &mut f);
                model.predict(&theta, &dense, &mut two, &mut g);
                assert_eq!(f, g);
            }
        }
    }
}
