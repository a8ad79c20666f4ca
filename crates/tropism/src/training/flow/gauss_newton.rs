//! The implicit part of the flow of a model: `I + h Jᵀ S J` in sample space, in parameter space, or as an operator.

use super::roots::{apply, left_transposed, right, semidefinite_root};
use crate::data::Targets;
use crate::losses::Loss;
use crate::models::{Model, Workspace};
use crate::numerics::{Design, Factor, Matrix, linalg};
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Par};

/// Largest dimension that is factorised, and largest Jacobian that is kept (numbers).
const LARGEST: usize = 2_500;
const MOST_ENTRIES: usize = 20_000_000;
/// Iterations and accuracy of conjugate gradients; the method stays consistent if they are spent.
const ITERATIONS: usize = 200;
const ACCURACY: f64 = 1e-8;
/// With kinks the derivatives are renewed once the parameters have moved by this part of their norm.
const OUT_OF_DATE: f64 = 1e-3;

/// Where the linear systems are solved.
enum Space {
    /// `z = (I + h Rᵀ K R)^-1 Rᵀ b`, `K = J Jᵀ`.
    Samples { kernel: Matrix },
    /// `(I + h Jᵀ S J)^-1 Jᵀ S b`, with `Rᵀ J` in memory.
    Parameters { weighted: Matrix },
    /// Conjugate gradients in sample space; three vectors.
    Operator { residual: Vec<f64>, direction: Vec<f64>, image: Vec<f64> },
}

/// Jacobian, curvature of the loss, and the factorised system.
pub struct GaussNewton {
    k: usize,
    space: Space,
    /// `J [n k × p]`; empty in operator space.
    jacobian: Matrix,
    /// Where `jacobian` was taken; empty before the first time.
    at: Vec<f64>,
    kinked: bool,
    /// `R_i [k × k]` of every sample: `R_i R_iᵀ = S_i`.
    roots: Vec<f64>,
    block: Vec<f64>,
    order: Vec<usize>,
    /// `Rᵀ K R` or `Jᵀ S J`.
    matrix: Matrix,
    factor: Factor,
    /// Rounding of each output: a unit in the last place of `Σ_j |J_ij θ_j|`.
    noise: Vec<f64>,
    outputs: Vec<f64>,
    second: Vec<f64>,
    parameters: Vec<f64>,
    /// Memory of the solution and its rest.
    refined: [Vec<f64>; 2],
}

impl GaussNewton {
    /// For `m = n k` outputs and `p` parameters.
    pub fn new(m: usize, p: usize, k: usize, kinked: bool) -> Self {
        let dim = m.min(p);
        let dense = dim <= LARGEST && m.saturating_mul(p) <= MOST_ENTRIES;
        let space = match (dense, m <= p) {
            (true, true) => Space::Samples { kernel: Matrix::zeros(m, m) },
            (true, false) => Space::Parameters { weighted: Matrix::zeros(m, p) },
            (false, _) => {
                let empty = || vec![0.0; m];
                Space::Operator { residual: empty(), direction: empty(), image: empty() }
            }
        };
        let (kept, dim) = if dense { (m, dim) } else { (0, 0) };
        Self {
            k,
            space,
            jacobian: Matrix::zeros(kept, p),
            at: vec![],
            kinked,
            roots: vec![0.0; m * k],
            block: vec![0.0; k * k],
            order: (0..k).collect(),
            matrix: Matrix::zeros(dim, dim),
            factor: Factor::new(dim),
            noise: vec![0.0; kept],
            outputs: vec![0.0; m],
            second: vec![0.0; m],
            parameters: vec![0.0; p],
            refined: [vec![0.0; dim], vec![0.0; dim]],
        }
    }

    /// How the implicit stages are solved, in words.
    pub fn describe(&self) -> String {
        match &self.space {
            Space::Samples { kernel } => format!("implicit stages in the {} outputs", kernel.rows()),
            Space::Parameters { weighted } => {
                format!("implicit stages in the {} parameters", weighted.cols())
            }
            Space::Operator { .. } => {
                "implicit stages by conjugate gradients on products with the Jacobian, which is too \
                                       large to be kept"
                    .into()
            }
        }
    }

