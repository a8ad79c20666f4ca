//! Descent on data of few columns: the samples lie side by side in the registers and the weights never leave them.
//!
//! Slopes are taken without a scale, which is exact while every `|output · target|` is inside the loss's range; the loop ends
//! where one is not, a function of the point alone.

use super::blocks::multiply_add;
use super::fused::{LANES, Lane, Slope, total};
use pulp::Simd;
use std::marker::PhantomData;

/// Largest number of columns.
pub const MOST_COLUMNS: usize = 8;

/// Rows in blocks of eight, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    data: Vec<Lane>,
    cols: usize,
}

impl Columns {
    /// Packs the row-major `data [rows × cols]`, `1 ≤ cols ≤ MOST_COLUMNS`.
    pub fn new(data: &[f64], rows: usize, cols: usize) -> Self {
        let mut out = vec![Lane::default(); rows.div_ceil(LANES) * cols];
        for i in 0..rows {
            for j in 0..cols {
                out[i / LANES * cols + j].0[i % LANES] = data[i * cols + j];
            }
        }
        Self { data: out, cols }
    }

    /// At most `steps` steps `w ← w − eta Σ_i ∂ℓ_i/∂f_i x_i`; returns how many were taken.
    pub fn descend<S: Slope>(&self, targets: &[Lane], w: &mut [f64], eta: f64, steps: u64) -> u64 {
        macro_rules! by_columns {
            ($($d:literal)+) => {
                match self.cols {
                    $($d => {
                        let (Some(w), blocks) = (w.first_chunk_mut::<$d>(), self.data.as_chunks::<$d>().0) else { return 0 };
                        pulp::Arch::new().dispatch(Loop::<S, $d> { blocks, targets, w, eta, steps, slope: PhantomData })
                    })+
                    _ => 0,
                }
            };
        }
        by_columns!(1 2 3 4 5 6 7 8)
    }
}

struct Loop<'a, S, const D: usize> {
    blocks: &'a [[Lane; D]],
    targets: &'a [Lane],
    w: &'a mut [f64; D],
    eta: f64,
    steps: u64,
    slope: PhantomData<S>,
}

impl<S: Slope, const D: usize> pulp::WithSimd for Loop<'_, S, D> {
    type Output = u64;

    #[inline(always)]
    fn with_simd<V: Simd>(self, simd: V) -> u64 {
        let mut w = *self.w;
        let mut taken = 0;
        while taken < self.steps {
            let (g, inside) = gradient::<S, V, D>(simd, self.blocks, self.targets, &w);
            if !inside {
                break;
            }
            for j in 0..D {
                w[j] = g[j].mul_add(-self.eta, w[j]);
            }
            taken += 1;
        }
        *self.w = w;
        taken
    }
}

/// The gradient, and whether all margins are in range.
#[inline(always)]
fn gradient<S: Slope, V: Simd, const D: usize>(
    simd: V,
    blocks: &[[Lane; D]],
    targets: &[Lane],
    w: &[f64; D],
) -> ([f64; D], bool) {
    let mut g = [[0.0f64; LANES]; D];
    let mut outside = [0.0f64; LANES];
    for (x, y) in blocks.iter().zip(targets) {
        let mut f = [0.0f64; LANES];
        for j in 0..D {
            multiply_add(simd, &x[j].0, &[w[j]; LANES], &mut f);
        }
        let mut s = [0.0; LANES];
        for l in 0..LANES {
            // Written so that NaN counts as outside; a row that only fills the block is always inside.
            let inside = y.0[l] == 0.0 || (f[l] * y.0[l]).abs() <= S::RANGE;
            outside[l] += if inside { 0.0 } else { 1.0 };
            s[l] = S::slope(f[l], y.0[l], 0.0, 1.0);
        }
        for j in 0..D {
            multiply_add(simd, &x[j].0, &s, &mut g[j]);
        }
    }
    (std::array::from_fn(|j| total(&g[j])), total(&outside) == 0.0)
}
