//! What "steepest" means: the unit ball or mirror potential that shapes an optimizer's steps.

use super::SecondMoment;
use crate::models::Block;
use crate::numerics::decomposition::Decomposition;
use crate::numerics::gemm::{Factor, product};
use crate::numerics::linalg::{max_abs, norm2};
use crate::numerics::{Norm, potential::Potential};
use serde::{Deserialize, Serialize};

/// The geometry of an optimizer's step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Geometry {
    /// Steepest descent in a norm.
    Norm(Norm),
    /// Mirror descent in a potential.
    Mirror(Potential),
    /// Each coordinate divided by the root of its second moment.
    Adaptive(SecondMoment),
    /// Spectral steps by an iteration that brings singular values near one but not to it; vectors by their ℓ2 norm.
    NewtonSchulz { iterations: u32 },
    /// Spectral steps for matrices, a second moment for the blocks that are vectors.
    Hybrid(SecondMoment),
    /// Gradient matrices between inverse roots of their summed (or averaged) outer products.
    Kronecker { beta2: f64, epsilon: f64 },
    /// Gradients times the (damped) inverse of the Gauss-Newton matrix.
    GaussNewton { damping: f64 },
    /// The flow of the loss that gradient descent with step η follows to second order.
    Modified { eta: f64 },
    /// No gradients: candidates are compared by their losses.
    Search,
}

/// `‖w‖` of parameters in blocks: matrix norms join the blocks' own, spectral by the largest, nuclear by the sum, so that
/// they stay dual to each other; the others see one vector.
pub fn block_norm(norm: Norm, w: &[f64], blocks: &[Block]) -> f64 {
    let own = blocks.iter().map(|b| norm.value(&w[b.range()], b.rows));
    match norm {
        Norm::Spectral => own.fold(0.0, f64::max),
        Norm::Nuclear => own.sum(),
        Norm::L1 | Norm::L2 | Norm::LInf | Norm::Lp(_) => norm.value(w, 1),
    }
}

/// Writes `argmax_{‖v‖ ≤ 1} ⟨−g, v⟩` into `out`, for the norm of [`block_norm`] (`g` of any positive scale); zero for `g = 0`.
///
/// ℓ2 gradient direction, ℓ∞ sign, ℓ1 the largest coordinate (the first of equals), ℓp `−sign(g)|g|^{q−1}` at unit ℓp
/// norm with `1/p + 1/q = 1`, spectral the negative polar factor of each block, nuclear the top singular pair of the block
/// where it is largest; `work` is the memory of its decomposition.
pub fn steepest(norm: Norm, g: &[f64], blocks: &[Block], work: &mut Decomposition, out: &mut [f64]) {
    let top = max_abs(g);
    if top == 0.0 || !top.is_finite() {
        out.fill(0.0);
        return;
    }
    match norm {
        Norm::L2 => scaled_negative(g, norm2(g), out),
        Norm::LInf => out.iter_mut().zip(g).for_each(|(o, &v)| *o = if v == 0.0 { 0.0 } else { -v.signum() }),
        Norm::L1 => {
            out.fill(0.0);
            if let Some(j) = g.iter().position(|v| v.abs() == top) {
                out[j] = -g[j].signum();
            }
        }
        Norm::Lp(p) => {
            let q = p / (p - 1.0);
            out.iter_mut().zip(g).for_each(|(o, &v)| *o = -v.signum() * (v.abs() / top).powf(q - 1.0));
            let len = norm.value(out, 1);
            out.iter_mut().for_each(|o| *o /= len);
        }
        Norm::Spectral => blocks.iter().for_each(|b| {
            block_direction(norm, &g[b.range()], b, work, &mut out[b.range()]);
        }),
        Norm::Nuclear => {
            out.fill(0.0);
            if let Some(b) = largest_block(g, blocks) {
                block_direction(norm, &g[b.range()], b, work, &mut out[b.range()]);
            }
        }
    }
}

/// The block of largest spectral norm, the first of equals.
fn largest_block<'a>(g: &[f64], blocks: &'a [Block]) -> Option<&'a Block> {
    if let [only] = blocks {
        return Some(only);
    }
    let size = |b: &Block| Norm::Spectral.value(&g[b.range()], b.rows);
    blocks.iter().rev().max_by(|a, b| size(a).total_cmp(&size(b)))
}

/// The steepest direction of one block; zero for a block without a gradient.
pub(super) fn block_direction(norm: Norm, g: &[f64], b: &Block, work: &mut Decomposition, out: &mut [f64]) {
    let top = max_abs(g);
    if top == 0.0 {
        out.fill(0.0);
    } else if b.is_vector() {
        scaled_negative(g, norm2(g), out);
    } else {
        matrix_direction(norm, g, b.rows, work, out);
    }
}

fn scaled_negative(g: &[f64], by: f64, out: &mut [f64]) {
    out.iter_mut().zip(g).for_each(|(o, v)| *o = -v / by);
}

fn matrix_direction(norm: Norm, g: &[f64], k: usize, work: &mut Decomposition, out: &mut [f64]) {
    let d = g.len() / k;
    if !work.singular(g, k, d) {
        out.fill(0.0);
        return;
    }
    let top = work.values.first().copied().unwrap_or(0.0);
    let cut = top * k.max(d) as f64 * f64::EPSILON;
    let rank = match norm {
        Norm::Nuclear => 1,
        _ => work.values.iter().take_while(|&&s| s > cut).count().max(1),
    };
    let left = &mut work.left[..rank * k];
    left.iter_mut().for_each(|u| *u = -*u);
    product(out, Factor::transposed(left, rank, k), Factor::plain(&work.right, rank, d), false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::linalg::dot;

    const BLOCKS: [Block; 3] = [
        Block { offset: 0, rows: 2, cols: 3 },
        Block { offset: 6, rows: 2, cols: 1 },
        Block { offset: 8, rows: 2, cols: 2 },
    ];

    /// Over blocks as over one matrix: unit length, and `⟨−g, v⟩` the dual norm.
    #[test]
    fn the_steepest_direction_of_blocks_attains_the_dual_norm() {
        let g = [1.0, -2.0, 0.5, 0.3, 1.5, -0.7, 0.4, -2.0, 0.2, 0.1, -1.1, 0.9];
        for norm in [Norm::L1, Norm::L2, Norm::LInf, Norm::Lp(3.0), Norm::Spectral, Norm::Nuclear] {
            let mut v = [0.0; 12];
            steepest(norm, &g, &BLOCKS, &mut Decomposition::default(), &mut v);
            let (length, dual) = (block_norm(norm, &v, &BLOCKS), block_norm(norm.dual(), &g, &BLOCKS));
            // Decompositions of matrices of size three: a few units in the last place.
            assert!((length - 1.0).abs() < 1e-13, "{norm:?}: {length}");
            assert!((-dot(&g, &v) - dual).abs() < 1e-13 * dual, "{norm:?}");
        }
    }

    #[test]
    fn a_block_without_gradient_stays() {
        let mut g = [0.0; 12];
        g[9] = 1.0;
        let mut v = [1.0; 12];
        steepest(Norm::Spectral, &g, &BLOCKS, &mut Decomposition::default(), &mut v);
        assert!(v[..8].iter().all(|&x| x == 0.0) && (v[9] + 1.0).abs() < 1e-15, "{v:?}");
    }
}
