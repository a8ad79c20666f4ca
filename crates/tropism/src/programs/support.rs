//! Active-set finish for the ℓ2 margin: `ŵ` is the shortest vector with margin exactly one on its support.
//!
//! Nonnegative least squares in the sense of Lawson and Hanson (1974, Solving Least Squares Problems, ch. 23):
//! on a support `P` of independent rows, `Z_Pᵀ = Q R`, `w = Q R⁻ᵀ 1`, `a = R⁻¹ R⁻ᵀ 1`; a row with a negative weight
//! leaves (the step stops at the boundary), the row with the smallest margin enters. Started from the
//! interior point's support it needs a few exchanges; residuals are refined, so the answer is good to the conditioning
//! of the support times one rounding.

use super::rows::Rows;
use crate::numerics::linalg::{axpy, dot};
use faer::Mat;
use faer::linalg::triangular_solve;
use faer::{MatMut, Par};

/// `(w, a)` with `w` at margin about one; `None` if the exchange runs out of turns or meets dependent rows it
/// cannot drop.
pub(super) fn finish(
    rows: &Rows,
    support: &[usize],
    a: &[f64],
    turns: usize,
) -> Option<(Vec<f64>, Vec<f64>)> {
    let n = rows.count();
    let (mut active, mut face) = independent(rows, support)?;
    let mut feasible = vec![0.0; n];
    active.iter().for_each(|&i| feasible[i] = a[i].max(0.0));
    for _ in 0..turns {
        if active.is_empty() {
            return None;
        }
        let (w, b) = face.solve(0);
        if let Some(leaving) = blocked(&mut feasible, &active, &b) {
            active.retain(|i| !leaving.contains(i));
            face = Face::new(rows, &active)?;
            continue;
        }
        feasible.fill(0.0);
        active.iter().zip(&b).for_each(|(&i, &v)| feasible[i] = v);
        let margins = rows.apply(&w);
        let (worst, least) = margins
            .iter()
            .enumerate()
            .filter(|(i, _)| feasible[*i] == 0.0)
            .fold((n, f64::INFINITY), |m, (i, &v)| if v < m.1 { (i, v) } else { m });
        // One rounding of a margin: |z||w| eps, rows have length about one.
        let tolerance = 8.0 * f64::EPSILON * crate::numerics::linalg::norm2(&w);
        if worst == n || least >= 1.0 - tolerance {
            let (w, b) = face.solve(2);
            active.iter().zip(&b).for_each(|(&i, &v)| feasible[i] = v);
            return Some((w, feasible));
        }
        active.push(worst);
        let before = active.len();
        (active, face) = independent(rows, &active)?;
        if active.len() < before {
            return None;
        }
    }
    None
}

/// Moves `feasible` towards `target` as far as nonnegativity allows; the rows that block, if any.
fn blocked(feasible: &mut [f64], active: &[usize], target: &[f64]) -> Option<Vec<usize>> {
    if target.iter().all(|&b| b > 0.0) {
        return None;
    }
    let ratio = |i: usize, b: f64| if b <= 0.0 { feasible[i] / (feasible[i] - b).max(1e-300) } else { 1.0 };
    let step = active.iter().zip(target).fold(1.0, |m: f64, (&i, &b)| m.min(ratio(i, b)));
    let leaving = active
        .iter()
        .zip(target)
        .filter(|&(&i, &b)| b <= 0.0 && ratio(i, b) <= step)
        .map(|(&i, _)| i)
        .collect();
    for (&i, &b) in active.iter().zip(target) {
        feasible[i] = (feasible[i] + step * (b - feasible[i])).max(0.0);
    }
    Some(leaving)
}

/// The rows of `candidates` that are independent of the ones before them.
fn independent(rows: &Rows, candidates: &[usize]) -> Option<(Vec<usize>, Face)> {
    let m = rows.width();
    let mut kept: Vec<usize> = candidates.iter().copied().take(m.max(1)).collect();
    let mut rest = candidates.get(kept.len()..).unwrap_or_default().iter();
    loop {
        let face = Face::new(rows, &kept)?;
        let dependent = face.dependent();
        if dependent.is_empty() {
            return Some((kept, face));
        }
        kept = (0..kept.len()).filter(|i| !dependent.contains(i)).map(|i| kept[i]).collect();
        kept.extend(rest.by_ref().take(dependent.len()));
    }
}

/// `Z_Pᵀ = Q R`.
struct Face {
    z: crate::numerics::Matrix,
    q: Mat<f64>,
    r: Mat<f64>,
}

impl Face {
    fn new(rows: &Rows, active: &[usize]) -> Option<Self> {
        faer::set_global_parallelism(Par::Seq);
        let z = rows.select(active);
        let qr = z.as_faer().transpose().to_owned().qr();
        let (q, r) = (qr.compute_thin_Q(), qr.thin_R().to_owned());
        Some(Self { z, q, r })
    }

    /// Positions whose column adds nothing: its remainder is below 1e-11 of its length.
    fn dependent(&self) -> Vec<usize> {
        let s = self.z.rows();
        (0..s)
            .filter(|&j| {
                let length = crate::numerics::linalg::norm2(self.z.row(j));
                j >= self.r.nrows() || self.r[(j, j)].abs() <= 1e-11 * length || length == 0.0
            })
            .collect()
    }

    /// `(w, a_P)` with that many rounds of refinement.
    fn solve(&self, rounds: usize) -> (Vec<f64>, Vec<f64>) {
        let s = self.z.rows();
        let ones = vec![1.0; s];
        let mut w = vec![0.0; self.z.cols()];
        let mut a = vec![0.0; s];
        let mut missing = ones;
        // Residuals in twice the precision, so that each round removes the error of the one before.
        for round in 0..=rounds {
            let y = self.back_transposed(&missing);
            let dw = self.times_q(&y);
            axpy(1.0, &dw, &mut w);
            axpy(1.0, &self.back(&y), &mut a);
            if round == rounds {
                break;
            }
            for (i, m) in missing.iter_mut().enumerate() {
                *m = -precise_residual(self.z.row(i), &w);
            }
        }
        if rounds == 0 {
            return (w, a);
        }
        // Align the weights with the refined w: a ← a + R⁻¹ Qᵀ(w − Zᵀa).
        let mut off = w.clone();
        for (i, &v) in a.iter().enumerate() {
            axpy(-v, self.z.row(i), &mut off);
        }
        let y: Vec<f64> = (0..s).map(|j| dot(column(&self.q, j), &off)).collect();
        axpy(1.0, &self.back(&y), &mut a);
        (w, a)
    }

    fn back_transposed(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        let n = x.len();
        let view = MatMut::from_column_major_slice_mut(&mut x, n, 1);
        triangular_solve::solve_lower_triangular_in_place(self.r.transpose(), view, Par::Seq);
        x
    }

    fn back(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        let n = x.len();
        let view = MatMut::from_column_major_slice_mut(&mut x, n, 1);
        triangular_solve::solve_upper_triangular_in_place(self.r.as_ref(), view, Par::Seq);
        x
    }

    fn times_q(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.q.nrows()];
        for (j, &c) in y.iter().enumerate() {
            axpy(c, column(&self.q, j), &mut out);
        }
        out
    }
}

fn column(q: &Mat<f64>, j: usize) -> &[f64] {
    q.col_as_slice(j)
}

/// `⟨z, w⟩ − 1` without cancellation error.
fn precise_residual(z: &[f64], w: &[f64]) -> f64 {
    crate::numerics::directed::enclosed_dot(z, w).mid() - 1.0
}
