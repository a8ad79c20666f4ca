//! Least ℓ1 and ℓ∞ norm on an affine set by the general conic engine: fallback and cross-check.
//!
//! `min Σ τ_j` (ℓ1) or `min τ` (ℓ∞) `s.t. X u = r, −τ ≤ u ≤ τ`, with nothing in common with the own method but the
//! statement.

use super::conic::{Cone, ConicProblem};
use super::polyhedral::Ball;
use crate::numerics::{Design, linalg};

/// `u [d]`, dual `ν [n]` and the number of iterations; `r [n]`.
pub(super) fn least_norm(x: &Design, r: &[f64], ball: Ball, limit: usize) -> (Vec<f64>, Vec<f64>, usize) {
    let (n, d) = (x.rows(), x.cols());
    let scale = linalg::max_abs(r).max(f64::MIN_POSITIVE);
    let bounds = if ball == Ball::L1 { d } else { 1 };
    let mut p = ConicProblem { q: vec![0.0; d], ..ConicProblem::default() };
    p.q.extend(vec![1.0; bounds]);
    for (i, target) in r.iter().enumerate() {
        x.for_row(i, |j, v| p.a.push((i, j, v)));
        p.b.push(target / scale);
    }
    for j in 0..d {
        let tau = d + if ball == Ball::L1 { j } else { 0 };
        for (k, sign) in [1.0, -1.0].into_iter().enumerate() {
            p.a.push((n + 2 * j + k, j, sign));
            p.a.push((n + 2 * j + k, tau, -1.0));
            p.b.push(0.0);
        }
    }
    p.cones = vec![Cone::Zero(n), Cone::Nonnegative(2 * d)];
    let found = p.solve(limit);
    let u = found.x[..d].iter().map(|v| v * scale).collect();
    (u, found.z[..n].iter().map(|v| -v).collect(), found.iterations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::rng::{Stream, rng};
    use crate::numerics::{Matrix, Norm};
    use crate::programs::{Budget, MinNormInterpolant, Program, certify};
    use rand::RngExt;
    use std::sync::Arc;

    #[test]
    fn agrees_with_the_own_method() {
        for seed in 0..8 {
            let mut g = rng(seed, Stream::Data);
            // Real entries, then small integers, whose ties make vertices degenerate.
            let integer = seed % 2 == 1;
            let mut draw =
                || if integer { f64::from(g.random_range(-2..3)) } else { g.random_range(-1.0..1.0) };
            let x: Arc<Design> = Arc::new(Matrix::from_fn(8, 20, |_, _| draw()).into());
            let y: Vec<f64> = (0..8).map(|_| draw()).collect();
            for (norm, ball) in [(Norm::L1, Ball::L1), (Norm::LInf, Ball::LInf)] {
                let p = MinNormInterpolant::new(x.clone(), y.clone(), norm, None).unwrap();
                let own = p.solve(&Budget::default());
                assert_eq!(own.method, "interior point");
                let (u, nu, _) = least_norm(&x, &y, ball, 200);
                let (a, b) = (certify(&p, &own.w, &own.dual), certify(&p, &u, &nu));
                // The engine aims at 1e-12 and is accepted at 1e-9 by its own certificate; ours at rounding.
                assert!(a.relative_gap < 1e-12 && b.relative_gap < 1e-8, "{norm:?} {seed} {a:?} {b:?}");
                assert!((a.value / b.value - 1.0).abs() < 1e-8);
            }
        }
    }
}
