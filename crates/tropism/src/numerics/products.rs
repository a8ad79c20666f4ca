//! Matrix-vector products of dense row-major matrices: the two kernels that every training step is made of.
//!
//! Written so that one dispatch covers a whole product and everything inside it inlines: four rows share each load of the
//! vector, a block of columns stays in registers over all rows. Sums are fused multiply-adds in a fixed order, so the bits
//! do not depend on the width of the machine's registers.

use super::wide::wide;

/// Numbers that are added in parallel in one row.
const LANES: usize = 8;
/// Rows that share one pass over the vector.
const ROWS: usize = 4;
/// Columns whose sums stay in registers.
const COLUMNS: usize = 32;

/// A row-major matrix, of which the part right of the diagonal may be known to be zero.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub data: &'a [f64],
    pub rows: usize,
    pub cols: usize,
    pub lower: bool,
}

wide! {
    fn times<'a>(m: View<'a>, w: &'a [f64], out: &'a mut [f64]) -> () {
        m.times_inline(w, out)
    }
}

wide! {
    fn transposed_times<'a>(m: View<'a>, r: &'a [f64], out: &'a mut [f64]) -> () {
        m.transposed_inline(r, out)
    }
}

impl View<'_> {
    /// Columns that row `i` and the rows above it reach, rounded up to full lanes: what is stored there is zero.
    #[inline(always)]
    fn reach(&self, i: usize) -> usize {
        if self.lower { (i + 1).next_multiple_of(LANES).min(self.cols) } else { self.cols }
    }

    /// `out = M w`.
    pub fn times(self, w: &[f64], out: &mut [f64]) {
        times(self, w, out);
    }

    #[inline(always)]
    fn times_inline(self, w: &[f64], out: &mut [f64]) {
        let mut first = 0;
        while first + ROWS <= self.rows {
            let sums: [f64; ROWS] = self.dots(first, w);
            out[first..first + ROWS].copy_from_slice(&sums);
            first += ROWS;
        }
        for (i, o) in out.iter_mut().enumerate().take(self.rows).skip(first) {
            let [sum] = self.dots(i, w);
            *o = sum;
        }
    }

    /// Products of `R` rows from `first` with `w`.
    #[inline(always)]
    fn dots<const R: usize>(self, first: usize, w: &[f64]) -> [f64; R] {
        let reach = self.reach(first + R - 1);
        let (blocks, tail) = w[..reach].as_chunks::<LANES>();
        let rows: [(&[[f64; LANES]], &[f64]); R] = std::array::from_fn(|r| {
            let start = (first + r) * self.cols;
            let (chunks, rest) = self.data[start..start + reach].as_chunks::<LANES>();
            (&chunks[..blocks.len()], &rest[..tail.len()])
        });
        let mut sums = [[0.0f64; LANES]; R];
        for (b, v) in blocks.iter().enumerate() {
            for r in 0..R {
                let x = &rows[r].0[b];
                for l in 0..LANES {
                    sums[r][l] = x[l].mul_add(v[l], sums[r][l]);
                }
            }
        }
        std::array::from_fn(|r| {
            let s = sums[r];
            let mut sum = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
            for (x, v) in rows[r].1.iter().zip(tail) {
                sum = x.mul_add(*v, sum);
            }
            sum
        })
    }

    /// `out = Mᵀ r`.
    pub fn transposed_times(self, r: &[f64], out: &mut [f64]) {
        transposed_times(self, r, out);
    }

    #[inline(always)]
    fn transposed_inline(self, r: &[f64], out: &mut [f64]) {
        let mut column = 0;
        while column + COLUMNS <= self.cols {
            self.block::<COLUMNS>(column, r, out);
            column += COLUMNS;
        }
        while column + LANES <= self.cols {
            self.block::<LANES>(column, r, out);
            column += LANES;
        }
        while column + 2 <= self.cols {
            self.block::<2>(column, r, out);
            column += 2;
        }
        if column < self.cols {
            self.block::<1>(column, r, out);
        }
    }

    /// `C` entries of `Mᵀ r` from `column`: four sums each, over every fourth row, so that additions need not wait.
    #[inline(always)]
    fn block<const C: usize>(self, column: usize, r: &[f64], out: &mut [f64]) {
        // Right of the diagonal there is nothing: column j begins at row j.
        let first = if self.lower { column.min(self.rows) } else { 0 };
        let (data, r) = (&self.data[first * self.cols..], &r[first..self.rows]);
        if C == COLUMNS {
            let mut sums = [0.0f64; C];
            for (row, weight) in data.chunks_exact(self.cols).zip(r) {
                let x = &row[column..][..C];
                for l in 0..C {
                    sums[l] = x[l].mul_add(*weight, sums[l]);
                }
            }
            out[column..column + C].copy_from_slice(&sums);
            return;
        }
        let mut sums = [[0.0f64; C]; ROWS];
        let (groups, rest) = r.as_chunks::<ROWS>();
        for (rows, weights) in data.chunks_exact(ROWS * self.cols).zip(groups) {
            for q in 0..ROWS {
                let x = &rows[q * self.cols + column..][..C];
                for l in 0..C {
                    sums[q][l] = x[l].mul_add(weights[q], sums[q][l]);
                }
            }
        }
        let done = groups.len() * ROWS * self.cols;
        for (row, weight) in data[done..].chunks_exact(self.cols).zip(rest) {
            let x = &row[column..][..C];
            for l in 0..C {
                sums[0][l] = x[l].mul_add(*weight, sums[0][l]);
            }
        }
        for l in 0..C {
            out[column + l] = (sums[0][l] + sums[1][l]) + (sums[2][l] + sums[3][l]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::View;

    /// Small integers: every order of summation is exact.
    #[test]
    fn every_shape_agrees_with_the_definition() {
        for rows in 0..12 {
            for cols in [0, 1, 2, 3, 7, 8, 9, 16, 31, 33, 43, 70] {
                let entry = |i: usize, j: usize| ((i * 37 + j * 101) % 17) as f64 - 8.0;
                for lower in [false, true] {
                    let kept = |i: usize, j: usize| if lower && j > i { 0.0 } else { entry(i, j) };
                    let data: Vec<f64> = (0..rows * cols).map(|e| kept(e / cols, e % cols)).collect();
                    let m = View { data: &data, rows, cols, lower };
                    let w: Vec<f64> = (0..cols).map(|j| (j % 5) as f64 - 2.0).collect();
                    let r: Vec<f64> = (0..rows).map(|i| (i % 7) as f64 - 3.0).collect();
                    let (mut f, mut g) = (vec![f64::NAN; rows], vec![f64::NAN; cols]);
                    m.times(&w, &mut f);
                    m.transposed_times(&r, &mut g);
                    for (i, f) in f.iter().enumerate() {
                        assert_eq!(*f, (0..cols).map(|j| kept(i, j) * w[j]).sum::<f64>());
                    }
                    for (j, g) in g.iter().enumerate() {
                        assert_eq!(*g, (0..rows).map(|i| kept(i, j) * r[i]).sum::<f64>());
                    }
                }
            }
        }
    }
}