    /// Rounding of each output; empty where the Jacobian is not kept.
    pub fn noise(&self) -> &[f64] {
        &self.noise
    }

    /// `J`, where it is kept.
    pub fn jacobian(&self) -> Option<&Matrix> {
        (!matches!(self.space, Space::Operator { .. })).then_some(&self.jacobian)
    }

    /// The smallest singular value of `J`, beyond rounding, where it is kept and has no more rows than columns.
    pub fn least_singular_value(&self) -> Option<f64> {
        let Space::Samples { kernel } = &self.space else { return None };
        let (values, _) = linalg::symmetric_eigen(kernel)?;
        let (least, most) = (values.first()?, values.last()?);
        (*least > 1e-12 * most).then(|| least.sqrt())
    }

    /// Takes the derivatives anew at the next point, wherever it is.
    pub fn forget(&mut self) {
        self.at.clear();
    }

    /// Brings the derivatives up to date with `theta`.
    pub fn refresh(&mut self, theta: &[f64], jacobian: impl FnOnce(&mut Matrix)) {
        if matches!(self.space, Space::Operator { .. }) || self.is_current(theta) {
            return;
        }
        self.at.clear();
        self.at.extend_from_slice(theta);
        jacobian(&mut self.jacobian);
        for (i, noise) in self.noise.iter_mut().enumerate() {
            let sum: f64 = self.jacobian.row(i).iter().zip(theta).map(|(j, t)| (j * t).abs()).sum();
            *noise = f64::EPSILON * sum;
        }
        if let Space::Samples { kernel } = &mut self.space {
            gram(&self.jacobian, kernel, false);
        }
    }

    /// Smooth models take their derivatives at every step. With kinks, which leave no high order to gain, older ones serve
    /// as well.
    fn is_current(&self, theta: &[f64]) -> bool {
        if self.at.is_empty() {
            return false;
        }
        let moved: f64 = self.at.iter().zip(theta).map(|(a, t)| (a - t) * (a - t)).sum();
        if !self.kinked { moved == 0.0 } else { moved.sqrt() <= OUT_OF_DATE * linalg::norm2(theta) }
    }

    /// Takes the curvature of the loss at `outputs`, times `e^{log_factor}`.
    pub fn weigh(&mut self, loss: &dyn Loss, targets: &Targets, outputs: &[f64], log_factor: f64) {
        let k = self.k;
        for i in 0..targets.len() {
            let scale = loss.curvature(&outputs[i * k..(i + 1) * k], targets.get(i), &mut self.block);
            let root = &mut self.roots[i * k * k..(i + 1) * k * k];
            semidefinite_root(&mut self.block, &mut self.order, root);
            // Beyond e^600 the identity beside it is long lost; capping keeps the factorisation finite.
            let factor = (0.5 * (scale + log_factor).min(600.0)).exp();
            root.iter_mut().for_each(|v| *v *= factor);
        }
        match &mut self.space {
            Space::Samples { kernel } => {
                for a in 0..kernel.rows() {
                    right(&self.roots, k, kernel.row(a), self.matrix.row_mut(a));
                }
                left_transposed(&self.roots, k, &mut self.matrix, &mut self.block);
            }
            Space::Parameters { weighted } => {
                weighted.as_mut_slice().copy_from_slice(self.jacobian.as_slice());
                left_transposed(&self.roots, k, weighted, &mut self.block);
                gram(weighted, &mut self.matrix, true);
            }
            Space::Operator { .. } => {}
        }
    }

    /// Rows of `Rᵀ J` whose curvature is above `least` of the largest, in the memory of `out`; none where `J` is not kept.
    pub fn stiff_rows(&self, least: f64, out: &mut Matrix) {
        let (k, top) = (self.k, linalg::max_abs(&self.roots));
        let samples = self.roots.chunks_exact(k * k).enumerate().take(self.jacobian.rows() / k);
        let stiff = samples.filter(|(_, root)| linalg::max_abs(root) > least.sqrt() * top);
        out.reset(k * stiff.clone().count(), self.jacobian.cols());
        for (place, (i, root)) in stiff.enumerate() {
            for c in 0..k {
                let row = out.row_mut(place * k + c);
                (0..k).for_each(|a| linalg::axpy(root[a * k + c], self.jacobian.row(i * k + a), row));
            }
        }
    }

