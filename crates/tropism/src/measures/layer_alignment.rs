//! How far the layers are from rank one and aligned: `1 − Π_l ‖W_l‖₂/‖W_l‖_F · Π_l |⟨v_{l+1}, u_l⟩|`.
//!
//! Shapes: `u_l`, `v_l` the top left and right singular vectors of `W_l`; layers whose sizes chain.
//! Assumes: at least two layers of weights.
//! Source: Ji, Telgarsky 2019 (arXiv 1810.02032), Theorem 1: for deep linear networks on separable data every layer tends to
//! rank one and to alignment with the next, so this tends to 0.
//! Units and invariance: from 0 to 1; invariant under scaling of any layer.
//! Errors: none; `None` where sizes do not chain (kernels of convolutions) or a layer is zero.
//! Example: the `layer_alignment` column of the series.

use super::{Measure, MeasureFacts, View};
use crate::numerics::linalg::{dot, svd};

/// See the module header.
pub struct LayerAlignment;

impl Measure for LayerAlignment {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let layers = super::layers(view)?;
        let (mut product, mut below): (f64, Option<Vec<f64>>) = (1.0, None);
        for layer in &layers {
            let d = svd(layer)?;
            let size = d.s.iter().map(|s| s * s).sum::<f64>().sqrt();
            if size == 0.0 || !size.is_finite() {
                return None;
            }
            let column =
                |m: &crate::numerics::Matrix| (0..m.rows()).map(|i| m.get(i, 0)).collect::<Vec<f64>>();
            let along = below.map_or(1.0, |u| dot(&u, &column(&d.v)).abs());
            product *= d.s[0] / size * along;
            below = Some(column(&d.u));
        }
        Some((1.0 - product).max(0.0))
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: true, shown: true }
    }
}
