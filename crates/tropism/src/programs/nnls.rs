//! Nonnegative least squares `min ‖g − Σ λ_i v_i‖₂, λ ≥ 0`, by the active-set method of Lawson and Hanson (1974, Solving
//! Least Squares Problems, ch. 23) on the Gram matrix, with residuals recomputed from the vectors.
//!
//! Shapes: `v [m × p]`, one vector a row; `g [p]`.

use crate::numerics::linalg::{Cholesky, axpy, dot, matmul_nt, matvec, matvec_transposed, norm2};
use crate::numerics::{Matrix, linalg};

/// `λ [m]` and `g − Σ λ_i v_i`, `[p]`.
pub(super) struct Cone {
    pub weights: Vec<f64>,
    pub rest: Vec<f64>,
}

/// The point of the cone of the rows nearest to `g`. Rows may be dependent; a row of zeros gets no weight.
pub(super) fn nearest(v: &Matrix, g: &[f64]) -> Cone {
    let m = v.rows();
    let lengths: Vec<f64> = (0..m).map(|i| norm2(v.row(i))).collect();
    let unit =
        Matrix::from_fn(m, v.cols(), |i, j| if lengths[i] > 0.0 { v.get(i, j) / lengths[i] } else { 0.0 });
    let gram = matmul_nt(&unit, &unit);
    let size = norm2(g);
    let (mut weights, mut rest) = (vec![0.0; m], g.to_vec());
    let mut active: Vec<usize> = vec![];
    let mut barred = vec![false; m];
    let mut slope = vec![0.0; m];
    for _ in 0..3 * m + 10 {
        matvec(&unit, &rest, &mut slope);
        let free = (0..m).filter(|i| !active.contains(i) && !barred[*i] && lengths[*i] > 0.0);
        let Some(next) = free.max_by(|&i, &j| slope[i].total_cmp(&slope[j])) else { break };
        // The cosine between a row and what is left, up to rounding of the residual itself.
        if slope[next] <= 1e-14 * size.max(f64::MIN_POSITIVE) {
            break;
        }
        active.push(next);
        let Some(moved) = settle(&gram, &unit, g, &mut active, &weights) else {
            // Dependent on the rows already there: it adds nothing.
            active.pop();
            barred[next] = true;
            continue;
        };
        let (fresh, before) = (residual(&unit, g, &moved), norm2(&rest));
        if norm2(&fresh) >= before {
            barred[next] = true;
            active = (0..m).filter(|&i| weights[i] > 0.0).collect();
            continue;
        }
        (weights, rest) = (moved, fresh);
    }
    weights.iter_mut().zip(&lengths).for_each(|(w, l)| {
        if *w > 0.0 {
            *w /= l
        }
    });
    Cone { weights, rest }
}

/// Least squares on the active rows; rows whose weight turns negative leave, one step to the boundary at a time.
fn settle(
    gram: &Matrix,
    unit: &Matrix,
    g: &[f64],
    active: &mut Vec<usize>,
    from: &[f64],
) -> Option<Vec<f64>> {
    let mut now = from.to_vec();
    loop {
        let h = Matrix::from_fn(active.len(), active.len(), |i, j| gram.get(active[i], active[j]));
        let chol = Cholesky::new(&h)?;
        let (low, high) = chol.pivots();
        if low <= 1e-7 * high {
            return None;
        }
        let mut target = vec![0.0; active.len()];
        // Two rounds of refinement make up for the squared condition number.
        for _ in 0..3 {
            let mut rest = g.to_vec();
            active.iter().zip(&target).for_each(|(&i, t)| axpy(-t, unit.row(i), &mut rest));
            let mut step: Vec<f64> = active.iter().map(|&i| dot(unit.row(i), &rest)).collect();
            chol.solve(&mut step);
            axpy(1.0, &step, &mut target);
        }
        if target.iter().all(|t| *t > 0.0) {
            now.fill(0.0);
            active.iter().zip(&target).for_each(|(&i, t)| now[i] = *t);
            return Some(now);
        }
        let ratio =
            |i: usize, t: f64| if t <= 0.0 { now[i] / (now[i] - t).max(f64::MIN_POSITIVE) } else { 1.0 };
        let step = active.iter().zip(&target).fold(1.0, |s: f64, (&i, &t)| s.min(ratio(i, t)));
        let leaving: Vec<usize> = (active.iter().zip(&target))
            .filter(|&(&i, &t)| t <= 0.0 && ratio(i, t) <= step)
            .map(|(&i, _)| i)
            .collect();
        active.iter().zip(&target).for_each(|(&i, t)| now[i] += step * (t - now[i]));
        leaving.iter().for_each(|&i| now[i] = 0.0);
        active.retain(|i| !leaving.contains(i));
        if active.is_empty() {
            return Some(now);
        }
    }
}

fn residual(unit: &Matrix, g: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; g.len()];
    matvec_transposed(unit, weights, &mut out);
    out.iter_mut().zip(g).for_each(|(o, g)| *o = g - *o);
    debug_assert!(linalg::max_abs(&out).is_finite() || g.iter().any(|v| !v.is_finite()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_solved_projections() {
        // The quadrant: negative parts are cut. Dependent and zero rows change nothing.
        let v = Matrix::from_rows(&[vec![2.0, 0.0], vec![0.0, 3.0], vec![1.0, 0.0], vec![0.0, 0.0]]);
        for (g, rest) in [([4.0, 6.0], 0.0), ([4.0, -6.0], 6.0), ([-3.0, -4.0], 5.0)] {
            let c = nearest(&v, &g);
            assert!((norm2(&c.rest) - rest).abs() < 1e-14, "{:?}", c.rest);
            assert!(c.weights.iter().all(|w| *w >= 0.0) && c.weights[3] == 0.0);
        }
        // One ray (1, 1): the point (2, 0) is √2 away from it.
        let c = nearest(&Matrix::from_rows(&[vec![1.0, 1.0]]), &[2.0, 0.0]);
        assert!((c.weights[0] - 1.0).abs() < 1e-15 && (norm2(&c.rest) - 2f64.sqrt()).abs() < 1e-15);
    }

    /// Optimality without a solver: no row forms an acute angle with what is left, and active ones a right angle.
    #[test]
    fn random_cones_satisfy_their_conditions() {
        for seed in 0..20 {
            let (m, p) = (3 + 4 * seed, 4 + 3 * (seed % 7));
            let wave = |i: usize, j: usize| ((1 + i * 37 + j * 91 + seed * 13) as f64 * 0.7311).sin();
            let v = Matrix::from_fn(m, p, wave);
            let g: Vec<f64> = (0..p).map(|j| wave(1000 + seed, j)).collect();
            let c = nearest(&v, &g);
            for i in 0..m {
                let s = dot(v.row(i), &c.rest);
                assert!(s < 1e-12 && (c.weights[i] == 0.0 || s.abs() < 1e-12), "{seed} {i} {s}");
            }
        }
    }
}
