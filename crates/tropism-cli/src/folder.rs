//! Run folders: they appear complete or not at all.
//!
//! Everything is written into a hidden sibling folder, which takes the final name in one step at the end. An older
//! run under that name is replaced only as a whole.

use crate::error::Error;
use crate::interrupt;
use std::fs;
use std::path::{Path, PathBuf};
use tropism::report::Report;

pub const EXPERIMENT: &str = "experiment.toml";
pub const PREDICTION: &str = "prediction.json";
pub const TRAJECTORY: &str = "trajectory.parquet";
pub const VERDICT: &str = "verdict.json";
pub const REPORT: &str = "report.html";
pub const FIGURES: &str = "figures";
pub const CHECKPOINT: &str = "checkpoint.bin";
/// Marks a run that was interrupted.
pub const PARTIAL: &str = "PARTIAL";

/// What a run folder may hold.
const KNOWN: [&str; 8] = [EXPERIMENT, PREDICTION, TRAJECTORY, VERDICT, REPORT, FIGURES, CHECKPOINT, PARTIAL];

/// A run folder under construction; removed when dropped before it is published.
pub struct RunFolder {
    target: PathBuf,
    scratch: PathBuf,
    published: bool,
}

/// Whether a new run may take the place of whatever is at `target`.
///
/// # Errors
/// A file, a folder that is not a run, or a run that would lose something without `force`.
pub fn check(target: &Path, force: bool) -> Result<(), Error> {
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
    if !is_run(target) {
        return Err(Error::NotARun(target.into()));
    }
    if force {
        return Ok(());
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

/// A folder with a verdict of ours in it.
fn is_run(folder: &Path) -> bool {
    let Ok(text) = fs::read_to_string(folder.join(VERDICT)) else { return false };
    let verdict: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let schema = verdict.as_ref().and_then(|v| v.get("schema")).and_then(|s| s.as_str());
    schema.is_some_and(|s| s.starts_with("tropism-verdict/"))
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
        fs::create_dir_all(&scratch).map_err(Error::file(&scratch, "created"))?;
        interrupt::guard(Some(&scratch));
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
        interrupt::guard(None);
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
            interrupt::guard(None);
        }
    }
}