    /// Adds `Jᵀ S J` to the lower triangle of `out [p × p]`, where `J` is kept, with its diagonal raised by the part `grain` of itself. Along
    /// `W_{j+1} A, A^-1 W_j`, which leaves a product as it is, there is no curvature; rounding of the stiff directions would make a negative one
    /// of it, and steps of 10^16 of their times could not be taken.
    pub fn add_to(&self, out: &mut Matrix, grain: f64) {
        let mut rows = Matrix::zeros(0, 0);
        self.stiff_rows(0.0, &mut rows);
        let whole = BlockStructure::Rectangular;
        let (a, lower) = (rows.as_faer(), BlockStructure::TriangularLower);
        matmul(out.as_faer_mut(), lower, Accum::Add, a.transpose(), whole, a, whole, 1.0, Par::Seq);
        let mut raised = vec![0.0; out.rows()];
        for r in 0..rows.rows() {
            raised.iter_mut().zip(rows.row(r)).for_each(|(d, v)| *d += v * v);
        }
        raised.iter().enumerate().for_each(|(i, d)| out.set(i, i, out.get(i, i) + grain * d));
    }

    /// Factorises for steps of size `h`.
    pub fn factorise(&mut self, h: f64) -> bool {
        matches!(self.space, Space::Operator { .. }) || self.factor.shifted(&self.matrix, h)
    }

    /// `Δf = (I + h K S)^-1 g` and `Δθ = v − h Jᵀ S Δf`, in place.
    #[expect(clippy::too_many_arguments, reason = "the model's products take five of them")]
    pub fn correct(
        &mut self,
        h: f64,
        model: &dyn Model,
        x: &Design,
        theta: &[f64],
        work: &mut Workspace,
        v: &mut [f64],
        g: &mut [f64],
    ) {
        let k = self.k;
        right(&self.roots, k, g, &mut self.outputs);
        match &mut self.space {
            Space::Samples { kernel } => {
                solve_accurately(&self.factor, &self.matrix, h, &mut self.outputs, &mut self.refined);
                apply(&self.roots, k, &self.outputs, &mut self.second);
                linalg::matvec(kernel, &self.second, &mut self.outputs);
                linalg::axpy(-h, &self.outputs, g);
                linalg::matvec_transposed(&self.jacobian, &self.second, &mut self.parameters);
            }
            Space::Parameters { .. } => {
                apply(&self.roots, k, &self.outputs, &mut self.second);
                linalg::matvec_transposed(&self.jacobian, &self.second, &mut self.parameters);
                solve_accurately(&self.factor, &self.matrix, h, &mut self.parameters, &mut self.refined);
                linalg::matvec(&self.jacobian, &self.parameters, &mut self.outputs);
                linalg::axpy(-h, &self.outputs, g);
            }
            Space::Operator { residual, direction, image } => {
                let (roots, second, parameters) = (&self.roots, &mut self.second, &mut self.parameters);
                let mut system = |z: &[f64], out: &mut [f64]| {
                    apply(roots, k, z, second);
                    model.pullback(theta, x, second, work, parameters);
                    model.pushforward(theta, x, parameters, work, second);
                    right(roots, k, second, out);
                    out.iter_mut().zip(z).for_each(|(o, z)| *o = z + h * *o);
                };
                conjugate_gradients(&mut self.outputs, [residual, direction, image], &mut system);
                apply(roots, k, &self.outputs, second);
                model.pullback(theta, x, second, work, parameters);
                model.pushforward(theta, x, parameters, work, second);
                linalg::axpy(-h, second, g);
            }
        }
        linalg::axpy(-h, &self.parameters, v);
    }
}

/// Stiffness from which on a solution is refined.
const STIFF: f64 = 1e4;

