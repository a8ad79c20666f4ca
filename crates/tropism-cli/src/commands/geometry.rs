//! `tropism geometry`: optimizers by norms, on one problem.

use super::Exit;
use crate::args::Geometry;
use crate::error::Error;
use crate::experiment;
use crate::folder;
use crate::interrupt;
use crate::progress::{Progress, Waiting};
use crate::terminal::{colour, say, width};
use std::path::Path;
use tropism::geometry::Optima;
use tropism::report::{GeometryReport, geometry_html, geometry_json, geometry_svg, geometry_text};

/// The bundled problem.
const BUNDLED: &str = include_str!("../../assets/geometry.toml");

pub fn geometry(args: &Geometry) -> Result<Exit, Error> {
    interrupt::install()?;
    let bundled = Path::new("geometry.toml");
    let file = args.file.as_deref().unwrap_or(bundled);
    let text = match &args.file {
        Some(path) => experiment::read(path)?,
        None => BUNDLED.to_string(),
    };
    let setups = experiment::geometry(file, &text)?;
    let Some(first) = setups.first() else { return Ok(Exit::Open) };
    let waiting = Waiting::new("Solving and certifying the largest margins", args.json);
    let optima = Optima::solve(first).map_err(Error::of(file))?;
    drop(waiting);
    let report = optima.table(&setups, || Progress::new(args.json)).map_err(Error::of(file))?;
    if let Some(folder) = &args.out {
        write(folder, &report)?;
    }
    if args.json {
        say(&geometry_json(&report)?)?;
    } else {
        say(&geometry_text(&report, width(), colour()))?;
    }
    Ok(if interrupt::requested() { Exit::Open } else { Exit::Success })
}

fn write(folder: &Path, report: &GeometryReport) -> Result<(), Error> {
    let files = [
        ("geometry.json", geometry_json(report)?),
        ("geometry.svg", geometry_svg(report)),
        ("geometry.html", geometry_html(report)),
    ];
    files.iter().try_for_each(|(name, text)| folder::put(folder, name, text))
}
