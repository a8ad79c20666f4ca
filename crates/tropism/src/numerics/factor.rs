//! A Cholesky factorisation made again and again in the same memory.

use super::Matrix;
use super::linalg::{axpy, dot};
use faer::linalg::cholesky::llt::factor::{LltParams, cholesky_in_place, cholesky_in_place_scratch};
use faer::{MatMut, Par, Spec, dyn_stack};

/// The Cholesky factor of `I + c M`, `M [n × n]` symmetric positive semidefinite. Memory grows with the largest dimension only.
pub struct Factor {
    dim: usize,
    /// The largest dimension so far.
    most: usize,
    /// Column by column; the lower triangle holds the factor.
    data: Vec<f64>,
    memory: dyn_stack::MemBuffer,
}

impl Factor {
    /// Memory for matrices of this dimension.
    pub fn new(dim: usize) -> Self {
        Self { dim, most: dim, data: vec![0.0; dim * dim], memory: Self::scratch(dim) }
    }

    /// For matrices of another dimension from now on.
    pub fn resize(&mut self, dim: usize) {
        if dim > self.most {
            (self.most, self.memory) = (dim, Self::scratch(dim));
        }
        self.dim = dim;
        self.data.resize(dim * dim, 0.0);
    }

    fn scratch(dim: usize) -> dyn_stack::MemBuffer {
        let need = cholesky_in_place_scratch::<f64>(dim, Par::Seq, Spec::<LltParams, f64>::default());
        dyn_stack::MemBuffer::new(need)
    }

    /// Factorises `I + c M`; `false` if that is not positive definite to working precision.
    pub fn shifted(&mut self, m: &Matrix, c: f64) -> bool {
        self.combined(m, c, 1.0)
    }

    /// Factorises `c M + ridge I`; `false` if that is not positive definite to working precision.
    pub fn combined(&mut self, m: &Matrix, c: f64, ridge: f64) -> bool {
        for (o, v) in self.data.iter_mut().zip(m.as_slice()) {
            *o = c * v;
        }
        for i in 0..self.dim {
            self.data[i * self.dim + i] += ridge;
        }
        let view = MatMut::from_column_major_slice_mut(&mut self.data, self.dim, self.dim);
        let stack = dyn_stack::MemStack::new(&mut self.memory);
        cholesky_in_place(view, Default::default(), Par::Seq, stack, Default::default()).is_ok()
    }

    /// `L^-1 b` in place, `L` the lower triangular factor.
    pub fn solve_lower(&self, b: &mut [f64]) {
        let n = self.dim;
        for j in 0..n {
            let column = &self.data[j * n..(j + 1) * n];
            b[j] /= column[j];
            let pivot = b[j];
            axpy(-pivot, &column[j + 1..], &mut b[j + 1..]);
        }
    }

    /// Solves in place.
    pub fn solve(&self, b: &mut [f64]) {
        let n = self.dim;
        self.solve_lower(b);
        for j in (0..n).rev() {
            let column = &self.data[j * n..(j + 1) * n];
            b[j] = (b[j] - dot(&column[j + 1..], &b[j + 1..])) / column[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_what_it_factorised() {
        let n = 37;
        let m = Matrix::from_fn(n, n, |i, j| {
            (0..5).map(|k| ((i * 7 + k * 3) % 11) as f64 * ((j * 7 + k * 3) % 11) as f64 / 30.0).sum()
        });
        let want: Vec<f64> = (0..n).map(|i| (i as f64 * 0.7).sin()).collect();
        let mut factor = Factor::new(3);
        factor.resize(n + 5);
        factor.resize(n);
        for c in [0.0, 0.3, 40.0] {
            let mut b: Vec<f64> = (0..n).map(|i| want[i] + c * dot(m.row(i), &want)).collect();
            assert!(factor.shifted(&m, c));
            factor.solve(&mut b);
            // Condition number 1 + c trace(M) < 1e5.
            assert!(b.iter().zip(&want).all(|(x, y)| (x - y).abs() < 1e-10), "c = {c}");
        }
        let negative = Matrix::from_fn(n, n, |i, j| -f64::from(u8::from(i == j)));
        assert!(!factor.shifted(&negative, 2.0));
    }
}
