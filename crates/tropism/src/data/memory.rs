//! Data handed over in memory by a program that uses the library; an experiment file cannot name them.
//!
//! Shapes: those of the `Dataset` handed over.
//! Assumes: `Setup::with_data` instead of `Setup::build`.
//! Source: the calling program.
//! Units and invariance: as handed over; nothing is prepared.
//! Errors: run from a file, there is nothing to load.
//! Example: see the ten lines "From Rust" in the README.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec of data in memory: no keys.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Memory {}
