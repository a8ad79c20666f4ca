//! Renderings of one serialisable value: text for the terminal, JSON for machines, HTML for the browser.
//!
//! Nothing is computed here but layout: every number is already in [`Report`].

mod value;

pub use value::*;
