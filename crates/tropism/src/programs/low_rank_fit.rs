//! Matrices of a given rank near given entries, by alternating least squares: what upper bounds on the smallest rank are tried with.
//!
//! `W = U Vᵀ`; each half step solves `min Σ_j (⟨u_i, v_j⟩ − b_ij)² + ε ‖u_i − u_i'‖²` over the observed `j` of every row `i`, `u_i'` the row
//! before: the small proximal term makes rows with few entries well posed and leaves the solutions where they are.
//!
//! Shapes: entries along rows, `[rows · cols]`. Assumes: nothing; no fit need be found, and what is found is for the caller to check.

use super::least_rank::Observed;
use crate::numerics::Matrix;
use crate::numerics::linalg::{Cholesky, Svd, axpy, dot};

/// Half steps between two looks at the progress.
const ROUND: usize = 50;
/// Most rounds.
const ROUNDS: usize = 40;
/// A round that leaves more than this share of the summed squares, which never grow, is the last.
const PROGRESS: f64 = 0.95;
/// Weight of the proximal term, relative to the mean square of the other factor.
const PROXIMAL: f64 = 1e-9;

/// A matrix of rank `rank` whose observed entries lie within `delta`, from the leading part of a decomposition; `work` counts
/// multiplications down, and nothing more is tried once they are spent.
pub(super) fn fit(
    observed: &Observed,
    start: &Svd,
    rank: usize,
    delta: f64,
    work: &mut f64,
) -> Option<Vec<f64>> {
    let (rows, cols) = (observed.rows, observed.cols);
    let side = |m: &Matrix, i: usize, k: usize| m.get(i, k) * start.s[k].max(0.0).sqrt();
    let mut u = Matrix::from_fn(rows, rank, |i, k| side(&start.u, i, k));
    let mut v = Matrix::from_fn(cols, rank, |j, k| side(&start.v, j, k));
    let (by_row, by_col) = lines(observed);
    let entries: usize = by_row.iter().map(Vec::len).sum();
    let r = rank as f64;
    let cost = ROUND as f64 * (2.0 * entries as f64 * r * r + (rows + cols) as f64 * r * r * r / 3.0);
    let mut squares = f64::INFINITY;
    for _ in 0..ROUNDS {
        if *work < cost {
            return None;
        }
        *work -= cost;
        for _ in 0..ROUND {
            half_step(&mut u, &v, &by_row)?;
            half_step(&mut v, &u, &by_col)?;
        }
        let (sum, worst) = misfit(&by_row, &u, &v);
        if sum.is_nan() {
            return None;
        }
        if worst <= 0.5 * delta {
            return Some((0..rows * cols).map(|e| dot(u.row(e / cols), v.row(e % cols))).collect());
        }
        if sum > PROGRESS * squares {
            return None;
        }
        squares = sum;
    }
    None
}

/// The observed entries of every row and of every column, each with its place in the line.
type Lines = Vec<Vec<(usize, f64)>>;

fn lines(observed: &Observed) -> (Lines, Lines) {
    let (mut rows, mut cols) = (vec![vec![]; observed.rows], vec![vec![]; observed.cols]);
    for (i, row) in rows.iter_mut().enumerate() {
        for (j, col) in cols.iter_mut().enumerate() {
            if let Some(b) = observed.at(i, j) {
                row.push((j, b));
                col.push((i, b));
            }
        }
    }
    (rows, cols)
}

/// Summed squares and largest modulus of what is left of the entries.
fn misfit(lines: &Lines, u: &Matrix, v: &Matrix) -> (f64, f64) {
    let (mut sum, mut worst) = (0.0, 0.0f64);
    for (i, line) in lines.iter().enumerate() {
        for (j, b) in line {
            let off = dot(u.row(i), v.row(*j)) - b;
            sum += off * off;
            worst = worst.max(off.abs());
        }
    }
    (sum, worst)
}

/// Every row of `moving` solved for, the other factor held.
fn half_step(moving: &mut Matrix, held: &Matrix, lines: &Lines) -> Option<()> {
    let rank = held.cols();
    let square = dot(held.as_slice(), held.as_slice()) / held.rows() as f64;
    for (i, line) in lines.iter().enumerate() {
        let (mut gram, mut right) = (Matrix::zeros(rank, rank), vec![0.0; rank]);
        for (j, b) in line {
            let h = held.row(*j);
            // Solved for the change: the right-hand side vanishes at a fit, and with it every rounding.
            axpy(b - dot(moving.row(i), h), h, &mut right);
            for (a, c) in (0..rank).flat_map(|a| (0..rank).map(move |c| (a, c))) {
                gram.set(a, c, gram.get(a, c) + h[a] * h[c]);
            }
        }
        (0..rank).for_each(|a| gram.set(a, a, gram.get(a, a) + PROXIMAL * square));
        Cholesky::new(&gram)?.solve(&mut right);
        axpy(1.0, &right, moving.row_mut(i));
    }
    Some(())
}
