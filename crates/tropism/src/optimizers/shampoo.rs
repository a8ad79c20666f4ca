//! Shampoo `W ← W − η_k (L + εI)^{−1/4} G (R + εI)^{−1/4}`, `L ← L + G Gᵀ`, `R ← R + Gᵀ G`, for each weight matrix; a block that is a
//! vector is stepped by `(L + εI)^{−1/2} g`, `L ← L + g gᵀ` (full-matrix AdaGrad).
//!
//! Shapes: the model's blocks, `W [k × d]` for a linear model; per block slots `[k × k]` and `[d × d]`.
//! Assumes: sums by default (`beta2 = 1`, constant η); `beta2 < 1` averages, `L ← β₂ L + (1 − β₂) G Gᵀ`, with `power = 0.5`; `beta2 = 0`
//! with ε = 0 is steepest descent in the spectral norm, `(G Gᵀ)^{−1/4} G (Gᵀ G)^{−1/4} = U Vᵀ`. Inverse
//! roots are of the pseudo-inverse: directions whose eigenvalue is below 10^-12 of the largest are left out where ε = 0.
//! Source: Gupta, Koren, Singer 2018 (arXiv 1802.09568), Algorithm 1; ε is added to the sums, not accumulated with them.
//! Units and invariance: ε has the units of the squared gradient and acts by its true size. Commutes with rotations of the inputs.
//! Errors: `beta2` outside [0, 1], `epsilon < 0`, `batch` outside 1..=n, `step_size ≤ 0`.
//! Example: `optimizer.kind = "shampoo"`.

use super::gradient_descent::add_scaled;
use super::second_moment::{batch_gradient, check_batch_schedule};
use super::{
    BatchSpec, Batches, Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule,
    ScheduleKind, ScheduleSpec, State, Symmetry, check_nonnegative, check_range,
};
use crate::Error;
use crate::models::Block;
use crate::numerics::Norm;
use crate::numerics::decomposition::Decomposition;
use crate::numerics::gemm::{Factor, product};
use crate::numerics::logscale::Scaled;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Eigenvalues below this share of the largest are rounding noise of the products behind them.
const CUT: f64 = 1e-12;

/// Spec keys of Shampoo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ShampooSpec {
    /// 1 sums the outer products, less averages them, 0 forgets all but the newest; in [0, 1].
    pub beta2: f64,
    /// Added to both matrices, ≥ 0, in the units of the squared gradient.
    pub epsilon: f64,
    #[serde(flatten)]
    pub batches: BatchSpec,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for ShampooSpec {
    fn default() -> Self {
        let (batches, steps) = (BatchSpec::default(), ScheduleSpec::default());
        Self { beta2: 1.0, epsilon: 0.0, batches, steps }
    }
}

/// Shampoo with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Shampoo {
    pub beta2: f64,
    pub epsilon: f64,
    /// Which blocks are vectors in the model's own coordinates.
    pub vector: Vec<bool>,
    pub batches: Option<Batches>,
    pub schedule: Schedule,
}

