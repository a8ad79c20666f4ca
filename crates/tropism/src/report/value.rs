//! The one serialisable value that every rendering starts from: `verdict.json` is exactly this.

use crate::programs::Uniqueness;
pub use crate::terms::{Holds, Hypothesis, JudgeRule, Rate, RateClock, VerdictKind};
pub use crate::verdict::{
    CompletionReport, Coordinate, FourierReport, Point, RateSeen, Selected, VisitsReport,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// `true` if not a solution is predicted but a law of a measured quantity: every gap is then the deviation from it, and
    /// nothing is certified.
    #[serde(default)]
    pub law: bool,
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

impl PredictionReport {
    /// What the judged quantity is called.
    pub fn gap_name(&self) -> &'static str {
        if self.law { "deviation from the law" } else { "certified relative gap" }
    }
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

/// The vector whose norm is recorded along a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NormOf {
    /// The linear predictor `w`.
    #[default]
    Predictor,
    /// All parameters `θ`, of a model whose outputs are not linear in its inputs.
    Parameters,
}

impl NormOf {
    /// Its symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            NormOf::Predictor => "‖w‖₂",
            NormOf::Parameters => "‖θ‖₂",
        }
    }

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            NormOf::Predictor => "predictor",
            NormOf::Parameters => "parameters",
        }
    }
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
    /// What the norm along the run is the length of.
    #[serde(default)]
    pub norm_of: NormOf,
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
    /// Whether the run was measured to its end; `false` if the program was asked to stop before, and then nothing is measured or judged.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub measured: bool,
    /// What the run followed in which stretch of time, in full sentences.
    pub phases: Vec<String>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_yes(v: &bool) -> bool {
    *v
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
    /// Every recorded moment; left out of what `tropism run --json` prints.
    #[serde(default)]
    pub series: Vec<Point>,
    pub margins: Vec<MarginRow>,
    pub coordinates: Vec<Coordinate>,
    /// Where single entries of a matrix were observed: the completed matrix beside what is known of it. Left out of what
    /// `tropism run --json` prints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion: Option<CompletionReport>,
    /// For convolutional networks: the Fourier spectra of the predictors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fourier: Option<FourierReport>,
    /// For runs from vanishing starts: the saddles to visit and the times to jump, beside where the run was. Left out of what
    /// `tropism run --json` prints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visits: Option<VisitsReport>,
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
