//! What a gradient flow on a product of matrices conserves: if the run lost it, rounding or coarse steps have decided, and
//! nothing is judged.

use crate::models::{Imbalance, Structure, determinant_sign};
use crate::numerics::linalg::norm2;
use crate::spec::Setup;
use crate::theory::keeps_symmetry;

/// Largest change of `W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ`, relative to the factors at the end, that the flow's error control may leave.
const BALANCE: f64 = 1e-3;

/// The same of symmetry, signs of eigenvalues and common eigenvectors, relative to the product at the end.
const SYMMETRY: f64 = 1e-4;

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
    if let (Some(kept), Some(w)) = (keeps_symmetry(setup), setup.model.effective(theta))
        && kept.lost(&w) > SYMMETRY
    {
        return Some(format!(
            "lost what the flow conserves: measurements and start are symmetric{}, and the end is off by {:.1e} of its size; rounding has \
             grown into a direction that the flow never takes",
            if kept.commuting { " with common eigenvectors" } else { "" },
            kept.lost(&w)
        ));
    }
    let flipped =
        blocks.iter().position(|b| determinant_sign(&setup.theta0, b) * determinant_sign(theta, b) < 0.0)?;
    Some(format!(
        "lost what the flow conserves: the determinant of factor {} changed its sign, which only rounding or too coarse steps \
         can do",
        flipped + 1
    ))
}
