//! Matrices as the fused passes read them: blocks of eight rows, packed into the order of reading or where they stand.

use super::fused::{LANES, Lane, total};
use pulp::Simd;

/// A matrix as the pass reads it: blocks of eight rows, the last one filled up with zeros. For use inside a `pulp` dispatch.
pub trait Blocks: Copy {
    /// Stored numbers, in lanes.
    fn lanes(&self) -> usize;
    /// Products of the rows of block `b` with `w`.
    fn outputs<V: Simd>(&self, simd: V, b: usize, w: &[Lane]) -> [f64; LANES];
    /// The same for blocks `b` and `b + 1`.
    #[inline(always)]
    fn outputs_two<V: Simd>(&self, simd: V, b: usize, w: &[Lane]) -> [[f64; LANES]; 2] {
        [self.outputs(simd, b, w), self.outputs(simd, b + 1, w)]
    }
    /// Adds `Σ_r s_r x_r` over the rows of block `b`.
    fn add<V: Simd>(&self, simd: V, b: usize, s: &[f64; LANES], g: &mut [Lane]);
    /// The same for blocks `b` and `b + 1`.
    #[inline(always)]
    fn add_two<V: Simd>(&self, simd: V, b: usize, s: [&[f64; LANES]; 2], g: &mut [Lane]) {
        self.add(simd, b + 1, s[1], g);
        self.add(simd, b, s[0], g);
    }
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
    fn lanes(&self) -> usize {
        LANES * self.data.len()
    }

    #[inline(always)]
    fn outputs<V: Simd>(&self, simd: V, b: usize, w: &[Lane]) -> [f64; LANES] {
        let mut sums = [[0.0f64; LANES]; LANES];
        for (x, w) in self.block(b).iter().zip(w) {
            for r in 0..LANES {
                multiply_add(simd, &x[r].0, &w.0, &mut sums[r]);
            }
        }
        totals(simd, &sums)
    }

    #[inline(always)]
    fn add<V: Simd>(&self, simd: V, b: usize, s: &[f64; LANES], g: &mut [Lane]) {
        let s = spread(s);
        for (x, g) in self.block(b).iter().zip(g) {
            add_rows(simd, |r| &x[r].0, &s, &mut g.0);
        }
    }

    #[inline(always)]
    fn outputs_two<V: Simd>(&self, simd: V, b: usize, w: &[Lane]) -> [[f64; LANES]; 2] {
        let (x, y) = (self.block(b), self.block(b + 1));
        let mut sums = [[[0.0f64; LANES]; LANES]; 2];
        let common = x.len().min(y.len());
        for ((x, y), w) in x.iter().zip(y).zip(w) {
            for r in 0..LANES {
                multiply_add(simd, &x[r].0, &w.0, &mut sums[0][r]);
                multiply_add(simd, &y[r].0, &w.0, &mut sums[1][r]);
            }
        }
        for (y, w) in y[common..].iter().zip(&w[common..]) {
            for r in 0..LANES {
                multiply_add(simd, &y[r].0, &w.0, &mut sums[1][r]);
            }
        }
        [totals(simd, &sums[0]), totals(simd, &sums[1])]
    }

