//! Natural gradient `w ← w − η_k (F + δI)⁺ ∇L(w)`, `F = Jᵀ H J` the Gauss-Newton matrix: Fisher's for the squared, logistic and
//! cross-entropy losses.
//!
//! Shapes: any parameter vector `[p]`; each step forms and decomposes `F [p × p]`.
//! Assumes: δ = 0 by default, then the pseudo-inverse; eigenvalues below `p · 2^-52` of the largest are left out, so parameters stay in
//! `w₀ + rowspace(X)`. Default `η = 1`: for the squared loss the first step ends at the least-squares solution nearest to `w₀`.
//! Source: Amari 1998 (Neural Computation 10); Gauss-Newton form: Martens 2020 (arXiv 1412.1193). Finite steps do not
//! keep the bias of the flow: Gunasekar et al. 2018 (1802.08246), §3.
//! Units and invariance: δ has the units of the curvature and acts by its true size. Commutes with rotations of the inputs.
//! Errors: `damping < 0`, `step_size ≤ 0`.
//! Example: `optimizer.kind = "natural_gradient"`, `optimizer.step_size = 0.1`.

use super::gradient_descent::add_scaled;
use super::{
    Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind, ScheduleSpec,
    State, Symmetry, check_nonnegative,
};
use crate::Error;
use crate::numerics::decomposition::Decomposition;
use crate::numerics::linalg;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of the natural gradient.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NaturalGradientSpec {
    /// δ ≥ 0 added to the Gauss-Newton matrix; 0 takes its pseudo-inverse.
    pub damping: f64,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

/// Natural gradient with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct NaturalGradient {
    pub damping: f64,
    pub schedule: Schedule,
}

