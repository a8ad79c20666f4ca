//! Is the data linearly separable? Decided by our own certificate, either way, never by a solver's status.
//!
//! * Separable: a `w` whose smallest margin, with all rounding accounted for, is positive.
//! * Not separable (Gordan's alternative: some `q ≥ 0`, `q ≠ 0`, `Zᵀq = 0`): proven when an approximate `q > 0` on
//!   its support can be corrected to an exact one. Let `J` be columns that span the others on the support by
//!   relations checked in exact arithmetic, and `B` rows of the support that form an invertible `|J| × |J|` matrix
//!   (proven by an approximate inverse). With the residual `r = Zᵀq` enclosed, `δ = −B⁻ᵀ r_J` exists, and if `|δ| < q` on
//!   the rows of `B` entry by entry, then `q + δ > 0` on the support and `Zᵀ(q + δ) = 0` exactly: on `J` by choice, on
//!   the other columns by their relations.
//! * Undecided: all that is known is that the ℓ2 margin is at most `‖Zᵀq‖ / Σq`.
//!
//! Shapes: `w [k d]`, `q [N]`. Units: margins are in the data's units, for `‖w‖₂ = 1`.
//! Source: Gordan 1873; for the enclosures Rump 2010, Acta Numerica 19, 287-449,
//! <https://doi.org/10.1017/S096249291000005X>.

use super::exact::{inverse_times, sum_is_zero};
use super::rows::Rows;
use super::{Budget, MaxMargin, Program, Solution};
use crate::data::MarginMap;
use crate::numerics::linalg::{norm2, svd};
use crate::numerics::{Design, Matrix, Norm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// The answer with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Separability {
    /// `w` of ℓ2 length one (up to rounding) separates; the largest ℓ2 margin lies between the two bounds.
    Separable { w: Vec<f64>, margin_lower: f64, margin_upper: f64 },
    /// `q ≥ 0`, `Σq = 1`, `‖Zᵀq‖ ≤ residual`, and an exact `q* ≥ 0` with `Zᵀq* = 0` exists, differing from `q` by at most
    /// `correction` in any entry.
    NotSeparable { q: Vec<f64>, residual: f64, correction: f64 },
    /// Neither could be proven: no unit `w` has a margin above `margin_at_most`.
    Undecided { q: Vec<f64>, margin_at_most: f64 },
}

/// Decides the question for the rows of `margins`.
pub fn separability(margins: &MarginMap, budget: &Budget) -> Separability {
    separability_and_solution(margins, budget).0
}

/// The same, with the solution of the ℓ2 margin program where one was needed.
pub fn separability_and_solution(margins: &MarginMap, budget: &Budget) -> (Separability, Option<Solution>) {
    if let Some(q) = plain_contradiction(margins) {
        return (Separability::NotSeparable { q, residual: 0.0, correction: 0.0 }, None);
    }
    let program = MaxMargin::new(margins.clone(), Norm::L2);
    let solution = program.solve(budget);
    (decided(&program, &solution), Some(solution))
}

fn decided(program: &MaxMargin, solution: &Solution) -> Separability {
    let (value, bound) = (program.value(&solution.w), program.bound(&solution.dual));
    let above = if bound > 0.0 { (1.0 / bound).next_up() } else { f64::INFINITY };
    if value.is_finite() {
        let size = norm2(&solution.w);
        let w = solution.w.iter().map(|v| v / size).collect();
        return Separability::Separable { w, margin_lower: (1.0 / value).next_down(), margin_upper: above };
    }
    let total: f64 = solution.dual.iter().sum();
    if total <= 0.0 {
        return Separability::Undecided { q: solution.dual.clone(), margin_at_most: f64::INFINITY };
    }
    let q: Vec<f64> = solution.dual.iter().map(|v| v / total).collect();
    match refute(program, &q) {
        Some((q, residual, correction)) => Separability::NotSeparable { q, residual, correction },
        None => Separability::Undecided { q, margin_at_most: above },
    }
}

/// An exact `q` that needs no solver: a row of zeros, or two rows that are each other's negative (contradictory copies of
/// one sample). Binary data only; rows are found by a hash, compared entry by entry, and never copied.
fn plain_contradiction(margins: &MarginMap) -> Option<Vec<f64>> {
    let MarginMap::Binary { z } = margins else { return None };
    let n = z.rows();
    let mut q = vec![0.0; n];
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::with_capacity(n);
    for i in 0..n {
        if !has_entry(z, i) {
            q[i] = 1.0;
            return Some(q);
        }
        let opposed = seen.get(&hash(z, i, -1.0)).and_then(|rows| rows.iter().find(|&&r| negatives(z, r, i)));
        if let Some(&other) = opposed {
            q[i] = 0.5;
            q[other] = 0.5;
            return Some(q);
        }
        seen.entry(hash(z, i, 1.0)).or_default().push(i);
    }
    None
}

fn has_entry(z: &Design, i: usize) -> bool {
    let mut any = false;
    z.for_row(i, |_, v| any |= v != 0.0);
    any
}

