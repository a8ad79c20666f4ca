//! The one certificate: value and bound recomputed from vectors, sharing nothing with any solver.

use super::Program;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A two-sided bound on how far `w` is from solving a program.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// Objective at the feasible representative of `w`, rounded up; `null` in JSON if there is none.
    #[serde(deserialize_with = "crate::numerics::null::infinite")]
    pub value: f64,
    /// No feasible point has a smaller objective than this, rounded down.
    #[serde(deserialize_with = "crate::numerics::null::minus_infinite")]
    pub lower_bound: f64,
    /// `(value − lower_bound) / max(|lower_bound|, tiny)`: 0 for an optimum, never negative.
    #[serde(deserialize_with = "crate::numerics::null::infinite")]
    pub relative_gap: f64,
    /// Distance from feasibility, relative to the constraint's scale.
    #[serde(deserialize_with = "crate::numerics::null::infinite")]
    pub violation: f64,
}

/// Certifies `w` against the optimum of `program`, with `dual` as the witness of the bound.
///
/// Any `w` and any `dual` give valid numbers: a poor pair gives a wide gap, never a wrong one. For equality
/// constraints the value is that of `w` itself, and `violation` says how exactly they hold.
pub fn certify(program: &dyn Program, w: &[f64], dual: &[f64]) -> Certificate {
    let value = program.value(w);
    let lower_bound = program.bound(dual);
    let gap = (value - lower_bound) / lower_bound.abs().max(f64::MIN_POSITIVE);
    let relative_gap = if gap.is_nan() { f64::INFINITY } else { gap.max(0.0) };
    Certificate { value, lower_bound, relative_gap, violation: program.violation(w) }
}
