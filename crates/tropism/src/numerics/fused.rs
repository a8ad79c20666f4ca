//! One pass over the data for a gradient of a linear predictor: a block of rows is multiplied, its slopes taken and its part
//! of the gradient added while it is in the nearest cache.
//!
//! The slopes keep one running scale: a block that needs a larger one than all before it first rescales what has been
//! added. The scale is a function of the point alone, never of earlier steps, so a run that is interrupted continues
//! with the same bits. Sums are fused multiply-adds in a fixed order: the bits do not depend on the width of the registers.

use super::blocks::Blocks;
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

/// Memory of a pass, all in lanes: weights and gradient `[d]`, outputs and targets `[n]`, slopes of a group ([`room`]).
pub struct Vectors<'a> {
    pub weights: &'a mut [Lane],
    pub gradient: &'a mut [Lane],
    pub outputs: &'a mut [Lane],
    pub slopes: &'a mut [Lane],
    pub targets: &'a [Lane],
}

/// The parameters that are stepped, of which the weights of a pass are a function.
pub trait Chart {
    /// Adds `step` times the gradient in the parameters, where `g` is that in the weights `w`, and renews `w`.
    fn step<V: Simd>(&mut self, simd: V, w: &mut [Lane], g: &[Lane], step: f64);
}

/// The weights themselves.
pub struct Direct;

impl Chart for Direct {
    #[inline(always)]
    fn step<V: Simd>(&mut self, _simd: V, w: &mut [Lane], g: &[Lane], step: f64) {
        for (w, g) in w.iter_mut().zip(g) {
            for l in 0..LANES {
                w.0[l] = g.0[l].mul_add(step, w.0[l]);
            }
        }
    }
}

/// `steps` steps `θ ← θ − eta exp(log_weight) Σ_i ∂ℓ_i/∂θ`; with `steps = 0` only the gradient in the weights.
/// Returns the scale of the last gradient, without the weight.
pub struct Descent<'a, B, S, C> {
    pub blocks: B,
    pub vectors: Vectors<'a>,
    pub chart: C,
    pub eta: f64,
    pub log_weight: f64,
    pub steps: u64,
    pub slope: PhantomData<S>,
}

impl<B: Blocks, S: Slope, C: Chart> pulp::WithSimd for Descent<'_, B, S, C> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<V: Simd>(self, simd: V) -> f64 {
        let Self { blocks, vectors: mut v, mut chart, eta, log_weight, steps, .. } = self;
        if steps == 0 {
            return pass::<B, S, V>(simd, blocks, &mut v);
        }
        let mut scale = 0.0;
        for _ in 0..steps {
            scale = pass::<B, S, V>(simd, blocks, &mut v);
            let step = -eta * vexp::exp(scale + log_weight);
            chart.step(simd, v.weights, v.gradient, step);
        }
        scale
    }
}

/// `g = exp(−s) Σ_i ∂ℓ_i/∂f_i x_i` at the weights of `v`, and `s`.
///
/// Blocks are taken in groups that stay in the first cache: outputs of all, slopes of all, gradient of all, so that the
/// exponentials of one block need not be waited for. Back through a group the other way round: its last blocks are the ones
/// still near, and the first ones are near when the next pass begins with them.
#[inline(always)]
fn pass<B: Blocks, S: Slope, V: Simd>(simd: V, x: B, v: &mut Vectors) -> f64 {
    let Vectors { weights: w, gradient: g, outputs, slopes, targets } = v;
    g.fill(Lane::default());
    let (mut scale, mut factor) = (f64::NEG_INFINITY, 0.0);
    let group = group_of(x.lanes(), outputs.len());
    let groups = outputs.chunks_mut(group).zip(targets.chunks(group));
    for (k, (f, y)) in groups.enumerate() {
        let s = &mut slopes[..f.len()];
        let first = k * group;
        let (pairs, single) = f.as_chunks_mut::<2>();
        for (p, [e, f]) in pairs.iter_mut().enumerate() {
            [e.0, f.0] = x.outputs_two(simd, first + 2 * p, w);
        }
        for f in single {
            f.0 = x.outputs(simd, first + 2 * pairs.len(), w);
        }
        let needed = S::scale(lowest(f, y));
        if needed > scale {
            let shrink = vexp::exp(scale - needed);
            if k > 0 {
                g.iter_mut().for_each(|g| g.0.iter_mut().for_each(|v| *v *= shrink));
            }
            (scale, factor) = (needed, vexp::exp(needed));
        }
        for ((s, f), y) in s.iter_mut().zip(&*f).zip(y) {
            // Copies: nothing that is written can be what is read, which the compiler must know to take eight at once.
            let (f, y, mut lane) = (f.0, y.0, [0.0; LANES]);
            for l in 0..LANES {
                lane[l] = S::slope(f[l], y[l], scale, factor);
            }
            s.0 = lane;
        }
        let (pairs, single) = s.as_chunks::<2>();
        for s in single {
            x.add(simd, first + 2 * pairs.len(), &s.0, g);
        }
        for (p, [s, t]) in pairs.iter().enumerate().rev() {
            x.add_two(simd, first + 2 * p, [&s.0, &t.0], g);
        }
    }
    if scale == f64::NEG_INFINITY { 0.0 } else { scale }
}

/// Smallest margin of a group.
#[inline(always)]
fn lowest(f: &[Lane], y: &[Lane]) -> f64 {
    let mut lowest = [f64::INFINITY; LANES];
    for (f, y) in f.iter().zip(y) {
        for (lowest, (f, y)) in lowest.iter_mut().zip(f.0.iter().zip(&y.0)) {
            let m = margin(*f, *y);
            *lowest = if m < *lowest { m } else { *lowest };
        }
    }
    lowest.into_iter().fold(f64::INFINITY, |a, b| if b < a { b } else { a })
}

/// Lanes that fit into the first cache of current processors: 48 kB.
const NEAR: usize = 768;

/// Blocks of a group, where `blocks` hold `lanes`: as few groups of one size as are each near.
#[inline(always)]
fn group_of(lanes: usize, blocks: usize) -> usize {
    blocks.div_ceil(lanes.div_ceil(NEAR).max(1)).max(1)
}

/// Room for the slopes of a group of blocks.
pub fn room(lanes: usize, blocks: usize) -> Vec<Lane> {
    vec![Lane::default(); group_of(lanes, blocks)]
}
