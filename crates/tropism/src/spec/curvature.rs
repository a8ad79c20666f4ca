//! What the data and the start say about step sizes.

use crate::data::{Dataset, Targets};
use crate::losses::{Loss, Tail};
use crate::models::{Model, Workspace};
use crate::numerics::{Design, linalg};
use crate::optimizers::{Curvature, Radius};

/// Smoothness of the loss: its curvature bound times the largest squared singular value of the data.
///
/// Where the curvature in the outputs is unbounded (exponential loss), `∇²L ⪯ B² L` with `B` the longest sample, and a
/// descending loss stays below its start: `B² L(w₀)` (Soudry et al. 2018, arXiv 1710.10345, remark after Theorem 3).
pub fn curvature(
    data: &Dataset,
    model: &dyn Model,
    loss: &dyn Loss,
    theta0: &[f64],
    log_weight: f64,
) -> Curvature {
    let facts = loss.facts();
    let mut outputs = vec![0.0; data.n() * data.targets.outputs()];
    model.predict(theta0, &data.x, &mut Workspace::default(), &mut outputs);
    let log_loss = loss.log_sum(&outputs, &data.targets) + log_weight;
    let height = if facts.smoothness.is_finite() { facts.smoothness } else { (log_loss - log_weight).exp() };
    let radius = radius(&data.x);
    let plain = model.facts().is_predictor;
    let bend = if plain {
        radius.l2 * radius.l2
    } else {
        // No row of the Jacobian is longer than its largest singular value.
        let outputs = Outputs { values: &outputs, targets: &data.targets, tail: facts.tail };
        reached(data, model, theta0, outputs)
    };
    let smoothness = if !plain {
        height * bend * log_weight.exp()
    } else if facts.smoothness.is_finite() {
        let sigma = linalg::spectral_norm(&data.x);
        facts.smoothness * sigma * sigma * log_weight.exp()
    } else {
        let longest = data.x.row_norms().into_iter().fold(0.0, f64::max);
        longest * longest * log_loss.exp()
    };
    // The share of one sample, times n: what a step on a batch of one sees.
    let share = (log_weight + (data.n() as f64).ln()).exp();
    Curvature {
        single: (share * height * bend).max(f64::MIN_POSITIVE),
        radius,
        smoothness: smoothness.max(f64::MIN_POSITIVE),
        samples: data.n(),
        blocks: model.blocks(),
        log_loss,
        at_infinity: facts.tail != Tail::FiniteRoot,
    }
}

fn radius(x: &Design) -> Radius {
    let mut longest = Radius::default();
    for i in 0..x.rows() {
        let (mut l1, mut square, mut linf) = (0.0, 0.0, 0.0f64);
        x.for_row(i, |_, v| {
            l1 += v.abs();
            square += v * v;
            linf = linf.max(v.abs());
        });
        longest.l1 = longest.l1.max(l1);
        longest.l2 = longest.l2.max(f64::sqrt(square));
        longest.linf = longest.linf.max(linf);
    }
    longest
}

/// Outputs at the start and what they should become.
struct Outputs<'a> {
    values: &'a [f64],
    targets: &'a Targets,
    tail: Tail,
}

/// Margin at which a classification counts as learned when a step size is chosen.
const LEARNED: f64 = 5.0;
/// Products with the Jacobian for its largest singular value: a step size needs two digits.
const POWERS: usize = 30;

/// Largest squared singular value of the Jacobian where the run is expected to arrive, for models whose outputs are not
/// linear in inputs and parameters: an estimate, not a bound.
///
/// A homogeneous model of degree `D` has `f = Jθ/D`, so outputs as large as the targets need parameters `c θ₀` with
/// `c^D σ ‖θ₀‖ ≥ D ‖y‖`, where `σ` is the largest singular value at the start; there it is `c^{D−1} σ`.
fn reached(data: &Dataset, model: &dyn Model, theta0: &[f64], outputs: Outputs) -> f64 {
    let sigma = jacobian_norm(data, model, theta0, outputs.values.len());
    let Some(degree) = model.facts().homogeneity else { return sigma * sigma };
    let size = match (outputs.targets, outputs.tail) {
        (Targets::Real(y) | Targets::Sign(y), Tail::FiniteRoot) => linalg::norm2(y),
        _ => LEARNED * (outputs.values.len() as f64).sqrt(),
    };
    let have = sigma * linalg::norm2(theta0) / degree;
    let c = if have > 0.0 { (size / have).powf(1.0 / degree).max(1.0) } else { 1.0 };
    // The largest singular value keeps growing where the weight gathers in few parameters: twice as much is allowed for.
    (2.0 * sigma * c.powf(degree - 1.0)).powi(2)
}

/// Largest singular value of the Jacobian at `theta [p]`, by power iteration from a fixed start.
fn jacobian_norm(data: &Dataset, model: &dyn Model, theta: &[f64], outputs: usize) -> f64 {
    let mut work = Workspace::default();
    // Neither constant nor alternating, so that no usual symmetry hides the top direction.
    let mut v: Vec<f64> = (0..theta.len()).map(|i| 1.0 + 0.5 * (1.0 + i as f64).sin()).collect();
    let mut moved = vec![0.0; outputs];
    let mut sigma = 0.0;
    for _ in 0..POWERS {
        let size = linalg::norm2(&v);
        if size == 0.0 || !size.is_finite() {
            return sigma;
        }
        v.iter_mut().for_each(|x| *x /= size);
        model.pushforward(theta, &data.x, &v, &mut work, &mut moved);
        sigma = linalg::norm2(&moved);
        model.pullback(theta, &data.x, &moved, &mut work, &mut v);
    }
    sigma
}
