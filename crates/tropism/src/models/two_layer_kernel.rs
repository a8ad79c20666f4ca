//! The two products of a training step of a two-layer ReLU network with one output, `f = Σ_j a_j relu(⟨w_j, x⟩)`.
//!
//! With `G_j = Σ_i r_i 1[⟨w_j, x_i⟩ > 0] x_i` the gradients are `a_j G_j` in `w_j` and `⟨w_j, G_j⟩` in `a_j`: all that the
//! way back needs of the way there is which units were active. Units are taken sixteen at a time, their weights
//! packed so that a block stays in the first cache over all samples, and sums stay in registers. Written in vectors, not left
//! to the compiler: it spilled the sums to memory, five times slower.

use super::network::copy_rows;
use crate::numerics::Design;
use pulp::bytemuck::bytes_of;
use pulp::bytemuck::checked::try_pod_read_unaligned;
use pulp::{Arch, Simd, WithSimd};

/// Units in a block.
const LANES: usize = 16;
/// Samples that share each load of a block's weights; twice as many where there are registers for their sums.
const SAMPLES: usize = 4;
/// Vectors of a block's units that are summed at once.
const PAIR: usize = 2;
/// Inputs whose sums stay in registers on the way back; twice as many where there are registers for them.
const INPUTS: usize = 5;
/// Registers of the widest machines.
const MANY: usize = 32;
/// Samples whose weights on the way back are held in the first cache, beside their inputs.
const CHUNK: usize = 96;
/// Room for the marks of one sample and block: a word for each unit where registers have no masks of bits.
const MARKS: usize = 8 * LANES;

type Lanes = [f64; LANES];
type Sums = [f64; LANES / PAIR];

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
    /// `[block][sample][lane]`: which units are still, as the registers of this machine mark it; bits take a hundredth of
    /// the memory of numbers. A block has room for `MARKS` a sample.
    still: Vec<u8>,
    /// Outputs by sample, not yet summed over lanes.
    sums: Vec<Sums>,
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
            let still = &self.still[block * self.samples * MARKS..][..self.samples * MARKS];
            self.gradient.fill([0.0; LANES]);
            let (x, weighed, gradient) = (&self.x, &mut self.weighed, &mut self.gradient);
            let weights = (packed, &self.outer[block]);
            let along = Arch::new().dispatch(Back { x, still, r, weights, weighed, gradient });
            let lanes = LANES.min(units - block * LANES);
            outer[block * LANES..][..lanes].copy_from_slice(&along[..lanes]);
            for (l, row) in hidden[block * LANES * d..].chunks_exact_mut(d.max(1)).take(lanes).enumerate() {
                row.iter_mut().zip(&self.gradient).for_each(|(o, g)| *o = g[l]);
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
            self.still.resize(blocks * n * MARKS, 0);
            self.sums.resize(n, Sums::default());
            self.weighed.resize(CHUNK, [0.0; LANES]);
            self.gradient.resize(d, [0.0; LANES]);
        }
        let same_inputs = copy_rows(x, &mut self.x);
        if same_shape && same_inputs && self.theta == theta {
            return;
        }
        self.theta.clear();
        self.theta.extend_from_slice(theta);
        self.sums.fill(Sums::default());
        for block in 0..blocks {
            let packed = &mut self.packed[block * d..(block + 1) * d];
            pack(theta, units, block, packed, &mut self.outer[block]);
            let still = &mut self.still[block * n * MARKS..(block + 1) * n * MARKS];
            let (x, outer, sums) = (&self.x, &self.outer[block], &mut self.sums);
            Arch::new().dispatch(There { x, packed, outer, sums, still });
        }
    }
}

/// Copies the weights of one block, zero beyond the last unit.
fn pack(theta: &[f64], units: usize, block: usize, packed: &mut [Lanes], outer: &mut Lanes) {
    let d = packed.len();
    for l in 0..LANES {
        let j = block * LANES + l;
        if j < units {
            outer[l] = theta[units * d + j];
            packed.iter_mut().zip(&theta[j * d..(j + 1) * d]).for_each(|(row, t)| row[l] = *t);
        } else {
            outer[l] = 0.0;
            packed.iter_mut().for_each(|row| row[l] = 0.0);
        }
    }
}

/// One block of units on all samples: adds their outputs to `sums` and tells which are still.
struct There<'a> {
    x: &'a [f64],
    packed: &'a [Lanes],
    outer: &'a Lanes,
    sums: &'a mut [Sums],
    still: &'a mut [u8],
}

