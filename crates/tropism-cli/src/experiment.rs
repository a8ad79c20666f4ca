//! From an experiment file on disk to a checked setup.

use crate::error::Error;
use crate::folder;
use crate::interrupt;
use std::path::Path;
use tropism::data::{DataSpec, FileSpec, Table};
use tropism::report::Report;
use tropism::spec::{Setup, Spec};

/// An experiment ready to be predicted and run.
pub struct Experiment {
    pub setup: Setup,
    /// The resolved experiment with the paths of its data written out in full: it runs from anywhere.
    pub resolved: String,
}

impl Experiment {
    /// Reads, resolves and checks the experiment in `file`.
    ///
    /// # Errors
    /// Everything that can be wrong with the file or its data.
    pub fn load(file: &Path) -> Result<Self, Error> {
        Self::of_spec(file, &std::fs::read_to_string(file).unwrap_or_default(), &parse(file)?)
    }

    /// Checks one experiment of several that `text`, the content of `file`, holds.
    ///
    /// # Errors
    /// As for [`Experiment::load`].
    pub fn of_spec(file: &Path, text: &str, spec: &Spec) -> Result<Self, Error> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let data = file_of(spec).map(|f| with_paths(&f, |p| folder.join(p).to_string_lossy().into_owned()));
        Self::build(file, text, spec, data)
    }

    /// The experiment of a run folder: as it was written, with its data found where they were then.
    ///
    /// # Errors
    /// Everything that can have gone wrong with the experiment or its data since.
    pub fn reload(folder: &Path, report: &Report) -> Result<Self, Error> {
        let file = folder.join(folder::EXPERIMENT);
        let data = file_of(&parse(&file)?);
        let spec = Spec::parse(&report.experiment).map_err(Error::of(&file))?;
        Self::build(&file, &std::fs::read_to_string(&file).unwrap_or_default(), &spec, data)
    }

    /// Checks `spec`, whose data file, if it has one, is found as `data`.
    fn build(file: &Path, text: &str, spec: &Spec, data: Option<FileSpec>) -> Result<Self, Error> {
        let load = |written: &FileSpec| load(written, data.as_ref().unwrap_or(written));
        // Ranges are checked on the way; the line is looked up in the file again.
        let mut setup = Setup::build(spec, &load)
            .map_err(|e| tropism::spec::with_line(e, text))
            .map_err(Error::of(file))?;
        setup.budget.stop = interrupt::requested;
        let mut resolved = setup.spec.clone();
        match (&mut resolved.data.source, &data) {
            (DataSpec::file(written), Some(found)) => *written = with_paths(found, absolute),
            (DataSpec::matrix(written), Some(found)) => written.path = Some(absolute(&found.path)),
            _ => {}
        }
        Ok(Self { setup, resolved: resolved.to_toml() })
    }
}

fn parse(file: &Path) -> Result<Spec, Error> {
    let text = std::fs::read_to_string(file).map_err(Error::file(file, "read"))?;
    // A byte order mark is invisible in every editor.
    Spec::parse(text.trim_start_matches('\u{feff}')).map_err(Error::of(file))
}

fn file_of(spec: &Spec) -> Option<FileSpec> {
    match &spec.data.source {
        DataSpec::file(file) => Some(file.clone()),
        DataSpec::matrix(m) => m.path.as_ref().map(|path| FileSpec { matrix: true, ..FileSpec::new(path) }),
        _ => None,
    }
}

fn with_paths(file: &FileSpec, change: impl Fn(&str) -> String) -> FileSpec {
    let (path, y_path) = (change(&file.path), file.y_path.as_deref().map(&change));
    FileSpec { path, y_path, ..file.clone() }
}

fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.into(), |p| p.to_string_lossy().into_owned())
}

/// Reads a table. It keeps the name the experiment gives it, so that a verdict does not depend on the folder the
/// program was started in.
fn load(written: &FileSpec, found: &FileSpec) -> Result<Table, tropism::Error> {
    let mut table = tropism_files::read(found)?;
    table.source.clone_from(&written.path);
    Ok(table)
}
