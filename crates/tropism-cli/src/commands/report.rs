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
    if args.format == Format::Svg {
        let out = args.out.clone().unwrap_or_else(|| folder.join(folder::FIGURES));
        return figures(&verdict, &out);
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

fn figures(verdict: &Verdict, out: &Path) -> Result<Exit, Error> {
    std::fs::create_dir_all(out).map_err(Error::file(out, "created"))?;
    for figure in report::figures(verdict) {
        let path = out.join(format!("{}.svg", figure.id));
        write(&path, &figure.svg)?;
        say(&format!("{}\n", path.display()))?;
    }
    Ok(Exit::Success)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(Error::file(path, "written"))
}
