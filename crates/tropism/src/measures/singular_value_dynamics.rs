//! How far the singular values of a product of factors move otherwise than `σ̇_r = −N (σ_r²)^{1−1/N} ⟨∇ℓ(W), u_r v_rᵀ⟩`: the largest
//! deviation over `r` relative to the largest speed, of either side.
//!
//! The left side is `u_rᵀ Ẇ v_r`, with `Ẇ` the image of the parameters' own velocity `−∇_θ L`; where singular values coincide, or are
//! zero, only the trace over the cluster is well defined, and they are summed. At a saddle nothing moves but rounding: a speed counts
//! as at least a millionth of `N σ_1^{2−2/N} ‖∇ℓ(W)‖_F`, which no speed exceeds.
//!
//! Outputs multiplied by `s` are those of factors `s^{1/N} W_j` at the time `s^{2/N} t`: the right side has a factor `s^{2/N}` there.
//!
//! Shapes: `W [rows × cols]`, every factor.
//! Assumes: a deep linear network or a matrix factorisation of at least two factors, not centred, small enough for a decomposition.
//! Source: Arora, Cohen, Hu, Luo 2019 (arXiv 1905.13655), Theorem 3.
//! Units and invariance: a number of at least 0.
//! Errors: none; `None` for other models, for zero, and where nothing moves.
//! Example: the `singular_value_dynamics` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::models::{Structure, Workspace};
use crate::numerics::linalg::{max_abs, norm2, svd};
use crate::numerics::{Csr, Design, Matrix};

/// See the module header.
pub struct SingularValueDynamics;

/// Singular values closer than this, relative to the largest, turn too fast into each other to be told apart.
const COINCIDE: f64 = 1e-6;
/// Speeds below this part of what the gradient could cause are those of a saddle: errors of the flow, 1e-8, and rounding.
const STILL: f64 = 1e-6;
/// Entries of a predictor whose velocity is cheap enough to form.
const MOST: usize = 20_000;

impl Measure for SingularValueDynamics {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let setup = view.setup;
        let (depth, (rows, cols)) = match setup.model.facts().structure {
            Structure::Factorized { depth, rows, cols } => (depth, (rows, cols)),
            Structure::DeepLinear { depth } => (depth, (setup.data.targets.outputs(), setup.data.d())),
            _ => return None,
        };
        let w = view.moment.w.as_deref()?;
        let regime = setup.spec.model.regime;
        if regime.centered
            || depth < 2
            || rows * cols > MOST
            || w.len() != rows * cols
            || !w.iter().all(|v| v.is_finite())
        {
            return None;
        }
        let (gradient, velocity) = in_predictor_space(view, rows * cols)?;
        let d = svd(&Matrix::from_vec(rows, cols, w.to_vec()))?;
        let along = |m: &[f64], r: usize| -> f64 {
            let row = |i: usize| (0..cols).map(|j| m[i * cols + j] * d.v.get(j, r)).sum::<f64>();
            (0..rows).map(|i| d.u.get(i, r) * row(i)).sum()
        };
        let power = 2.0 - 2.0 / depth as f64;
        let speed = depth as f64 * regime.output_scale.powf(2.0 / depth as f64);
        let top = d.s.first().copied().filter(|s| *s > 0.0)?;
        let still = STILL * speed * top.powf(power) * norm2(&gradient);
        let (mut worst, mut size, mut r) = (0.0f64, still, 0);
        while r < d.s.len() && d.s[r] > COINCIDE * top {
            let (mut left, mut right, first) = (0.0, 0.0, d.s[r]);
            while r < d.s.len() && d.s[r] >= first - COINCIDE * top {
                left += along(&velocity, r);
                right -= speed * d.s[r].powf(power) * along(&gradient, r);
                r += 1;
            }
            worst = worst.max((left - right).abs());
            size = size.max(left.abs()).max(right.abs());
        }
        (size > 0.0 && worst.is_finite()).then_some(worst / size)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: false, shown: true }
    }
}

/// `∇ℓ(W)` and `Ẇ = −W'(θ) ∇_θ L`, both `[k * d]` like the predictor and up to one positive factor.
fn in_predictor_space(view: &View, len: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let (setup, moment) = (view.setup, view.moment);
    let (data, k) = (&setup.data, setup.data.targets.outputs());
    let d = len / k;
    let mut slopes = vec![0.0; data.n() * k];
    setup.loss.slopes(&moment.outputs, &data.targets, &mut slopes);
    let mut gradient = vec![0.0; len];
    for (i, r) in slopes.chunks_exact(k).enumerate() {
        for (c, r) in r.iter().enumerate() {
            data.x.add_row(i, *r, &mut gradient[c * d..(c + 1) * d]);
        }
    }
    let size = max_abs(&gradient);
    if size == 0.0 || !size.is_finite() {
        return None;
    }
    let mut work = Workspace::default();
    let mut descent = vec![0.0; setup.model.dim()];
    slopes.iter_mut().for_each(|s| *s = -*s);
    setup.model.pullback(&moment.theta, &data.x, &slopes, &mut work, &mut descent);
    // On the unit vectors the outputs are the predictor itself, input by input.
    let units = Csr {
        rows: d,
        cols: d,
        offsets: (0..=d).collect(),
        indices: (0..d as u32).collect(),
        values: vec![1.0; d],
    };
    let mut moved = vec![0.0; len];
    setup.model.pushforward(&moment.theta, &Design::Sparse(units), &descent, &mut work, &mut moved);
    let velocity = (0..len).map(|e| moved[(e % d) * k + e / d]).collect();
    Some((gradient, velocity))
}
