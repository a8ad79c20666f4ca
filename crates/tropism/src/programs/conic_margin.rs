//! The margin programs in the general engine's form: its fallback, its cross-check, and the way ℓp is solved.
//!
//! Variables `(w, t…)`; the first `N` rows are `−Zw + s = −1`, `s ≥ 0`, whose multipliers are the dual `a`.
//! * ℓ2: `½‖w‖²`. * ℓ1: `Σt`, `|w_j| ≤ t_j`. * ℓ∞: `t`, `|w_j| ≤ t`.
//! * ℓp: `min τ`, `Σ r_j = τ`, `r_j^{1/p} τ^{1−1/p} ≥ |w_j|` (power cones), so that `‖w‖_p ≤ τ`.

use super::conic::{Cone, ConicProblem};
use super::margin_solver::Candidate;
use super::max_margin::MaxMargin;
use super::rows::Rows;
use crate::numerics::Norm;

/// Solves by clarabel. Matrix norms have no second-order form here and are treated as ℓ2.
pub(super) fn solve(program: &MaxMargin, norm: Norm, iterations: usize) -> Candidate {
    let rows = Rows::new(&program.margins);
    let (n, m) = (rows.count(), rows.width());
    let mut problem =
        ConicProblem { cones: vec![Cone::Nonnegative(n)], b: vec![-1.0; n], ..Default::default() };
    let z = rows.select(&(0..n).collect::<Vec<_>>());
    for i in 0..n {
        for (j, &v) in z.row(i).iter().enumerate() {
            problem.a.push((i, j, -v));
        }
    }
    match norm {
        Norm::L1 => absolute(&mut problem, n, m, true),
        Norm::LInf => absolute(&mut problem, n, m, false),
        Norm::Lp(p) => power(&mut problem, n, m, p),
        _ => {
            problem.q = vec![0.0; m];
            problem.p = (0..m).map(|j| (j, j, 1.0)).collect();
        }
    }
    let s = problem.solve(iterations);
    let a = s.z[..n].iter().map(|v| v.max(0.0)).collect();
    Candidate { w: s.x[..m].to_vec(), a, method: "conic", iterations: s.iterations }
}

/// `|w_j| ≤ t_j` (own bound for each, summed) or `≤ t` (one bound for all).
fn absolute(problem: &mut ConicProblem, n: usize, m: usize, own: bool) {
    let bounds = if own { m } else { 1 };
    problem.q = vec![0.0; m];
    problem.q.extend(vec![1.0; bounds]);
    for j in 0..m {
        let t = m + if own { j } else { 0 };
        for (l, sign) in [1.0, -1.0].into_iter().enumerate() {
            problem.a.push((n + 2 * j + l, j, sign));
            problem.a.push((n + 2 * j + l, t, -1.0));
        }
    }
    problem.b.extend(vec![0.0; 2 * m]);
    problem.cones.push(Cone::Nonnegative(2 * m));
}

fn power(problem: &mut ConicProblem, n: usize, m: usize, p: f64) {
    let (r, tau) = (m, 2 * m);
    problem.q = vec![0.0; 2 * m + 1];
    problem.q[tau] = 1.0;
    (0..m).for_each(|j| problem.a.push((n, r + j, 1.0)));
    problem.a.push((n, tau, -1.0));
    problem.b.push(0.0);
    problem.cones.push(Cone::Zero(1));
    for j in 0..m {
        let row = n + 1 + 3 * j;
        problem.a.push((row, r + j, -1.0));
        problem.a.push((row + 1, tau, -1.0));
        problem.a.push((row + 2, j, -1.0));
        problem.b.extend([0.0; 3]);
        problem.cones.push(Cone::Power(1.0 / p));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::MarginMap;
    use crate::numerics::{Design, Matrix};
    use crate::programs::{Budget, Program};
    use std::sync::Arc;

    /// The own solvers and the engine share no code; both gaps are certified, so the values agree to their sum.
    #[test]
    fn the_engine_confirms_the_own_solvers() {
        for seed in 1..6u32 {
            let entry = |i: usize, j: usize| {
                let v =
                    (f64::from(seed) * 12.9898 + i as f64 * 78.233 + j as f64 * 37.719).sin() * 43758.5453;
                v - v.floor() - if j == 0 { 0.0 } else { 0.5 }
            };
            let z = Matrix::from_fn(25, 9, entry);
            for norm in [Norm::L1, Norm::L2, Norm::LInf] {
                let margins = MarginMap::Binary { z: Arc::new(Design::Dense(z.clone())) };
                let program = MaxMargin::new(margins, norm);
                let own = program.solve(&Budget::default());
                let engine = solve(&program, norm, 200);
                assert_ne!(own.method, "conic");
                let (a, b) = (program.value(&own.w), program.value(&engine.w));
                assert!((a / b - 1.0).abs() < 1e-7, "{norm:?} {seed}: {a} and {b}");
                assert!(program.bound(&own.dual) <= b && program.bound(&engine.a) <= a);
            }
        }
    }
}
