//! The judging rule, fixed before the run and hashed with the prediction.
//!
//! Assumes: every number lies strictly between 0 and 1.
//! Units and invariance: relative gaps and relative slopes.
//! Errors: a number outside its range.
//! Example: `[judge]`, `tolerance = 1e-3`.

pub use crate::terms::JudgeRule;
