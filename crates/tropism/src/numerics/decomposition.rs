//! Decompositions of matrices made again and again in the same memory, for optimizers whose every step takes one.

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{MatMut, MatRef, Par};
use std::fmt;

/// The last decomposition and its memory, which grows with each new shape and is used again ever after. Memory is not part of what
/// it stands for: a copy is empty, and all are equal.
#[derive(Default)]
pub struct Decomposition {
    /// Singular values, decreasing, or eigenvalues, increasing.
    pub values: Vec<f64>,
    /// Left singular vectors or eigenvectors, one after the other.
    pub left: Vec<f64>,
    /// Right singular vectors, one after the other.
    pub right: Vec<f64>,
    rooms: Vec<(Shape, MemBuffer)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Singular(usize, usize),
    Symmetric(usize),
}

impl Clone for Decomposition {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Decomposition {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Decomposition {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Decomposition").finish_non_exhaustive()
    }
}

impl Decomposition {
    /// Thin singular value decomposition of the row-major `a [rows × cols]`; `false` if it does not converge.
    pub fn singular(&mut self, a: &[f64], rows: usize, cols: usize) -> bool {
        let size = rows.min(cols);
        self.values.resize(size, 0.0);
        self.left.resize(rows * size, 0.0);
        self.right.resize(cols * size, 0.0);
        let thin = ComputeSvdVectors::Thin;
        let memory = room(&mut self.rooms, Shape::Singular(rows, cols), || {
            svd_scratch::<f64>(rows, cols, thin, thin, Par::Seq, Default::default())
        });
        svd(
            MatRef::from_row_major_slice(a, rows, cols),
            DiagMut::from_slice_mut(&mut self.values),
            Some(MatMut::from_column_major_slice_mut(&mut self.left, rows, size)),
            Some(MatMut::from_column_major_slice_mut(&mut self.right, cols, size)),
            Par::Seq,
            MemStack::new(memory),
            Default::default(),
        )
        .is_ok()
    }

    /// Eigenvalues and eigenvectors of the symmetric `a [n × n]`; `false` if the iteration does not converge.
    pub fn symmetric(&mut self, a: &[f64], n: usize) -> bool {
        self.values.resize(n, 0.0);
        self.left.resize(n * n, 0.0);
        let memory = room(&mut self.rooms, Shape::Symmetric(n), || {
            self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Default::default())
        });
        self_adjoint_evd(
            // A symmetric matrix row by row is itself column by column.
            MatRef::from_column_major_slice(a, n, n),
            DiagMut::from_slice_mut(&mut self.values),
            Some(MatMut::from_column_major_slice_mut(&mut self.left, n, n)),
            Par::Seq,
            MemStack::new(memory),
            Default::default(),
        )
        .is_ok()
    }
}

/// The memory for this shape, made at its first use.
fn room(
    rooms: &mut Vec<(Shape, MemBuffer)>,
    shape: Shape,
    need: impl FnOnce() -> StackReq,
) -> &mut MemBuffer {
    let at = rooms.iter().position(|(s, _)| *s == shape).unwrap_or_else(|| {
        rooms.push((shape, MemBuffer::new(need())));
        rooms.len() - 1
    });
    &mut rooms[at].1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{Matrix, linalg};

    /// Wide, tall and square in turn, each from the same memory as before: the sums of the parts are the matrices.
    #[test]
    fn parts_add_up_to_the_matrix() {
        let mut d = Decomposition::default();
        for (rows, cols) in [(3, 7), (7, 3), (4, 4), (3, 7), (1, 5)] {
            let a: Vec<f64> =
                (0..rows * cols).map(|i| ((i * i * 7 + 3 * i) % 19) as f64 / 9.0 - 1.0).collect();
            assert!(d.singular(&a, rows, cols));
            for (e, a) in a.iter().enumerate() {
                let part =
                    |r: usize| d.values[r] * d.left[r * rows + e / cols] * d.right[r * cols + e % cols];
                let sum: f64 = (0..rows.min(cols)).map(part).sum();
                // Entries of size one, norms below ten.
                assert!((sum - a).abs() < 1e-13, "{rows} × {cols}: {sum} {a}");
            }
            let m = Matrix::from_vec(rows, cols, a);
            let gram = linalg::matmul_nt(&m, &m);
            assert!(d.symmetric(gram.as_slice(), rows));
            assert!(d.values.is_sorted());
            for (e, g) in gram.as_slice().iter().enumerate() {
                let part = |r: usize| d.values[r] * d.left[r * rows + e / rows] * d.left[r * rows + e % rows];
                assert!(((0..rows).map(part).sum::<f64>() - g).abs() < 1e-12);
            }
        }
        assert!(!d.singular(&[f64::NAN; 6], 2, 3) || d.values.iter().any(|v| v.is_nan()));
    }
}
