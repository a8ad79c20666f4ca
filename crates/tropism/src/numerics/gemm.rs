//! Products of matrices that live in parts of longer slices: what layers of networks are made of. Sequential, and without an
//! allocation once the packing memory of the thread has grown.

use super::products::View;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// A row-major `rows × cols` slice as a factor of a product, possibly transposed.
#[derive(Clone, Copy)]
pub struct Factor<'a> {
    data: &'a [f64],
    rows: usize,
    cols: usize,
    transposed: bool,
}

impl<'a> Factor<'a> {
    /// The matrix itself.
    pub fn plain(data: &'a [f64], rows: usize, cols: usize) -> Self {
        Self { data, rows, cols, transposed: false }
    }

    /// Its transpose; `rows` and `cols` are those of the stored matrix.
    pub fn transposed(data: &'a [f64], rows: usize, cols: usize) -> Self {
        Self { data, rows, cols, transposed: true }
    }

    /// The transposed matrix; nothing moves.
    #[must_use]
    pub fn t(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    fn shape(self) -> (usize, usize) {
        if self.transposed { (self.cols, self.rows) } else { (self.rows, self.cols) }
    }

    fn view(self) -> View<'a> {
        View { data: &self.data[..self.rows * self.cols], rows: self.rows, cols: self.cols, lower: false }
    }

    fn faer(self) -> MatRef<'a, f64> {
        let m = MatRef::from_row_major_slice(&self.data[..self.rows * self.cols], self.rows, self.cols);
        if self.transposed { m.transpose() } else { m }
    }
}

/// `out = A B`, or `out += A B` with `add`; `out` row by row.
pub fn product(out: &mut [f64], a: Factor, b: Factor, add: bool) {
    let ((rows, inner), (found, cols)) = (a.shape(), b.shape());
    debug_assert_eq!(inner, found, "the inner sizes of a product agree");
    let out = &mut out[..rows * cols];
    match (cols, rows, add) {
        (1, _, false) if a.transposed => return a.view().transposed_times(&b.data[..inner], out),
        (1, _, false) => return a.view().times(&b.data[..inner], out),
        (_, 1, false) if b.transposed => return b.view().times(&a.data[..inner], out),
        (_, 1, false) => return b.view().transposed_times(&a.data[..inner], out),
        _ => {}
    }
    let accum = if add { Accum::Add } else { Accum::Replace };
    let out = MatMut::from_row_major_slice_mut(out, rows, cols);
    matmul(out, accum, a.faer(), b.faer(), 1.0, Par::Seq);
}

#[cfg(test)]
mod tests {
    use super::{Factor, product};

    /// Small integers: every order of summation is exact.
    #[test]
    fn every_shape_agrees_with_the_definition() {
        let entry = |i: usize, j: usize| ((i * 37 + j * 101) % 17) as f64 - 8.0;
        for (rows, inner, cols) in [(1, 3, 5), (4, 3, 1), (1, 1, 1), (7, 1, 9), (19, 33, 21), (3, 0, 2)] {
            for choice in 0..8 {
                let (ta, tb, add) = (choice & 1 == 1, choice & 2 == 2, choice & 4 == 4);
                let a: Vec<f64> = match ta {
                    false => (0..rows * inner).map(|e| entry(e / inner, e % inner)).collect(),
                    true => (0..rows * inner).map(|e| entry(e % rows, e / rows)).collect(),
                };
                let b: Vec<f64> = match tb {
                    false => (0..inner * cols).map(|e| entry(e / cols, e % cols + 5)).collect(),
                    true => (0..inner * cols).map(|e| entry(e % inner, e / inner + 5)).collect(),
                };
                let fa =
                    if ta { Factor::transposed(&a, inner, rows) } else { Factor::plain(&a, rows, inner) };
                let fb =
                    if tb { Factor::transposed(&b, cols, inner) } else { Factor::plain(&b, inner, cols) };
                let mut out = vec![3.0; rows * cols];
                product(&mut out, fa, fb, add);
                for (e, got) in out.iter().enumerate() {
                    let (i, j) = (e / cols, e % cols);
                    let sum: f64 = (0..inner).map(|k| entry(i, k) * entry(k, j + 5)).sum();
                    assert_eq!(*got, sum + if add { 3.0 } else { 0.0 }, "{rows} {inner} {cols} {choice}");
                }
            }
        }
    }
}
