//! The linear map from a parameter to its margins, `m = Z w`, without forming `Z` for multiclass data.

use super::Targets;
use crate::numerics::directed::{self, Enclosure};
use crate::numerics::wide::wide;
use crate::numerics::{Design, Matrix};
use std::sync::Arc;

/// `w ↦ Z w`: for binary data one row `y_i x_i` a sample; for `k` classes the rows
/// `(W_{y_i} − W_c) x_i`, `c ≠ y_i`, sample by sample with `c` ascending.
///
/// Shapes: `w [k * d]` row by row (`k = 1` for binary), margins `[n]` or `[n (k − 1)]`.
#[derive(Debug, Clone)]
pub enum MarginMap {
    Binary { z: Arc<Design> },
    Multiclass { x: Arc<Design>, labels: Vec<usize>, classes: usize },
}

impl MarginMap {
    /// `None` for regression targets.
    pub fn new(x: Arc<Design>, targets: &Targets) -> Option<Self> {
        match targets {
            Targets::Real(_) => None,
            Targets::Sign(y) => Some(MarginMap::Binary { z: Arc::new(x.scaled_rows(y)) }),
            Targets::Class { labels, classes } => {
                Some(MarginMap::Multiclass { x, labels: labels.clone(), classes: *classes })
            }
        }
    }

    /// Number of margins.
    pub fn rows(&self) -> usize {
        match self {
            MarginMap::Binary { z } => z.rows(),
            MarginMap::Multiclass { labels, classes, .. } => labels.len() * (classes - 1),
        }
    }

    /// Number of parameters, `k * d`.
    pub fn cols(&self) -> usize {
        self.outputs() * self.inputs()
    }

    /// `k`: rows of the parameter matrix.
    pub fn outputs(&self) -> usize {
        match self {
            MarginMap::Binary { .. } => 1,
            MarginMap::Multiclass { classes, .. } => *classes,
        }
    }

    /// `d`: columns of the parameter matrix.
    pub fn inputs(&self) -> usize {
        match self {
            MarginMap::Binary { z } => z.cols(),
            MarginMap::Multiclass { x, .. } => x.cols(),
        }
    }

    /// `out = Z w`.
    pub fn apply(&self, w: &[f64], out: &mut [f64]) {
        match self {
            MarginMap::Binary { z } => z.apply(w, out),
            MarginMap::Multiclass { x, labels, classes } => {
                let (k, d) = (*classes, x.cols());
                let mut score = vec![0.0; k];
                for (i, &y) in labels.iter().enumerate() {
                    for (c, s) in score.iter_mut().enumerate() {
                        *s = x.row_dot(i, &w[c * d..(c + 1) * d]);
                    }
                    let margins = &mut out[i * (k - 1)..(i + 1) * (k - 1)];
                    for (m, c) in margins.iter_mut().zip((0..k).filter(|&c| c != y)) {
                        *m = score[y] - score[c];
                    }
                }
            }
        }
    }

    /// `out = Zᵀ a`.
    pub fn adjoint(&self, a: &[f64], out: &mut [f64]) {
        match self {
            MarginMap::Binary { z } => z.adjoint(a, out),
            MarginMap::Multiclass { x, labels, classes } => {
                let (k, d) = (*classes, x.cols());
                out.fill(0.0);
                for (i, &y) in labels.iter().enumerate() {
                    let weights = &a[i * (k - 1)..(i + 1) * (k - 1)];
                    let mut total = 0.0;
                    for (&v, c) in weights.iter().zip((0..k).filter(|&c| c != y)) {
                        if v != 0.0 {
                            x.add_row(i, -v, &mut out[c * d..(c + 1) * d]);
                            total += v;
                        }
                    }
                    if total != 0.0 {
                        x.add_row(i, total, &mut out[y * d..(y + 1) * d]);
                    }
                }
            }
        }
    }

    /// `Z` itself, `[rows × cols]`; for multiclass data this is `k (k − 1)` times the size of `X`.
    pub fn to_dense(&self) -> Matrix {
        match self {
            MarginMap::Binary { z } => z.to_dense(),
            MarginMap::Multiclass { x, labels, classes } => {
                let (k, d) = (*classes, x.cols());
                let mut z = Matrix::zeros(self.rows(), self.cols());
                let mut row = 0;
                for (i, &y) in labels.iter().enumerate() {
                    for c in (0..k).filter(|&c| c != y) {
                        let out = z.row_mut(row);
                        x.add_row(i, 1.0, &mut out[y * d..(y + 1) * d]);
                        x.add_row(i, -1.0, &mut out[c * d..(c + 1) * d]);
                        row += 1;
                    }
                }
                z
            }
        }
    }

    /// Smallest margin of `w`.
    pub fn min_margin(&self, w: &[f64]) -> f64 {
        let mut m = vec![0.0; self.rows()];
        self.apply(w, &mut m);
        m.into_iter().fold(f64::INFINITY, f64::min)
    }

    /// Error-bounded smallest margin of `w`: a number the exact one cannot fall below.
    pub fn min_margin_below(&self, w: &[f64]) -> f64 {
        self.margins_below(w).into_iter().fold(f64::INFINITY, nan_min)
    }

