//! The second-order offset `w̃` of the flow on separable data: `w(t) = ŵ log t + w̃ + o(1)`.
//!
//! With `ŵ = Σ_{i ∈ S} a_i z_i`, `a_i > 0`, the offset solves `⟨w̃, z_i⟩ = log c − log a_i` on the support `S` (`c` the weight
//! of one sample) and keeps the start's component orthogonal to the data. It is determined when the support vectors
//! are linearly independent and span the data.
//!
//! Shapes: `ŵ, w̃ [d]`, `a [|S|]`.
//! Source: Soudry et al. 2018 (arXiv 1710.10345), Theorem 4.
//! Errors: a sentence saying what keeps the offset from being determined.

use super::{Budget, MaxMargin, Program, Solution};
use crate::data::MarginMap;
use crate::numerics::linalg::{self, svd};
use crate::numerics::{Matrix, Norm};

/// Support vectors, `ŵ` and `w̃`.
#[derive(Debug, Clone, PartialEq)]
pub struct Offset {
    /// Rows at the smallest margin, ascending.
    pub support: Vec<usize>,
    /// Rank of the data.
    pub rank: usize,
    /// Smallest dual variable relative to the largest.
    pub smallest_dual: f64,
    /// Smallest margin of the other rows above one, at margin one: those samples fade like `t^{−slack}`.
    pub slack: f64,
    /// `ŵ`: margin one on the support.
    pub direction: Vec<f64>,
    /// `w̃`.
    pub offset: Vec<f64>,
}

/// Margins this close, relatively, to the smallest one are support vectors; the solver reaches 1e-12.
const TIED: f64 = 1e-8;

/// Solves for the offset of binary data with one sample's weight `exp(log_weight)` and start `theta0`; `known` is a solution
/// of their ℓ2 margin program, where there is one already.
pub fn determine(
    margins: &MarginMap,
    known: Option<&Solution>,
    log_weight: f64,
    theta0: &[f64],
) -> Result<Offset, String> {
    let MarginMap::Binary { z } = margins else {
        return Err("the offset is only known for two classes".into());
    };
    let w = match known {
        Some(solution) => solution.w.clone(),
        None => MaxMargin::new(margins.clone(), Norm::L2).solve(&Budget::default()).w,
    };
    let least = margins.min_margin(&w);
    if least <= 0.0 {
        return Err("the data could not be separated".into());
    }
    let mut m = vec![0.0; z.rows()];
    z.apply(&w, &mut m);
    let support: Vec<usize> = (0..z.rows()).filter(|&i| m[i] <= least * (1.0 + TIED)).collect();
    let next = (0..z.rows()).filter(|i| !support.contains(i)).map(|i| m[i]).fold(f64::INFINITY, f64::min);
    let slack = next / least - 1.0;
    let rank = rank_of(&z.to_dense());
    let rows = z.select(&support).to_dense();
    let independent = rank_of(&rows);
    if independent < rank {
        return Err(format!(
            "{} support vectors span {independent} of the {rank} directions of the data",
            support.len()
        ));
    }
    if support.len() > independent {
        return Err(format!(
            "{} support vectors in {independent} dimensions: their dual variables are not unique",
            support.len()
        ));
    }
    // On the support the conditions are equalities: a = (Z_S Z_Sᵀ)⁻¹ 1, ŵ = Z_Sᵀ a.
    let gram = linalg::matmul_nt(&rows, &rows);
    let solve = |b: &[f64]| {
        linalg::solve_general(&gram, b).ok_or_else(|| "the support vectors are nearly dependent".to_string())
    };
    let dual = solve(&vec![1.0; support.len()])?;
    let smallest = dual.iter().copied().fold(f64::INFINITY, f64::min);
    if smallest <= 0.0 {
        return Err("a support vector has no positive dual variable: degenerate data".into());
    }
    let mut direction = vec![0.0; z.cols()];
    linalg::matvec_transposed(&rows, &dual, &mut direction);
    let mut start = vec![0.0; support.len()];
    linalg::matvec(&rows, theta0, &mut start);
    let target: Vec<f64> = dual.iter().zip(&start).map(|(a, s)| log_weight - a.ln() - s).collect();
    let mut offset = vec![0.0; z.cols()];
    linalg::matvec_transposed(&rows, &solve(&target)?, &mut offset);
    linalg::axpy(1.0, theta0, &mut offset);
    let largest = dual.iter().copied().fold(0.0, f64::max);
    Ok(Offset { support, rank, smallest_dual: smallest / largest, slack, direction, offset })
}

fn rank_of(m: &Matrix) -> usize {
    let Some(d) = svd(m) else { return 0 };
    let cut = 1e-10 * d.s.first().copied().unwrap_or(0.0);
    d.s.iter().take_while(|&&s| s > cut).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;

    /// Two points (2, 0), (0, 1), both positive: ŵ = (1/2, 1), a = (1/4, 1), w̃ solves 2 w̃₁ = ln 4, w̃₂ = 0 for the sum.
    #[test]
    fn two_points_by_hand() {
        let data = Dataset::binary("t", Matrix::from_rows(&[vec![2.0, 0.0], vec![0.0, 1.0]]), vec![1.0, 1.0]);
        let found = determine(&data.margins().unwrap(), None, 0.0, &[0.0, 0.0]).unwrap();
        let expected = ([0.5, 1.0], [4f64.ln() / 2.0, 0.0]);
        for j in 0..2 {
            // Two-by-two solves: a few units in the last place.
            assert!((found.direction[j] - expected.0[j]).abs() < 1e-14);
            assert!((found.offset[j] - expected.1[j]).abs() < 1e-14);
        }
    }
}
