//! A product `A Bᵀ` of which only some entries count, and what these pull back: completion sees a fifth of a matrix, and forming
//! all of it, and products with a gradient that is zero elsewhere, would be most of a step.

use super::design::Csr;
use super::fused::total;
use super::wide::wide;

/// Numbers that are added in parallel.
const LANES: usize = 8;
/// Entries of a row that share each load of it.
const SHARE: usize = 4;
/// Columns that stay in registers while the entries of a row pass.
const COLUMNS: usize = 32;
/// Entries that are taken together: most that lie in one row of a matrix of a few hundred columns.
const MOST: usize = 64;

/// Functionals on matrices of `cols` columns, a sparse row each: `⟨S_i, M⟩ = Σ_e v_e M[e / cols, e % cols]`.
#[derive(Clone, Copy)]
pub struct Entries<'a> {
    pub pattern: &'a Csr,
    pub cols: usize,
}

wide! {
    fn values<'a>(e: Entries<'a>, left: &'a [f64], right: &'a [f64], inner: usize, out: &'a mut [f64]) -> () {
        out.fill(0.0);
        let mut walk = Walk::default();
        while walk.next(e) {
            let own = at(left, walk.row, inner);
            let mut g = 0;
            while g + SHARE <= walk.len {
                let others = std::array::from_fn(|q| at(right, walk.cols[g + q], inner));
                let sums: [f64; SHARE] = dots(own, others);
                for (q, sum) in sums.iter().enumerate() {
                    let i = walk.samples[g + q];
                    out[i] = walk.values[g + q].mul_add(*sum, out[i]);
                }
                g += SHARE;
            }
            for q in g..walk.len {
                let [sum] = dots(own, [at(right, walk.cols[q], inner)]);
                let i = walk.samples[q];
                out[i] = walk.values[q].mul_add(sum, out[i]);
            }
        }
    }
}

wide! {
    fn pull<'a>(e: Entries<'a>, r: &'a [f64], sides: (&'a [f64], &'a [f64]), inner: usize, to: (&'a mut [f64], &'a mut [f64])) -> () {
        let ((left, right), (to_left, to_right)) = (sides, to);
        to_left.fill(0.0);
        to_right.fill(0.0);
        let mut walk = Walk::default();
        while walk.next(e) {
            for q in 0..walk.len {
                walk.values[q] *= r[walk.samples[q]];
            }
            let mut column = 0;
            while column + COLUMNS <= inner {
                walk.pull::<COLUMNS>(column, inner, (left, right), (&mut *to_left, &mut *to_right));
                column += COLUMNS;
            }
            while column + 4 <= inner {
                walk.pull::<4>(column, inner, (left, right), (&mut *to_left, &mut *to_right));
                column += 4;
            }
            while column < inner {
                walk.pull::<1>(column, inner, (left, right), (&mut *to_left, &mut *to_right));
                column += 1;
            }
        }
    }
}

/// Stored numbers one after the other, in groups that lie in one row of the matrix.
struct Walk {
    sample: usize,
    next: usize,
    row: usize,
    begin: usize,
    len: usize,
    cols: [usize; MOST],
    samples: [usize; MOST],
    values: [f64; MOST],
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            sample: 0,
            next: 0,
            row: 0,
            begin: 0,
            len: 0,
            cols: [0; MOST],
            samples: [0; MOST],
            values: [0.0; MOST],
        }
    }
}

impl Walk {
    /// Moves to the next group; `false` after the last.
    // No closure over all entries: it would be compiled apart, for the oldest machines.
    #[inline(always)]
    fn next(&mut self, e: Entries) -> bool {
        let Csr { indices, offsets, values, .. } = e.pattern;
        self.len = 0;
        while self.next < indices.len() && self.len < MOST {
            let entry = indices[self.next] as usize;
            // Most lie in the row of the last one, and a division takes longer than eight products.
            if entry < self.begin || entry >= self.begin + e.cols {
                if self.len > 0 {
                    break;
                }
                self.row = entry / e.cols;
                self.begin = self.row * e.cols;
            }
            while offsets[self.sample + 1] <= self.next {
                self.sample += 1;
            }
            self.cols[self.len] = entry - self.begin;
            self.samples[self.len] = self.sample;
            self.values[self.len] = values[self.next];
            self.len += 1;
            self.next += 1;
        }
        self.len > 0
    }

    /// `C` columns from `column` of what the group pulls back to both sides.
    #[inline(always)]
    fn pull<const C: usize>(
        &self,
        column: usize,
        inner: usize,
        (left, right): (&[f64], &[f64]),
        (to_left, to_right): (&mut [f64], &mut [f64]),
    ) {
        let from = self.row * inner + column;
        let (Some(own), Some(before)) = (left[from..].first_chunk::<C>(), to_left[from..].first_chunk::<C>())
        else {
            return;
        };
        // Copies of whole arrays, and two loops: else the sums go to memory and back with every entry.
        let (own, mut sums) = (*own, *before);
        for (col, q) in self.cols[..self.len].iter().zip(&self.values) {
            let at = col * inner + column;
            if let Some(x) = right[at..].first_chunk::<C>() {
                for l in 0..C {
                    sums[l] = q.mul_add(x[l], sums[l]);
                }
            }
            if let Some(back) = to_right[at..].first_chunk_mut::<C>() {
                for l in 0..C {
                    back[l] = q.mul_add(own[l], back[l]);
                }
            }
        }
        to_left[from..from + C].copy_from_slice(&sums);
    }
}

