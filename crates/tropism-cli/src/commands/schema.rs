//! `tropism schema`: the JSON schemas.

use super::Exit;
use crate::args::{Described, Schema};
use crate::error::Error;
use crate::terminal::say;

pub fn schema(args: &Schema) -> Result<Exit, Error> {
    let schema = match args.of {
        Described::Experiment => tropism::spec::schema(),
        Described::Geometry => tropism::report::geometry_schema(),
        Described::Sweep => tropism::report::sweep_schema(),
        Described::Verdict => tropism::report::schema(),
    };
    say(&(serde_json::to_string_pretty(&schema)? + "\n"))?;
    Ok(Exit::Success)
}
