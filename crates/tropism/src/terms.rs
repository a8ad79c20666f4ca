//! The plain words that rooms share: what holds, what is predicted at which rate, how it is judged, and the answers.
//!
//! Serialisable data without behaviour but their names in words; every room may use them.

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

impl VerdictKind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            VerdictKind::Agrees => "agrees",
            VerdictKind::Disagrees => "disagrees",
            VerdictKind::Undecided => "undecided",
            VerdictKind::OutOfScope => "out of scope",
            VerdictKind::NoPrediction => "no prediction",
        }
    }
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

impl Holds {
    /// Of two conditions together: both, or the worse.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Holds::No, _) | (_, Holds::No) => Holds::No,
            (Holds::Yes, Holds::Yes) => Holds::Yes,
            _ => Holds::Unchecked,
        }
    }
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
