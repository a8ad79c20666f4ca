//! How far a parameter vector is from the first-order conditions of the margin program
//! `min ½‖θ‖² s.t. y_i f(θ; x_i) ≥ 1`, in the ℓ2 norm and in others, and of the bridge penalties of linear networks.
//!
//! For a homogeneous `f` the conditions are homogeneous too, so `θ` is taken as it is: `v_i = y_i ∇f(θ; x_i)`, multipliers
//! `λ ≥ 0` only on samples whose margin is within a factor `1 + slack` of the smallest, and every residual is relative.
//!
//! Shapes: gradients `v [n × p]`, `θ [p]`, margins `y_i f(θ; x_i)`, `[n]`.
//! Source: Lyu, Li 2020, arXiv 1906.05890, Definition 2.1 and Theorem 4.4 (ℓ2); Tsilivis et al. 2025, arXiv 2410.22069,
//! Theorem 3.4 (steepest descent in other norms); Gunasekar et al. 2018, arXiv 1806.00468, Theorems 2 and 4 (bridge
//! penalties).

use super::interior::{Ball, Gauge, play};
use super::matrix_balls::SpectralBall;
use super::nnls;
use super::rows::Rows;
use super::{Budget, MaxMargin, Program, certify};
use crate::data::MarginMap;
use crate::models::Block;
use crate::numerics::fourier::Fourier;
use crate::numerics::linalg::{dot, matmul_nn, norm2};
use crate::numerics::{Matrix, Norm, singular};
use std::sync::Arc;

/// The conditions in ℓ2.
#[derive(Debug, Clone, PartialEq)]
pub struct KktResidual {
    /// `min ‖θ − Σ λ_i v_i‖ / ‖θ‖`, between 0 and 1.
    pub residual: f64,
    /// `Σ λ_i (m_i − min m) / Σ λ_i m_i`, between 0 and `slack / (1 + slack)`.
    pub complementarity: f64,
    /// The multipliers, zero off the support. `[n]`
    pub weights: Vec<f64>,
}

/// The residual of the ℓ2 conditions; `None` if some margin is not positive, `θ = 0` or an entry is not finite.
pub fn kkt_residual(gradients: &Matrix, theta: &[f64], margins: &[f64], slack: f64) -> Option<KktResidual> {
    let support = near_minimal(margins, slack)?;
    let size = norm2(theta);
    if !(size > 0.0 && size.is_finite() && gradients.as_slice().iter().all(|v| v.is_finite())) {
        return None;
    }
    let cone = nnls::nearest(&selected(gradients, &support), theta);
    let mut weights = vec![0.0; margins.len()];
    support.iter().zip(&cone.weights).for_each(|(&i, w)| weights[i] = *w);
    let least = margins.iter().copied().fold(f64::INFINITY, f64::min);
    let total = dot(&weights, margins);
    let extra: f64 = weights.iter().zip(margins).map(|(w, m)| w * (m - least)).sum();
    let complementarity = if total > 0.0 { extra / total } else { 0.0 };
    Some(KktResidual { residual: norm2(&cone.rest) / size, complementarity, weights })
}

/// A proven interval for the residual of the conditions in another norm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormResidual {
    pub below: f64,
    pub above: f64,
}

/// Largest side product of the block-diagonal matrix for which the spectral conditions are solved.
const LARGEST: usize = 1500;

/// The conditions `Σ λ_i v_i ∈ ∂ ½‖θ‖²` in ℓ1, ℓ2, ℓp or ℓ∞ of the whole vector:
/// `1 − max { ⟨g, θ⟩ / ‖θ‖ : g = Σ λ_i v_i, ‖g‖_* ≤ 1 }`, between 0 and 1. (In ℓ2 it is one minus the cosine.)
///
/// They hold exactly where `θ` solves the margin program linearised at itself, `min ‖θ'‖ s.t. ⟨v_i, θ'⟩ ≥ ⟨v_i, θ⟩`, so its
/// certificate bounds the residual from both sides. `None` as for [`kkt_residual`], and if a gradient has no positive
/// product with `θ`.
pub fn norm_residual(
    gradients: &Matrix,
    theta: &[f64],
    margins: &[f64],
    (slack, norm): (f64, Norm),
) -> Option<NormResidual> {
    let rows = levelled(gradients, theta, &near_minimal(margins, slack)?)?;
    let program = MaxMargin::new(MarginMap::Binary { z: Arc::new(rows.into()) }, norm);
    let solution = program.solve(&Budget::default());
    let best = certify(&program, &solution.w, &solution.dual);
    interval(program.value(theta), best.value, best.lower_bound)
}

