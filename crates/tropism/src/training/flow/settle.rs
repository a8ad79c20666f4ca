//! Finding, during a run, the samples that keep pulling against each other and therefore settle.
//!
//! On data that are only partly separable the weights `|ℓ'(m_i)|` of one set of samples stay of order one and balance,
//! while the others decay like `1/t` (Ji, Telgarsky 2018, arXiv 1803.07300, Theorem 1.1). In two stages:
//!
//! 1. once the two sets are 10^8 apart and the heavy one balances to 10^-8, the coordinates are rotated into the
//!    span `S` of the heavy rows and its complement, where heavy rows are set to exactly zero: without that,
//!    rounding of the heavy gradient (10^-16) would drown the light one across `S`;
//! 2. once they are 10^20 apart, the heavy part is at its minimiser to the last bit: it is frozen, and the light
//!    samples go on alone in the complement.

use super::rosenbrock::System;
use super::system::{LinearFlow, Parts};
use crate::data::Targets;
use crate::numerics::logscale::{format_log, log_add_exp};
use crate::numerics::{Matrix, linalg};

const APART: f64 = 18.42; // ln 1e8
const FAR_APART: f64 = 46.05; // ln 1e20
const BALANCE: f64 = 1e-8;
/// Imbalance that is rounding of the heavy samples' own terms.
const EXACT: f64 = 1e-14;

/// What to do next.
pub enum Split {
    Rotate { heavy: Vec<usize>, into: Matrix, settled: usize },
    Freeze { heavy: Vec<usize>, light: Vec<usize>, settled: usize },
}

/// Looks whether the next stage is due. Only for one output: the multiclass analogue has no theorem to serve.
pub fn look(system: &LinearFlow, log_factor: f64) -> Option<Split> {
    if system.targets.outputs() != 1 || !matches!(system.targets, Targets::Sign(_)) {
        return None;
    }
    let weights = system.log_slopes();
    let gap = if system.settling.is_some() { FAR_APART } else { APART };
    let (heavy, light) = separate(&weights, gap)?;
    if let Some(settled) = system.settling {
        // Samples that merely nearly hold each other (a tiny margin) never balance to the last bit.
        if imbalance(system, &heavy, &weights) > EXACT {
            return None;
        }
        // The slowest settled direction relaxes at rate e^{log_factor} λ_min; by then it must be far behind.
        let rate = slowest_rate(system, &heavy, settled, &weights)? + log_factor + system.log_weight;
        return (rate > FAR_APART).then_some(Split::Freeze { heavy, light, settled });
    }
    if imbalance(system, &heavy, &weights) > BALANCE {
        return None;
    }
    let r = system.rows.cols();
    let heavy_rows = select_rows(&system.rows, &heavy);
    let decomposition = linalg::svd(&heavy_rows)?;
    // Only directions at rounding level count as outside the span: a tiny margin is a direction, not an error.
    let cut =
        4.0 * r.max(heavy.len()) as f64 * f64::EPSILON * decomposition.s.first().copied().unwrap_or(0.0);
    let settled = decomposition.s.iter().take_while(|&&s| s > cut).count();
    if settled >= r {
        return None;
    }
    let into = complete_basis(&decomposition.v, settled, r)?;
    Some(Split::Rotate { heavy, into, settled })
}

impl Split {
    /// What happened, in one sentence.
    pub fn describe(&self, log_time: f64) -> String {
        let t = format_log(log_time);
        match self {
            Split::Rotate { heavy, settled, .. } => format!(
                "By t = {t} the weights of {} samples balance and no longer decay: they span {settled} directions in \
                 which the run settles, while it goes on to infinity across them.",
                heavy.len()
            ),
            Split::Freeze { settled, .. } => format!(
                "From t = {t} on the {settled} settled coordinates rest at their finite minimiser to the last bit; the \
                 other samples go on in the complement."
            ),
        }
    }

    /// The system in the new coordinates.
    pub fn apply<'a>(self, system: LinearFlow<'a>) -> LinearFlow<'a> {
        match self {
            Split::Rotate { heavy, into, settled } => rotate(system, &heavy, &into, settled),
            Split::Freeze { heavy, light, settled } => freeze(system, &heavy, &light, settled),
        }
    }
}

/// Heavy and light samples, if the sorted log weights have a gap of at least `gap`.
fn separate(weights: &[f64], gap: f64) -> Option<(Vec<usize>, Vec<usize>)> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
    let cut = (1..order.len()).find(|&i| weights[order[i - 1]] - weights[order[i]] >= gap)?;
    let (mut heavy, mut light) = (order[..cut].to_vec(), order[cut..].to_vec());
    heavy.sort_unstable();
    light.sort_unstable();
    Some((heavy, light))
}

