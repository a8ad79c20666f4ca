//! The one error type of the program: what went wrong in which file, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a command could not do its work. The exit code is 2.
#[derive(Debug, Error)]
pub enum Error {
    /// Something is wrong with an experiment or its data.
    #[error("{}: {source}", file.display())]
    Experiment { file: PathBuf, source: tropism::Error },

    /// Something is wrong with words given on the command line.
    #[error("{0}")]
    Words(tropism::Error),

    /// The system refuses a file or folder.
    #[error("{}: it cannot be {doing}: {}.", path.display(), reason(source))]
    File { path: PathBuf, doing: &'static str, source: io::Error },

    /// The library's writer refuses a file.
    #[error("{0}")]
    Writer(tropism::Error),

    /// A folder that is not ours to replace.
    #[error("{}: this folder is not an older Tropism run and not empty, so it is left as it is.", .0.display())]
    NotARun(PathBuf),

    /// An older run that would lose something.
    #[error("{}: this folder holds {what}, which a new run would replace.", path.display())]
    WouldLose { path: PathBuf, what: String },

    /// The run of another experiment.
    #[error("{}: this folder holds the run of another experiment or of other data, \"{title}\" ({verdict}), which is left as it is.", path.display())]
    OtherRun { path: PathBuf, title: String, verdict: String },

    /// Several files for one terminal.
    #[error("There are {} figures ({}), which one stream cannot hold.", .0.len(), .0.join(", "))]
    ManyFigures(Vec<String>),

    /// A figure that the report does not have.
    #[error("This report has no figure `{id}`; it has {}.", has.join(", "))]
    NoFigure { id: String, has: Vec<String> },

    /// `new` never overwrites.
    #[error("{}: the file exists already and is left as it is.", .0.display())]
    Exists(PathBuf),

    /// A run folder without a verdict.
    #[error("{}: this is not a run folder: it holds no verdict.json.", .0.display())]
    NoVerdict(PathBuf),

    /// A verdict that cannot be read.
    #[error("{}: this is not a verdict of this version of Tropism: {source}.", path.display())]
    BadVerdict { path: PathBuf, source: serde_json::Error },

    /// `--resume` on a run that is complete or has no checkpoint.
    #[error("{}: {what}.", path.display())]
    NotResumable { path: PathBuf, what: &'static str },

    /// A word that `explain` does not know.
    #[error("There is no `{id}` in any list.{}", nearest.as_ref().map_or(String::new(), |n| format!(" Did you mean `{n}`?")))]
    UnknownId { id: String, nearest: Option<String> },

    /// A value that cannot be written as JSON.
    #[error("The result cannot be written as JSON: {0}.")]
    Json(#[from] serde_json::Error),

    /// A checkpoint that cannot be written.
    #[error("The checkpoint cannot be encoded: {0}.")]
    Checkpoint(postcard::Error),

    /// The terminal or pipe refuses the output.
    #[error("The output cannot be written: {}.", reason(.0))]
    Output(io::Error),

    /// The handler for Ctrl-C.
    #[error("Ctrl-C cannot be handled: {0}.")]
    Interrupt(#[from] ctrlc::Error),
}

/// The system's message without its error number, and the commonest ones in the same words everywhere.
fn reason(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::NotFound => return "there is no such file or folder".into(),
        io::ErrorKind::PermissionDenied => return "permission is denied".into(),
        _ => {}
    }
    let text = e.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

impl Error {
    /// For `map_err` on file operations.
    pub fn file(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::File { path, doing, source }
    }

    /// For `map_err` on the library's errors about an experiment.
    pub fn of(file: &Path) -> impl Fn(tropism::Error) -> Error {
        let file = file.to_path_buf();
        move |source| Error::Experiment { file: file.clone(), source }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Experiment { file, source } => hint_for(source, Some(file)),
            Error::Words(source) => hint_for(source, None),
            Error::File { path, source, .. } if source.kind() == io::ErrorKind::NotFound => {
                let toml = path.extension().is_some_and(|e| e == "toml");
                toml.then(|| {
                    format!("`tropism new {}` writes an experiment file to start from.", path.display())
                })
            }
            Error::NotARun(_) => Some("name another folder with --out DIR.".into()),
            Error::WouldLose { .. } => {
                Some("--force replaces it all the same; --out DIR writes to another folder; an interrupted run goes on with --resume.".into())
            }
            Error::OtherRun { .. } => {
                Some("--force replaces it; another --out DIR, or none at all, keeps both.".into())
            }
            Error::ManyFigures(_) => {
                Some("--figure NAME picks one; --out DIR writes all of them to a folder.".into())
            }
            Error::Exists(_) => Some("give another name: `tropism new NAME.toml`.".into()),
            Error::NoVerdict(_) => {
                Some("`tropism run FILE` writes run folders, by default below `runs`.".into())
            }
            Error::UnknownId { .. } => Some("`tropism list` shows every word there is.".into()),
            _ => None,
        }
    }
}

fn hint_for(error: &tropism::Error, file: Option<&Path>) -> Option<String> {
    use tropism::Error as E;
    match error {
        E::Syntax { .. } => Some(
            "texts stand in quotes and sections in brackets, as in [data]; `tropism new` writes an example."
                .into(),
        ),
        E::UnknownKind { section, what, .. } => {
            let room = if what == "theorem" { "theorem" } else { section };
            Some(format!("`tropism list {room}` says what each of them is."))
        }
        E::UnknownKey { section, .. }
            if ["data", "model", "loss", "optimizer"].contains(&section.as_str()) =>
        {
            Some("`tropism explain KIND --keys` says what each key of a kind means.".into())
        }
        E::MissingKey { section, .. }
            if ["data", "model", "loss", "optimizer"].contains(&section.as_str()) =>
        {
            Some(format!(
                "`tropism list {section}` shows the kinds, `tropism explain KIND --keys` their keys."
            ))
        }
        E::Data { row: None, column: None, what, .. } if what.contains("cannot be opened") => {
            let folder = file?.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
            Some(format!(
                "a relative path is taken from the experiment file's own folder, `{}`.",
                folder.display()
            ))
        }
        _ => None,
    }
}
