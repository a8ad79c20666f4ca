//! The two products of a training step of a two-layer ReLU network with one output, `f = Σ_j a_j relu(⟨w_j, x⟩)`.
//!
//! With `G_j = Σ_i r_i 1[⟨w_j, x_i⟩ > 0] x_i` the gradients are `a_j G_j` in `w_j` and `⟨w_j, G_j⟩` in `a_j`: all that the
//! way back needs of the way there is which units were active. Units are taken sixteen at a time, their weights
//! packed so that a block stays in the first cache over all samples, and sums stay in registers. Written in vectors, not left
//! to the compiler: it spilled the sums to memory, five times slower.

use super::network::copy_rows;
use crate::numerics::Design;
use pulp::{Arch, Simd, WithSimd};

/// Units in a block.
const LANES: usize = 16;
/// Samples that share each load of a block's weights.
const SAMPLES: usize = 4;
/// Vectors of a block's units that are summed at once.
const PAIR: usize = 2;
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
    active: Vec<Lanes>,
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
            let (x, weighed, gradient) = (&self.x, &mut self.weighed, &mut self.gradient);
            Arch::new().dispatch(Back { x, active, r, weighed, gradient });
            let lanes = LANES.min(units - block * LANES);
            for l in 0..lanes {
                let j = block * LANES + l;
                let a = self.outer[block][l];
                let mut along = 0.0;
                let weights = packed.iter().zip(&self.gradient);
                for (o, (w, g)) in hidden[j * d..(j + 1) * d].iter_mut().zip(weights) {
                    // Not fused: outside the dispatched functions a fused multiply-add is a call into the C library.
                    along += w[l] * g[l];
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
            self.active.resize(blocks * n, [0.0; LANES]);
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
            let (x, outer, sums) = (&self.x, &self.outer[block], &mut self.sums);
            Arch::new().dispatch(There { x, packed, outer, sums, active });
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

/// One block of units on all samples: adds their outputs to `sums` and tells which are active.
struct There<'a> {
    x: &'a [f64],
    packed: &'a [Lanes],
    outer: &'a Lanes,
    sums: &'a mut [Lanes],
    active: &'a mut [Lanes],
}

impl WithSimd for There<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, packed, outer, sums, active } = self;
        let d = packed.len();
        let samples = sums.len();
        let (packed, _) = S::as_simd_f64s(packed.as_flattened());
        let (outer, _) = S::as_simd_f64s(outer);
        let (sums, _) = S::as_mut_simd_f64s(sums.as_flattened_mut());
        let (active, _) = S::as_mut_simd_f64s(active.as_flattened_mut());
        let wide = outer.len();
        for column in (0..wide).step_by(PAIR) {
            let mut first = 0;
            while first < samples {
                let rows = if first + SAMPLES <= samples { SAMPLES } else { 1 };
                let x = &x[first * d..(first + rows) * d];
                let place = first * wide + column;
                let (sums, active) = (&mut sums[place..], &mut active[place..]);
                let (packed, outer) = (&packed[column..], &outer[column..]);
                if rows == SAMPLES {
                    there::<S, SAMPLES>(simd, (x, d, wide), (packed, outer), (sums, active));
                } else {
                    there::<S, 1>(simd, (x, d, wide), (packed, outer), (sums, active));
                }
                first += rows;
            }
        }
    }
}

#[inline(always)]
fn there<S: Simd, const R: usize>(
    simd: S,
    (x, d, wide): (&[f64], usize, usize),
    (packed, outer): (&[S::f64s], &[S::f64s]),
    (sums, active): (&mut [S::f64s], &mut [S::f64s]),
) {
    let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
    let mut z = [[zero; PAIR]; R];
    for (k, w) in packed.chunks(wide).take(d).enumerate() {
        let w = [w[0], w[1]];
        for (q, z) in z.iter_mut().enumerate() {
            let value = simd.splat_f64s(x[q * d + k]);
            z[0] = simd.mul_add_f64s(w[0], value, z[0]);
            z[1] = simd.mul_add_f64s(w[1], value, z[1]);
        }
    }
    for (q, z) in z.into_iter().enumerate() {
        for (p, z) in z.into_iter().enumerate() {
            // NaN stays NaN.
            let h = simd.select_f64s(simd.less_than_f64s(z, zero), zero, z);
            let place = q * wide + p;
            sums[place] = simd.mul_add_f64s(h, outer[p], sums[place]);
            active[place] = simd.select_f64s(simd.less_than_f64s(zero, z), one, zero);
        }
    }
}

/// Adds `Σ_i r_i active_i x_i` to `gradient`, for one block of units.
struct Back<'a> {
    x: &'a [f64],
    active: &'a [Lanes],
    r: &'a [f64],
    weighed: &'a mut [Lanes],
    gradient: &'a mut [Lanes],
}

impl WithSimd for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, active, r, weighed, gradient } = self;
        let d = gradient.len();
        let (active, _) = S::as_simd_f64s(active.as_flattened());
        let (weighed, _) = S::as_mut_simd_f64s(weighed.as_flattened_mut());
        let (gradient, _) = S::as_mut_simd_f64s(gradient.as_flattened_mut());
        let wide = LANES / S::F64_LANES;
        for first in (0..r.len()).step_by(CHUNK) {
            let last = r.len().min(first + CHUNK);
            let rows = weighed.chunks_exact_mut(wide).zip(active[first * wide..].chunks_exact(wide));
            for ((w, a), r) in rows.zip(&r[first..last]) {
                let r = simd.splat_f64s(*r);
                w.iter_mut().zip(a).for_each(|(w, a)| *w = simd.mul_f64s(*a, r));
            }
            let (x, weighed) = (&x[first * d..last * d], &weighed[..(last - first) * wide]);
            for column in (0..wide).step_by(PAIR) {
                let mut k = 0;
                while k < d {
                    let inputs = if k + INPUTS <= d { INPUTS } else { 1 };
                    let gradient = &mut gradient[k * wide + column..];
                    if inputs == INPUTS {
                        back::<S, INPUTS>(simd, (x, d, k), (&weighed[column..], wide), gradient);
                    } else {
                        back::<S, 1>(simd, (x, d, k), (&weighed[column..], wide), gradient);
                    }
                    k += inputs;
                }
            }
        }
    }
}

#[inline(always)]
fn back<S: Simd, const K: usize>(
    simd: S,
    (x, d, first): (&[f64], usize, usize),
    (weighed, wide): (&[S::f64s], usize),
    gradient: &mut [S::f64s],
) {
    let mut sums = [[simd.splat_f64s(0.0); PAIR]; K];
    for (row, w) in x.chunks_exact(d).zip(weighed.chunks(wide)) {
        let row = &row[first..first + K];
        let w = [w[0], w[1]];
        for (sums, x) in sums.iter_mut().zip(row) {
            let x = simd.splat_f64s(*x);
            sums[0] = simd.mul_add_f64s(w[0], x, sums[0]);
            sums[1] = simd.mul_add_f64s(w[1], x, sums[1]);
        }
    }
    for (k, sums) in sums.into_iter().enumerate() {
        for (p, sum) in sums.into_iter().enumerate() {
            gradient[k * wide + p] = simd.add_f64s(gradient[k * wide + p], sum);
        }
    }
}