/// [`norm_residual`] for the largest singular value over all `blocks`; entries of `θ` in no block must be zero and free.
///
/// `None` also where the blocks are too large to solve for (1500 entries of the block-diagonal matrix).
pub fn spectral_residual(
    gradients: &Matrix,
    theta: &[f64],
    margins: &[f64],
    (slack, blocks): (f64, &[Block]),
) -> Option<NormResidual> {
    let rows = levelled(gradients, theta, &near_minimal(margins, slack)?)?;
    let (k, d) = blocks.iter().fold((0, 0), |(k, d), b| (k + b.rows, d + b.cols));
    if k * d > LARGEST || k * d == 0 || blocks.iter().any(|b| b.offset + b.rows * b.cols > theta.len()) {
        return None;
    }
    // The largest of the blocks' norms is the norm of the block-diagonal matrix, and dually with their sum.
    let lift = |v: &[f64]| -> Vec<f64> {
        let mut out = vec![0.0; k * d];
        let (mut r, mut c) = (0, 0);
        for b in blocks {
            for i in 0..b.rows {
                let from = b.offset + i * b.cols;
                let to = (r + i) * d + c;
                out[to..to + b.cols].copy_from_slice(&v[from..from + b.cols]);
            }
            (r, c) = (r + b.rows, c + b.cols);
        }
        out
    };
    let lifted: Vec<Vec<f64>> = (0..rows.rows()).map(|i| lift(rows.row(i))).collect();
    let map = MarginMap::Binary { z: Arc::new(Matrix::from_rows(&lifted).into()) };
    let (norm, dual) = (Norm::Spectral, Norm::Nuclear);
    let gauge = Gauge { norm: &|w| norm.value(w, k), dual: &|v| dual.value(v, k) };
    let mut ball = SpectralBall::new(k, d, 1.0 / rows.rows() as f64)?;
    let budget = Budget { iterations: 200, ..Budget::default() };
    let point = play(&Rows::new(&map), &mut ball as &mut dyn Ball, &gauge, &budget);
    let size = |w: &[f64]| singular::spectral_above(&Matrix::from_vec(k, d, w.to_vec()));
    let (theta, a) = (lift(theta), &point.a);
    let value = |w: &[f64]| {
        let least = map.min_margin_below(w);
        if least > 0.0 { size(w) / least } else { f64::INFINITY }
    };
    let (image, error) = map.adjoint_enclosed(a);
    let hidden = norm2(&error) * (k.min(d) as f64).sqrt();
    let above = singular::nuclear_above(&Matrix::from_vec(k, d, image)) + hidden;
    let total: f64 = a.iter().map(|v| v.max(0.0)).sum();
    let bound = if a.iter().all(|v| *v >= 0.0) { total / above * (1.0 - 1e-14) } else { 0.0 };
    interval(value(&theta), value(&point.w), bound)
}