impl NaturalGradientSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, _c: &Curvature) -> Result<Built, Error> {
        check_nonnegative("damping", self.damping)?;
        let (schedule, origin) = self.steps.build(ScheduleKind::Constant, 0.0, |_| {
            (1.0, "1: a full step on the quadratic model of the loss".into())
        })?;
        let optimizer = Box::new(NaturalGradient { damping: self.damping, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

/// Writes `direction` with `(exp(scale) F + δI)⁺ g = exp(s) × direction` into `out`, and returns `s`; `None` if the
/// decomposition fails. `f [p × p]`.
fn solve(
    f: &[f64],
    scale: f64,
    damping: f64,
    g: &[f64],
    work: &mut Decomposition,
    out: &mut [f64],
) -> Option<f64> {
    if !work.symmetric(f, g.len()) {
        return None;
    }
    let floor = damping.ln();
    let top = scale.max(floor);
    let (a, b) = ((scale - top).exp(), (floor - top).exp());
    let cut = work.values.last().copied().unwrap_or(0.0) * g.len() as f64 * f64::EPSILON;
    out.fill(0.0);
    for (vector, &value) in work.left.chunks_exact(g.len()).zip(&work.values) {
        let d = if value > cut { a * value + b } else { b };
        if d > 0.0 {
            linalg::axpy(linalg::dot(vector, g) / d, vector, out);
        }
    }
    Some(-top)
}

impl Optimizer for NaturalGradient {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    /// An oracle without curvature, or a matrix that is not finite, leaves the parameters where they are.
    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let (mut g, mut v) = (state.take_scratch(), state.take_second());
        let p = g.len();
        let scale = oracle.gradient(&state.theta, None, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        state.work.resize(p * p, 0.0);
        let curvature = oracle.gauss_newton(&state.theta, &mut state.work);
        let (f, work) = (&state.work, &mut state.decomposition);
        if let Some(log) = curvature.and_then(|s| solve(f, s, self.damping, &g, work, &mut v)) {
            add_scaled(&mut state.theta, log_eta + scale + log, &v, -1.0);
        }
        state.tick(log_eta);
        (state.scratch, state.second) = (g, v);
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts {
            symmetry: Symmetry::Rotation,
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::GaussNewton { damping: self.damping })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;
    use crate::losses::LossSpec;
    use crate::models::{Interface, ModelSpec};
    use crate::numerics::Matrix;
    use crate::optimizers::reference;
    use crate::training::DataOracle;

    fn data() -> Dataset {
        let x = Matrix::from_fn(3, 5, |i, j| ((i * 5 + j * j * 3 + 1) % 7) as f64 - 3.0);
        Dataset::regression("small", x, vec![1.0, -2.0, 0.5])
    }

    fn after_one_step(data: &Dataset, loss: &LossSpec, start: &[f64], damping: f64) -> Vec<f64> {
        let model = ModelSpec::linear(Default::default())
            .build(&Interface { inputs: 5, outputs: 1, shape: None, image: None })
            .unwrap();
        let loss = loss.build().unwrap();
        let mut oracle = DataOracle::new(&*model, &*loss, &data.x, &data.targets, -(3f64.ln()));
        let spec = NaturalGradientSpec { damping, ..Default::default() };
        let built = spec.build(&reference::curvature()).unwrap();
        let mut state = built.optimizer.start(start.to_vec(), 1);
        built.optimizer.step(&mut state, &mut oracle);
        state.theta
    }

    /// On the squared loss one step ends at `w₀ + X⁺(y − X w₀)`.
    #[test]
    fn one_step_solves_least_squares() {
        let data = data();
        let w0 = [0.3, -0.1, 0.7, 0.0, 1.0];
        let got = after_one_step(&data, &LossSpec::squared(Default::default()), &w0, 0.0);
        let x = data.x.to_dense();
        let mut rest = vec![0.0; 3];
        linalg::matvec(&x, &w0, &mut rest);
        let crate::data::Targets::Real(y) = &data.targets else { unreachable!() };
        rest.iter_mut().zip(y).for_each(|(r, y)| *r = y - *r);
        let gram = linalg::matmul_nt(&x, &x);
        let dual = linalg::solve_general(&gram, &rest).unwrap();
        let mut want = vec![0.0; 5];
        linalg::matvec_transposed(&x, &dual, &mut want);
        want.iter_mut().zip(w0).for_each(|(w, w0)| *w += w0);
        // The normal equations square a condition number of about ten.
        reference::close(&got, &want, 1e-12);
    }

    /// On the exponential loss `H = diag(e^−m)` and the slopes are `−e^−m`: every margin grows by one, from any depth.
    #[test]
    fn every_margin_grows_by_one_on_the_exponential_loss() {
        let data = Dataset::binary("signs", data().x.to_dense(), vec![1.0, -1.0, 1.0]);
        let loss = LossSpec::exponential(Default::default());
        let w0 = [0.3, -0.1, 0.7, 0.0, 1.0];
        let w = after_one_step(&data, &loss, &w0, 0.0);
        let margins = |w: &[f64]| {
            let mut m = vec![0.0; 3];
            linalg::matvec(&data.x.to_dense(), w, &mut m);
            vec![m[0], -m[1], m[2]]
        };
        let want: Vec<f64> = margins(&w0).iter().map(|m| m + 1.0).collect();
        reference::close(&margins(&w), &want, 1e-10);
        // Far below the curvature damping is not felt (but divides the gradient's rounding errors outside the row space); far
        // above it the step is the gradient over δ.
        let damped = after_one_step(&data, &loss, &w0, 1e-9);
        reference::close(&damped, &w, 1e-5);
        let slow = after_one_step(&data, &loss, &w0, 1e6);
        let mut want = vec![0.0; 5];
        let weights: Vec<f64> =
            margins(&w0).iter().zip([1.0, -1.0, 1.0]).map(|(m, y)| -y * (-m).exp() / 3.0).collect();
        linalg::matvec_transposed(&data.x.to_dense(), &weights, &mut want);
        let got: Vec<f64> = slow.iter().zip(w0).map(|(w, w0)| 1e6 * (w0 - w)).collect();
        let top = linalg::max_abs(&want);
        let relative = |v: &[f64]| v.iter().map(|v| v / top).collect::<Vec<_>>();
        // F/δ, and the differences' rounding errors times 1e6.
        reference::close(&relative(&got), &relative(&want), 1e-3);
    }
}