/// Hash of the entries of `sign` times row `i` that are not zero.
fn hash(z: &Design, i: usize, sign: f64) -> u64 {
    let mut h = DefaultHasher::new();
    z.for_row(i, |j, v| {
        if v != 0.0 {
            h.write_usize(j);
            h.write_u64((sign * v).to_bits());
        }
    });
    h.finish()
}

fn negatives(z: &Design, a: usize, b: usize) -> bool {
    let mut sum = vec![0.0; z.cols()];
    z.add_row(a, 1.0, &mut sum);
    // A rounded sum is zero only if the exact one is.
    z.add_row(b, 1.0, &mut sum);
    sum.iter().all(|v| *v == 0.0)
}

/// Tries to turn `q` into a proof of non-separability, on supports of decreasing size.
fn refute(program: &MaxMargin, q: &[f64]) -> Option<(Vec<f64>, f64, f64)> {
    let largest = q.iter().copied().fold(0.0, f64::max);
    [1e-10, 1e-7, 1e-5, 1e-3].into_iter().find_map(|cut| {
        let support: Vec<usize> = (0..q.len()).filter(|&i| q[i] > cut * largest).collect();
        proof(program, q, &support)
    })
}

fn proof(program: &MaxMargin, q: &[f64], support: &[usize]) -> Option<(Vec<f64>, f64, f64)> {
    let z = Rows::select_of(&program.margins, support);
    let weights: Vec<f64> = support.iter().map(|&i| q[i]).collect();
    let columns = spanning_columns(&z)?;
    let basis = basis_rows(&z, &columns, &weights)?;
    let b = Matrix::from_fn(basis.len(), columns.len(), |i, j| z.get(basis[i], columns[j]));
    // Refine: move the residual into the basis rows, in floating point, before it is enclosed.
    let mut full = vec![0.0; q.len()];
    support.iter().zip(&weights).for_each(|(&i, &v)| full[i] = v);
    for _ in 0..2 {
        let (r, _) = program.margins.adjoint_enclosed(&full);
        let target: Vec<f64> = columns.iter().map(|&j| -r[j]).collect();
        let delta = crate::numerics::linalg::solve_general(&b.transposed(), &target)?;
        for (&row, d) in basis.iter().zip(&delta) {
            full[support[row]] += d;
        }
    }
    if support.iter().any(|&i| full[i].is_nan() || full[i] <= 0.0) {
        return None;
    }
    let (r, error) = program.margins.adjoint_enclosed(&full);
    let size: Vec<f64> = columns.iter().map(|&j| (r[j].abs() + error[j]).next_up()).collect();
    let delta = inverse_times(&b, &size)?;
    if basis.iter().zip(&delta).any(|(&row, &d)| d.is_nan() || d >= full[support[row]]) {
        return None;
    }
    let total: f64 = full.iter().sum();
    full.iter_mut().for_each(|v| *v /= total);
    let correction = delta.iter().copied().fold(0.0, f64::max) / total;
    // Dividing by the total moves every entry by at most an ulp or so.
    let (r, error) = program.margins.adjoint_enclosed(&full);
    let residual = (norm2(&r) + norm2(&error)) * (1.0 + 1e-12);
    Some((full, residual, correction + f64::EPSILON))
}

/// Columns `J` of `z` such that every other column is a combination of them, checked exactly with coefficients
/// rounded to multiples of 1/8 (copies, sign flips, one-hot groups against a bias, shared class offsets).
fn spanning_columns(z: &Matrix) -> Option<Vec<usize>> {
    let all: Vec<usize> = (0..z.cols()).filter(|&j| (0..z.rows()).any(|i| z.get(i, j) != 0.0)).collect();
    let (chosen, rest) = pivoted(&Matrix::from_fn(all.len(), z.rows(), |j, i| z.get(i, all[j])));
    let chosen: Vec<usize> = chosen.iter().map(|&j| all[j]).collect();
    let basis = Matrix::from_fn(z.rows(), chosen.len(), |i, j| z.get(i, chosen[j]));
    let exact = rest.iter().map(|&j| all[j]).all(|j| {
        let Some(c) = least_squares(&basis, &(0..z.rows()).map(|i| z.get(i, j)).collect::<Vec<_>>()) else {
            return false;
        };
        let c: Vec<f64> = c.iter().map(|v| (v * 8.0).round() / 8.0).collect();
        (0..z.rows()).all(|i| {
            sum_is_zero(c.iter().zip(basis.row(i)).map(|(c, v)| (*c, *v)).chain([(-1.0, z.get(i, j))]))
        })
    });
    (exact && !chosen.is_empty()).then_some(chosen)
}

/// `|J|` independent rows, large weights preferred so that there is room for the correction.
fn basis_rows(z: &Matrix, columns: &[usize], weights: &[f64]) -> Option<Vec<usize>> {
    let scaled = Matrix::from_fn(z.rows(), columns.len(), |i, j| weights[i] * z.get(i, columns[j]));
    let (chosen, _) = pivoted(&scaled);
    (chosen.len() == columns.len()).then_some(chosen)
}

