//! Renderings of one serialisable value: text for the terminal, JSON for machines, HTML for the browser.
//!
//! Nothing is computed here but layout: every number is already in [`Report`].

mod figures;
#[cfg(test)]
mod fixtures;
mod format;
mod geometry;
#[cfg(test)]
mod hollow;
mod html;
mod html_tables;
#[cfg(test)]
mod html_tests;
mod html_words;
mod json;
mod sweep;
mod sweep_page;
mod terminal;
mod text;
mod typeset;
mod value;

pub use figures::{Figure, figures, hero_figure};
pub use geometry::{
    GeometryColumn, GeometryReport, GeometryRow, geometry_html, geometry_json, geometry_schema, geometry_svg,
    geometry_text,
};
pub use html::html;
pub use json::{json, schema};
pub use sweep::{
    PhasePicture, PicturePoint, SweepAxis, SweepGroup, SweepReport, SweepRun, TrendReport, sweep_json,
    sweep_schema,
};
pub use sweep_page::{sweep_html, sweep_svgs, sweep_text};
pub use text::{prediction_text, text};
pub use value::*;
