//! A model to first order at a point: the features it is linear in, and what it computes there.

use super::Setup;
use crate::data::Dataset;
use crate::models::Workspace;
use crate::numerics::linalg::matmul_nt;
use crate::numerics::{Design, Matrix};

/// Multiplications for the kernel matrix of all points that are affordable once.
const MOST_WORK: usize = 20_000_000_000;
/// Numbers in the Jacobian that are kept.
const MOST_NUMBERS: usize = 40_000_000;

/// Jacobian and outputs of a model with one output, at the `n` training samples and then the held-out ones.
pub struct Features {
    /// `J [N × p]`.
    pub jacobian: Matrix,
    /// `f [N]` at the point itself.
    pub outputs: Vec<f64>,
    /// The first samples, those trained on.
    pub n: usize,
}

impl Features {
    /// The tangent kernel `J Jᵀ [N × N]`.
    pub fn kernel(&self) -> Matrix {
        matmul_nt(&self.jacobian, &self.jacobian)
    }

    /// Rows of the training samples, `[n × p]`.
    pub fn training(&self) -> Matrix {
        let p = self.jacobian.cols();
        Matrix::from_vec(self.n, p, self.jacobian.as_slice()[..self.n * p].to_vec())
    }
}

impl Setup {
    /// The model to first order at `theta [p]`; `None` for several outputs, or where it would be too large.
    pub fn features(&self, theta: &[f64]) -> Option<Features> {
        let (n, p) = (self.data.n(), self.model.dim());
        let all = n + self.data.test.as_ref().map_or(0, |t| t.n());
        let large = all * p > MOST_NUMBERS || all * all * p > MOST_WORK;
        if self.data.targets.outputs() != 1 || large {
            return None;
        }
        let (mut rows, mut outputs) = self.linearize(theta, &self.data);
        if let Some(test) = &self.data.test {
            let (more, others) = self.linearize(theta, test);
            rows.extend(more);
            outputs.extend(others);
        }
        Some(Features { jacobian: Matrix::from_vec(all, p, rows), outputs, n })
    }

    fn linearize(&self, theta: &[f64], data: &Dataset) -> (Vec<f64>, Vec<f64>) {
        let mut j = Matrix::zeros(data.n(), self.model.dim());
        let x: &Design = &data.x;
        self.model.jacobian(theta, x, &mut Workspace::default(), &mut j);
        (j.as_slice().to_vec(), self.outputs(theta, data))
    }
}