/// Greedy orthogonalisation of the rows of `a`, the longest remainder first: `(independent, dependent)` rows. A
/// remainder below 1e-10 of the row's own length counts as none.
fn pivoted(a: &Matrix) -> (Vec<usize>, Vec<usize>) {
    let mut left: Vec<Vec<f64>> = (0..a.rows()).map(|i| a.row(i).to_vec()).collect();
    let lengths: Vec<f64> = left.iter().map(|r| norm2(r)).collect();
    let mut rest: Vec<usize> = (0..a.rows()).collect();
    let mut chosen = vec![];
    while chosen.len() < a.cols() {
        let Some((at, _)) = rest
            .iter()
            .enumerate()
            .filter(|&(_, &i)| norm2(&left[i]) > 1e-10 * lengths[i])
            .map(|(at, &i)| (at, norm2(&left[i])))
            .max_by(|x, y| x.1.total_cmp(&y.1))
        else {
            break;
        };
        let pick = rest.swap_remove(at);
        chosen.push(pick);
        let size = norm2(&left[pick]);
        let q: Vec<f64> = left[pick].iter().map(|v| v / size).collect();
        for &i in &rest {
            // Twice, so that the remainder of a dependent row is rounding and not the loss of orthogonality.
            for _ in 0..2 {
                let c = crate::numerics::linalg::dot(&q, &left[i]);
                crate::numerics::linalg::axpy(-c, &q, &mut left[i]);
            }
        }
    }
    (chosen, rest)
}

fn least_squares(a: &Matrix, b: &[f64]) -> Option<Vec<f64>> {
    let d = svd(a)?;
    let first = d.s.first().copied()?;
    let mut x = vec![0.0; a.cols()];
    for (l, &s) in d.s.iter().enumerate().filter(|(_, s)| **s > 1e-13 * first) {
        let c: f64 = (0..a.rows()).map(|i| d.u.get(i, l) * b[i]).sum::<f64>() / s;
        x.iter_mut().enumerate().for_each(|(j, v)| *v += c * d.v.get(j, l));
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn rows(z: &[Vec<f64>]) -> MarginMap {
        MarginMap::Binary { z: Arc::new(Design::Dense(Matrix::from_rows(z))) }
    }

    fn ask(z: &[Vec<f64>]) -> Separability {
        separability(&rows(z), &Budget::default())
    }

    #[test]
    fn a_tiny_margin_is_never_called_inseparable() {
        for e in [1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-15] {
            let answer = ask(&[vec![1.0, e], vec![-1.0, e], vec![0.3, 1.0], vec![-0.7, 0.2]]);
            assert!(!matches!(answer, Separability::NotSeparable { .. }), "{e}: {answer:?}");
            if e >= 1e-8 {
                let Separability::Separable { margin_lower, margin_upper, .. } = answer else {
                    panic!("{e}: {answer:?}")
                };
                // Two opposed rows (±1, e): the margin along (0, 1) is e.
                assert!(margin_lower <= e && e <= margin_upper && margin_lower > 0.999 * e);
            }
        }
    }

    #[test]
    fn a_triangle_around_the_origin_is_proven_inseparable() {
        let answer = ask(&[vec![1.0, 0.1], vec![-0.5, 1.0], vec![-0.3, -1.0], vec![5.0, 0.0]]);
        let Separability::NotSeparable { q, residual, correction } = answer else { panic!("{answer:?}") };
        assert!((q.iter().sum::<f64>() - 1.0).abs() < 1e-12 && residual < 1e-14 && correction < 1e-13);
    }

    #[test]
    fn opposed_rows_and_dependent_columns_are_proven_by_exact_relations() {
        // z and −z: the support spans a line; the other column is an exact multiple or zero.
        let answer = ask(&[vec![0.5, 0.25, 0.0], vec![-0.5, -0.25, 0.0], vec![1.0, 3.0, 1.0]]);
        assert!(matches!(answer, Separability::NotSeparable { .. }), "{answer:?}");
        // One-hot columns that add up to the bias.
        let z = [[1.0, 0.0, 1.0], [-1.0, 0.0, -1.0], [0.0, 1.0, 1.0], [0.0, -1.0, -1.0]];
        let answer = ask(&z.map(|r| r.to_vec()));
        assert!(matches!(answer, Separability::NotSeparable { .. }), "{answer:?}");
    }

    #[test]
    fn multiclass_with_a_shared_point_is_inseparable() {
        let x = Matrix::from_rows(&[vec![1.0, 2.0], vec![1.0, 2.0], vec![-1.0, 0.5]]);
        let map = MarginMap::Multiclass { x: Arc::new(x.into()), labels: vec![0, 1, 2], classes: 3 };
        let answer = separability(&map, &Budget::default());
        assert!(matches!(answer, Separability::NotSeparable { .. }), "{answer:?}");
    }

    #[test]
    fn a_zero_row_can_never_have_a_positive_margin() {
        let answer = ask(&[vec![0.0, 0.0], vec![1.0, 1.0]]);
        assert!(!matches!(answer, Separability::Separable { .. }), "{answer:?}");
    }
}
