//! Tropism: a laboratory for the implicit regularization of optimizers.
//!
//! Train a model whose loss has many minima, with no penalty, and one particular solution is
//! selected. This crate derives what theory predicts for an experiment, checks the theorem's
//! hypotheses on the data, solves the explicit program with a certificate, follows the optimizer in
//! log time, and judges by a rule fixed in advance.
//!
//! The crate holds all the science and touches neither files, nor the clock, nor the terminal.
//! Read [`mod@examine`] first: it is the whole way from a checked setup to a verdict.

pub mod data;
pub mod error;
pub mod examine;
pub mod geometry;
pub mod losses;
pub mod measures;
pub mod models;
pub mod numerics;
pub mod optimizers;
pub mod programs;
pub mod registry;
pub mod report;
pub mod spec;
pub mod sweep;
pub mod terms;
pub mod theory;
pub mod training;
pub mod verdict;

pub use error::Error;
pub use examine::{examine, examine_text};
pub use report::Report;
pub use spec::{Setup, Spec};

/// The README's Rust example, compiled and run as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
