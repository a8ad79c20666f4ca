//! One file per command.

mod completions;
mod explain;
mod geometry;
mod list;
mod man;
mod new;
mod predict;
mod report;
mod run;
mod schema;
mod suited;
mod sweep;

use crate::args::Command;
use crate::error::Error;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;
use tropism::report::VerdictKind;

/// How a command ended that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; for a run: agrees.
    Success,
    /// The run disagrees with the prediction.
    Disagrees,
    /// Nothing could be decided, or nothing was predicted.
    Open,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        match exit {
            Exit::Success => ExitCode::SUCCESS,
            Exit::Disagrees => ExitCode::from(1),
            Exit::Open => ExitCode::from(3),
        }
    }
}

impl From<VerdictKind> for Exit {
    fn from(verdict: VerdictKind) -> Exit {
        match verdict {
            VerdictKind::Agrees => Exit::Success,
            VerdictKind::Disagrees => Exit::Disagrees,
            VerdictKind::Undecided | VerdictKind::OutOfScope | VerdictKind::NoPrediction => Exit::Open,
        }
    }
}

/// An outcome as one JSON object, without its `long` parts, which are in its folder, and with the places of folder and report.
fn outcome(value: &impl Serialize, long: &[&str], folder: &Path, page: &Path) -> Result<String, Error> {
    let mut value = serde_json::to_value(value)?;
    if let Value::Object(map) = &mut value {
        long.iter().for_each(|key| {
            map.remove(*key);
        });
        map.insert("folder".into(), folder.to_string_lossy().into());
        map.insert("report".into(), page.to_string_lossy().into());
    }
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

/// Carries a command out.
///
/// # Errors
/// Whatever keeps it from doing so.
pub fn carry_out(command: Command) -> Result<Exit, Error> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Predict(args) => predict::predict(&args),
        Command::Geometry(args) => geometry::geometry(&args),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::List(args) => list::list(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::New(args) => new::new(&args),
        Command::Report(args) => report::report(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => man::man(&args),
    }
}
