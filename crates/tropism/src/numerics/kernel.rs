//! Kernels of infinitely wide bias-free ReLU networks (NNGP and NTK), and the linear kernel.
//!
//! | kernel | trained | of the function space |
//! |---|---|---|
//! | `linear` | a linear predictor | `⟨x, x'⟩` |
//! | `nngp` | the output layer only: random features | `Σ^{D−1}` |
//! | `ntk` | all layers, lazily | `Θ^{D−1}` |
//!
//! `Σ⁰ = Θ⁰ = ⟨x, x'⟩`, `Σ^{h+1} = ½ √(Σ^h(x,x) Σ^h(x',x')) κ₁(ρ^h)`, `Θ^{h+1} = Σ^{h+1} + ½ Θ^h κ₀(ρ^h)`, `ρ^h` the cosine
//! of `Σ^h`: networks of `D` layers of weights, all weights `N(0, 1)`, a factor `m^{−1/2}` after each hidden layer. Other
//! variances change the kernel by a constant factor, which interpolants do not see. The output layer alone over
//! weights uniform on the unit sphere of `R^d` is `nngp` of depth 2 divided by `d`.
//!
//! Shapes: `X [n × d]`, gram `[n × n]`, cross kernel `[m × n]`. Units: those of `X`, squared.
//! Assumes: depth at least 1; depth 1 is the linear kernel.
//! Source: Cho, Saul 2009 (arc-cosine kernels); Jacot, Gabriel, Hongler 2018 (arXiv 1806.07572), Theorem 1; Arora et al.
//! 2019 (arXiv 1904.11955), eq. 7–9, with `c_σ = 1` in place of their 2.
//! Accuracy: diagonals are computed from the norms, not from a cosine that should be 1; pairs within 10° of parallel or
//! opposite take the angle from the chord. Entries are good to a few `10⁻¹⁵ √(k(x,x) k(x',x'))`.

use super::arc_cosine::{self, Pair};
use super::{Design, Matrix, compensated, linalg};
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Par};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kernel on input vectors; see the module header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kernel {
    /// `⟨x, x'⟩`.
    Linear,
    /// Output layer of a ReLU network of `depth` layers of weights.
    Nngp {
        /// Layers of weights, at least 1.
        depth: usize,
    },
    /// All layers of a ReLU network of `depth` layers of weights.
    Ntk {
        /// Layers of weights, at least 1.
        depth: usize,
    },
}

/// From here on a cosine determines the angle to `2·10⁻¹⁵`; nearer to ±1 the chord does.
const NEAR: f64 = 1.0 - 1.0 / 64.0;
/// Side of the square tiles in which the lower half is copied to the upper: two of them fit into the first cache.
const TILE: usize = 32;

impl Kernel {
    /// Whether the depth is admissible.
    pub fn is_valid(self) -> bool {
        !matches!(self, Kernel::Nngp { depth: 0 } | Kernel::Ntk { depth: 0 })
    }

    /// The short name used in formulas and tables: `linear`, `nngp depth 2`, `ntk depth 3`.
    pub fn name(self) -> String {
        match self {
            Kernel::Linear => "linear".into(),
            Kernel::Nngp { depth } => format!("nngp depth {depth}"),
            Kernel::Ntk { depth } => format!("ntk depth {depth}"),
        }
    }

    /// Hidden layers, and whether all layers are trained; `None` for the linear kernel.
    fn layers(self) -> Option<(usize, bool)> {
        match self {
            Kernel::Linear | Kernel::Nngp { depth: 0 | 1 } | Kernel::Ntk { depth: 0 | 1 } => None,
            Kernel::Nngp { depth } => Some((depth - 1, false)),
            Kernel::Ntk { depth } => Some((depth - 1, true)),
        }
    }

