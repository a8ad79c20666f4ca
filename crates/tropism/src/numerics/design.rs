//! The data matrix, dense or sparse, with the four products that everything else is made of.

use super::matrix::Matrix;
use super::products::View;
use serde::{Deserialize, Serialize};

/// Compressed sparse rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Csr {
    pub rows: usize,
    pub cols: usize,
    /// `rows + 1` offsets into `indices` and `values`.
    pub offsets: Vec<usize>,
    pub indices: Vec<u32>,
    pub values: Vec<f64>,
}

/// An `n × d` data matrix, one sample a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Design {
    Dense(Matrix),
    /// Zero right of the diagonal: the rows of an LQ factorisation.
    Lower(Matrix),
    Sparse(Csr),
}

impl From<Matrix> for Design {
    fn from(m: Matrix) -> Self {
        Design::Dense(m)
    }
}

fn lower(m: &Matrix) -> View<'_> {
    View { data: m.as_slice(), rows: m.rows(), cols: m.cols(), lower: true }
}

impl Design {
    pub fn rows(&self) -> usize {
        match self {
            Design::Dense(m) | Design::Lower(m) => m.rows(),
            Design::Sparse(s) => s.rows,
        }
    }

    pub fn cols(&self) -> usize {
        match self {
            Design::Dense(m) | Design::Lower(m) => m.cols(),
            Design::Sparse(s) => s.cols,
        }
    }

    /// Calls `f(j, x_ij)` for the stored entries of row `i`.
    pub fn for_row(&self, i: usize, mut f: impl FnMut(usize, f64)) {
        match self {
            Design::Dense(m) | Design::Lower(m) => m.row(i).iter().enumerate().for_each(|(j, &v)| f(j, v)),
            Design::Sparse(s) => {
                for k in s.offsets[i]..s.offsets[i + 1] {
                    f(s.indices[k] as usize, s.values[k]);
                }
            }
        }
    }

    /// The matrix of the moduli `|x_ij|`.
    pub fn moduli(&self) -> Design {
        let mut moduli = self.clone();
        let values = match &mut moduli {
            Design::Dense(m) | Design::Lower(m) => m.as_mut_slice(),
            Design::Sparse(s) => &mut s.values,
        };
        values.iter_mut().for_each(|v| *v = v.abs());
        moduli
    }

    /// `⟨x_i, w⟩`.
    pub fn row_dot(&self, i: usize, w: &[f64]) -> f64 {
        match self {
            Design::Dense(m) | Design::Lower(m) => super::linalg::dot(m.row(i), w),
            Design::Sparse(s) => {
                (s.offsets[i]..s.offsets[i + 1]).map(|k| s.values[k] * w[s.indices[k] as usize]).sum()
            }
        }
    }

    /// `out += c x_i`.
    pub fn add_row(&self, i: usize, c: f64, out: &mut [f64]) {
        match self {
            Design::Dense(m) | Design::Lower(m) => super::linalg::axpy(c, m.row(i), out),
            Design::Sparse(s) => {
                for k in s.offsets[i]..s.offsets[i + 1] {
                    out[s.indices[k] as usize] += c * s.values[k];
                }
            }
        }
    }

    /// `out = X w`, `w [d]`, `out [n]`.
    pub fn apply(&self, w: &[f64], out: &mut [f64]) {
        match self {
            Design::Dense(m) => super::linalg::matvec(m, w, out),
            Design::Lower(m) => lower(m).times(w, out),
            Design::Sparse(_) => {
                for (i, o) in out.iter_mut().enumerate() {
                    *o = self.row_dot(i, w);
                }
            }
        }
    }

    /// `out = Xᵀ r`, `r [n]`, `out [d]`.
    pub fn adjoint(&self, r: &[f64], out: &mut [f64]) {
        match self {
            Design::Dense(m) => super::linalg::matvec_transposed(m, r, out),
            Design::Lower(m) => lower(m).transposed_times(r, out),
            Design::Sparse(_) => {
                out.fill(0.0);
                for (i, &c) in r.iter().enumerate() {
                    if c != 0.0 {
                        self.add_row(i, c, out);
                    }
                }
            }
        }
    }

    /// `X Xᵀ`, `[n × n]`.
    pub fn gram(&self) -> Matrix {
        let n = self.rows();
        match self {
            Design::Dense(m) | Design::Lower(m) => super::linalg::matmul_nt(m, m),
            Design::Sparse(_) => {
                let mut k = Matrix::zeros(n, n);
                let mut dense = vec![0.0; self.cols()];
                for i in 0..n {
                    self.for_row(i, |j, v| dense[j] = v);
                    for l in 0..=i {
                        let v = self.row_dot(l, &dense);
                        k.set(i, l, v);
                        k.set(l, i, v);
                    }
                    self.for_row(i, |j, _| dense[j] = 0.0);
                }
                k
            }
        }
    }

    /// `Xᵀ X`, `[d × d]`.
    pub fn gram_columns(&self) -> Matrix {
        match self {
            Design::Dense(m) | Design::Lower(m) => super::linalg::matmul_tn(m, m),
            Design::Sparse(s) => {
                let mut k = Matrix::zeros(s.cols, s.cols);
                for i in 0..s.rows {
                    self.for_row(i, |j, v| self.add_row(i, v, k.row_mut(j)));
                }
                k
            }
        }
    }

    /// `X diag(weights) Xᵀ` for nonnegative `weights [d]`, `[n × n]`.
    pub fn weighted_gram(&self, weights: &[f64]) -> Matrix {
        let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
        self.scaled_columns(&roots).gram()
    }

