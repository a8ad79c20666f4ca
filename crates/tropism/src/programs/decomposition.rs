//! The unique split of classification rows into a strongly convex part and a separable part.
//!
//! `Z_c` are the rows carried by some `q ≥ 0` with `Zᵀq = 0` (the maximal support), `Z_s` the others; `S = span Z_c`.
//! On `S` the loss of `Z_c` has one finite minimiser `v̄`; orthogonally to `S` the projected rows `Π_{S⊥} Z_s` are separable,
//! with ℓ2 max-margin direction `ū`. Gradient descent tends to `v̄` on `S` and to the direction `ū` as a whole.
//!
//! Found by strict complementarity instead of one linear program more: a row is in `Z_c` exactly when no `w` with
//! `Zw ≥ 0` has a positive margin there; `max Σ min(s_i, 1) s.t. Zw = s ≥ 0` and its dual `min Σ t_i, q ≥ 1 − t …` are the same
//! program, and an interior point method returns the solution of maximal support on both sides.
//!
//! Shapes: `w, v̄, ū [k d]`, basis of `S` `[k d × dim S]`.
//! Assumes: nothing; either part may be empty.
//! Source: Ji, Telgarsky 2018, 1803.07300, §2.
//! Errors: `None` only if a factorisation breaks down (NaN in the data).

use super::conic::{Cone, ConicProblem};
use super::rows::Rows;
use super::{Budget, Certificate, MaxMargin, Program, Solution, certify};
use crate::data::MarginMap;
use crate::numerics::linalg::{Cholesky, axpy, dot, norm2, svd};
use crate::numerics::{Design, Matrix, Norm};
use std::sync::Arc;

/// The loss of one margin, for `v̄`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarginLoss {
    /// `log(1 + e^{−m})`.
    Logistic,
    /// `e^{−m}`.
    Exponential,
}

impl MarginLoss {
    /// `(loss, slope, curvature)` at margin `m`.
    fn jet(self, m: f64) -> (f64, f64, f64) {
        match self {
            MarginLoss::Exponential => {
                let e = (-m).exp();
                (e, -e, e)
            }
            MarginLoss::Logistic => {
                let e = (-m.abs()).exp();
                let p = if m >= 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) };
                ((-m).max(0.0) + e.ln_1p(), -p, e / ((1.0 + e) * (1.0 + e)))
            }
        }
    }
}

/// The split with everything it implies.
#[derive(Debug, Clone)]
pub struct Decomposition {
    /// Rows of `Z_c`, ascending.
    pub convex: Vec<usize>,
    /// Rows of `Z_s`, ascending.
    pub separable: Vec<usize>,
    /// `q ≥ 0` on `Z_c` with `Zᵀq ≈ 0`, largest entry 1, `[N]`.
    pub weights: Vec<f64>,
    /// `‖Zᵀq‖ / Σ q_i ‖z_i‖`: how well `q` carries `Z_c`; 0 if `Z_c` is empty.
    pub carried: f64,
    /// Smallest margin on `Z_s` of a unit `w ⊥ S`, error-bounded: positive proves that no row of `Z_s` belongs to an exact
    /// `Z_c` as long as `Z_c` is right; `+∞` if `Z_s` is empty.
    pub separated: f64,
    /// Orthonormal columns spanning `S`, `[k d × dim S]`.
    pub basis: Matrix,
    /// `v̄ ∈ S`; zero if `Z_c` is empty.
    pub minimiser: Vec<f64>,
    /// `‖∇L(v̄)‖ / Σ_i |slope_i| ‖z_i‖` on `S`, sum loss over `Z_c`.
    pub gradient: f64,
    /// `ū` scaled to margin one, its dual on the rows of `Z_s`, and their certificate; `None` if `Z_s` is empty.
    pub direction: Option<(Solution, Certificate)>,
    /// The projected rows `Π_{S⊥} Z_s`, the program that `direction` solves.
    pub program: Option<MaxMargin>,
}

