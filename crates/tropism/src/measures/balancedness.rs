//! Imbalance of consecutive layers: `max_l ‖W_{l+1}ᵀ W_{l+1} − W_l W_lᵀ‖_F / max_l ‖W_l‖_F²`.
//!
//! Shapes: layers whose sizes chain; for ReLU networks only the diagonals count, unit by unit.
//! Assumes: at least two layers of weights.
//! Source: kept by gradient flow: Arora, Cohen, Hazan 2018 (arXiv 1802.06509), Theorem 1, for linear networks; Du, Hu, Lee 2018
//! (arXiv 1806.00900), Theorem 2.1, unit by unit for ReLU networks.
//! Units and invariance: at least 0; invariant under scaling of all layers together.
//! Errors: none; `None` where sizes do not chain (kernels of convolutions) or every layer is zero.
//! Example: the `balancedness` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::models::Structure;
use crate::numerics::linalg::{matmul_nt, matmul_tn, norm2};

/// See the module header.
pub struct Balancedness;

impl Measure for Balancedness {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let layers = super::layers(view)?;
        let largest = layers.iter().map(|l| norm2(l.as_slice()).powi(2)).fold(0.0, f64::max);
        if largest == 0.0 || !largest.is_finite() {
            return None;
        }
        let by_unit = matches!(view.setup.model.facts().structure, Structure::Relu { .. });
        let pairs = layers.windows(2).map(|pair| {
            let (below, above) = (&pair[0], &pair[1]);
            if by_unit {
                let column = |j: usize| (0..above.rows()).map(|i| above.get(i, j).powi(2)).sum::<f64>();
                let units = (0..below.rows()).map(|j| column(j) - norm2(below.row(j)).powi(2));
                return norm2(&units.collect::<Vec<f64>>());
            }
            let (a, b) = (matmul_tn(above, above), matmul_nt(below, below));
            norm2(&a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a - b).collect::<Vec<f64>>())
        });
        Some(pairs.fold(0.0, f64::max) / largest)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: true, shown: true }
    }
}