    /// Error-bounded margins of `w`, `[rows]`: numbers the exact ones cannot fall below. The products are compensated, so
    /// that they stay sharp where margins are tiny differences of large terms.
    pub fn margins_below(&self, w: &[f64]) -> Vec<f64> {
        let d = self.inputs();
        match self {
            MarginMap::Binary { z } => (0..z.rows()).map(|i| row_enclosed(z, i, w).lo).collect(),
            MarginMap::Multiclass { x, labels, classes } => {
                let mut below = Vec::with_capacity(self.rows());
                for (i, &y) in labels.iter().enumerate() {
                    let own = row_enclosed(x, i, &w[y * d..(y + 1) * d]).lo;
                    below.extend((0..*classes).filter(|&c| c != y).map(|c| {
                        let other = row_enclosed(x, i, &w[c * d..(c + 1) * d]).hi;
                        (own - other).next_down()
                    }));
                }
                below
            }
        }
    }

    /// `Zᵀ a` by compensated sums, with a bound on the error of each entry, both `[cols]`.
    pub fn adjoint_enclosed(&self, a: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let d = self.inputs();
        let mut sums = Compensated::new(self.cols());
        match self {
            MarginMap::Binary { z } => {
                for (i, &c) in a.iter().enumerate().filter(|(_, c)| **c != 0.0) {
                    sums.add_row(z, i, c, 0);
                }
            }
            MarginMap::Multiclass { x, labels, classes } => {
                for (i, &y) in labels.iter().enumerate() {
                    let weights = &a[i * (classes - 1)..(i + 1) * (classes - 1)];
                    for (&v, c) in weights.iter().zip((0..*classes).filter(|&c| c != y)) {
                        if v != 0.0 {
                            sums.add_row(x, i, -v, c * d);
                            sums.add_row(x, i, v, y * d);
                        }
                    }
                }
            }
        }
        sums.finish()
    }
}

/// The smaller one, or NaN if either is: a NaN margin must never look positive.
fn nan_min(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

fn row_enclosed(z: &Design, i: usize, w: &[f64]) -> Enclosure {
    match z {
        Design::Dense(m) | Design::Lower(m) => directed::enclosed_dot(m.row(i), w),
        Design::Sparse(s) => {
            let range = s.offsets[i]..s.offsets[i + 1];
            let picked: Vec<f64> = s.indices[range.clone()].iter().map(|&j| w[j as usize]).collect();
            directed::enclosed_dot(&s.values[range], &picked)
        }
    }
}

wide! {
    /// Adds `c row` to the accumulators `[total, low, moduli]`.
    fn add_dense<'a>(c: f64, row: &'a [f64], sums: [&'a mut [f64]; 3]) -> () {
        let [total, low, moduli] = sums;
        for (((v, total), low), moduli) in row.iter().zip(total).zip(low).zip(moduli) {
            add_product(c, *v, total, low, moduli);
        }
    }
}

wide! {
    /// The same for a sparse row.
    fn add_sparse<'a>(c: f64, indices: &'a [u32], values: &'a [f64], sums: [&'a mut [f64]; 3]) -> () {
        let [total, low, moduli] = sums;
        for (&j, &v) in indices.iter().zip(values) {
            let j = j as usize;
            add_product(c, v, &mut total[j], &mut low[j], &mut moduli[j]);
        }
    }
}

#[inline(always)]
fn add_product(c: f64, v: f64, total: &mut f64, low: &mut f64, moduli: &mut f64) {
    let (p, e) = directed::two_product(c, v);
    let (t, f) = directed::two_sum(*total, p);
    *total = t;
    *low += e + f;
    *moduli += p.abs();
}

/// One compensated accumulator per column.
struct Compensated {
    total: Vec<f64>,
    low: Vec<f64>,
    moduli: Vec<f64>,
    terms: usize,
}

impl Compensated {
    fn new(len: usize) -> Self {
        Self { total: vec![0.0; len], low: vec![0.0; len], moduli: vec![0.0; len], terms: 0 }
    }

    fn add_row(&mut self, z: &Design, i: usize, c: f64, at: usize) {
        self.terms += 1;
        match z {
            Design::Dense(m) | Design::Lower(m) => {
                let row = m.row(i);
                let range = at..at + row.len();
                let sums =
                    [&mut self.total[range.clone()], &mut self.low[range.clone()], &mut self.moduli[range]];
                add_dense(c, row, sums);
            }
            Design::Sparse(s) => {
                let range = s.offsets[i]..s.offsets[i + 1];
                let (indices, values) = (&s.indices[range.clone()], &s.values[range]);
                let sums = [&mut self.total[at..], &mut self.low[at..], &mut self.moduli[at..]];
                add_sparse(c, indices, values, sums);
            }
        }
    }

    fn finish(self) -> (Vec<f64>, Vec<f64>) {
        let n = self.terms;
        let sums = self.total.iter().zip(&self.low).zip(&self.moduli);
        sums.map(|((&t, &l), &m)| {
            let e = directed::compensated(t, l, m, n);
            // Half the width, rounded outward, around the midpoint's own rounding.
            (e.mid(), (0.5 * e.width()).next_up() + f64::EPSILON * e.mid().abs())
        })
        .unzip()
    }
}