impl ShampooSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_range("beta2", self.beta2, (0.0..=1.0).contains(&self.beta2), "it must lie in [0, 1]")?;
        check_nonnegative("epsilon", self.epsilon)?;
        let batches = self.batches.build(c.samples)?;
        check_batch_schedule("shampoo", batches, &self.steps)?;
        let summed = self.beta2 == 1.0;
        let kind = if summed { ScheduleKind::Constant } else { ScheduleKind::PowerLaw };
        let (schedule, origin) = self.steps.build(kind, if summed { 0.0 } else { 0.5 }, |_| {
            let reach = c.radius.l2;
            (1.0 / reach, format!("1 / longest sample = 1 / {reach:.6}"))
        })?;
        let (beta2, epsilon) = (self.beta2, self.epsilon);
        let vector = c.blocks.iter().map(Block::is_vector).collect();
        let optimizer = Box::new(Shampoo { beta2, epsilon, vector, batches, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

impl Shampoo {
    /// Takes `exp(2 scale) A B` into a slot, `outer` the memory of the product.
    fn absorb(&self, slot: &mut Scaled, scale: f64, (a, b): (Factor, Factor), outer: &mut [f64]) {
        let weight = if self.beta2 == 1.0 { 1.0 } else { 1.0 - self.beta2 };
        product(outer, a, b, false);
        slot.blend(self.beta2, weight, 2.0 * scale, outer);
    }

    /// `exp(s) × P = (slot + εI)^{−1/root}`: writes `P [n × n]` into `out` and returns `s`; `scaled [n × n]` is work space.
    fn inverse_root(
        &self,
        slot: &Scaled,
        root: f64,
        work: &mut Decomposition,
        (scaled, out): (&mut [f64], &mut [f64]),
    ) -> Option<f64> {
        let n = slot.direction.len().isqrt();
        if !work.symmetric(&slot.direction, n) {
            return None;
        }
        let floor = self.epsilon.ln();
        let top = slot.log_scale.max(floor);
        let (a, b) = ((slot.log_scale - top).exp(), (floor - top).exp());
        let cut = CUT * work.values.last().copied().unwrap_or(0.0);
        let power = |v: f64| {
            let base = if v > cut { a * v + b } else { b };
            if base > 0.0 { base.powf(-1.0 / root) } else { 0.0 }
        };
        let vectors = scaled.chunks_exact_mut(n).zip(work.left.chunks_exact(n));
        for ((scaled, vector), value) in vectors.zip(&work.values) {
            let factor = power(*value);
            scaled.iter_mut().zip(vector).for_each(|(s, v)| *s = factor * v);
        }
        product(out, Factor::transposed(scaled, n, n), Factor::plain(&work.left, n, n), false);
        Some(-top / root)
    }

    /// Replaces the block's gradient by its preconditioned direction and returns the log of the factor beside it.
    fn precondition(
        &self,
        slots: &mut [Scaled],
        scale: f64,
        g: &mut [f64],
        (rows, cols): (usize, usize),
        (work, decomposition): (&mut Vec<f64>, &mut Decomposition),
    ) -> Option<f64> {
        let n = rows.max(cols);
        work.resize(2 * n * n + rows * cols, 0.0);
        let (scaled, rest) = work.split_at_mut(n * n);
        let (square, direction) = rest.split_at_mut(n * n);
        let gradient = Factor::plain(g, rows, cols);
        let right = &mut square[..cols * cols];
        self.absorb(&mut slots[1], scale, (gradient.t(), gradient), right);
        // A vector is a single row: its other side is a number.
        let root = if rows == 1 { 2.0 } else { 4.0 };
        let room = (&mut scaled[..cols * cols], &mut *right);
        let mut log = self.inverse_root(&slots[1], root, decomposition, room)?;
        product(direction, gradient, Factor::plain(right, cols, cols), false);
        if rows == 1 {
            g.copy_from_slice(direction);
            return Some(scale + log);
        }
        let left = &mut square[..rows * rows];
        self.absorb(&mut slots[0], scale, (gradient, gradient.t()), left);
        log += self.inverse_root(&slots[0], root, decomposition, (&mut scaled[..rows * rows], &mut *left))?;
        product(g, Factor::plain(left, rows, rows), Factor::plain(direction, rows, cols), false);
        Some(scale + log)
    }
}

/// The block as the method sees it: a vector is one row.
fn shape(b: &Block, vector: bool) -> (usize, usize) {
    if vector { (1, b.rows * b.cols) } else { (b.rows, b.cols) }
}

impl Optimizer for Shampoo {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        // The slots take their shapes at the first step, when the coordinates of the run are known.
        State::new(theta, 0, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let scale = batch_gradient(self.batches, state, oracle, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        if state.slots.is_empty() {
            for (b, &vector) in oracle.blocks().iter().zip(&self.vector) {
                let (rows, cols) = shape(b, vector);
                state.slots.extend([Scaled::zeros(rows * rows), Scaled::zeros(cols * cols)]);
            }
        }
        for (i, (b, &vector)) in oracle.blocks().iter().zip(&self.vector).enumerate() {
            let g = &mut g[b.range()];
            let slots = &mut state.slots[2 * i..2 * i + 2];
            let work = (&mut state.work, &mut state.decomposition);
            if let Some(log) = self.precondition(slots, scale, g, shape(b, vector), work) {
                add_scaled(&mut state.theta[b.range()], log_eta + log, g, -1.0);
            }
        }
        state.tick(log_eta);
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        // Without memory the step is the polar factor of the gradient, whatever its size.
        let polar = self.beta2 == 0.0 && self.epsilon == 0.0;
        let geometry = match polar {
            true => Geometry::Norm(Norm::Spectral),
            false => Geometry::Kronecker { beta2: self.beta2, epsilon: self.epsilon },
        };
        OptimizerFacts {
            normalized: polar,
            stochastic: self.batches.is_some_and(|b| b.is_random()),
            sampling: self.batches.map(|b| b.sampling()),
            symmetry: Symmetry::Rotation,
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(geometry)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic};
    use super::*;
    use crate::numerics::{Matrix, linalg};

    /// `A^{−1/4}` by the coupled Newton iteration, which takes no eigenvalues; needs a well-conditioned `A`.
    fn fourth_root(a: &Matrix) -> Matrix {
        let n = a.rows();
        let scale = (0..n).map(|i| (0..n).map(|j| a.get(i, j).abs()).sum::<f64>()).fold(0.0, f64::max);
        let identity = |c: f64| Matrix::from_fn(n, n, |i, j| if i == j { c } else { 0.0 });
        let (mut x, mut m) = (identity(1.0), Matrix::from_fn(n, n, |i, j| a.get(i, j) / scale));
        for _ in 0..200 {
            let t = Matrix::from_fn(n, n, |i, j| (if i == j { 5.0 } else { 0.0 } - m.get(i, j)) / 4.0);
            x = linalg::matmul_nn(&x, &t);
            let square = linalg::matmul_nn(&t, &t);
            m = linalg::matmul_nn(&linalg::matmul_nn(&square, &square), &m);
        }
        Matrix::from_fn(n, n, |i, j| x.get(i, j) * scale.powf(-0.25))
    }

    #[test]
    fn agrees_with_the_textbook() {
        let steps = ScheduleSpec { step_size: Some(0.1), ..Default::default() };
        let spec = ShampooSpec { epsilon: 0.1, steps, ..Default::default() };
        let got = reference::run(&*spec.build(&reference::curvature()).unwrap().optimizer, 30);
        let mut w = reference::START.to_vec();
        let (mut l, mut r) = (Matrix::zeros(2, 2), Matrix::zeros(3, 3));
        (0..2).for_each(|i| l.set(i, i, 0.1));
        (0..3).for_each(|i| r.set(i, i, 0.1));
        for _ in 0..30 {
            let g = Matrix::from_vec(2, 3, Quadratic::slope(&w));
            let add = |m: &Matrix, o: &Matrix| {
                Matrix::from_fn(m.rows(), m.cols(), |i, j| m.get(i, j) + o.get(i, j))
            };
            l = add(&l, &linalg::matmul_nt(&g, &g));
            r = add(&r, &linalg::matmul_tn(&g, &g));
            let d = linalg::matmul_nn(&linalg::matmul_nn(&fourth_root(&l), &g), &fourth_root(&r));
            w.iter_mut().zip(d.as_slice()).for_each(|(w, d)| *w -= 0.1 * d);
        }
        // Condition numbers of some thousands.
        reference::close(&got, &w, 1e-10);
    }
}
