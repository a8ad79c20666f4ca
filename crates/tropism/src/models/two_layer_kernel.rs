//! The two products of a training step of a two-layer ReLU network with one output, `f = Σ_j a_j relu(⟨w_j, x⟩)`.
//!
//! With `G_j = Σ_i r_i 1[⟨w_j, x_i⟩ > 0] x_i` the gradients are `a_j G_j` in `w_j` and `⟨w_j, G_j⟩` in `a_j`: all that the
//! way back needs of the way there is one bit for each sample and unit. Units are taken sixteen at a time, their weights
//! packed so that a block stays in the first cache over all samples, and sums stay in registers.

use super::network::copy_rows;
use crate::numerics::Design;
use crate::numerics::wide::wide;

/// Units in a block.
const LANES: usize = 16;
/// Samples that share each load of a block's weights.
const SAMPLES: usize = 4;
/// Inputs whose sums stay in registers on the way back.
const INPUTS: usize = 5;
/// Samples whose weights on the way back are held in the first cache.
const CHUNK: usize = 192;

type Lanes = [f64; LANES];

/// Memory of one run, with what the last forward pass saw.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    samples: usize,
    inputs: usize,
    theta: Vec<f64>,
    x: Vec<f64>,
    /// Weights by blocks, `[block][input][lane]`, and output weights `[block][lane]`; zero beyond the last unit.
    packed: Vec<Lanes>,
    outer: Vec<Lanes>,
    /// `[block][sample][lane]`: 1 where the unit is active.
    active: Vec<[u8; LANES]>,
    sums: Vec<Lanes>,
    weighed: Vec<Lanes>,
    gradient: Vec<Lanes>,
}

impl Panel {
    /// `out [n]` at `theta = [W (m × d, row by row), a (m)]`.
    pub fn predict(&mut self, theta: &[f64], x: &Design, out: &mut [f64]) {
        self.forward(theta, x);
        for (o, sums) in out.iter_mut().zip(&self.sums) {
            *o = sums.iter().sum();
        }
    }

    /// `out [p] = Jᵀ r`.
    pub fn pullback(&mut self, theta: &[f64], x: &Design, r: &[f64], out: &mut [f64]) {
        self.forward(theta, x);
        let (d, units) = (self.inputs, theta.len() / (self.inputs + 1));
        let (hidden, outer) = out.split_at_mut(units * d);
        for block in 0..self.outer.len() {
            let packed = &self.packed[block * d..(block + 1) * d];
            let active = &self.active[block * self.samples..(block + 1) * self.samples];
            self.gradient.fill([0.0; LANES]);
            back(&self.x, active, r, &mut self.weighed, &mut self.gradient);
            let lanes = LANES.min(units - block * LANES);
            for l in 0..lanes {
                let j = block * LANES + l;
                let a = self.outer[block][l];
                let mut along = 0.0;
                let weights = packed.iter().zip(&self.gradient);
                for (o, (w, g)) in hidden[j * d..(j + 1) * d].iter_mut().zip(weights) {
                    along = w[l].mul_add(g[l], along);
                    *o = a * g[l];
                }
                outer[j] = along;
            }
        }
    }

    /// Outputs by lane and active units, unless they are those of the last pass.
    fn forward(&mut self, theta: &[f64], x: &Design) {
        let (n, d) = (x.rows(), x.cols());
        let same_shape = self.samples == n && self.inputs == d && self.theta.len() == theta.len();
        let units = theta.len() / (d + 1);
        let blocks = units.div_ceil(LANES);
        if !same_shape {
            (self.samples, self.inputs) = (n, d);
            self.x.resize(n * d, 0.0);
            self.theta.clear();
            self.packed.resize(blocks * d, [0.0; LANES]);
            self.outer.resize(blocks, [0.0; LANES]);
            self.active.resize(blocks * n, [0; LANES]);
            self.sums.resize(n, [0.0; LANES]);
            self.weighed.resize(CHUNK, [0.0; LANES]);
            self.gradient.resize(d, [0.0; LANES]);
        }
        let same_inputs = copy_rows(x, &mut self.x);
        if same_shape && same_inputs && self.theta == theta {
            return;
        }
        self.theta.clear();
        self.theta.extend_from_slice(theta);
        self.sums.fill([0.0; LANES]);
        for block in 0..blocks {
            let packed = &mut self.packed[block * d..(block + 1) * d];
            pack(theta, units, block, packed, &mut self.outer[block]);
            let active = &mut self.active[block * n..(block + 1) * n];
            there(&self.x, packed, &self.outer[block], &mut self.sums, active);
        }
    }
}

