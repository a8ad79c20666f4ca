//! Column statistics: standardisation, constant and zero columns, the bias column.

use crate::data::Table;
use crate::data::table::name_list;
use crate::error::counted;
use crate::numerics::{Csr, Design, Matrix};

/// Mean and population standard deviation of every column over some rows.
pub(super) struct Stats {
    mean: Vec<f64>,
    std: Vec<f64>,
    constant: Vec<bool>,
    zero: Vec<bool>,
    sparse: bool,
}

impl Stats {
    /// Over `rows` of `x`. Works on entries divided by the column's largest modulus, so that neither
    /// sums nor squares overflow.
    pub(super) fn of(x: &Design, rows: &[usize]) -> Self {
        let (n, d) = (rows.len() as f64, x.cols());
        let (mut low, mut high) = (vec![f64::INFINITY; d], vec![f64::NEG_INFINITY; d]);
        let mut stored = vec![0usize; d];
        for &i in rows {
            x.for_row(i, |j, v| {
                low[j] = low[j].min(v);
                high[j] = high[j].max(v);
                stored[j] += 1;
            });
        }
        for j in 0..d {
            // Entries that are not stored are zeros.
            if stored[j] < rows.len() {
                low[j] = low[j].min(0.0);
                high[j] = high[j].max(0.0);
            }
        }
        let scale: Vec<f64> = low
            .iter()
            .zip(&high)
            .map(|(l, h)| if l.abs().max(h.abs()) > 0.0 { l.abs().max(h.abs()) } else { 1.0 })
            .collect();
        let mut mean = vec![0.0; d];
        rows.iter().for_each(|&i| x.for_row(i, |j, v| mean[j] += v / scale[j]));
        mean.iter_mut().for_each(|m| *m /= n);
        let mut square = vec![0.0; d];
        rows.iter().for_each(|&i| x.for_row(i, |j, v| square[j] += (v / scale[j] - mean[j]).powi(2)));
        let std = (0..d)
            .map(|j| {
                let absent = (rows.len() - stored[j]) as f64;
                scale[j] * ((square[j] + absent * mean[j] * mean[j]) / n).sqrt()
            })
            .collect();
        mean.iter_mut().zip(&scale).for_each(|(m, s)| *m *= s);
        Self {
            constant: low.iter().zip(&high).map(|(l, h)| l == h).collect(),
            zero: low.iter().zip(&high).map(|(l, h)| *l == 0.0 && *h == 0.0).collect(),
            mean,
            std,
            sparse: matches!(x, Design::Sparse(_)),
        }
    }

    /// Says what standardisation does and which columns carry no information.
    pub(super) fn note(&self, table: &Table, standardise: bool, n: usize, notes: &mut Vec<String>) {
        if standardise && self.sparse {
            notes.push(format!(
                "Every column was divided by its standard deviation (population formula, {n} training samples) \
                 but not centred, which would destroy the sparsity."
            ));
        } else if standardise {
            notes.push(format!(
                "Every column was standardised to mean 0 and standard deviation 1 (population formula, \
                 {n} training samples)."
            ));
        }
        let named = |wanted: &dyn Fn(usize) -> bool| -> Vec<String> {
            (0..self.mean.len()).filter(|&j| wanted(j)).map(|j| table.column(j)).collect()
        };
        let zero = named(&|j| self.zero[j]);
        if !zero.is_empty() {
            notes.push(format!(
                "{} zero in every training sample, and kept: {}.",
                counted(zero.len(), "column is", "columns are"),
                name_list(&zero)
            ));
        }
        let constant = named(&|j| self.constant[j] && !self.zero[j]);
        if !constant.is_empty() {
            let effect = match (standardise, self.sparse) {
                (true, false) => "zero after standardisation",
                (true, true) => "not scaled, to act as a bias",
                (false, _) => "to act as a bias",
            };
            notes.push(format!(
                "{} constant over the training samples, and kept ({effect}): {}.",
                counted(constant.len(), "column is", "columns are"),
                name_list(&constant)
            ));
        }
    }

    /// Standardises in place. A constant column is only centred.
    pub(super) fn apply(&self, x: &mut Design) {
        let divisor: Vec<f64> =
            self.std.iter().zip(&self.constant).map(|(&s, &c)| if c || s == 0.0 { 1.0 } else { s }).collect();
        // Shifted columns are no longer zero right of the diagonal.
        if let Design::Lower(m) = x {
            *x = Design::Dense(std::mem::take(m));
        }
        match x {
            Design::Dense(m) | Design::Lower(m) => {
                for i in 0..m.rows() {
                    for ((v, mean), s) in m.row_mut(i).iter_mut().zip(&self.mean).zip(&divisor) {
                        *v = (*v - mean) / s;
                    }
                }
                // A rounded mean may differ from the one value of the column in the last bit.
                for j in (0..self.mean.len()).filter(|&j| self.constant[j]) {
                    for i in 0..m.rows() {
                        if m.get(i, j).abs() <= 4.0 * f64::EPSILON * self.mean[j].abs() {
                            m.set(i, j, 0.0);
                        }
                    }
                }
            }
            Design::Sparse(s) => {
                s.values.iter_mut().zip(&s.indices).for_each(|(v, &j)| *v /= divisor[j as usize]);
            }
        }
    }
}

/// `[X 1]`.
pub(super) fn with_ones(x: &Design) -> Design {
    let (n, d) = (x.rows(), x.cols());
    match x {
        Design::Dense(m) | Design::Lower(m) => {
            let mut data = Vec::with_capacity(n * (d + 1));
            for i in 0..n {
                data.extend_from_slice(m.row(i));
                data.push(1.0);
            }
            Design::Dense(Matrix::from_vec(n, d + 1, data))
        }
        Design::Sparse(s) => {
            let mut out = Csr { rows: n, cols: d + 1, offsets: vec![0], ..Csr::default() };
            for i in 0..n {
                let range = s.offsets[i]..s.offsets[i + 1];
                out.indices.extend_from_slice(&s.indices[range.clone()]);
                out.values.extend_from_slice(&s.values[range]);
                out.indices.push(d as u32);
                out.values.push(1.0);
                out.offsets.push(out.indices.len());
            }
            Design::Sparse(out)
        }
    }
}