    #[inline(always)]
    fn add_two<V: Simd>(&self, simd: V, b: usize, s: [&[f64; LANES]; 2], g: &mut [Lane]) {
        let (x, y) = (self.block(b), self.block(b + 1));
        let (s, t) = (spread(s[0]), spread(s[1]));
        let common = x.len().min(y.len());
        for ((x, y), g) in x.iter().zip(y).zip(&mut *g) {
            let (mut one, mut two, mut three, mut four) = (g.0, [0.0; LANES], [0.0; LANES], [0.0; LANES]);
            for r in 0..LANES / 2 {
                multiply_add(simd, &x[2 * r].0, &s[2 * r], &mut one);
                multiply_add(simd, &x[2 * r + 1].0, &s[2 * r + 1], &mut two);
                multiply_add(simd, &y[2 * r].0, &t[2 * r], &mut three);
                multiply_add(simd, &y[2 * r + 1].0, &t[2 * r + 1], &mut four);
            }
            for l in 0..LANES {
                g.0[l] = (one[l] + two[l]) + (three[l] + four[l]);
            }
        }
        for (y, g) in y[common..].iter().zip(&mut g[common..]) {
            add_rows(simd, |r| &y[r].0, &t, &mut g.0);
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

/// A row-major matrix where it stands: for data too large to be copied, and for batches of its rows.
#[derive(Debug, Clone, Copy)]
pub struct Plain<'a> {
    pub data: &'a [f64],
    /// Rows of the matrix, or of the batch.
    pub rows: usize,
    pub cols: usize,
    /// Which rows, in which order; all if absent.
    pub batch: Option<&'a [usize]>,
}

impl<'a> Plain<'a> {
    /// Eight rows from `first`, in whole lanes and what is left; the last row again where there are no more.
    #[inline(always)]
    fn rows(&self, first: usize) -> [(&'a [[f64; LANES]], &'a [f64]); LANES] {
        let whole = self.cols / LANES;
        std::array::from_fn(|r| {
            let row = (first + r).min(self.rows - 1);
            let start = self.batch.map_or(row, |batch| batch[row]) * self.cols;
            let (chunks, rest) = self.data[start..start + self.cols].as_chunks::<LANES>();
            (&chunks[..whole], rest)
        })
    }
}

impl Blocks for Plain<'_> {
    #[inline(always)]
    fn lanes(&self) -> usize {
        self.rows * self.cols.div_ceil(LANES)
    }

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
        let sums = totals(simd, &sums);
        std::array::from_fn(|r| {
            let rest = rows[r].1.iter().zip(w[whole..].iter().flat_map(|w| &w.0));
            let sum = rest.fold(sums[r], |sum, (x, w)| x.mul_add(*w, sum));
            if b * LANES + r < self.rows { sum } else { 0.0 }
        })
    }

    #[inline(always)]
    fn add<V: Simd>(&self, simd: V, b: usize, s: &[f64; LANES], g: &mut [Lane]) {
        let rows = self.rows(b * LANES);
        let wide = spread(s);
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

/// Every number in all lanes of its own. A loop: `map` of an array is not inlined into what is compiled for wide registers.
#[inline(always)]
fn spread(s: &[f64; LANES]) -> [[f64; LANES]; LANES] {
    let mut wide = [[0.0; LANES]; LANES];
    for r in 0..LANES {
        wide[r] = [s[r]; LANES];
    }
    wide
}

/// [`total`] of each row.
#[inline(always)]
fn totals<V: Simd>(simd: V, rows: &[[f64; LANES]; LANES]) -> [f64; LANES] {
    #[cfg(target_arch = "x86_64")]
    if let Some(v4) = (&simd as &dyn std::any::Any).downcast_ref::<pulp::x86::V4>() {
        return totals_v4(*v4, rows);
    }
    let _ = simd;
    std::array::from_fn(|r| total(&rows[r]))
}

/// The same sums in the same order, a row to a register: the compiler takes the rows apart number by number.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn totals_v4(simd: pulp::x86::V4, rows: &[[f64; LANES]; LANES]) -> [f64; LANES] {
    use std::arch::x86_64::__m512d;
    let simd = simd.avx512f;
    let v: [__m512d; LANES] = pulp::cast(*rows);
    // Lane l and l + 4 of two rows; neighbours; neighbours of neighbours.
    let halves = |a, b| {
        let (low, high) = (simd._mm512_shuffle_f64x2::<0x44>(a, b), simd._mm512_shuffle_f64x2::<0xEE>(a, b));
        simd._mm512_add_pd(low, high)
    };
    let pairs = |a, b| simd._mm512_add_pd(simd._mm512_unpacklo_pd(a, b), simd._mm512_unpackhi_pd(a, b));
    let low = pairs(halves(v[0], v[2]), halves(v[1], v[3]));
    let high = pairs(halves(v[4], v[6]), halves(v[5], v[7]));
    let (even, odd) =
        (simd._mm512_shuffle_f64x2::<0x88>(low, high), simd._mm512_shuffle_f64x2::<0xDD>(low, high));
    pulp::cast(simd._mm512_add_pd(even, odd))
}