    /// `k(x_i, x_j)` for all rows of `x`, symmetric.
    pub fn gram(self, x: &Design) -> Matrix {
        let Some((layers, tangent)) = self.layers() else { return x.gram() };
        let rows = Rows::new(x);
        let n = x.rows();
        let mut k = Matrix::zeros(n, n);
        let (u, full) = (rows.unit.as_faer(), BlockStructure::Rectangular);
        triangular::matmul(
            k.as_faer_mut(),
            BlockStructure::TriangularLower,
            Accum::Replace,
            u,
            full,
            u.transpose(),
            full,
            1.0,
            Par::Seq,
        );
        let one = one(arc_cosine::pair(0.0, false, layers), tangent);
        let mut near = vec![];
        for i in 0..n {
            let row = &mut k.row_mut(i)[..i];
            rows.finish(&rows, i, row, (layers, tangent), &mut near);
            k.set(i, i, one * scale(layers) * rows.squares[i]);
        }
        mirror(&mut k);
        k
    }

    /// `k(a_i, x_j)`, `[rows of a × rows of x]`.
    pub fn cross(self, a: &Design, x: &Design) -> Matrix {
        let Some((layers, tangent)) = self.layers() else {
            return linalg::matmul_nt(&a.to_dense(), &x.to_dense());
        };
        let (left, right) = (Rows::new(a), Rows::new(x));
        let mut k = linalg::matmul_nt(&left.unit, &right.unit);
        let mut near = vec![];
        for i in 0..a.rows() {
            left.finish(&right, i, k.row_mut(i), (layers, tangent), &mut near);
        }
        k
    }
}

/// Each hidden layer halves the second moment.
fn scale(layers: usize) -> f64 {
    (-(layers as f64)).exp2()
}

fn one(pair: Pair, tangent: bool) -> f64 {
    if tangent { pair.tangent } else { pair.features }
}

/// Inputs of length one, with their lengths.
struct Rows {
    unit: Matrix,
    norms: Vec<f64>,
    /// Squared norms, rounded once.
    squares: Vec<f64>,
}

impl Rows {
    fn new(x: &Design) -> Self {
        let mut unit = x.to_dense();
        let (mut norms, mut squares) = (vec![], vec![]);
        for i in 0..unit.rows() {
            let row = unit.row_mut(i);
            let norm = linalg::norm2(row);
            squares.push(compensated::dot(row, row).value());
            if norm > 0.0 {
                row.iter_mut().for_each(|v| *v /= norm);
            }
            norms.push(norm);
        }
        Self { unit, norms, squares }
    }

    /// Turns the cosines of row `i` with the first rows of `other` into kernel entries.
    fn finish(
        &self,
        other: &Rows,
        i: usize,
        row: &mut [f64],
        (layers, tangent): (usize, bool),
        near: &mut Vec<(usize, f64)>,
    ) {
        near.clear();
        near.extend((0..row.len()).filter(|&j| row[j].abs() > NEAR).map(|j| (j, row[j])));
        arc_cosine::transform(row, layers, tangent);
        for &(j, cosine) in near.iter() {
            let sign = if cosine < 0.0 { -1.0 } else { 1.0 };
            let chord: f64 =
                self.unit.row(i).iter().zip(other.unit.row(j)).map(|(a, b)| (a - sign * b).powi(2)).sum();
            row[j] = one(arc_cosine::pair((0.5 * chord).min(1.0), cosine < 0.0, layers), tangent);
        }
        let factor = scale(layers) * self.norms[i];
        row.iter_mut().zip(&other.norms).for_each(|(v, r)| *v *= factor * r);
        for &(j, cosine) in near.iter() {
            // Copies of one input: the entry is the diagonal one, to the last bit.
            if cosine > 0.0 && self.norms[i] == other.norms[j] && self.unit.row(i) == other.unit.row(j) {
                let diagonal = one(arc_cosine::pair(0.0, false, layers), tangent);
                row[j] = diagonal * scale(layers) * self.squares[i];
            }
        }
    }
}

/// Copies the lower triangle to the upper.
fn mirror(k: &mut Matrix) {
    let n = k.rows();
    let data = k.as_mut_slice();
    for first in (0..n).step_by(TILE) {
        for column in (0..=first).step_by(TILE) {
            for i in first..(first + TILE).min(n) {
                for j in column..(column + TILE).min(i) {
                    data[j * n + i] = data[i * n + j];
                }
            }
        }
    }
}
