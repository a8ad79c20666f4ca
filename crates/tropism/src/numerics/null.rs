//! Reading back what JSON cannot write: a number that was not finite is `null` in `verdict.json`.
//!
//! Each function says what `null` stands for in its field, for `#[serde(deserialize_with = "…")]`.

use serde::{Deserialize, Deserializer};

/// `null` is "not a number": nothing could be computed.
pub fn nan<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or(f64::NAN))
}

/// `null` is `+∞`: nothing feasible, no upper bound.
pub fn infinite<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or(f64::INFINITY))
}

/// `null` is `−∞`: no lower bound.
pub fn minus_infinite<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or(f64::NEG_INFINITY))
}

/// [`nan`] for the two ends of an interval.
pub fn nan_pair<'de, D: Deserializer<'de>>(d: D) -> Result<[f64; 2], D::Error> {
    let ends: [Option<f64>; 2] = Deserialize::deserialize(d)?;
    Ok(ends.map(|v| v.unwrap_or(f64::NAN)))
}
