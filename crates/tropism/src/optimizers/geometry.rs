//! What "steepest" means: the unit ball or mirror potential that shapes an optimizer's steps.

use crate::numerics::linalg::{self, max_abs, norm2};
use crate::numerics::matrix::Matrix;
use crate::numerics::{Norm, potential::Potential};
use serde::{Deserialize, Serialize};

/// The geometry of an optimizer's step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Geometry {
    /// Steepest descent in a norm.
    Norm(Norm),
    /// Mirror descent in a potential.
    Mirror(Potential),
}

/// Writes `argmax_{‖v‖ ≤ 1} ⟨−g, v⟩` into `out`, for `g` a `k × d` matrix (any positive scale); zero for `g = 0`.
///
/// ℓ2 gradient direction, ℓ∞ sign, ℓ1 the largest coordinate (the first of equals), ℓp `−sign(g)|g|^{q−1}` at unit
/// ℓp norm with `1/p + 1/q = 1`, spectral the negative polar factor, nuclear the top singular pair.
pub fn steepest(norm: Norm, g: &[f64], k: usize, out: &mut [f64]) {
    let top = max_abs(g);
    if top == 0.0 || !top.is_finite() {
        out.fill(0.0);
        return;
    }
    match norm {
        Norm::L2 => scaled_negative(g, norm2(g), out),
        Norm::LInf => out.iter_mut().zip(g).for_each(|(o, &v)| *o = if v == 0.0 { 0.0 } else { -v.signum() }),
        Norm::L1 => {
            out.fill(0.0);
            if let Some(j) = g.iter().position(|v| v.abs() == top) {
                out[j] = -g[j].signum();
            }
        }
        Norm::Lp(p) => {
            let q = p / (p - 1.0);
            out.iter_mut().zip(g).for_each(|(o, &v)| *o = -v.signum() * (v.abs() / top).powf(q - 1.0));
            let len = norm.value(out, 1);
            out.iter_mut().for_each(|o| *o /= len);
        }
        Norm::Spectral | Norm::Nuclear if k <= 1 => scaled_negative(g, norm2(g), out),
        Norm::Spectral | Norm::Nuclear => matrix_direction(norm, g, k, out),
    }
}

fn scaled_negative(g: &[f64], by: f64, out: &mut [f64]) {
    out.iter_mut().zip(g).for_each(|(o, v)| *o = -v / by);
}

fn matrix_direction(norm: Norm, g: &[f64], k: usize, out: &mut [f64]) {
    let d = g.len() / k;
    let Some(svd) = linalg::svd(&Matrix::from_vec(k, d, g.to_vec())) else {
        out.fill(0.0);
        return;
    };
    let top = svd.s.first().copied().unwrap_or(0.0);
    let cut = if norm == Norm::Nuclear { top * (1.0 - 1e-12) } else { top * k.max(d) as f64 * f64::EPSILON };
    let rank = svd.s.iter().take_while(|&&s| s > cut).count().max(1);
    let rank = if norm == Norm::Nuclear { 1 } else { rank };
    for i in 0..k {
        for j in 0..d {
            out[i * d + j] = -(0..rank).map(|r| svd.u.get(i, r) * svd.v.get(j, r)).sum::<f64>();
        }
    }
}