/// First-order conditions of `min ‖w‖_{2/L} s.t. Z w ≥ 1` (`L` the depth of a diagonal network) or, with `fourier`, of
/// `min ‖F w‖_{2/L}` (of a linear convolutional network of full width), as the ℓ2 conditions of the balanced network
/// itself: factors of modulus `|ŵ_k|^{1/L}`, gradients `|ŵ_k|^{1 − 1/L} (F z_i)_k`. Coordinates that vanish meet theirs:
/// at depth 2, where the penalty is a norm and they do not, its margin program is what to solve.
///
/// The residual is relative, as in [`kkt_residual`]. `None` as there, for several outputs and for `L = 0`.
pub fn bridge_stationarity(
    margins: &MarginMap,
    w: &[f64],
    (depth, fourier): (u32, bool),
    slack: f64,
) -> Option<KktResidual> {
    if margins.outputs() != 1 || depth == 0 || w.len() != margins.cols() {
        return None;
    }
    let (d, share) = (w.len(), 1.0 / f64::from(depth));
    let mut m = vec![0.0; margins.rows()];
    margins.apply(w, &mut m);
    let rows = margins.to_dense();
    let point = Matrix::from_vec(1, d, w.to_vec());
    let (rows, point) = if fourier {
        let f = Fourier::new(d).stacked();
        (matmul_nn(&rows, &f), matmul_nn(&point, &f))
    } else {
        (rows, point)
    };
    let parts = point.as_slice();
    let modulus = |k: usize| if fourier { parts[k % d].hypot(parts[d + k % d]) } else { parts[k].abs() };
    // A transform leaves rounding where there is nothing.
    let top = (0..d).map(modulus).fold(0.0, f64::max);
    let floor = if fourier { 1e-14 * top } else { 0.0 };
    let power = |k: usize, e: f64| if modulus(k) > floor { modulus(k).powf(e) } else { 0.0 };
    let theta: Vec<f64> = (0..parts.len()).map(|k| power(k, share - 1.0) * parts[k]).collect();
    let gradients = Matrix::from_fn(rows.rows(), parts.len(), |i, k| rows.get(i, k) * power(k, 1.0 - share));
    kkt_residual(&gradients, &theta, &m, slack)
}

/// Samples whose margin is within a factor `1 + slack` of the smallest, which must be positive.
fn near_minimal(margins: &[f64], slack: f64) -> Option<Vec<usize>> {
    let least = margins.iter().copied().fold(f64::INFINITY, f64::min);
    let usable = least > 0.0 && margins.iter().all(|m| m.is_finite());
    usable.then(|| (0..margins.len()).filter(|&i| margins[i] <= least * (1.0 + slack)).collect())
}

fn selected(gradients: &Matrix, support: &[usize]) -> Matrix {
    let rows = support.iter().flat_map(|&i| gradients.row(i).iter().copied()).collect();
    Matrix::from_vec(support.len(), gradients.cols(), rows)
}

/// The support's gradients, each divided by its product with `θ`.
fn levelled(gradients: &Matrix, theta: &[f64], support: &[usize]) -> Option<Matrix> {
    let mut rows = selected(gradients, support);
    for i in 0..rows.rows() {
        let level = dot(rows.row(i), theta);
        if !(level > 0.0 && level.is_finite()) {
            return None;
        }
        rows.row_mut(i).iter_mut().for_each(|v| *v /= level);
    }
    Some(rows)
}

