//! One pass over the data for a gradient of a linear predictor: a block of rows is multiplied, its slopes taken and its part
//! of the gradient added while it is in the nearest cache.
//!
//! The slopes keep one running scale: a block that needs a larger one than all before it first rescales what has been
//! added. The scale is a function of the point alone, never of earlier steps, so a run that is interrupted continues
//! with the same bits. Sums are fused multiply-adds in a fixed order: the bits do not depend on the width of the registers.

use super::vexp;
use pulp::Simd;
use std::marker::PhantomData;

/// Numbers handled side by side, and rows of a block.
pub const LANES: usize = 8;

/// Eight numbers at an address that no register's load splits over two cache lines.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(align(64))]
pub struct Lane(pub [f64; LANES]);

/// The slope `∂ℓ/∂f` of a loss of one output with one number as its target.
///
/// A target of exactly 0 marks a row that only fills a block; its slope must be 0.
pub trait Slope {
    /// Largest `|output · target|` at which the slope itself, without a scale, is far inside the range of `f64`.
    const RANGE: f64;

    /// The scale `s` for which `exp(−s) ∂ℓ/∂f` is about one at the smallest `output · target`.
    fn scale(lowest: f64) -> f64;

    /// `exp(−scale) ∂ℓ/∂f`, `factor = exp(scale)`; for use inside a `pulp` dispatch.
    fn slope(output: f64, target: f64, scale: f64, factor: f64) -> f64;
}

/// `output · target`, and `∞` for a row that only fills a block.
#[inline(always)]
pub fn margin(output: f64, target: f64) -> f64 {
    if target == 0.0 { f64::INFINITY } else { output * target }
}

/// `((0+4)+(1+5)) + ((2+6)+(3+7))`: the order in which lanes are added.
#[inline(always)]
pub fn total(v: &[f64; LANES]) -> f64 {
    ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]))
}

/// A vector cut into lanes, the last one filled up with zeros.
pub fn lanes(v: &[f64]) -> Vec<Lane> {
    let mut out = vec![Lane::default(); v.len().div_ceil(LANES)];
    fill(v, &mut out);
    out
}

/// Copies `v` into lanes that hold it.
pub fn fill(v: &[f64], out: &mut [Lane]) {
    for (lane, part) in out.iter_mut().zip(v.chunks(LANES)) {
        lane.0[..part.len()].copy_from_slice(part);
    }
}

/// Copies lanes back into `out`.
pub fn unfill(v: &[Lane], out: &mut [f64]) {
    for (lane, part) in v.iter().zip(out.chunks_mut(LANES)) {
        part.copy_from_slice(&lane.0[..part.len()]);
    }
}

/// A matrix as the pass reads it: blocks of eight rows, the last one filled up with zeros. For use inside a `pulp` dispatch.
pub trait Blocks: Copy {
    /// Products of the rows of block `b` with `w`.
    fn outputs<V: Simd>(&self, simd: V, b: usize, w: &[Lane]) -> [f64; LANES];
    /// Adds `Σ_r s_r x_r` over the rows of block `b`.
    fn add<V: Simd>(&self, simd: V, b: usize, s: &[f64; LANES], g: &mut [Lane]);
}

/// `c += a b`, lane by lane. Registers by name: left to itself the compiler mixes the rows of a block.
#[inline(always)]
pub fn multiply_add<V: Simd>(simd: V, a: &[f64; LANES], b: &[f64; LANES], c: &mut [f64; LANES]) {
    let (a, b, c) = (V::as_simd_f64s(a).0, V::as_simd_f64s(b).0, V::as_mut_simd_f64s(c).0);
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        *c = simd.mul_add_f64s(*a, *b, *c);
    }
}

/// Chunks of eight rows by eight columns, stored one after the other in the order in which they are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    data: Vec<[Lane; LANES]>,
    /// First chunk of each block, and the end.
    starts: Vec<usize>,
}