/// `‖Σ ℓ'_i x_i‖ / Σ |ℓ'_i| ‖x_i‖` over the heavy samples: 0 when they hold each other.
fn imbalance(system: &LinearFlow, heavy: &[usize], weights: &[f64]) -> f64 {
    let Targets::Sign(y) = &system.targets else { return f64::INFINITY };
    let top = heavy.iter().map(|&i| weights[i]).fold(f64::NEG_INFINITY, f64::max);
    let mut pull = vec![0.0; system.rows.cols()];
    let mut total = 0.0;
    for &i in heavy {
        let w = (weights[i] - top).exp();
        linalg::axpy(w * y[i], system.rows.row(i), &mut pull);
        total += w * linalg::norm2(system.rows.row(i));
    }
    linalg::norm2(&pull) / total
}

fn select_rows(rows: &Matrix, indices: &[usize]) -> Matrix {
    let data = indices.iter().flat_map(|&i| rows.row(i).iter().copied()).collect();
    Matrix::from_vec(indices.len(), rows.cols(), data)
}

/// An orthogonal `r × r` matrix whose first `settled` columns are those of `v`.
fn complete_basis(v: &Matrix, settled: usize, r: usize) -> Option<Matrix> {
    // The eigenvectors of the projector onto the complement, at eigenvalue 1, are a basis of it.
    let projector = Matrix::from_fn(r, r, |i, j| {
        let inside: f64 = (0..settled).map(|c| v.get(i, c) * v.get(j, c)).sum();
        f64::from(i == j) - inside
    });
    let (_, vectors) = linalg::symmetric_eigen(&projector)?;
    // Eigenvalues increase: the last r − settled columns have eigenvalue 1.
    Some(Matrix::from_fn(r, r, |i, j| if j < settled { v.get(i, j) } else { vectors.get(i, j) }))
}

/// Log of the smallest eigenvalue of the heavy samples' curvature on their span.
fn slowest_rate(system: &LinearFlow, heavy: &[usize], settled: usize, weights: &[f64]) -> Option<f64> {
    let rows = Matrix::from_fn(heavy.len(), settled, |i, j| {
        system.rows.get(heavy[i], j) * (0.5 * weights[heavy[i]]).exp()
    });
    let smallest = linalg::singular_values(&rows).last().copied()?;
    // |ℓ'| bounds ℓ'' from above for the exponential-tailed losses; a factor 1e-6 leaves room for flat samples.
    Some(2.0 * smallest.ln() - 13.8)
}

fn rotate<'a>(system: LinearFlow<'a>, heavy: &[usize], into: &Matrix, settled: usize) -> LinearFlow<'a> {
    let r = system.rows.cols();
    let mut rows = linalg::matmul_nn(&system.rows, into);
    for &i in heavy {
        rows.row_mut(i)[settled..].fill(0.0);
    }
    let mut point = vec![0.0; r];
    linalg::matvec_transposed(into, system.point(), &mut point);
    let parts = Parts {
        loss: system.loss,
        log_weight: system.log_weight,
        rows,
        basis: linalg::matmul_nn(&system.basis, into),
        targets: system.targets,
        offset: system.offset,
        anchor: system.anchor,
        settled_log_loss: system.settled_log_loss,
        settling: Some(settled),
    };
    LinearFlow::assemble(parts, point)
}

fn freeze<'a>(system: LinearFlow<'a>, heavy: &[usize], light: &[usize], settled: usize) -> LinearFlow<'a> {
    let (r, d) = (system.rows.cols(), system.basis.rows());
    let outputs = system.outputs_at(system.point());
    let heavy_outputs: Vec<f64> = heavy.iter().map(|&i| outputs[i]).collect();
    let heavy_loss = system.loss.log_sum(&heavy_outputs, &system.targets.select(heavy)) + system.log_weight;
    let resting = &system.point()[..settled];
    let mut anchor = system.anchor.clone();
    for (j, a) in anchor.iter_mut().enumerate().take(d) {
        *a += linalg::dot(&system.basis.row(j)[..settled], resting);
    }
    let offset = light
        .iter()
        .map(|&i| system.offset[i] + linalg::dot(&system.rows.row(i)[..settled], resting))
        .collect();
    let moving = r - settled;
    let parts = Parts {
        loss: system.loss,
        log_weight: system.log_weight,
        rows: Matrix::from_fn(light.len(), moving, |i, j| system.rows.get(light[i], settled + j)),
        targets: system.targets.select(light),
        offset,
        basis: Matrix::from_fn(d, moving, |i, j| system.basis.get(i, settled + j)),
        anchor,
        settled_log_loss: log_add_exp(system.settled_log_loss, heavy_loss),
        settling: None,
    };
    LinearFlow::assemble(parts, system.point()[settled..].to_vec())
}
