//! The programs as the general conic engine solves them, with nothing of our own methods: what the benches compare with.

use super::conic::{Cone, ConicProblem, Triplet};
use super::{BregmanInterpolant, MaxMargin, MinNormInterpolant, Solution, SolveStatus, Uniqueness};
use super::{conic_interpolant, polyhedral::Ball};
use crate::data::MarginMap;
use crate::numerics::{Design, Norm, Potential};

const ITERATIONS: usize = 500;

fn solution(w: Vec<f64>, dual: Vec<f64>, iterations: usize) -> Solution {
    let (status, uniqueness) = (SolveStatus::Stalled, Uniqueness::Unknown);
    Solution { w, dual, status, iterations, method: "conic".into(), uniqueness }
}

/// Binary ℓ1, ℓ2 and ℓ∞ margins, sparse where the data are; `None` for other programs.
pub fn max_margin(program: &MaxMargin) -> Option<Solution> {
    let MarginMap::Binary { z } = &program.margins else { return None };
    let (n, d) = (z.rows(), z.cols());
    let mut p = ConicProblem { a: entries(z, -1.0), b: vec![-1.0; n], ..ConicProblem::default() };
    p.cones.push(Cone::Nonnegative(n));
    p.q = vec![0.0; d];
    match program.norm {
        Norm::L2 => p.p = (0..d).map(|j| (j, j, 1.0)).collect(),
        Norm::L1 | Norm::LInf => {
            let own = program.norm == Norm::L1;
            p.q.extend(vec![1.0; if own { d } else { 1 }]);
            for j in 0..d {
                let bound = d + if own { j } else { 0 };
                for (l, sign) in [1.0, -1.0].into_iter().enumerate() {
                    p.a.extend([(n + 2 * j + l, j, sign), (n + 2 * j + l, bound, -1.0)]);
                }
            }
            p.b.extend(vec![0.0; 2 * d]);
            p.cones.push(Cone::Nonnegative(2 * d));
        }
        _ => return None,
    }
    let s = p.solve(ITERATIONS);
    Some(solution(s.x[..d].to_vec(), s.z[..n].to_vec(), s.iterations))
}

/// ℓ1 and ℓ∞ interpolants from zero; `None` for other programs.
pub fn min_norm(program: &MinNormInterpolant, x: &Design, y: &[f64]) -> Option<Solution> {
    let ball = match program.norm() {
        Norm::L1 => Ball::L1,
        Norm::LInf => Ball::LInf,
        _ => return None,
    };
    let (w, dual, iterations) = conic_interpolant::least_norm(x, y, ball, ITERATIONS);
    Some(solution(w, dual, iterations))
}

/// The hypentropy interpolant from zero by its dual, `min Σ β cosh(z_j) − ⟨ν, y⟩`, `z = Xᵀν`, each cosh as two exponential
/// cones; `w = β sinh z`. `None` for other programs.
pub fn hypentropy(program: &BregmanInterpolant, x: &Design, y: &[f64]) -> Option<Solution> {
    let Potential::Hypentropy(beta) = *program.potentials().first()? else { return None };
    Some(cosh_dual(x, y, beta, false))
}

/// The Q margin by its dual, which is that of [`hypentropy`] with right-hand side one and `ν ≥ 0`.
pub fn q_margin(z: &Design, mu: f64) -> Solution {
    cosh_dual(z, &vec![1.0; z.rows()], 2.0 * mu, true)
}

fn cosh_dual(x: &Design, y: &[f64], beta: f64, nonnegative: bool) -> Solution {
    let (n, d) = (x.rows(), x.cols());
    let mut p = ConicProblem { q: y.iter().map(|v| -v).collect(), ..ConicProblem::default() };
    p.q.extend(vec![0.5 * beta; 2 * d]);
    for (half, sign) in [1.0, -1.0].into_iter().enumerate() {
        for (i, j, v) in entries(x, -sign) {
            p.a.push((3 * (half * d + j), i, v));
        }
        for j in 0..d {
            let row = 3 * (half * d + j);
            p.a.push((row + 2, n + half * d + j, -1.0));
            p.b.extend([0.0, 1.0, 0.0]);
            p.cones.push(Cone::Exponential);
        }
    }
    if nonnegative {
        p.a.extend((0..n).map(|i| (6 * d + i, i, -1.0)));
        p.b.extend(vec![0.0; n]);
        p.cones.push(Cone::Nonnegative(n));
    }
    let s = p.solve(ITERATIONS);
    let nu = s.x[..n].to_vec();
    let mut z = vec![0.0; d];
    x.adjoint(&nu, &mut z);
    let w = z.iter().map(|z| beta * z.sinh()).collect();
    solution(w, nu, s.iterations)
}

fn entries(x: &Design, sign: f64) -> Vec<Triplet> {
    let mut out = vec![];
    for i in 0..x.rows() {
        x.for_row(i, |j, v| out.push((i, j, sign * v)));
    }
    out
}