impl WithSimd for There<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, packed, outer, sums, still } = self;
        let d = packed.len();
        let samples = sums.len();
        let (packed, _) = S::as_simd_f64s(packed.as_flattened());
        let (outer, _) = S::as_simd_f64s(outer);
        let (sums, _) = S::as_mut_simd_f64s(sums.as_flattened_mut());
        let wide = outer.len();
        for column in (0..wide).step_by(PAIR) {
            let mut first = 0;
            while first < samples {
                let rows = match samples - first {
                    left if left >= 2 * SAMPLES && S::REGISTER_COUNT >= MANY => 2 * SAMPLES,
                    left if left >= SAMPLES => SAMPLES,
                    _ => 1,
                };
                let x = (&x[first * d..(first + rows) * d], d, wide);
                let (place, sum) = (first * wide + column, (first * wide + column) / PAIR);
                let out = (&mut sums[sum..], &mut still[place * size_of::<S::m64s>()..]);
                let weights = (&packed[column..], &outer[column..]);
                match rows {
                    1 => there::<S, 1>(simd, x, weights, out),
                    SAMPLES => there::<S, SAMPLES>(simd, x, weights, out),
                    _ => there::<S, { 2 * SAMPLES }>(simd, x, weights, out),
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
    (sums, still): (&mut [S::f64s], &mut [u8]),
) {
    let zero = simd.splat_f64s(0.0);
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
        let sum = &mut sums[q * wide / PAIR];
        for (p, z) in z.into_iter().enumerate() {
            // NaN is not still: it stays NaN, and so does the derivative.
            let mark = simd.less_than_or_equal_f64s(z, zero);
            let h = simd.select_f64s(mark, zero, z);
            *sum = simd.mul_add_f64s(h, outer[p], *sum);
            let place = (q * wide + p) * size_of::<S::m64s>();
            still[place..][..size_of::<S::m64s>()].copy_from_slice(bytes_of(&mark));
        }
    }
}

/// Writes `a_j Σ_i r_i active_ij x_i` into the zero `gradient`, for one block of units `j`, and returns `Σ_i r_i active_ij ⟨w_j, x_i⟩`.
struct Back<'a> {
    x: &'a [f64],
    still: &'a [u8],
    r: &'a [f64],
    /// `w` and `a`.
    weights: (&'a [Lanes], &'a Lanes),
    weighed: &'a mut [Lanes],
    gradient: &'a mut [Lanes],
}

impl WithSimd for Back<'_> {
    type Output = Lanes;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Lanes {
        let Self { x, still, r, weights: (packed, outer), weighed, gradient: sums } = self;
        let d = sums.len();
        let (weighed, _) = S::as_mut_simd_f64s(weighed.as_flattened_mut());
        let (gradient, _) = S::as_mut_simd_f64s(sums.as_flattened_mut());
        let (wide, size) = (LANES / S::F64_LANES, size_of::<S::m64s>());
        let zero = simd.splat_f64s(0.0);
        let all = simd.less_than_or_equal_f64s(zero, zero);
        for first in (0..r.len()).step_by(CHUNK) {
            let last = r.len().min(first + CHUNK);
            let marks = still[first * wide * size..].chunks_exact(wide * size);
            for ((w, marks), r) in weighed.chunks_exact_mut(wide).zip(marks).zip(&r[first..last]) {
                let r = simd.splat_f64s(*r);
                for (w, mark) in w.iter_mut().zip(marks.chunks_exact(size)) {
                    *w = simd.select_f64s(try_pod_read_unaligned(mark).unwrap_or(all), zero, r);
                }
            }
            let (x, weighed) = (&x[first * d..last * d], &weighed[..(last - first) * wide]);
            for column in (0..wide).step_by(PAIR) {
                let mut k = 0;
                while k < d {
                    let inputs = match d - k {
                        left if left >= 2 * INPUTS && S::REGISTER_COUNT >= MANY => 2 * INPUTS,
                        left if left >= INPUTS => INPUTS,
                        _ => 1,
                    };
                    let gradient = &mut gradient[k * wide + column..];
                    let weighed = (&weighed[column..], wide);
                    match inputs {
                        1 => back::<S, 1>(simd, (x, d, k), weighed, gradient),
                        INPUTS => back::<S, INPUTS>(simd, (x, d, k), weighed, gradient),
                        _ => back::<S, { 2 * INPUTS }>(simd, (x, d, k), weighed, gradient),
                    }
                    k += inputs;
                }
            }
        }
        let mut along = [0.0; LANES];
        for (w, g) in packed.iter().zip(sums) {
            for l in 0..LANES {
                along[l] = w[l].mul_add(g[l], along[l]);
                g[l] *= outer[l];
            }
        }
        along
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
