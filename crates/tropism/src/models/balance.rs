//! What a gradient flow on a product of matrices conserves.

use super::Block;
use crate::numerics::gemm::{Factor, product};
use crate::numerics::linalg::norm2;

/// How far two factors of a product are from balance.
pub struct Imbalance {
    /// `W₂ᵀ W₂ − W₁ W₁ᵀ`, row by row, for `W₁` below `W₂`.
    pub difference: Vec<f64>,
    /// The larger of the Frobenius norms of the two terms.
    pub size: f64,
}

impl Imbalance {
    /// That of `theta [p]` between two blocks; `None` if their sizes do not chain.
    pub fn between(theta: &[f64], below: &Block, above: &Block) -> Option<Self> {
        let k = below.rows;
        if above.cols != k {
            return None;
        }
        let factor = |b: &Block| Factor::plain(&theta[b.range()], b.rows, b.cols);
        let (first, second) = (factor(below), factor(above));
        let (mut difference, mut other) = (vec![0.0; k * k], vec![0.0; k * k]);
        product(&mut difference, second.t(), second, false);
        product(&mut other, first, first.t(), false);
        let size = norm2(&difference).max(norm2(&other));
        difference.iter_mut().zip(&other).for_each(|(d, o)| *d -= o);
        Some(Self { difference, size })
    }

    /// Those of every pair of neighbours among `blocks`; `None` if their sizes do not chain.
    pub fn along(theta: &[f64], blocks: &[Block]) -> Option<Vec<Self>> {
        blocks.windows(2).map(|pair| Self::between(theta, &pair[0], &pair[1])).collect()
    }

    /// Relative to the factors; at most [`Imbalance::ROUNDING`] for a balanced start.
    pub fn relative(&self) -> f64 {
        norm2(&self.difference) / self.size.max(f64::MIN_POSITIVE)
    }

    /// What rounding of a balanced start may leave.
    pub const ROUNDING: f64 = 1e-12;
}
