//! The margin rows as an interior point method needs them: scaled by a power of two so that the largest
//! row has length about one (exact, so solutions transform exactly), with the two weighted Gram matrices.

use crate::data::MarginMap;
use crate::numerics::{Design, Matrix};
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Par};
use std::sync::Arc;

/// `Z` with its products. Shapes: `N` margins, `m` parameters.
pub(super) struct Rows {
    pub map: MarginMap,
    /// Dense rows where the map has no dense matrix of its own to lend, unless multiclass with more rows than columns (then
    /// the structure is used).
    dense: Option<Matrix>,
}

impl Rows {
    pub fn new(map: &MarginMap) -> Self {
        let design = match map {
            MarginMap::Binary { z } => z,
            MarginMap::Multiclass { x, .. } => x,
        };
        let longest = design.row_norms().into_iter().fold(0.0, f64::max);
        let factor =
            if longest > 0.0 && longest.is_finite() { (-longest.log2().round()).exp2() } else { 1.0 };
        let scaled = Arc::new(design.scaled_rows(&vec![factor; design.rows()]));
        let map = match map {
            MarginMap::Binary { .. } => MarginMap::Binary { z: scaled },
            MarginMap::Multiclass { labels, classes, .. } => {
                MarginMap::Multiclass { x: scaled, labels: labels.clone(), classes: *classes }
            }
        };
        let structured = matches!(map, MarginMap::Multiclass { .. }) && map.rows() > map.cols();
        let dense = (!structured && lent(&map).is_none()).then(|| map.to_dense());
        Self { map, dense }
    }

    fn dense(&self) -> Option<&Matrix> {
        lent(&self.map).or(self.dense.as_ref())
    }

    pub fn count(&self) -> usize {
        self.map.rows()
    }

    pub fn width(&self) -> usize {
        self.map.cols()
    }

