//! Renderings of one serialisable value: text for the terminal, JSON for machines, HTML for the browser.
//!
//! Nothing is computed here but layout: every number is already in [`Report`].

mod figures;
#[cfg(test)]
mod fixtures;
mod format;
mod html;
mod html_tables;
mod json;
mod value;

pub use figures::{Figure, figures, hero_figure};
pub use html::html;
pub use json::{json, schema};
pub use value::*;