impl Packed {
    /// Packs the row-major `data [rows × cols]`, of which the part right of the diagonal may be known to be zero.
    pub fn new(data: &[f64], rows: usize, cols: usize, lower: bool) -> Self {
        let chunks = cols.div_ceil(LANES);
        let (mut out, mut starts) = (vec![], vec![0]);
        for b in 0..rows.div_ceil(LANES) {
            let reach = if lower { (b + 1).min(chunks) } else { chunks };
            for c in 0..reach {
                let mut chunk = [Lane::default(); LANES];
                for (r, lane) in chunk.iter_mut().enumerate().take(rows - b * LANES) {
                    let start = (b * LANES + r) * cols;
                    let part = &data[start + c * LANES..start + cols.min((c + 1) * LANES)];
                    lane.0[..part.len()].copy_from_slice(part);
                }
                out.push(chunk);
            }
            starts.push(out.len());
        }
        Self { data: out, starts }
    }

    #[inline(always)]
    fn block(&self, b: usize) -> &[[Lane; LANES]] {
        &self.data[self.starts[b]..self.starts[b + 1]]
    }
}

impl Blocks for &Packed {
    #[inline(always)]
    fn outputs<V: Simd>(&self, simd: V, b: usize, w: &[Lane]) -> [f64; LANES] {
        let mut sums = [[0.0f64; LANES]; LANES];
        for (x, w) in self.block(b).iter().zip(w) {
            for r in 0..LANES {
                multiply_add(simd, &x[r].0, &w.0, &mut sums[r]);
            }
        }
        std::array::from_fn(|r| total(&sums[r]))
    }

    #[inline(always)]
    fn add<V: Simd>(&self, simd: V, b: usize, s: &[f64; LANES], g: &mut [Lane]) {
        let s = s.map(|s| [s; LANES]);
        for (x, g) in self.block(b).iter().zip(g) {
            add_rows(simd, |r| &x[r].0, &s, &mut g.0);
        }
    }
}

/// `g += Σ_r s_r x_r` for eight columns, in two sums, so that additions need not wait for each other.
#[inline(always)]
fn add_rows<'a, V: Simd>(
    simd: V,
    row: impl Fn(usize) -> &'a [f64; LANES],
    s: &[[f64; LANES]; LANES],
    g: &mut [f64; LANES],
) {
    let (mut even, mut odd) = (*g, [0.0; LANES]);
    for r in 0..LANES / 2 {
        multiply_add(simd, row(2 * r), &s[2 * r], &mut even);
        multiply_add(simd, row(2 * r + 1), &s[2 * r + 1], &mut odd);
    }
    for l in 0..LANES {
        g[l] = even[l] + odd[l];
    }
}

/// A row-major matrix where it stands: for data too large to be copied.
#[derive(Debug, Clone, Copy)]
pub struct Plain<'a> {
    pub data: &'a [f64],
    pub rows: usize,
    pub cols: usize,
}

impl<'a> Plain<'a> {
    /// Eight rows from `first`, in whole lanes and what is left; the last row again where there are no more.
    #[inline(always)]
    fn rows(&self, first: usize) -> [(&'a [[f64; LANES]], &'a [f64]); LANES] {
        let whole = self.cols / LANES;
        std::array::from_fn(|r| {
            let start = (first + r).min(self.rows - 1) * self.cols;
            let (chunks, rest) = self.data[start..start + self.cols].as_chunks::<LANES>();
            (&chunks[..whole], rest)
        })
    }
}

impl Blocks for Plain<'_> {
    #[inline(always)]
    fn outputs<V: Simd>(&self, simd: V, b: usize, w: &[Lane]) -> [f64; LANES] {
        let rows = self.rows(b * LANES);
        let whole = self.cols / LANES;
        let mut sums = [[0.0f64; LANES]; LANES];
        for (c, w) in w[..whole].iter().enumerate() {
            for r in 0..LANES {
                multiply_add(simd, &rows[r].0[c], &w.0, &mut sums[r]);
            }
        }
        std::array::from_fn(|r| {
            let rest = rows[r].1.iter().zip(w[whole..].iter().flat_map(|w| &w.0));
            let sum = rest.fold(total(&sums[r]), |sum, (x, w)| x.mul_add(*w, sum));
            if b * LANES + r < self.rows { sum } else { 0.0 }
        })
    }

    #[inline(always)]
    fn add<V: Simd>(&self, simd: V, b: usize, s: &[f64; LANES], g: &mut [Lane]) {
        let rows = self.rows(b * LANES);
        let wide = s.map(|s| [s; LANES]);
        let (full, last) = g.split_at_mut(self.cols / LANES);
        for (c, g) in full.iter_mut().enumerate() {
            add_rows(simd, |r| &rows[r].0[c], &wide, &mut g.0);
        }
        if let Some(g) = last.first_mut() {
            for (row, s) in rows.iter().zip(s) {
                g.0.iter_mut().zip(row.1).for_each(|(g, x)| *g = x.mul_add(*s, *g));
            }
        }
    }
}

