//! `tropism report`: renders a run folder's verdict again.

use super::Exit;
use crate::args::{Format, Report};
use crate::error::Error;
use crate::folder;
use crate::terminal::{colour, say, width};
use std::path::Path;
use tropism::report::{self, Report as Verdict};

pub fn report(args: &Report) -> Result<Exit, Error> {
    // A verdict by itself is rendered beside its file.
    let (folder, verdict) = if args.run.is_file() {
        (args.run.parent().unwrap_or(Path::new("")), folder::read_verdict(&args.run)?)
    } else {
        (args.run.as_path(), folder::verdict(&args.run)?)
    };
    if args.format == Format::Svg || args.figure.is_some() {
        return figures(args, &verdict, folder);
    }
    let to_terminal = args.out.as_ref().is_some_and(|o| o.as_os_str() == "-");
    let rendered = match args.format {
        Format::Text => {
            let shown = args.out.is_none() || to_terminal;
            report::text(&verdict, width(), shown && colour())
        }
        Format::Json => report::json(&verdict)?,
        Format::Html | Format::Svg => report::html(&verdict),
    };
    let place = match (&args.out, args.format) {
        _ if to_terminal => None,
        (Some(path), _) => Some(path.clone()),
        (None, Format::Html) => Some(folder.join(folder::REPORT)),
        (None, _) => None,
    };
    match place {
        None => say(&rendered)?,
        Some(path) => {
            write(&path, &rendered)?;
            say(&format!("{}\n", path.display()))?;
        }
    }
    Ok(Exit::Success)
}

/// All figures into a folder, or one of them into a file or to the terminal.
fn figures(args: &Report, verdict: &Verdict, folder: &Path) -> Result<Exit, Error> {
    let mut figures = report::figures(verdict);
    if let Some(id) = &args.figure {
        let has = figures.iter().map(|f| f.id.to_string()).collect();
        figures.retain(|f| f.id == *id);
        if figures.is_empty() {
            return Err(Error::NoFigure { id: id.clone(), has });
        }
    }
    let to_terminal = args.out.as_ref().is_some_and(|o| o.as_os_str() == "-");
    if to_terminal && figures.len() != 1 {
        return Err(Error::ManyFigures(figures.iter().map(|f| f.id.to_string()).collect()));
    }
    let own = folder.join(folder::FIGURES);
    for figure in figures {
        if to_terminal {
            say(&figure.svg)?;
            continue;
        }
        let path = match (&args.out, &args.figure) {
            (Some(file), Some(_)) => file.clone(),
            (Some(out), None) => out.join(format!("{}.svg", figure.id)),
            (None, _) => own.join(format!("{}.svg", figure.id)),
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(Error::file(parent, "created"))?;
        }
        write(&path, &figure.svg)?;
        say(&format!("{}\n", path.display()))?;
    }
    Ok(Exit::Success)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(Error::file(path, "written"))
}