    pub fn apply(&self, w: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.count()];
        match self.dense() {
            Some(z) => crate::numerics::linalg::matvec(z, w, &mut out),
            None => self.map.apply(w, &mut out),
        }
        out
    }

    pub fn adjoint(&self, a: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.width()];
        match self.dense() {
            Some(z) => crate::numerics::linalg::matvec_transposed(z, a, &mut out),
            None => self.map.adjoint(a, &mut out),
        }
        out
    }

    /// `Z diag(e) Zᵀ`, lower triangle, `[N × N]`; `None` for the unweighted product.
    pub fn gram(&self, e: Option<&[f64]>) -> Matrix {
        let own = self.dense().is_none().then(|| self.map.to_dense());
        let Some(z) = self.dense().or(own.as_ref()) else { return Matrix::zeros(0, 0) };
        let n = z.rows();
        let mut g = Matrix::zeros(n, n);
        let Some(e) = e else {
            lower(&mut g, z.as_faer(), z.as_faer().transpose());
            return g;
        };
        let roots: Vec<f64> = e.iter().map(|v| v.sqrt()).collect();
        let mut scaled = Vec::with_capacity(n * z.cols());
        for i in 0..n {
            scaled.extend(z.row(i).iter().zip(&roots).map(|(v, r)| v * r));
        }
        let scaled = Matrix::from_vec(n, z.cols(), scaled);
        lower(&mut g, scaled.as_faer(), scaled.as_faer().transpose());
        g
    }

    /// `Zᵀ diag(d) Z`, lower triangle, `[m × m]`.
    pub fn normal(&self, d: &[f64]) -> Matrix {
        let Some(z) = self.dense() else { return self.normal_structured(d) };
        let mut scaled = z.clone();
        for (i, v) in d.iter().enumerate() {
            let r = v.sqrt();
            scaled.row_mut(i).iter_mut().for_each(|e| *e *= r);
        }
        let mut g = Matrix::zeros(z.cols(), z.cols());
        lower(&mut g, scaled.as_faer().transpose(), scaled.as_faer());
        g
    }

    /// For classes: `Σ_i L_i ⊗ x_i x_iᵀ`, `L_i` the weighted star graph of sample `i` around its own class.
    fn normal_structured(&self, weights: &[f64]) -> Matrix {
        let MarginMap::Multiclass { x, labels, classes } = &self.map else {
            return Matrix::zeros(self.width(), self.width());
        };
        let (k, d, n) = (*classes, x.cols(), labels.len());
        let dense = x.to_dense();
        let mut laplacian = Matrix::zeros(k * k, n);
        for (i, &y) in labels.iter().enumerate() {
            for (&v, c) in weights[i * (k - 1)..].iter().zip((0..k).filter(|&c| c != y)) {
                let mut add = |r: usize, s: usize, e: f64| {
                    let at = r * k + s;
                    laplacian.set(at, i, laplacian.get(at, i) + e);
                };
                add(y, y, v);
                add(c, c, v);
                add(y, c, -v);
                add(c, y, -v);
            }
        }
        let mut out = Matrix::zeros(k * d, k * d);
        let mut scaled = dense.clone();
        let mut block = Matrix::zeros(d, d);
        for r in 0..k {
            for s in 0..=r {
                let l = laplacian.row(r * k + s);
                for (i, &v) in l.iter().enumerate() {
                    for (o, e) in scaled.row_mut(i).iter_mut().zip(dense.row(i)) {
                        *o = v * e;
                    }
                }
                lower(&mut block, scaled.as_faer().transpose(), dense.as_faer());
                for p in 0..d {
                    for q in 0..d {
                        let v = if p >= q { block.get(p, q) } else { block.get(q, p) };
                        out.set(r * d + p, s * d + q, v);
                    }
                }
            }
        }
        out
    }

    /// Whether the rows are held sparse and a dense copy would not pay (more than 4 million entries, 32 MB).
    pub fn too_large(map: &MarginMap) -> bool {
        let sparse = matches!(map, MarginMap::Binary { z } if matches!(z.as_ref(), Design::Sparse(_)));
        sparse && map.rows() * map.cols() > 4_000_000
    }

    /// The scaled rows themselves, `[|rows| × m]`.
    pub fn select(&self, rows: &[usize]) -> Matrix {
        let Some(z) = self.dense() else { return Self::select_of(&self.map, rows) };
        let mut out = Matrix::zeros(rows.len(), z.cols());
        for (to, &from) in rows.iter().enumerate() {
            out.row_mut(to).copy_from_slice(z.row(from));
        }
        out
    }

    /// Rows of `Z` in the user's units, `[|rows| × m]`.
    pub fn select_of(map: &MarginMap, rows: &[usize]) -> Matrix {
        let mut out = Matrix::zeros(rows.len(), map.cols());
        for (to, &from) in rows.iter().enumerate() {
            match map {
                MarginMap::Binary { z } => z.add_row(from, 1.0, out.row_mut(to)),
                MarginMap::Multiclass { x, labels, classes } => {
                    let (k, d) = (*classes, x.cols());
                    let (i, y) = (from / (k - 1), labels[from / (k - 1)]);
                    if let Some(c) = (0..k).filter(|&c| c != y).nth(from % (k - 1)) {
                        x.add_row(i, 1.0, &mut out.row_mut(to)[y * d..(y + 1) * d]);
                        x.add_row(i, -1.0, &mut out.row_mut(to)[c * d..(c + 1) * d]);
                    }
                }
            }
        }
        out
    }
}

/// The dense matrix that a map of two classes holds already.
fn lent(map: &MarginMap) -> Option<&Matrix> {
    match map {
        MarginMap::Binary { z } => match z.as_ref() {
            Design::Dense(m) => Some(m),
            Design::Lower(_) | Design::Sparse(_) => None,
        },
        MarginMap::Multiclass { .. } => None,
    }
}

fn lower(out: &mut Matrix, a: faer::MatRef<'_, f64>, b: faer::MatRef<'_, f64>) {
    let full = BlockStructure::Rectangular;
    matmul(
        out.as_faer_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        a,
        full,
        b,
        full,
        1.0,
        Par::Seq,
    );
}