/// Solves `(I + h M) z = b` in place. What stiff samples take back of an increment is nearly all of it: a relative error of `eps · h‖M‖`
/// would be larger than what is left, and one step of iterative refinement takes it away.
fn solve_accurately(factor: &Factor, m: &Matrix, h: f64, b: &mut [f64], [z, rest]: &mut [Vec<f64>; 2]) {
    z.copy_from_slice(b);
    factor.solve(z);
    if h * (0..z.len()).map(|i| m.get(i, i)).fold(0.0, f64::max) > STIFF {
        linalg::matvec(m, z, rest);
        rest.iter_mut().zip(b.iter().zip(z.iter())).for_each(|(r, (b, z))| *r = b - z - h * *r);
        factor.solve(rest);
        linalg::axpy(1.0, rest, z);
    }
    b.copy_from_slice(z);
}

/// `A Aᵀ`, or `Aᵀ A`, both triangles.
fn gram(a: &Matrix, out: &mut Matrix, inner: bool) {
    let (left, right) =
        if inner { (a.as_faer().transpose(), a.as_faer()) } else { (a.as_faer(), a.as_faer().transpose()) };
    let whole = BlockStructure::Rectangular;
    let (lower, replace) = (BlockStructure::TriangularLower, Accum::Replace);
    matmul(out.as_faer_mut(), lower, replace, left, whole, right, whole, 1.0, Par::Seq);
    for i in 0..out.rows() {
        for j in 0..i {
            let v = out.get(i, j);
            out.set(j, i, v);
        }
    }
}

/// Solves a symmetric positive definite system in place, to a relative residual of [`ACCURACY`].
fn conjugate_gradients(
    b: &mut [f64],
    [residual, direction, image]: [&mut Vec<f64>; 3],
    system: &mut dyn FnMut(&[f64], &mut [f64]),
) {
    residual.copy_from_slice(b);
    direction.copy_from_slice(b);
    b.fill(0.0);
    let mut square = linalg::dot(residual, residual);
    let goal = ACCURACY * ACCURACY * square;
    for _ in 0..ITERATIONS {
        if square <= goal || !square.is_finite() {
            return;
        }
        system(direction, image);
        let step = square / linalg::dot(direction, image);
        linalg::axpy(step, direction, b);
        linalg::axpy(-step, image, residual);
        let next = linalg::dot(residual, residual);
        let keep = next / square;
        direction.iter_mut().zip(residual.iter()).for_each(|(d, r)| *d = r + keep * *d);
        square = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_softmax_curvature() {
        // diag(p) − p pᵀ with probabilities from one to e^-60, and a zero matrix.
        for scores in [[0.0, 0.1, -0.2], [60.0, 0.0, 20.0], [0.0, -30.0, -60.0]] {
            let total: f64 = scores.iter().map(|v: &f64| v.exp()).sum();
            let p: Vec<f64> = scores.iter().map(|v| v.exp() / total).collect();
            let entry = |i: usize, j: usize| {
                let others: f64 = (0..3).filter(|c| *c != i).map(|c| p[c]).sum();
                if i == j { p[i] * others } else { -p[i] * p[j] }
            };
            let want: Vec<f64> = (0..9).map(|a| entry(a / 3, a % 3)).collect();
            let (mut s, mut root) = (want.clone(), vec![0.0; 9]);
            semidefinite_root(&mut s, &mut [0, 0, 0], &mut root);
            for i in 0..3 {
                for j in 0..3 {
                    let got: f64 = (0..3).map(|c| root[i * 3 + c] * root[j * 3 + c]).sum();
                    let size = (want[i * 3 + i] * want[j * 3 + j]).sqrt();
                    // Relative to the entries' own sizes, tiny as they are; 1e-14 of the last pivot is dropped.
                    assert!((got - want[i * 3 + j]).abs() <= 4e-14 * size, "{scores:?} {i} {j}");
                }
            }
        }
        let mut root = vec![1.0; 9];
        semidefinite_root(&mut [0.0; 9], &mut [0, 0, 0], &mut root);
        assert_eq!(root, vec![0.0; 9]);
    }
}