/// Splits the rows of `margins`.
pub fn decompose(margins: &MarginMap, loss: MarginLoss, budget: &Budget) -> Option<Decomposition> {
    let n = margins.rows();
    let whole = MaxMargin::new(margins.clone(), Norm::L2);
    let solution = whole.solve(budget);
    if whole.value(&solution.w).is_finite() {
        return Some(all_separable(whole, solution));
    }
    let z = Rows::select_of(margins, &(0..n).collect::<Vec<_>>());
    let (convex, weights) = carried_rows(&z, budget);
    let separable: Vec<usize> = (0..n).filter(|i| !convex.contains(i)).collect();
    let inner = submatrix(&z, &convex);
    let basis = if convex.is_empty() { Matrix::zeros(z.cols(), 0) } else { span(&inner)? };
    let (minimiser, gradient) = minimise(&inner, &basis, loss, budget)?;
    let (program, direction) = match separable.is_empty() {
        true => (None, None),
        false => {
            let program = MaxMargin::new(project(&submatrix(&z, &separable), &basis), Norm::L2);
            let mut solution = program.solve(budget);
            remove(&basis, &mut solution.w);
            let certificate = certify(&program, &solution.w, &solution.dual);
            (Some(program), Some((solution, certificate)))
        }
    };
    let pull: Vec<f64> = {
        let mut v = vec![0.0; z.cols()];
        (0..n).for_each(|i| axpy(weights[i], z.row(i), &mut v));
        v
    };
    let scale: f64 = (0..n).map(|i| weights[i] * norm2(z.row(i))).sum();
    Some(Decomposition {
        carried: if convex.is_empty() { 0.0 } else { norm2(&pull) / scale.max(f64::MIN_POSITIVE) },
        separated: direction.as_ref().map_or(f64::INFINITY, |(_, c)| 1.0 / c.value),
        convex,
        separable,
        weights,
        basis,
        minimiser,
        gradient,
        direction,
        program,
    })
}

/// A certified positive margin of all rows settles the question at once: `Z_c` is empty.
fn all_separable(program: MaxMargin, solution: Solution) -> Decomposition {
    let certificate = certify(&program, &solution.w, &solution.dual);
    let (n, m) = (program.margins.rows(), program.margins.cols());
    Decomposition {
        convex: vec![],
        separable: (0..n).collect(),
        weights: vec![0.0; n],
        carried: 0.0,
        separated: MaxMargin::margin_of(&certificate),
        basis: Matrix::zeros(m, 0),
        minimiser: vec![0.0; m],
        gradient: 0.0,
        direction: Some((solution, certificate)),
        program: Some(program),
    }
}

/// `Z_c` and its weights.
fn carried_rows(z: &Matrix, budget: &Budget) -> (Vec<usize>, Vec<f64>) {
    let n = z.rows();
    // max Σu s.t. u ≤ 1, u ≤ z_i·w (rows of unit length); the multipliers of the second group are q, of the first t.
    let d = z.cols();
    let mut problem = ConicProblem { q: vec![0.0; d], ..ConicProblem::default() };
    problem.q.extend(vec![-1.0; n]);
    for i in 0..n {
        let length = norm2(z.row(i)).max(f64::MIN_POSITIVE);
        z.row(i).iter().enumerate().for_each(|(j, v)| problem.a.push((i, j, -v / length)));
        problem.a.push((i, d + i, 1.0));
        problem.a.push((n + i, d + i, 1.0));
        problem.a.push((2 * n + i, d + i, -1.0));
    }
    problem.b = [vec![0.0; n], vec![1.0; n], vec![0.0; n]].concat();
    problem.cones = vec![Cone::Nonnegative(3 * n)];
    let answer = problem.solve(budget.iterations.max(100));
    // At the optimum u_i is 1 on Z_s (scale w up) and 0 on Z_c; multipliers sum to one per row either way.
    let convex: Vec<usize> = (0..n).filter(|&i| answer.x[d + i] < 0.5).collect();
    let mut weights = vec![0.0; n];
    for &i in &convex {
        weights[i] = answer.z[i].max(0.0) / norm2(z.row(i)).max(f64::MIN_POSITIVE);
    }
    let largest = weights.iter().copied().fold(0.0, f64::max);
    weights.iter_mut().for_each(|v| *v /= largest.max(f64::MIN_POSITIVE));
    (convex, weights)
}

fn submatrix(z: &Matrix, rows: &[usize]) -> Matrix {
    Matrix::from_fn(rows.len(), z.cols(), |i, j| z.get(rows[i], j))
}

/// Orthonormal columns spanning the rows of `z`; directions below 1e-10 of the largest are rounding.
fn span(z: &Matrix) -> Option<Matrix> {
    let d = svd(z)?;
    let first = d.s.first().copied().unwrap_or(0.0);
    let rank = d.s.iter().take_while(|&&s| s > 1e-10 * first).count();
    Some(Matrix::from_fn(z.cols(), rank, |i, j| d.v.get(i, j)))
}

/// Takes the part in `S` out of `w`, twice for orthogonality to rounding.
fn remove(basis: &Matrix, w: &mut [f64]) {
    for _ in 0..2 {
        for l in 0..basis.cols() {
            let column: Vec<f64> = (0..basis.rows()).map(|i| basis.get(i, l)).collect();
            axpy(-dot(&column, w), &column, w);
        }
    }
}

fn project(z: &Matrix, basis: &Matrix) -> MarginMap {
    let mut out = z.clone();
    (0..z.rows()).for_each(|i| remove(basis, out.row_mut(i)));
    MarginMap::Binary { z: Arc::new(Design::Dense(out)) }
}

