//! The ℓ2 margin of many sparse rows, without a Gram matrix: dual coordinate descent finds the support, conjugate
//! gradients solve the equalities on it.
//!
//! Minimises `½‖Zᵀa‖² − Σa` over `a ≥ 0`, `w = Zᵀa`. One sweep solves for one `a_i` at a time (Hsieh et al. 2008, A dual
//! coordinate descent method for large-scale linear SVM, ICML, <https://doi.org/10.1145/1390156.1390208>); on the
//! support `P = {a > 0}` the optimum has `Z_P w = 1`, solved by conjugate gradients on `Z_P Z_Pᵀ` and cut back to `a ≥ 0`
//! (after Moré, Toraldo 1991, SIAM J. Optim. 1(1), <https://doi.org/10.1137/0801008>).
//!
//! Cost: a sweep and a gradient step each touch every stored entry twice.

use super::Budget;
use super::margin_solver::Candidate;
use crate::numerics::Design;
use crate::numerics::linalg::{axpy, dot, norm2};

/// Sweeps between two conjugate-gradient phases, and steps in one of those.
const SWEEPS: usize = 5;
const STEPS: usize = 60;

/// Solves within `budget`, an iteration being a phase of each kind, and the gap an estimate.
pub(super) fn solve(z: &Design, budget: &Budget) -> Candidate {
    let n = z.rows();
    let squares: Vec<f64> = z.row_norms().iter().map(|v| v * v).collect();
    let mut a = vec![0.0; n];
    let mut w = vec![0.0; z.cols()];
    let mut best = (f64::INFINITY, a.clone(), w.clone());
    let mut order: Vec<usize> = (0..n).filter(|&i| squares[i] > 0.0).collect();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut done, mut stale) = (0, 0);
    while done < budget.iterations && stale < 10 && !budget.stopped() {
        done += 1;
        for _ in 0..SWEEPS {
            shuffle(&mut order, &mut seed);
            sweep(z, &squares, &order, &mut a, &mut w);
        }
        face(z, &mut a, &mut w);
        let gap = estimate(z, &a, &w);
        stale = if gap < 0.5 * best.0 { 0 } else { stale + 1 };
        if gap < best.0 {
            best = (gap, a.clone(), w.clone());
        }
        if gap <= budget.relative_gap {
            break;
        }
        if done == 1 {
            best.1.copy_from_slice(&a);
            best.2.copy_from_slice(&w);
        }
    }
    if best.0.is_infinite() {
        // Not separable so far: the last weights carry the smallest combination of the rows.
        best = (best.0, a, w);
    }
    Candidate {
        w: best.2,
        a: best.1,
        method: "dual coordinate descent, conjugate gradients",
        iterations: done,
    }
}

/// One pass of exact minimisation in each coordinate.
fn sweep(z: &Design, squares: &[f64], order: &[usize], a: &mut [f64], w: &mut [f64]) {
    for &i in order {
        let slope = z.row_dot(i, w) - 1.0;
        let next = (a[i] - slope / squares[i]).max(0.0);
        if next != a[i] {
            z.add_row(i, next - a[i], w);
            a[i] = next;
        }
    }
}

/// Solves `Z_P Zᵀ a = 1` on the current support; the step is cut where a weight would turn negative. Leaves `w`
/// recomputed from `a`, free of what the sweeps' updates have accumulated.
fn face(z: &Design, a: &mut [f64], w: &mut [f64]) {
    z.adjoint(a, w);
    let support: Vec<usize> = (0..a.len()).filter(|&i| a[i] > 0.0).collect();
    let mut residual: Vec<f64> = support.iter().map(|&i| 1.0 - z.row_dot(i, w)).collect();
    let mut direction = residual.clone();
    let mut step = vec![0.0; support.len()];
    let (mut now, first) = (dot(&residual, &residual), dot(&residual, &residual));
    let mut pull = vec![0.0; w.len()];
    for _ in 0..STEPS {
        if now <= 1e-30 * support.len() as f64 || now <= 1e-26 * first {
            break;
        }
        pull.fill(0.0);
        support.iter().zip(&direction).for_each(|(&i, &p)| z.add_row(i, p, &mut pull));
        let alpha = now / dot(&pull, &pull);
        if !alpha.is_finite() {
            break;
        }
        axpy(alpha, &direction, &mut step);
        for (r, &i) in residual.iter_mut().zip(&support) {
            *r -= alpha * z.row_dot(i, &pull);
        }
        let next = dot(&residual, &residual);
        direction.iter_mut().zip(&residual).for_each(|(p, r)| *p = r + next / now * *p);
        now = next;
        // The quadratic only falls along the way, so stopping at the first negative weight is a descent too.
        if support.iter().zip(&step).any(|(&i, s)| a[i] + s < 0.0) {
            break;
        }
    }
    let room =
        support.iter().zip(&step).filter(|(_, s)| **s < 0.0).fold(1.0, |m: f64, (&i, s)| m.min(-a[i] / s));
    for (&i, s) in support.iter().zip(&step) {
        a[i] = (a[i] + room * s).max(0.0);
    }
    z.adjoint(a, w);
}

/// `(value − bound) / bound` without error bounds; infinite if `w` does not separate.
fn estimate(z: &Design, a: &[f64], w: &[f64]) -> f64 {
    let mut margins = vec![0.0; z.rows()];
    z.apply(w, &mut margins);
    let least = margins.iter().copied().fold(f64::INFINITY, f64::min);
    let total: f64 = a.iter().sum();
    let size = norm2(w);
    if least > 0.0 && total > 0.0 { (size / least * size / total - 1.0).max(0.0) } else { f64::INFINITY }
}

/// Fisher-Yates with a fixed xorshift stream: the same order in every run.
fn shuffle(order: &mut [usize], state: &mut u64) {
    for i in (1..order.len()).rev() {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        order.swap(i, (*state % (i as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Matrix;

    #[test]
    fn two_rows_and_an_inactive_one() {
        // (3, 0), (0, 4): ŵ at margin one is (1/3, 1/4); the third row has margin 7/2.
        let z = Design::Dense(Matrix::from_rows(&[vec![3.0, 0.0], vec![0.0, 4.0], vec![6.0, 6.0]]));
        let c = solve(&z, &Budget { iterations: 50, relative_gap: 1e-13, ..Budget::default() });
        assert!((c.w[0] - 1.0 / 3.0).abs() < 1e-14 && (c.w[1] - 0.25).abs() < 1e-14 && c.a[2] == 0.0);
    }
}
