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
use crate::models::{Imbalance, Structure};
use crate::numerics::linalg::norm2;

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
        let (theta, blocks) = (&view.moment.theta, view.setup.model.blocks());
        let pairs = layers.windows(2).zip(blocks.windows(2)).map(|(pair, blocks)| {
            if !by_unit {
                return Imbalance::between(theta, &blocks[0], &blocks[1]).map(|i| norm2(&i.difference));
            }
            let (below, above) = (&pair[0], &pair[1]);
            let column = |j: usize| (0..above.rows()).map(|i| above.get(i, j).powi(2)).sum::<f64>();
            let units = (0..below.rows()).map(|j| column(j) - norm2(below.row(j)).powi(2));
            Some(norm2(&units.collect::<Vec<f64>>()))
        });
        let worst = pairs.collect::<Option<Vec<f64>>>()?.into_iter().fold(0.0, f64::max);
        Some(worst / largest)
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: true, shown: true }
    }
}
