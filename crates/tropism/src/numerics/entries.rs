//! A product `A Bᵀ` of which only some entries count, and what these pull back: completion sees a fifth of a matrix, and forming
//! all of it, and products with a gradient that is zero elsewhere, would be most of a step.

use super::design::Csr;
use super::wide::wide;

/// Numbers that are added in parallel, and groups of them.
const LANES: usize = 8;
const GROUPS: usize = 4;

/// Functionals on matrices of `cols` columns, a sparse row each: `⟨S_i, M⟩ = Σ_e v_e M[e / cols, e % cols]`.
#[derive(Clone, Copy)]
pub struct Entries<'a> {
    pub pattern: &'a Csr,
    pub cols: usize,
}

wide! {
    fn values<'a>(e: Entries<'a>, left: &'a [f64], right: &'a [f64], inner: usize, out: &'a mut [f64]) -> () {
        out.fill(0.0);
        let mut place = Place::default();
        for i in 0..e.pattern.rows {
            for k in e.pattern.offsets[i]..e.pattern.offsets[i + 1] {
                let (row, col) = place.of(e.pattern.indices[k] as usize, e.cols);
                out[i] = e.pattern.values[k].mul_add(dot(at(left, row, inner), at(right, col, inner)), out[i]);
            }
        }
    }
}

wide! {
    fn pull<'a>(e: Entries<'a>, r: &'a [f64], sides: (&'a [f64], &'a [f64]), inner: usize, to: (&'a mut [f64], &'a mut [f64])) -> () {
        let ((left, right), (to_left, to_right)) = (sides, to);
        to_left.fill(0.0);
        to_right.fill(0.0);
        let mut place = Place::default();
        for i in 0..e.pattern.rows {
            for k in e.pattern.offsets[i]..e.pattern.offsets[i + 1] {
                let (row, col) = place.of(e.pattern.indices[k] as usize, e.cols);
                let q = r[i] * e.pattern.values[k];
                add(q, at(right, col, inner), &mut to_left[row * inner..(row + 1) * inner]);
                add(q, at(left, row, inner), &mut to_right[col * inner..(col + 1) * inner]);
            }
        }
    }
}

/// Row and column of an entry: most lie in the row of the last one, and a division takes longer than eight products.
#[derive(Default)]
struct Place {
    row: usize,
    begin: usize,
}

impl Place {
    // No closure over all entries: it would be compiled apart, for the oldest machines.
    #[inline(always)]
    fn of(&mut self, e: usize, cols: usize) -> (usize, usize) {
        if e < self.begin || e >= self.begin + cols {
            self.row = e / cols;
            self.begin = self.row * cols;
        }
        (self.row, e - self.begin)
    }
}

#[inline(always)]
fn at(m: &[f64], row: usize, inner: usize) -> &[f64] {
    &m[row * inner..(row + 1) * inner]
}

#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (groups, rest) = a.as_chunks::<{ LANES * GROUPS }>();
    let (others, tail) = b.as_chunks::<{ LANES * GROUPS }>();
    let mut sums = [[0.0f64; LANES]; GROUPS];
    for (x, y) in groups.iter().zip(others) {
        for g in 0..GROUPS {
            for l in 0..LANES {
                sums[g][l] = x[g * LANES + l].mul_add(y[g * LANES + l], sums[g][l]);
            }
        }
    }
    let (lanes, last) = rest.as_chunks::<LANES>();
    let (opposite, end) = tail.as_chunks::<LANES>();
    for (x, y) in lanes.iter().zip(opposite) {
        for l in 0..LANES {
            sums[0][l] = x[l].mul_add(y[l], sums[0][l]);
        }
    }
    let s: [f64; LANES] = std::array::from_fn(|l| (sums[0][l] + sums[1][l]) + (sums[2][l] + sums[3][l]));
    let mut sum = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
    for (x, y) in last.iter().zip(end) {
        sum = x.mul_add(*y, sum);
    }
    sum
}

/// `to += q from`.
#[inline(always)]
fn add(q: f64, from: &[f64], to: &mut [f64]) {
    for (t, f) in to.iter_mut().zip(from) {
        *t = q.mul_add(*f, *t);
    }
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
            for i in 0..4 {
                for k in pattern.offsets[i]..pattern.offsets[i + 1] {
                    g[pattern.indices[k] as usize] += r[i] * pattern.values[k];
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