/// From `‖θ‖`, the value of the best point found and the bound on all, in the linearised program.
fn interval(own: f64, best: f64, bound: f64) -> Option<NormResidual> {
    let ratio = |v: f64| (1.0 - v / own).clamp(0.0, 1.0);
    own.is_finite().then(|| NormResidual { below: ratio(best.min(own)), above: ratio(bound).next_up() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_solved_conditions() {
        // Linear model, rows (1, 0) and (0, 1): θ = (1, 1) is the ℓ2 solution, with λ = (1, 1).
        let v = Matrix::from_rows(&[vec![1.0, 0.0], vec![0.0, 1.0]]);
        let k = kkt_residual(&v, &[1.0, 1.0], &[1.0, 1.0], 0.0).unwrap();
        assert!(k.residual < 1e-15 && (k.weights[0] - 1.0).abs() < 1e-15 && k.complementarity == 0.0);
        // (1, 2): the second margin is not minimal. Alone, the first row leaves (0, 2) of √5; with both, nothing is left
        // but complementarity is: λ = (1, 2), 2 (2 − 1) of 1 + 4.
        let theta = [1.0, 2.0];
        let k = kkt_residual(&v, &theta, &theta, 0.5).unwrap();
        assert!((k.residual - 2.0 / 5f64.sqrt()).abs() < 1e-15);
        let k = kkt_residual(&v, &theta, &theta, 1.0).unwrap();
        assert!(k.residual < 1e-15 && (k.complementarity - 0.4).abs() < 1e-15);
        assert!(kkt_residual(&v, &[1.0, -1.0], &[1.0, -1.0], 1.0).is_none());
        assert!(kkt_residual(&v, &[0.0, 0.0], &[1.0, 1.0], 1.0).is_none());
    }

    #[test]
    fn other_norms_by_hand() {
        // One row (3, 4) and θ: the largest ⟨g, θ⟩/‖θ‖ with g = λ (3, 4), ‖g‖_* = 1 is ⟨v, θ⟩ / (‖v‖_* ‖θ‖).
        let v = Matrix::from_rows(&[vec![3.0, 4.0]]);
        let theta = [2.0, 1.0];
        for (norm, want) in [
            (Norm::L1, 1.0 - 10.0 / (4.0 * 3.0)),
            (Norm::L2, 1.0 - 10.0 / (5.0 * 5f64.sqrt())),
            (Norm::LInf, 1.0 - 10.0 / (7.0 * 2.0)),
        ] {
            let r = norm_residual(&v, &theta, &[10.0], (0.0, norm)).unwrap();
            assert!(
                r.below <= want + 1e-12 && r.above >= want - 1e-15 && r.above - r.below < 1e-9,
                "{norm:?} {r:?}"
            );
        }
        // θ ∝ (1, 1) solves ℓ∞ and (0, 1) ℓ1.
        for (norm, theta) in [(Norm::LInf, [1.0, 1.0]), (Norm::L1, [0.0, 1.0])] {
            assert!(norm_residual(&v, &theta, &[1.0], (0.0, norm)).unwrap().above < 1e-9);
        }
    }

    #[test]
    fn spectral_conditions_by_hand() {
        // One sample with gradient blocks G₁ = I (2 × 2) and G₂ = (3, 4): dual norm 2 + 5 in all, so blocks of norm one
        // aligned with theirs are stationary; scaling one down, or turning it, is not.
        let v = Matrix::from_rows(&[vec![1.0, 0.0, 0.0, 1.0, 3.0, 4.0]]);
        let blocks = [Block { offset: 0, rows: 2, cols: 2 }, Block { offset: 4, rows: 1, cols: 2 }];
        let at = |theta: &[f64]| spectral_residual(&v, theta, &[1.0], (0.0, &blocks)).unwrap();
        assert!(at(&[1.0, 0.0, 0.0, 1.0, 0.6, 0.8]).above < 1e-9);
        // Half of the second block: ⟨g, θ⟩ = (2 + 2.5) / 7.
        let r = at(&[1.0, 0.0, 0.0, 1.0, 0.3, 0.4]);
        let want = 1.0 - 4.5 / 7.0;
        assert!(r.below <= want + 1e-12 && r.above >= want - 1e-12 && r.above - r.below < 1e-8, "{r:?}");
    }

    #[test]
    fn bridge_penalties_by_hand() {
        // One row z = (3, 4). ℓ_{2/3} of a network of depth 3: stationary are the axes, and the interior point with
        // |w_j|^{-1/3} ∝ z_j, w_j ∝ z_j^{-3}.
        let map = MarginMap::Binary { z: Arc::new(Matrix::from_rows(&[vec![3.0, 4.0]]).into()) };
        let at = |w: &[f64], depth| bridge_stationarity(&map, w, (depth, false), 0.0).unwrap().residual;
        for w in [[1.0, 0.0], [0.0, 0.25], [3f64.powi(-3), 4f64.powi(-3)]] {
            assert!(at(&w, 3) < 1e-14, "{w:?}");
        }
        assert!(at(&[1.0, 1.0], 3) > 0.1);
        // Depth 1 is ℓ2, depth 2 ℓ1.
        assert!(at(&[3.0, 4.0], 1) < 1e-15 && at(&[0.0, 1.0], 2) < 1e-15 && at(&[1.0, 1.0], 2) > 0.1);
        // A single wave meets the conditions of the Fourier penalty of any depth for data that are that wave.
        let wave: Vec<f64> =
            (0..8).map(|j| (std::f64::consts::FRAC_PI_4 * f64::from(j) + 0.3).cos()).collect();
        let map = MarginMap::Binary { z: Arc::new(Matrix::from_vec(1, 8, wave.clone()).into()) };
        for depth in [1, 2, 3, 5] {
            assert!(bridge_stationarity(&map, &wave, (depth, true), 0.0).unwrap().residual < 1e-13);
        }
        let tilted: Vec<f64> = (0..8).map(|j| wave[j] + 0.2 * wave[(3 * j) % 8]).collect();
        assert!(bridge_stationarity(&map, &tilted, (3, true), 0.0).unwrap().residual > 0.05);
    }
}
