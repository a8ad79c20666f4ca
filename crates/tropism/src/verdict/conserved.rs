//! What a gradient flow on a product of matrices conserves: if the run lost it, rounding or coarse steps have decided, and
//! nothing is judged.

use crate::models::{Block, Imbalance, Structure};
use crate::numerics::Matrix;
use crate::numerics::linalg::{norm2, singular_values};
use crate::spec::Setup;

/// Largest change of `W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ`, relative to the factors at the end, that the flow's error control may leave.
const BALANCE: f64 = 1e-3;

/// Smallest singular value, relative to the largest, whose sign the flow's error control keeps: below it a factor counts as
/// singular.
const RESOLVED: f64 = 1e-6;

/// What the flow of `setup` should have conserved up to `theta [p]` and did not, in words.
pub fn lost(setup: &Setup, theta: &[f64]) -> Option<String> {
    let product = matches!(
        setup.model.facts().structure,
        Structure::DeepLinear { depth } | Structure::Factorized { depth, .. } if depth >= 2
    );
    if !product || !setup.built.optimizer.facts().continuous {
        return None;
    }
    let blocks = setup.model.blocks();
    let mut balanced = true;
    for (j, pair) in blocks.windows(2).enumerate() {
        let between = |theta: &[f64]| Imbalance::between(theta, &pair[0], &pair[1]);
        let (before, after) = (between(&setup.theta0)?, between(theta)?);
        let moved: Vec<f64> = after.difference.iter().zip(&before.difference).map(|(a, b)| a - b).collect();
        let change = norm2(&moved) / before.size.max(after.size).max(f64::MIN_POSITIVE);
        if change > BALANCE {
            return Some(format!(
                "lost what the flow conserves: the balance of factors {} and {} changed by {change:.1e}",
                j + 1,
                j + 2
            ));
        }
        balanced &= before.relative() <= Imbalance::ROUNDING;
    }
    // From a balanced start no singular value of the product can pass through zero: each falls in proportion to a power of
    // itself (Arora et al. 2019, arXiv 1905.13655, Theorem 3). Other starts may lose the sign rightly.
    if !balanced {
        return None;
    }
    let flipped = blocks.iter().position(|b| sign(&setup.theta0, b) * sign(theta, b) < 0.0)?;
    Some(format!(
        "lost what the flow conserves: the determinant of factor {} changed its sign, which only rounding or too coarse steps \
         can do",
        flipped + 1
    ))
}

/// Sign of the determinant of a square factor, 0 where it is close to singular, large or not square.
fn sign(theta: &[f64], block: &Block) -> f64 {
    if block.rows != block.cols || block.rows > 200 {
        return 0.0;
    }
    let m = Matrix::from_vec(block.rows, block.cols, theta[block.range()].to_vec());
    let s = singular_values(&m);
    let (most, least) = (s.first().copied().unwrap_or(0.0), s.last().copied().unwrap_or(0.0));
    if least <= most * RESOLVED {
        return 0.0;
    }
    determinant_sign(m)
}

/// By elimination with row pivoting: only the sign is kept.
fn determinant_sign(mut m: Matrix) -> f64 {
    let n = m.rows();
    let mut sign = 1.0;
    for j in 0..n {
        let Some(p) = (j..n).max_by(|&a, &b| m.get(a, j).abs().total_cmp(&m.get(b, j).abs())) else {
            return 0.0;
        };
        if p != j {
            let (upper, lower) = (m.row(j).to_vec(), m.row(p).to_vec());
            m.row_mut(j).copy_from_slice(&lower);
            m.row_mut(p).copy_from_slice(&upper);
            sign = -sign;
        }
        let pivot = m.get(j, j);
        sign *= pivot.signum();
        let head = m.row(j).to_vec();
        for i in j + 1..n {
            let factor = m.get(i, j) / pivot;
            m.row_mut(i).iter_mut().zip(&head).for_each(|(v, h)| *v -= factor * h);
        }
    }
    sign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn determinants_have_the_sign_of_their_permutation() {
        let m = |rows: &[[f64; 3]]| Matrix::from_rows(&rows.iter().map(|r| r.to_vec()).collect::<Vec<_>>());
        assert_eq!(determinant_sign(m(&[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])), 1.0);
        assert_eq!(determinant_sign(m(&[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])), -1.0);
        // 1 (5·0 − 6·8) − 2 (4·0 − 6·7) + 3 (4·8 − 5·7) = −48 + 84 − 9 = 27.
        assert_eq!(determinant_sign(m(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 0.0]])), 1.0);
    }
}
