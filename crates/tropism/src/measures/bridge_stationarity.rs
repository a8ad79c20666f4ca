//! Distance of the predictor from a first-order stationary point of the bridge margin program of its network.
//!
//! For a diagonal network of depth `D`: `min ‖w‖_{2/D} s.t. Zw ≥ 1`; for a full-width convolutional one of depth `L`:
//! `min ‖Fw‖_{2/L} s.t. Zw ≥ 1`. The larger of the relative residual of the multipliers and of their complementarity.
//!
//! Shapes: `w [d]`.
//! Assumes: a diagonal or full-width convolutional network, two classes.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1806.00468), Theorem 2.
//! Units and invariance: between 0 and 1; invariant under scaling of the predictor.
//! Errors: none; `None` for other models, and where a margin is not positive.
//! Example: the law of `tropism explain convolutional_bridge_stationarity`.

use super::kkt_residual::smallest;
use super::{Measure, MeasureFacts, View};
use crate::models::Structure;
use crate::programs::kkt::bridge_stationarity;

/// See the module header.
pub struct BridgeStationarity;

impl Measure for BridgeStationarity {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let depth = match view.setup.model.facts().structure {
            Structure::Diagonal { depth } => (u32::try_from(depth).ok()?, false),
            Structure::Convolutional { depth, full: true } => (u32::try_from(depth).ok()?, true),
            _ => return None,
        };
        let (margins, w) = (view.setup.data.margins()?, view.moment.w.as_deref()?);
        smallest(view.setup, |slack| bridge_stationarity(&margins, w, depth, slack))
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: true, shown: false }
    }
}
