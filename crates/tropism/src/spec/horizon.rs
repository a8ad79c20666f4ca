//! How far a run goes: `time = "1e100000"` is an ordinary horizon.
//!
//! Assumes: `time` for optimizers with a flow limit (gradient methods with constant steps), `steps` for all others; where
//! both are given, whichever comes first.
//! Units and invariance: time is `t = Σ η_k`, for momentum β divided by `1 − β`.
//! `loss` ends a run of discrete steps at the first iterate whose training loss is at most that.
//! Errors: a time that is not above zero, steps or a loss for a flow, a time for an optimizer whose clock is its steps.
//! Example: `[horizon]`, `time = "1e100000"`, `exact_steps = 5000`.

use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A time that may be far beyond the range of `f64`, written as a number or as text like `"1e100000"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Time {
    Integer(i64),
    Number(f64),
    Text(String),
}

impl Time {
    /// Natural logarithm of the time.
    pub fn log(&self) -> Result<f64, Error> {
        let refuse = |found: &dyn std::fmt::Display| {
            Err(Error::bad_value(
                "horizon",
                "time",
                found,
                "it must be a time > 0 written as a number or as text such as \"1e100000\"",
            ))
        };
        match self {
            Time::Integer(v) if *v > 0 => Ok((*v as f64).ln()),
            Time::Number(v) if *v > 0.0 && v.is_finite() => Ok(v.ln()),
            Time::Integer(v) => refuse(v),
            Time::Number(v) => refuse(v),
            Time::Text(s) => match parse_log(s) {
                Some(log) => Ok(log),
                None => refuse(&format!("\"{s}\"")),
            },
        }
    }
}

/// `log` of a decimal with any exponent.
fn parse_log(s: &str) -> Option<f64> {
    let lower = s.trim().to_ascii_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let mantissa: f64 = mantissa.parse().ok()?;
    let exponent: f64 = exponent.parse::<i64>().ok()? as f64;
    let log = mantissa.ln() + exponent * std::f64::consts::LN_10;
    (mantissa > 0.0 && log.is_finite()).then_some(log)
}

/// The `[horizon]` section.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HorizonSpec {
    /// Time `t = Σ η_k` to reach. Beyond the exact steps the run follows the optimizer's flow limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// Discrete steps; the whole run for optimizers without a flow limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub steps: Option<u64>,
    /// Discrete steps run exactly before the flow takes over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact_steps: Option<u64>,
    /// Stop at the first iterate whose training loss is at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Pass over iterates whose training loss is below this: with `loss`, runs are compared at one loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_loss: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_far_beyond_floating_point() {
        let log = Time::Text("1e100000".into()).log().unwrap();
        assert!((log / std::f64::consts::LN_10 - 1e5).abs() < 1e-9);
        assert!((Time::Text("2.5E3".into()).log().unwrap() - 2500f64.ln()).abs() < 1e-12);
        for bad in ["", "-1e5", "0", "1e", "soon", "1e1.5", "nan"] {
            assert!(Time::Text(bad.into()).log().is_err(), "{bad}");
        }
    }
}
