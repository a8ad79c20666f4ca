//! Run folders: they appear complete or not at all.
//!
//! Everything is written into a hidden sibling folder, which takes the final name in one step at the end. An older
//! run under that name is replaced only as a whole.

use crate::error::Error;
use crate::interrupt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tropism::report::Report;

pub const EXPERIMENT: &str = "experiment.toml";
pub const PREDICTION: &str = "prediction.json";
pub const TRAJECTORY: &str = "trajectory.parquet";
pub const VERDICT: &str = "verdict.json";
pub const REPORT: &str = "report.html";
pub const FIGURES: &str = "figures";
pub const CHECKPOINT: &str = "checkpoint.bin";
/// A whole run that is still to be measured.
pub const UNMEASURED: &str = "unmeasured.bin";
/// Marks a run that was interrupted.
pub const PARTIAL: &str = "PARTIAL";

/// What a run folder may hold.
const KNOWN: [&str; 9] =
    [EXPERIMENT, PREDICTION, TRAJECTORY, VERDICT, REPORT, FIGURES, CHECKPOINT, UNMEASURED, PARTIAL];

/// A run folder under construction; removed when dropped before it is published.
pub struct RunFolder {
    target: PathBuf,
    scratch: PathBuf,
    published: bool,
}

/// What a new run is told apart by from the one in a folder.
pub struct Identity<'a> {
    /// The resolved experiment, data paths in full.
    pub experiment: &'a str,
    /// Hash of experiment, data and prediction, once it is known.
    pub hash: Option<&'a str>,
}

/// Folders for something called `name`: `name` itself, then `name-2`, `name-3`, ….
pub fn candidates(name: &Path) -> impl Iterator<Item = PathBuf> {
    let stem = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let first = name.to_path_buf();
    let others = (2..).map({
        let first = first.clone();
        move |serial: u64| first.with_file_name(format!("{stem}-{serial}"))
    });
    std::iter::once(first).chain(others)
}

/// `runs/NAME` for `NAME.toml`.
pub fn usual(file: &Path) -> PathBuf {
    Path::new("runs").join(file.file_stem().unwrap_or_default())
}

/// Writes a file of a folder whole or not at all.
///
/// # Errors
/// The system refuses to.
pub fn put(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(name);
    tropism_files::write_atomically(&path, |f| f.write_all(text.as_bytes())).map_err(Error::of(&path))
}

/// The folder for a new run called `name`: `name` itself, or, while that holds the run of another experiment, the first
/// of `name-2`, `name-3`, … that does not. An older run of the same experiment is replaced.
///
/// # Errors
/// A file, a folder that is not a run, or a run that would lose something.
pub fn vacant(name: &Path, new: &Identity<'_>) -> Result<PathBuf, Error> {
    for target in candidates(name) {
        match check(&target, new, false) {
            Err(Error::OtherRun { .. }) => {}
            Err(e) => return Err(e),
            Ok(()) => return Ok(target),
        }
    }
    // There is always another number.
    Ok(name.to_path_buf())
}

