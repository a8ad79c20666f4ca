//! The linear map from a parameter to its margins, `m = Z w`, without forming `Z` for multiclass data.

use super::Targets;
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
        let mut m = vec![0.0; self.rows()];
        self.apply(w, &mut m);
        // Bound each dot product's error by γ ‖row‖ ‖w‖ (Cauchy-Schwarz on Σ|z_j w_j|).
        let len = self.inputs() + 4;
        let (norms, spread) = match self {
            MarginMap::Binary { z } => (z.row_norms(), 1.0),
            MarginMap::Multiclass { x, .. } => (x.row_norms(), std::f64::consts::SQRT_2),
        };
        let per = self.rows() / norms.len().max(1);
        let err =
            crate::numerics::directed::gamma(len) * crate::numerics::linalg::norm2(w) * spread * (1.0 + 1e-6);
        m.iter()
            .enumerate()
            .map(|(r, v)| (v - err * norms[r / per.max(1)]).next_down())
            .fold(f64::INFINITY, f64::min)
    }
}