    /// Column `j` multiplied by `factors[j]`.
    pub fn scaled_columns(&self, factors: &[f64]) -> Design {
        let mut out = self.clone();
        match &mut out {
            Design::Dense(m) | Design::Lower(m) => {
                for i in 0..m.rows() {
                    m.row_mut(i).iter_mut().zip(factors).for_each(|(v, c)| *v *= c);
                }
            }
            Design::Sparse(s) => {
                s.values.iter_mut().zip(&s.indices).for_each(|(v, &j)| *v *= factors[j as usize]);
            }
        }
        out
    }

    /// The columns `indices`, in that order, dense.
    pub fn dense_columns(&self, indices: &[usize]) -> Matrix {
        let mut place = vec![usize::MAX; self.cols()];
        indices.iter().enumerate().for_each(|(k, &j)| place[j] = k);
        let mut m = Matrix::zeros(self.rows(), indices.len());
        for i in 0..self.rows() {
            let row = m.row_mut(i);
            self.for_row(i, |j, v| {
                if place[j] != usize::MAX {
                    row[place[j]] = v;
                }
            });
        }
        m
    }

    /// The columns `indices`, ascending, in the same storage.
    pub fn select_columns(&self, indices: &[usize]) -> Design {
        let Design::Sparse(s) = self else { return Design::Dense(self.dense_columns(indices)) };
        let mut place = vec![None; s.cols];
        indices.iter().enumerate().for_each(|(k, &j)| place[j] = Some(k as u32));
        let mut out = Csr { rows: s.rows, cols: indices.len(), offsets: vec![0], ..Csr::default() };
        for i in 0..s.rows {
            for k in s.offsets[i]..s.offsets[i + 1] {
                if let Some(to) = place[s.indices[k] as usize] {
                    out.indices.push(to);
                    out.values.push(s.values[k]);
                }
            }
            out.offsets.push(out.indices.len());
        }
        Design::Sparse(out)
    }

    /// The rows `indices`, in that order.
    pub fn select(&self, indices: &[usize]) -> Design {
        match self {
            Design::Dense(m) | Design::Lower(m) => {
                let mut data = Vec::with_capacity(indices.len() * m.cols());
                indices.iter().for_each(|&i| data.extend_from_slice(m.row(i)));
                Design::Dense(Matrix::from_vec(indices.len(), m.cols(), data))
            }
            Design::Sparse(s) => {
                let mut out = Csr { rows: indices.len(), cols: s.cols, offsets: vec![0], ..Csr::default() };
                for &i in indices {
                    let range = s.offsets[i]..s.offsets[i + 1];
                    out.indices.extend_from_slice(&s.indices[range.clone()]);
                    out.values.extend_from_slice(&s.values[range]);
                    out.offsets.push(out.indices.len());
                }
                Design::Sparse(out)
            }
        }
    }

    /// [`Design::select`] into memory that is reused: nothing is allocated once `out` has grown.
    pub fn select_into(&self, indices: &[usize], out: &mut Design) {
        match (self, out) {
            (Design::Dense(m) | Design::Lower(m), Design::Dense(o))
                if o.rows() == indices.len() && o.cols() == m.cols() =>
            {
                for (to, &from) in indices.iter().enumerate() {
                    o.row_mut(to).copy_from_slice(m.row(from));
                }
            }
            (Design::Sparse(s), Design::Sparse(o)) => {
                o.offsets.clear();
                o.indices.clear();
                o.values.clear();
                o.offsets.push(0);
                for &i in indices {
                    let range = s.offsets[i]..s.offsets[i + 1];
                    o.indices.extend_from_slice(&s.indices[range.clone()]);
                    o.values.extend_from_slice(&s.values[range]);
                    o.offsets.push(o.indices.len());
                }
                o.rows = indices.len();
                o.cols = s.cols;
            }
            (_, out) => *out = self.select(indices),
        }
    }

    /// For sparse rows of which no two share a column, and which are therefore orthogonal: whether each row is nonzero.
    pub fn disjoint_rows(&self) -> Option<Vec<bool>> {
        let Design::Sparse(s) = self else { return None };
        let mut seen = vec![false; s.cols];
        let mut nonzero = vec![false; s.rows];
        for (i, nonzero) in nonzero.iter_mut().enumerate() {
            for k in s.offsets[i]..s.offsets[i + 1] {
                if s.values[k] != 0.0 {
                    *nonzero = true;
                    if std::mem::replace(&mut seen[s.indices[k] as usize], true) {
                        return None;
                    }
                }
            }
        }
        Some(nonzero)
    }

    /// Row `i` multiplied by `factors[i]`.
    pub fn scaled_rows(&self, factors: &[f64]) -> Design {
        let mut out = self.clone();
        match &mut out {
            Design::Dense(m) | Design::Lower(m) => {
                for (i, &c) in factors.iter().enumerate() {
                    m.row_mut(i).iter_mut().for_each(|v| *v *= c);
                }
            }
            Design::Sparse(s) => {
                for (i, &c) in factors.iter().enumerate() {
                    s.values[s.offsets[i]..s.offsets[i + 1]].iter_mut().for_each(|v| *v *= c);
                }
            }
        }
        out
    }

    /// A dense copy.
    pub fn to_dense(&self) -> Matrix {
        match self {
            Design::Dense(m) | Design::Lower(m) => m.clone(),
            Design::Sparse(s) => {
                let mut m = Matrix::zeros(s.rows, s.cols);
                for i in 0..s.rows {
                    self.for_row(i, |j, v| m.set(i, j, v));
                }
                m
            }
        }
    }

    /// Euclidean norms of the rows.
    pub fn row_norms(&self) -> Vec<f64> {
        (0..self.rows())
            .map(|i| {
                let mut s = 0.0;
                self.for_row(i, |_, v| s += v * v);
                s.sqrt()
            })
            .collect()
    }
}
