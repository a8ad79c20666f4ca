//! What was measured along a run, as plain data.

use crate::programs::Certificate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the optimizer selected, measured against the predicted program.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Selected {
    /// Certified relative gap of the selected solution in the predicted program.
    pub relative_gap: Option<f64>,
    pub certificate: Option<Certificate>,
    /// Euclidean distance between the unit directions (classification) or relative distance between the points
    /// (regression); only where the minimiser is unique.
    pub direction_distance: Option<f64>,
    /// `min_i m_i / ‖w‖` in the predicted program's norm, for margin programs.
    pub margin: Option<f64>,
    /// Distance to the predicted second-order offset, where the theorem determines it.
    pub offset_distance: Option<f64>,
    /// Effective number of support vectors, `exp` of the entropy of the samples' shares in the gradient; only for losses
    /// with an exponential tail, once every margin is positive.
    #[serde(default)]
    pub support_dimension: Option<f64>,
    pub train_error: Option<f64>,
    pub test_error: Option<f64>,
}

/// One recorded moment of the run with everything measured there. Logarithms are natural unless named `log10`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// Discrete steps taken so far; stays constant on the flow.
    pub step: u64,
    /// log10 of gradient-flow time `t = Σ η_k`; `null` at t = 0.
    pub log10_time: Option<f64>,
    /// log10 of the training loss; `null` if the loss is exactly zero.
    pub log10_loss: Option<f64>,
    /// Euclidean norm of the linear predictor, or of the parameters where the model has none.
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub norm: f64,
    /// Certified relative gap in the predicted program; `null` where the point has no feasible representative yet.
    pub gap: Option<f64>,
    pub direction_distance: Option<f64>,
    pub offset_distance: Option<f64>,
    /// Smallest margin divided by the Euclidean norm (classification).
    pub margin_l2: Option<f64>,
    /// Largest residual (regression).
    pub residual: Option<f64>,
    pub train_error: Option<f64>,
    pub test_error: Option<f64>,
    /// `discrete` or `flow`.
    pub phase: String,
    /// Further measures by their id, wherever they have a meaning (`tropism list measures`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<String, f64>,
    /// The twelve largest singular values, in decreasing order, where the effective predictor is a matrix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spectrum: Vec<f64>,
}

/// One coordinate of the selected solution beside the predicted one (both at unit norm for directions).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coordinate {
    pub name: String,
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub selected: f64,
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub predicted: f64,
}

/// Rate seen against rate predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateSeen {
    /// Least-squares slope of log gap against the log of the clock over the last part of the run.
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub slope: f64,
    /// The same over the later half of the window (in the log of the clock).
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub late_slope: f64,
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub predicted: f64,
    /// Number of recorded points the slope rests on.
    pub points: usize,
    /// Clock at the beginning and the end of the fitted window, as log10 of time or number of steps.
    #[serde(deserialize_with = "crate::numerics::null::nan_pair")]
    pub window: [f64; 2],
    /// The fitted line: log10 gap = intercept + slope · log10(clock).
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub intercept: f64,
}