/// Damped Newton for the loss of `z` in the coordinates of `basis`: `(v̄, relative gradient)`.
fn minimise(z: &Matrix, basis: &Matrix, loss: MarginLoss, budget: &Budget) -> Option<(Vec<f64>, f64)> {
    let (n, r) = (z.rows(), basis.cols());
    let mut out = vec![0.0; z.cols()];
    if r == 0 {
        return Some((out, 0.0));
    }
    let small = crate::numerics::linalg::matmul_nn(z, basis);
    let total = |u: &[f64]| -> f64 { (0..n).map(|i| loss.jet(dot(small.row(i), u)).0).sum() };
    let (mut u, mut gradient) = (vec![0.0; r], f64::INFINITY);
    let mut value = total(&u);
    for round in 0..budget.iterations.max(1) {
        if round > 0 && budget.stopped() {
            break;
        }
        let mut g = vec![0.0; r];
        let mut h = Matrix::zeros(r, r);
        let mut scale = 0.0;
        for i in 0..n {
            let row = small.row(i);
            let (_, slope, curvature) = loss.jet(dot(row, &u));
            axpy(slope, row, &mut g);
            scale += slope.abs() * norm2(row);
            (0..r).for_each(|p| axpy(curvature * row[p], row, h.row_mut(p)));
        }
        let relative = norm2(&g) / scale.max(f64::MIN_POSITIVE);
        if relative >= gradient && relative < 1e-10 {
            break;
        }
        gradient = relative;
        let mut step: Vec<f64> = g.iter().map(|v| -v).collect();
        Cholesky::new(&h)?.solve(&mut step);
        let slope = dot(&g, &step);
        let mut t = 1.0;
        let next = loop {
            let mut next = u.clone();
            axpy(t, &step, &mut next);
            let there = total(&next);
            // Close to the minimum the decrease drowns in the rounding of the sum: then the full step is right.
            if there <= value + 1e-4 * t * slope + 8.0 * f64::EPSILON * value.abs() || t < 1e-12 {
                value = there;
                break next;
            }
            t *= 0.5;
        };
        if gradient <= 4.0 * f64::EPSILON {
            break;
        }
        u = next;
    }
    for (i, o) in out.iter_mut().enumerate() {
        *o = dot(basis.row(i), &u);
    }
    Some((out, gradient))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(z: &[Vec<f64>]) -> MarginMap {
        MarginMap::Binary { z: Arc::new(Design::Dense(Matrix::from_rows(z))) }
    }

    fn split(z: &[Vec<f64>]) -> Decomposition {
        decompose(&map(z), MarginLoss::Logistic, &Budget::default()).unwrap()
    }

    #[test]
    fn separable_data_have_no_convex_part() {
        let s = split(&[vec![1.0, 0.2], vec![0.5, 1.0]]);
        assert!(s.convex.is_empty() && s.basis.cols() == 0 && s.separated > 0.0);
        assert!(s.direction.unwrap().1.relative_gap < 1e-12);
    }

    /// Rows 2 and −1 on the line: `2 σ(−2v) = σ(v)`, and nothing is left over.
    #[test]
    fn a_line_without_separable_rows() {
        let s = split(&[vec![2.0, 0.0], vec![-1.0, 0.0]]);
        assert_eq!((s.convex.len(), s.separable.len(), s.basis.cols()), (2, 0, 1));
        let v = s.minimiser[0];
        let sigma = |t: f64| 1.0 / (1.0 + (-t).exp());
        // The derivative is good to rounding, and its slope is about one.
        assert!((2.0 * sigma(-2.0 * v) - sigma(v)).abs() < 1e-14 && s.gradient < 1e-14);
        assert!(s.direction.is_none() && s.carried < 1e-9);
    }

    /// Along the first axis the rows fight, along the second the others agree: ū is the second axis.
    #[test]
    fn a_mixed_problem_splits_into_both() {
        let z = [vec![1.0, 0.0], vec![-1.0, 0.0], vec![3.0, 2.0], vec![-5.0, 1.0]];
        let s = split(&z);
        assert_eq!((s.convex.clone(), s.separable.clone()), (vec![0, 1], vec![2, 3]));
        // Rows ±1: the minimiser is zero by symmetry; the projected rows are 2 and 1 on the axis, so ū = (0, 1).
        assert!(s.minimiser.iter().all(|v| v.abs() < 1e-15));
        let (u, c) = s.direction.unwrap();
        assert!(u.w[0].abs() < 1e-14 && (u.w[1] - 1.0).abs() < 1e-14 && c.relative_gap < 1e-13);
        let e = decompose(&map(&z), MarginLoss::Exponential, &Budget::default()).unwrap();
        assert_eq!(e.convex, vec![0, 1]);
    }
}
