//! The one serialisable value that every rendering starts from: `verdict.json` is exactly this.

use crate::programs::{Certificate, Uniqueness};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The five possible answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The selected solution is what the theorem predicts, to the tolerance or at the predicted rate.
    Agrees,
    /// The run settled somewhere else and the certificates prove it.
    Disagrees,
    /// Neither could be shown; the reason says what was missing.
    Undecided,
    /// A theorem speaks of this kind of experiment, but one of its hypotheses fails here.
    OutOfScope,
    /// No theorem in the registry speaks of this experiment.
    NoPrediction,
}

/// Whether a hypothesis holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    Yes,
    No,
    /// Not checkable here, or not checked; the evidence says why.
    Unchecked,
}

/// One hypothesis of a theorem with the evidence found in this experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hypothesis {
    /// Short name, as in `separable data`.
    pub name: String,
    pub holds: Holds,
    /// What was looked at and found, with numbers.
    pub evidence: String,
}

/// How the gap should vanish, as a law in log time or in steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rate {
    /// The law in words and symbols, as in `gap = Θ(1 / log t)`.
    pub law: String,
    /// What the gap is a power of.
    pub clock: RateClock,
    /// Predicted exponent: gap ∝ clock^exponent.
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub exponent: f64,
    /// The theorem gives an upper bound only (the gap may fall faster).
    pub upper_bound_only: bool,
}

/// The variable whose power law is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateClock {
    /// `log t`, natural logarithm of gradient-flow time.
    LogTime,
    /// `t` itself, gradient-flow time.
    Time,
    /// Number of steps.
    Steps,
}

/// What was predicted, by which theorem, and the certified reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PredictionReport {
    /// Theorem id, or `null` when none speaks of this experiment.
    pub theorem: Option<String>,
    /// Authors, year, theorem number, arXiv or DOI.
    pub source: Option<String>,
    /// The theorem's claim as one sentence about this experiment.
    pub statement: String,
    /// Program id, as in `max_margin`.
    pub program: Option<String>,
    /// The program in symbols.
    pub formula: Option<String>,
    /// `true` if the theorem says the program's solution is *not* selected (a negative result).
    pub negative: bool,
    /// Objective of the reference, rounded up.
    pub value: Option<f64>,
    /// Certified lower bound on the optimum.
    pub lower_bound: Option<f64>,
    pub relative_gap: Option<f64>,
    /// `true`, `false`, or `null` where uniqueness is not decided.
    pub unique: Option<bool>,
    /// For margin programs: smallest margin at unit norm.
    pub margin: Option<f64>,
    /// Which solver produced the reference.
    pub method: Option<String>,
    pub hypotheses: Vec<Hypothesis>,
    pub rate: Option<Rate>,
    /// SHA-256 of the resolved experiment, the statement, the program and the judging rule, formed before the run.
    pub hash: String,
}

/// The rule fixed before the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JudgeRule {
    /// The selected solution is "near" when its certified relative gap is at most this.
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub tolerance: f64,
    /// A reference whose own certified relative gap is wider than this decides nothing.
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub reference_gap: f64,
    /// A fitted slope within this relative distance of the predicted exponent counts as "at the predicted rate".
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub slope_tolerance: f64,
}

impl Default for JudgeRule {
    fn default() -> Self {
        Self { tolerance: 1e-2, reference_gap: 1e-6, slope_tolerance: 0.25 }
    }
}

/// What the optimizer selected, measured against the predicted program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Euclidean norm of the predictor.
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
}

/// Margin of the selected solution in one norm beside the certified optimum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MarginRow {
    pub norm: String,
    /// `min_i m_i / ‖w‖` of the selected solution.
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub achieved: f64,
    /// Best known margin in this norm (attained by the reference).
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub optimum: f64,
    /// Certified upper bound on any margin in this norm.
    #[serde(deserialize_with = "crate::numerics::null::infinite")]
    pub optimum_upper: f64,
    /// `achieved / optimum_upper`, a certified lower bound on the fraction.
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub fraction: f64,
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

/// The data as the run saw them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataReport {
    pub name: String,
    pub samples: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub test_samples: usize,
    /// What was done to the data, in full sentences.
    pub notes: Vec<String>,
}

/// How the run was carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    pub optimizer: String,
    pub loss: String,
    pub model: String,
    /// Step size used and where it came from.
    pub step_size: Option<f64>,
    pub step_size_origin: String,
    /// Coordinates the run was carried out in, and why.
    pub coordinates: String,
    /// Discrete steps taken.
    pub steps: u64,
    /// Accepted and rejected steps of the log-time integrator.
    pub flow_steps: u64,
    pub flow_rejected: u64,
    /// Bound on the distance between the discrete iterates and the flow that continued them (parameter units).
    pub continuation_bound: Option<f64>,
    /// `completed`, `interrupted`, `diverged`, `stationary`, `budget_spent`, `precision_exhausted`.
    pub ended: String,
    /// What the run followed in which stretch of time, in full sentences.
    pub phases: Vec<String>,
}

/// Everything a reader needs; the content of `verdict.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `tropism-verdict/1`.
    pub schema: String,
    /// Version of the program.
    pub version: String,
    pub title: String,
    /// The resolved experiment as TOML: every default filled in.
    pub experiment: String,
    pub verdict: VerdictKind,
    /// The verdict in one sentence.
    pub reason: String,
    /// log10 of the time reached; `null` if no step was taken.
    pub log10_time: Option<f64>,
    pub prediction: PredictionReport,
    pub selected: Selected,
    pub rate: Option<RateSeen>,
    pub rule: JudgeRule,
    pub data: DataReport,
    pub run: RunReport,
    pub series: Vec<Point>,
    pub margins: Vec<MarginRow>,
    pub coordinates: Vec<Coordinate>,
}

impl From<Uniqueness> for Option<bool> {
    fn from(u: Uniqueness) -> Self {
        match u {
            Uniqueness::Unique => Some(true),
            Uniqueness::NotUnique => Some(false),
            Uniqueness::Unknown => None,
        }
    }
}
