//! Is the minimiser of a margin program the only one? Decided at a solution by strict complementarity and rank.
//!
//! For a polyhedral ball (ℓ1, ℓ∞) every optimal `w'` at margin one keeps, against a strictly complementary dual `a`,
//! `z_i w' = 1` on `A = {a_i > 0}`, and agrees with the face of the ball that `g = Zᵀa` exposes: for ℓ1 `w'_j = 0` where
//! `|g_j| < ‖g‖_∞`, and for ℓ∞ `w'_j = ± t` with the sign of `g_j` where `g_j ≠ 0`. If these equations have full column rank, `w` is
//! the only one. If they leave a direction along which all other constraints are slack, there are others.
//!
//! Numeric test: a multiplier counts as zero below `1e-6` of the largest, the gap must be below `1e-9`, and a rank
//! is believed only if the singular values on both sides of the cut differ by `1e4`; anything in between is
//! [`Uniqueness::Unknown`]. Matrix balls of `k > 1` rows are not decided here.
//! Source: Mangasarian 1979, Uniqueness of solution in linear programming, Linear Algebra Appl. 25, 151-162.

use super::max_margin::MaxMargin;
use super::rows::Rows;
use super::{Program, Uniqueness};
use crate::numerics::linalg::{max_abs, svd};
use crate::numerics::{Matrix, Norm};

/// Multipliers and slacks below this share of the largest count as zero, above its root as positive.
const ZERO: f64 = 1e-7;
const CLEAR: f64 = 1e-5;

/// Decides for `w` at margin one and its dual; both must be certified to a gap of 1e-9.
pub(super) fn decide(program: &MaxMargin, w: &[f64], dual: &[f64]) -> Uniqueness {
    let by_form = program.facts().uniqueness;
    if by_form == Uniqueness::Unique || !matches!(program.norm, Norm::L1 | Norm::LInf) {
        return by_form;
    }
    match face(program, w, dual) {
        // Rank needs a dense SVD: not worth it beyond about a second.
        Some(face) if face.rows.saturating_mul(face.equations.cols().pow(2)) <= 1_000_000_000 => rank(&face),
        _ => Uniqueness::Unknown,
    }
}

/// Equations that every optimum satisfies, in the unknowns that the exposed face leaves free.
struct Face {
    equations: Matrix,
    rows: usize,
    /// Every inequality outside the face is clearly slack, so a kernel direction can be followed a little way.
    slack: bool,
}

/// `None` if some quantity is neither clearly zero nor clearly positive.
fn face(program: &MaxMargin, w: &[f64], dual: &[f64]) -> Option<Face> {
    let map = &program.margins;
    let mut g = vec![0.0; map.cols()];
    map.adjoint(dual, &mut g);
    let mut margins = vec![0.0; map.rows()];
    map.apply(w, &mut margins);
    let weight = max_abs(dual);
    let active: Vec<usize> = (0..dual.len()).filter(|&i| dual[i] > CLEAR * weight).collect();
    let clear_rows = dual.iter().all(|&a| a > CLEAR * weight || a < ZERO * weight);
    let mut slack = (0..dual.len()).all(|i| dual[i] > CLEAR * weight || margins[i] > 1.0 + CLEAR);
    let (size, top) = (max_abs(w), max_abs(&g));
    let one_norm = program.norm == Norm::L1;
    // Free unknowns: the coordinates on the exposed face (ℓ1), or those not at the bound (ℓ∞).
    let on_face = |j: usize| if one_norm { g[j].abs() > top * (1.0 - ZERO) } else { g[j].abs() < ZERO * top };
    let off_face =
        |j: usize| if one_norm { g[j].abs() < top * (1.0 - CLEAR) } else { g[j].abs() > CLEAR * top };
    let clear = (0..g.len()).all(|j| on_face(j) || off_face(j));
    if !clear || !clear_rows || active.is_empty() {
        return None;
    }
    let free: Vec<usize> = (0..g.len()).filter(|&j| on_face(j)).collect();
    slack &= free
        .iter()
        .all(|&j| if one_norm { w[j].abs() > CLEAR * size } else { w[j].abs() < size * (1.0 - CLEAR) });
    let z = Rows::select_of(map, &active);
    // ℓ1: Z_AJ u = 0. ℓ∞: Z_A (u on the free coordinates, t·sign(g) elsewhere) = 0 with the scale t unknown too; at the
    // optimal value t is fixed, so its column is left out.
    let scale: Vec<f64> = (0..z.rows()).map(|i| max_abs(z.row(i)).max(f64::MIN_POSITIVE)).collect();
    let equations = Matrix::from_fn(z.rows(), free.len(), |i, j| z.get(i, free[j]) / scale[i]);
    Some(Face { rows: z.rows(), equations, slack })
}

fn rank(face: &Face) -> Uniqueness {
    let cols = face.equations.cols();
    if cols == 0 {
        return Uniqueness::Unique;
    }
    let Some(d) = svd(&face.equations) else { return Uniqueness::Unknown };
    let first = d.s.first().copied().unwrap_or(0.0);
    let certain = d.s.iter().filter(|&&s| s > 1e-7 * first).count();
    let doubtful = d.s.iter().filter(|&&s| s > 1e-11 * first).count();
    match () {
        _ if first > 0.0 && certain == cols => Uniqueness::Unique,
        _ if certain == doubtful && certain < cols && face.slack => Uniqueness::NotUnique,
        _ => Uniqueness::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::MarginMap;
    use crate::numerics::Design;
    use crate::programs::Budget;
    use std::sync::Arc;

    fn ask(z: &[Vec<f64>], norm: Norm) -> Uniqueness {
        let z = Arc::new(Design::Dense(Matrix::from_rows(z)));
        MaxMargin::new(MarginMap::Binary { z }, norm).solve(&Budget::default()).uniqueness
    }

    #[test]
    fn strictly_convex_balls_have_one_maximiser() {
        assert_eq!(ask(&[vec![1.0, 1.0]], Norm::L2), Uniqueness::Unique);
        assert_eq!(ask(&[vec![1.0, 1.0]], Norm::Spectral), Uniqueness::Unique);
    }

    /// One row (1, 1): every split of the weight has ℓ1 norm one. One row (2, 1): only the first coordinate.
    #[test]
    fn one_row_under_l1() {
        assert_eq!(ask(&[vec![1.0, 1.0]], Norm::L1), Uniqueness::NotUnique);
        assert_eq!(ask(&[vec![2.0, 1.0]], Norm::L1), Uniqueness::Unique);
    }

    /// One row (1, 0) under ℓ∞: the second coordinate is free. Row (1, 2): both are at the bound.
    #[test]
    fn one_row_under_linf() {
        assert_eq!(ask(&[vec![1.0, 0.0]], Norm::LInf), Uniqueness::NotUnique);
        assert_eq!(ask(&[vec![1.0, 2.0]], Norm::LInf), Uniqueness::Unique);
    }
}