#[inline(always)]
fn at(m: &[f64], row: usize, inner: usize) -> &[f64] {
    &m[row * inner..(row + 1) * inner]
}

/// Products of `own` with each of `others`, all of one length.
#[inline(always)]
fn dots<const R: usize>(own: &[f64], others: [&[f64]; R]) -> [f64; R] {
    let (blocks, tail) = own.as_chunks::<LANES>();
    let rows: [(&[[f64; LANES]], &[f64]); R] = std::array::from_fn(|q| {
        let (chunks, rest) = others[q].as_chunks::<LANES>();
        (&chunks[..blocks.len()], &rest[..tail.len()])
    });
    let mut sums = [[0.0f64; LANES]; R];
    for (b, v) in blocks.iter().enumerate() {
        for q in 0..R {
            let x = &rows[q].0[b];
            for l in 0..LANES {
                sums[q][l] = x[l].mul_add(v[l], sums[q][l]);
            }
        }
    }
    // Half a block goes into the first lanes: one number after the other would wait for each other.
    let (half, last) = tail.as_chunks::<{ LANES / 2 }>();
    let mut out = [0.0; R];
    for q in 0..R {
        let (own_half, rest) = rows[q].1.as_chunks::<{ LANES / 2 }>();
        for (x, v) in own_half.iter().zip(half) {
            for l in 0..LANES / 2 {
                sums[q][l] = x[l].mul_add(v[l], sums[q][l]);
            }
        }
        let mut sum = total(&sums[q]);
        for (x, v) in rest.iter().zip(last) {
            sum = x.mul_add(*v, sum);
        }
        out[q] = sum;
    }
    out
}

impl Entries<'_> {
    /// `out_i = ⟨S_i, A Bᵀ⟩` for `left = A [rows × inner]` and `right = B [cols × inner]`, row by row.
    pub fn values(self, left: &[f64], right: &[f64], inner: usize, out: &mut [f64]) {
        values(self, left, right, inner, out);
    }

    /// `G B` and `Gᵀ A` for `G = Σ_i r_i S_i`: what `values` pulls back to `left` and to `right`.
    pub fn pull(self, r: &[f64], sides: (&[f64], &[f64]), inner: usize, to: (&mut [f64], &mut [f64])) {
        pull(self, r, sides, inner, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small integers: every order of summation is exact.
    #[test]
    fn values_and_pulls_are_those_of_the_whole_matrix() {
        let entry = |i: usize, j: usize| ((i * 37 + j * 101) % 17) as f64 - 8.0;
        let (rows, cols) = (5, 7);
        for inner in [1, 3, 8, 45, 100] {
            let a: Vec<f64> = (0..rows * inner).map(|e| entry(e / inner, e % inner)).collect();
            let b: Vec<f64> = (0..cols * inner).map(|e| entry(e % inner + 3, e / inner)).collect();
            // Out of order, with two entries in one row of the pattern and one named twice.
            let pattern = Csr {
                rows: 4,
                cols: rows * cols,
                offsets: vec![0, 1, 3, 3, 5],
                indices: vec![30, 2, 17, 30, 6],
                values: vec![1.0, 2.0, -1.0, 3.0, 1.0],
            };
            let e = Entries { pattern: &pattern, cols };
            let m = |row: usize, col: usize| -> f64 {
                (0..inner).map(|k| a[row * inner + k] * b[col * inner + k]).sum()
            };
            let mut out = vec![9.0; 4];
            e.values(&a, &b, inner, &mut out);
            let at = |e: usize| m(e / cols, e % cols);
            assert_eq!(out, [at(30), 2.0 * at(2) - at(17), 0.0, 3.0 * at(30) + at(6)], "{inner}");

            let r = [1.0, -2.0, 5.0, 3.0];
            let mut g = vec![0.0; rows * cols];
            for (i, r) in r.iter().enumerate() {
                for k in pattern.offsets[i]..pattern.offsets[i + 1] {
                    g[pattern.indices[k] as usize] += r * pattern.values[k];
                }
            }
            let (mut to_a, mut to_b) = (vec![9.0; a.len()], vec![9.0; b.len()]);
            e.pull(&r, (&a, &b), inner, (&mut to_a, &mut to_b));
            for k in 0..inner {
                for i in 0..rows {
                    let want: f64 = (0..cols).map(|j| g[i * cols + j] * b[j * inner + k]).sum();
                    assert_eq!(to_a[i * inner + k], want);
                }
                for j in 0..cols {
                    let want: f64 = (0..rows).map(|i| g[i * cols + j] * a[i * inner + k]).sum();
                    assert_eq!(to_b[j * inner + k], want);
                }
            }
        }
    }
}
