//! Products of matrices in bases in which what has grown and what has not stand apart.
//!
//! A flow from a small start waits at saddles of low rank: a few singular values of every factor have grown, the others are as small as at the
//! start, and so are their velocities, powers of them. In the user's basis each entry of a gradient is a sum of both, and rounding of the large
//! part, 1e-16 of it, is more than all of the small one. The outputs of `W_N ⋯ W_1` are the same after `W_j → Q_jᵀ W_j Q_{j−1}`
//! with orthogonal `Q_j` (and inputs turned by `Q_0`, and by `Q_N` where they are matrices), the gradient turns along, and so the flow in the new
//! coordinates is the flow: in those the factors are graded, and every entry is computed from terms of its own size.
//!
//! Shapes: `Q_j [sizes_j × sizes_j]`, `0 ≤ j ≤ N`.
//! Source: graded matrices keep the relative accuracy of their small parts under Householder reflections that begin with the large ones:
//! Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §19.4.

use crate::models::{Block, Model, Structure};
use crate::numerics::{Design, Matrix, linalg};

/// `Q_0 … Q_N`.
pub struct Bases(Vec<Matrix>);

impl Bases {
    /// Those in which the factors at `theta` are graded; `None` for models that are no product of matrices.
    pub fn graded(model: &dyn Model, theta: &[f64]) -> Option<Self> {
        let structure = model.facts().structure;
        let (depth, matrices) = match structure {
            Structure::DeepLinear { depth } => (depth, false),
            Structure::Factorized { depth, .. } => (depth, true),
            _ => return None,
        };
        let blocks = model.blocks();
        // Right singular vectors of the first factor, all of them, by decreasing singular values.
        let first = blocks.first()?.matrix(theta);
        let square = first.rows().max(first.cols());
        let at = |i: usize, j: usize| if i < first.rows() { first.get(i, j) } else { 0.0 };
        let padded = Matrix::from_fn(square, first.cols(), at);
        let mut bases = vec![linalg::svd(&padded)?.v];
        for (j, block) in blocks.iter().enumerate() {
            let onto = linalg::matmul_nn(&block.matrix(theta), &bases[j]);
            // The outputs of a network are what its targets are about: they keep their basis.
            let kept = j + 1 == depth && !matrices;
            bases.push(if kept { identity(block.rows) } else { linalg::complete_q(&onto) });
        }
        Some(Self(bases))
    }

    /// `W_j → Q_jᵀ W_j Q_{j−1}`.
    pub fn turn(&self, blocks: &[Block], theta: &[f64]) -> Vec<f64> {
        self.each(blocks, theta, |w, left, right| linalg::matmul_tn(left, &linalg::matmul_nn(w, right)))
    }

    /// Back from there.
    pub fn turn_back(&self, blocks: &[Block], theta: &[f64]) -> Vec<f64> {
        self.each(blocks, theta, |w, left, right| linalg::matmul_nt(&linalg::matmul_nn(left, w), right))
    }

    fn each(
        &self,
        blocks: &[Block],
        theta: &[f64],
        turned: impl Fn(&Matrix, &Matrix, &Matrix) -> Matrix,
    ) -> Vec<f64> {
        let factors = blocks.iter().enumerate();
        factors.flat_map(|(j, b)| turned(&b.matrix(theta), &self.0[j + 1], &self.0[j]).into_vec()).collect()
    }

    /// The inputs that give the same outputs: `x Q_0`, or `Q_Nᵀ A Q_0` where they are matrices.
    pub fn turn_inputs(&self, structure: Structure, x: &Design) -> Design {
        let (first, last) = (&self.0[0], &self.0[self.0.len() - 1]);
        let dense = x.to_dense();
        let Structure::Factorized { rows, cols, .. } = structure else {
            return Design::Dense(linalg::matmul_nn(&dense, first));
        };
        let turned = (0..dense.rows()).flat_map(|i| {
            let a = Matrix::from_vec(rows, cols, dense.row(i).to_vec());
            linalg::matmul_tn(last, &linalg::matmul_nn(&a, first)).into_vec()
        });
        Design::Dense(Matrix::from_vec(dense.rows(), rows * cols, turned.collect()))
    }

    /// Both turns, one after the other.
    pub fn then(&self, next: &Bases) -> Bases {
        Self(self.0.iter().zip(&next.0).map(|(a, b)| linalg::matmul_nn(a, b)).collect())
    }
}

fn identity(n: usize) -> Matrix {
    Matrix::from_fn(n, n, |i, j| if i == j { 1.0 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Interface, ModelSpec, Workspace};
    use crate::numerics::rng::{Stream, rng};

    /// Outputs are the same in the new bases and parameters come back; the factors are graded: beside its diagonal every entry is below
    /// rounding of the largest.
    #[test]
    fn bases_change_nothing_but_where_numbers_stand() {
        let shapes = [
            ("matrix_factorization", "depth = 4\ninit = 'balanced'"),
            ("deep_linear", "depth = 3\nwidth = 5"),
        ];
        for (kind, keys) in shapes {
            let spec = ModelSpec::parse("model", kind, keys.parse().unwrap(), &[]).unwrap();
            let factorized = kind == "matrix_factorization";
            let shape = factorized.then_some((3, 4));
            let outputs = if factorized { 1 } else { 2 };
            let model = spec.build(&Interface { inputs: 12, outputs, shape, image: None }).unwrap();
            let mut theta = vec![0.0; model.dim()];
            model.init(&mut rng(3, Stream::Init), &mut theta);
            let x: Design = Matrix::from_fn(5, 12, |i, j| f64::sin((i * 12 + j * j) as f64)).into();
            let bases = Bases::graded(&*model, &theta).unwrap();
            let (turned, inputs) =
                (bases.turn(&model.blocks(), &theta), bases.turn_inputs(model.facts().structure, &x));
            let (mut before, mut after) = (vec![0.0; 5 * outputs], vec![0.0; 5 * outputs]);
            model.predict(&theta, &x, &mut Workspace::default(), &mut before);
            model.predict(&turned, &inputs, &mut Workspace::default(), &mut after);
            let size = linalg::norm2(&before);
            assert!(linalg::distance(&before, &after) < 1e-13 * size, "{before:?} {after:?}");
            let back = bases.turn_back(&model.blocks(), &turned);
            assert!(linalg::distance(&theta, &back) < 1e-14 * linalg::norm2(&theta));
            let twice = bases.then(&Bases::graded(&*model, &turned).unwrap());
            let again = twice.turn(&model.blocks(), &theta);
            assert!((linalg::norm2(&again) / linalg::norm2(&theta) - 1.0).abs() < 1e-14);
            if factorized {
                for b in model.blocks() {
                    let w = b.matrix(&turned);
                    let off = |i: usize, j: usize| if i == j { 0.0 } else { w.get(i, j).abs() };
                    let most =
                        (0..b.rows).flat_map(|i| (0..b.cols).map(move |j| off(i, j))).fold(0.0, f64::max);
                    assert!(most < 1e-14 * linalg::norm2(w.as_slice()), "{w:?}");
                }
            }
        }
    }
}
