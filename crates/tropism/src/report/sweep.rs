//! A sweep: its values as `sweep.json` holds them.

use super::DataReport;
use crate::terms::{Hypothesis, VerdictKind};
use crate::theory::trends::Shape;
use crate::verdict::{Interval, Seen};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A key that varied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SweepAxis {
    /// `model.width`, or `optimizer` for a whole section.
    pub key: String,
    pub names: Vec<String>,
    /// The values, where all of them are numbers.
    pub numbers: Option<Vec<f64>>,
}

/// One moment of a run, for the picture over axis and loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PicturePoint {
    /// log10 of the training loss.
    pub log10_loss: f64,
    pub value: f64,
}

/// One finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SweepRun {
    /// Which value of each axis.
    pub at: Vec<usize>,
    pub seed: u64,
    pub verdict: VerdictKind,
    pub theorem: Option<String>,
    pub reason: String,
    /// How the run ended, as in a verdict; `refused` if it could not begin.
    pub ended: String,
    pub steps: u64,
    pub log10_time: Option<f64>,
    pub log10_loss: Option<f64>,
    /// What was read off its end.
    pub values: BTreeMap<String, f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<PicturePoint>,
    /// Parameters less those of a companion run, where a law asks for their mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offset: Vec<f64>,
}

/// All runs of one combination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SweepGroup {
    pub at: Vec<usize>,
    pub name: String,
    pub runs: usize,
    /// How many runs came to which verdict.
    pub verdicts: BTreeMap<String, usize>,
    /// Mean over the seeds of every quantity, with its interval.
    pub means: BTreeMap<String, Interval>,
}

/// A law with what was seen of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendReport {
    pub id: String,
    pub source: String,
    pub statement: String,
    pub quantity: String,
    pub shape: Shape,
    /// What a power law is a power of, where that is not the key itself.
    pub abscissa: Option<String>,
    pub hypotheses: Vec<Hypothesis>,
    /// The exponent, or the differences of means, with intervals; empty where some run has no value.
    pub seen: Vec<Seen>,
    pub verdict: VerdictKind,
    pub reason: String,
}

/// A quantity over one axis and the training loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhasePicture {
    pub quantity: String,
    /// Depth `D` of a diagonal network whose start `α` is the key: theory joins it and the loss `ε` to `μ = α^D / log(1/ε)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// `log10(1 / loss)` of every row, upwards.
    pub levels: Vec<f64>,
    /// `[row][value of the axis]`, row by row; `null` where no run was there.
    pub values: Vec<Option<f64>>,
}

/// Everything about a sweep; the content of `sweep.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SweepReport {
    /// `tropism-sweep/1`.
    pub schema: String,
    pub version: String,
    pub title: String,
    /// The worst of the laws' verdicts: `disagrees` before `undecided` before `out_of_scope` before `agrees`.
    pub verdict: VerdictKind,
    pub reason: String,
    /// SHA-256 of every resolved experiment, its data, the laws and the rule, formed before the first run.
    pub hash: String,
    /// Of the first combination and seed.
    pub data: DataReport,
    pub axes: Vec<SweepAxis>,
    pub seeds: Vec<u64>,
    pub confidence: f64,
    /// Names of what was read off every run.
    pub quantities: Vec<String>,
    pub trends: Vec<TrendReport>,
    pub groups: Vec<SweepGroup>,
    pub picture: Option<PhasePicture>,
    /// Runs that are missing because the sweep was interrupted.
    pub missing: usize,
    pub runs: Vec<SweepRun>,
}

/// The sweep as indented JSON.
///
/// # Errors
/// None that serialisation does not have.
pub fn sweep_json(report: &SweepReport) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

/// The JSON schema of what [`sweep_json`] writes.
pub fn sweep_schema() -> serde_json::Value {
    super::json::nullable(schemars::schema_for!(SweepReport).to_value())
}