/// Memory of a pass, all in lanes: weights and gradient `[d]`, outputs and targets `[n]`.
pub struct Vectors<'a> {
    pub weights: &'a mut [Lane],
    pub gradient: &'a mut [Lane],
    pub outputs: &'a mut [Lane],
    pub targets: &'a [Lane],
}

/// `steps` steps `w ← w − eta exp(log_weight) Σ_i ∂ℓ_i/∂f_i x_i`; with `steps = 0` only the gradient.
/// Returns the scale of the last gradient, without the weight.
pub struct Descent<'a, B, S> {
    pub blocks: B,
    pub vectors: Vectors<'a>,
    pub eta: f64,
    pub log_weight: f64,
    pub steps: u64,
    pub slope: PhantomData<S>,
}

impl<B: Blocks, S: Slope> pulp::WithSimd for Descent<'_, B, S> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<V: Simd>(self, simd: V) -> f64 {
        let Self { blocks, vectors: v, eta, log_weight, steps, .. } = self;
        if steps == 0 {
            return pass::<B, S, V>(simd, blocks, v.weights, v.gradient, v.outputs, v.targets);
        }
        let mut scale = 0.0;
        for _ in 0..steps {
            scale = pass::<B, S, V>(simd, blocks, v.weights, v.gradient, v.outputs, v.targets);
            let step = -eta * vexp::exp(scale + log_weight);
            for (w, g) in v.weights.iter_mut().zip(v.gradient.iter()) {
                for l in 0..LANES {
                    w.0[l] = g.0[l].mul_add(step, w.0[l]);
                }
            }
        }
        scale
    }
}

/// `g = exp(−s) Σ_i ∂ℓ_i/∂f_i x_i` at the weights `w`, and `s`.
#[inline(always)]
fn pass<B: Blocks, S: Slope, V: Simd>(
    simd: V,
    x: B,
    w: &[Lane],
    g: &mut [Lane],
    f: &mut [Lane],
    y: &[Lane],
) -> f64 {
    g.fill(Lane::default());
    let (mut scale, mut factor) = (f64::NEG_INFINITY, 0.0);
    let last = f.len().saturating_sub(1);
    let mut next = if f.is_empty() { [0.0; LANES] } else { x.outputs(simd, 0, w) };
    for (b, (f, y)) in f.iter_mut().zip(y).enumerate() {
        f.0 = next;
        let mut lowest = f64::INFINITY;
        for l in 0..LANES {
            let m = margin(f.0[l], y.0[l]);
            lowest = if m < lowest { m } else { lowest };
        }
        let needed = S::scale(lowest);
        if needed > scale {
            let shrink = vexp::exp(scale - needed);
            g.iter_mut().for_each(|g| g.0.iter_mut().for_each(|v| *v *= shrink));
            (scale, factor) = (needed, vexp::exp(needed));
        }
        let mut s = [0.0; LANES];
        for ((s, f), y) in s.iter_mut().zip(&f.0).zip(&y.0) {
            *s = S::slope(*f, *y, scale, factor);
        }
        // The next block's products fill the time that this one's exponentials take.
        if b < last {
            next = x.outputs(simd, b + 1, w);
        }
        x.add(simd, b, &s, g);
    }
    if scale == f64::NEG_INFINITY { 0.0 } else { scale }
}