/// Copies the weights of one block, zero beyond the last unit.
fn pack(theta: &[f64], units: usize, block: usize, packed: &mut [Lanes], outer: &mut Lanes) {
    let d = packed.len();
    for l in 0..LANES {
        let j = block * LANES + l;
        let known = j < units;
        outer[l] = if known { theta[units * d + j] } else { 0.0 };
        for (k, row) in packed.iter_mut().enumerate() {
            row[l] = if known { theta[j * d + k] } else { 0.0 };
        }
    }
}

wide! {
    fn there<'a>(
        x: &'a [f64],
        packed: &'a [Lanes],
        outer: &'a Lanes,
        sums: &'a mut [Lanes],
        active: &'a mut [[u8; LANES]],
    ) -> () {
        let d = packed.len();
        let whole = sums.len() / SAMPLES * SAMPLES;
        for first in (0..whole).step_by(SAMPLES) {
            there_rows::<SAMPLES>(&x[first * d..], packed, outer, &mut sums[first..], &mut active[first..]);
        }
        for first in whole..sums.len() {
            there_rows::<1>(&x[first * d..], packed, outer, &mut sums[first..], &mut active[first..]);
        }
    }
}

/// One block of units on `R` samples: adds their outputs to `sums` and tells which are active.
#[inline(always)]
fn there_rows<const R: usize>(
    x: &[f64],
    packed: &[Lanes],
    outer: &Lanes,
    sums: &mut [Lanes],
    active: &mut [[u8; LANES]],
) {
    let d = packed.len();
    let rows: [&[f64]; R] = std::array::from_fn(|q| &x[q * d..(q + 1) * d]);
    let mut z = [[0.0f64; LANES]; R];
    for (k, w) in packed.iter().enumerate() {
        for q in 0..R {
            let value = rows[q][k];
            for l in 0..LANES {
                z[q][l] = w[l].mul_add(value, z[q][l]);
            }
        }
    }
    for q in 0..R {
        for l in 0..LANES {
            // NaN stays NaN.
            let h = if z[q][l] < 0.0 { 0.0 } else { z[q][l] };
            sums[q][l] = h.mul_add(outer[l], sums[q][l]);
            active[q][l] = u8::from(z[q][l] > 0.0);
        }
    }
}

wide! {
    fn back<'a>(
        x: &'a [f64],
        active: &'a [[u8; LANES]],
        r: &'a [f64],
        weighed: &'a mut [Lanes],
        gradient: &'a mut [Lanes],
    ) -> () {
        let d = gradient.len();
        for first in (0..r.len()).step_by(CHUNK) {
            let last = r.len().min(first + CHUNK);
            for ((w, a), r) in weighed.iter_mut().zip(&active[first..last]).zip(&r[first..last]) {
                for l in 0..LANES {
                    w[l] = f64::from(a[l]) * r;
                }
            }
            let (x, weighed) = (&x[first * d..last * d], &weighed[..last - first]);
            let whole = d / INPUTS * INPUTS;
            for k in (0..whole).step_by(INPUTS) {
                back_inputs::<INPUTS>(x, weighed, k, gradient);
            }
            for k in whole..d {
                back_inputs::<1>(x, weighed, k, gradient);
            }
        }
    }
}

/// Adds `Σ_i weighed_i x_{ik}` to the `K` rows of `gradient` from `first`.
#[inline(always)]
fn back_inputs<const K: usize>(x: &[f64], weighed: &[Lanes], first: usize, gradient: &mut [Lanes]) {
    let d = gradient.len();
    let mut sums = [[0.0f64; LANES]; K];
    for (row, w) in x.chunks_exact(d).zip(weighed) {
        let row = &row[first..first + K];
        for k in 0..K {
            for l in 0..LANES {
                sums[k][l] = w[l].mul_add(row[k], sums[k][l]);
            }
        }
    }
    for k in 0..K {
        for l in 0..LANES {
            gradient[first + k][l] += sums[k][l];
        }
    }
}