/// Whether a new run may take the place of whatever is at `target`.
///
/// # Errors
/// A file, a folder that is not a run, or, without `force`, the run of another experiment or one that would lose something.
pub fn check(target: &Path, new: &Identity<'_>, force: bool) -> Result<(), Error> {
    if !target.exists() {
        return Ok(());
    }
    let entries = fs::read_dir(target).map_err(Error::file(target, "used as a run folder"))?;
    let mut names = vec![];
    for entry in entries {
        let entry = entry.map_err(Error::file(target, "read"))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    if names.is_empty() {
        return Ok(());
    }
    let Some(older) = raw_verdict(target) else { return Err(Error::NotARun(target.into())) };
    if force {
        return Ok(());
    }
    if !same(target, &older, new) {
        let text = |v: Option<&serde_json::Value>| v.and_then(|v| v.as_str()).unwrap_or("?").to_string();
        let (title, verdict) = (text(older.get("title")), text(older.get("verdict")).replace('_', " "));
        return Err(Error::OtherRun { path: target.into(), title, verdict });
    }
    let lost = |what: String| Err(Error::WouldLose { path: target.into(), what });
    if names.iter().any(|n| n == PARTIAL) {
        return lost("an interrupted run".into());
    }
    match names.iter().find(|n| !KNOWN.contains(&n.as_str())) {
        Some(other) => lost(format!("an older run and `{other}`")),
        None => Ok(()),
    }
}

/// Whether the run in `folder` is of the same experiment, and of the same data as far as that is known yet.
fn same(folder: &Path, older: &serde_json::Value, new: &Identity<'_>) -> bool {
    let text = fs::read_to_string(folder.join(EXPERIMENT)).unwrap_or_default();
    // The head names file and version, which do not make another experiment.
    let body = text.split_once("\n\n").filter(|(head, _)| head.starts_with('#')).map_or(&*text, |(_, b)| b);
    let hash = older.get("prediction").and_then(|p| p.get("hash")).and_then(|h| h.as_str());
    body == new.experiment && new.hash.is_none_or(|h| hash == Some(h))
}

/// The verdict in a run folder.
///
/// # Errors
/// There is no such folder, or no readable verdict in it.
pub fn verdict(folder: &Path) -> Result<Report, Error> {
    if !folder.exists() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Error::file(folder, "read")(missing));
    }
    let path = folder.join(VERDICT);
    if !path.exists() {
        return Err(Error::NoVerdict(folder.into()));
    }
    read_verdict(&path)
}

/// The verdict in a file.
///
/// # Errors
/// It cannot be read.
pub fn read_verdict(path: &Path) -> Result<Report, Error> {
    let text = fs::read_to_string(path).map_err(Error::file(path, "read"))?;
    serde_json::from_str(&text).map_err(|source| Error::BadVerdict { path: path.into(), source })
}

/// The verdict in a folder, of whatever version, if it is one of ours.
fn raw_verdict(folder: &Path) -> Option<serde_json::Value> {
    let text = fs::read_to_string(folder.join(VERDICT)).ok()?;
    let verdict: serde_json::Value = serde_json::from_str(&text).ok()?;
    let ours = verdict.get("schema")?.as_str()?.starts_with("tropism-verdict/");
    ours.then_some(verdict)
}

impl RunFolder {
    /// Creates the hidden sibling of `target`, and the folders above it.
    ///
    /// # Errors
    /// The system refuses to.
    pub fn create(target: &Path) -> Result<Self, Error> {
        let target = std::path::absolute(target).map_err(Error::file(target, "used as a run folder"))?;
        // A link stays a link to the folder it names.
        let target = target.canonicalize().unwrap_or(target);
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let scratch = target.with_file_name(format!(".{name}.{}.unfinished", std::process::id()));
        // Before the folder is there, so that it is never left behind.
        interrupt::begin(&scratch);
        fs::create_dir_all(&scratch).map_err(Error::file(&scratch, "created"))?;
        Ok(Self { target, scratch, published: false })
    }

    /// Where a file of the unfinished folder is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// Writes one file; `name` may lie in a folder below.
    ///
    /// # Errors
    /// The system refuses to.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> Result<(), Error> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::file(parent, "created"))?;
        }
        fs::write(&path, contents).map_err(Error::file(&path, "written"))
    }

    /// Gives the folder its final name.
    ///
    /// # Errors
    /// The system refuses to; an older run is back in its place then.
    pub fn publish(mut self) -> Result<(), Error> {
        let older = self.scratch.with_extension("older");
        let replaces = self.target.exists();
        if replaces {
            fs::rename(&self.target, &older).map_err(Error::file(&self.target, "replaced"))?;
        }
        if let Err(e) = fs::rename(&self.scratch, &self.target) {
            if replaces {
                let _ = fs::rename(&older, &self.target);
            }
            return Err(Error::file(&self.target, "created")(e));
        }
        self.published = true;
        interrupt::end();
        if replaces {
            fs::remove_dir_all(&older).map_err(Error::file(&older, "removed"))?;
        }
        Ok(())
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.published {
            // The error that led here is the one to report.
            let _ = fs::remove_dir_all(&self.scratch);
            interrupt::end();
        }
    }
}
