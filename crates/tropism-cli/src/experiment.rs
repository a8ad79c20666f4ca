//! From an experiment file on disk to a checked setup.

use crate::error::Error;
use crate::folder;
use crate::interrupt;
use std::path::Path;
use std::sync::Mutex;
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
        let (text, spec) = parse(file)?;
        Self::build(file, &text, &spec, beside(file, &spec))
    }

    /// The experiment of a run folder: as it was written, with its data found where they were then.
    ///
    /// # Errors
    /// Everything that can have gone wrong with the experiment or its data since.
    pub fn reload(folder: &Path, report: &Report) -> Result<Self, Error> {
        let file = folder.join(folder::EXPERIMENT);
        let (text, written) = parse(&file)?;
        let spec = Spec::parse(&report.experiment).map_err(Error::of(&file))?;
        Self::build(&file, &text, &spec, file_of(&written))
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

/// The setups of a geometry file, whose content is `text`, on data loaded once.
///
/// # Errors
/// Everything that can be wrong with the file or its data.
pub fn geometry(file: &Path, text: &str) -> Result<Vec<Setup>, Error> {
    let specs = tropism::geometry::parse(text).map_err(Error::of(file))?;
    let mut setups = tropism::geometry::setups(&specs, &loader(file))
        .map_err(|e| tropism::spec::with_line(e, text))
        .map_err(Error::of(file))?;
    setups.iter_mut().for_each(|setup| setup.budget.stop = interrupt::requested);
    Ok(setups)
}

/// Reads the data files that experiments in `file` name, each only once.
pub fn loader(file: &Path) -> impl Fn(&FileSpec) -> Result<Table, tropism::Error> + Sync {
    let file = file.to_path_buf();
    let tables: Mutex<Vec<(FileSpec, Table)>> = Mutex::new(vec![]);
    move |written| {
        let known =
            |all: &Vec<(FileSpec, Table)>| all.iter().find(|(f, _)| f == written).map(|(_, t)| t.clone());
        if let Some(table) = tables.lock().ok().and_then(|all| known(&all)) {
            return Ok(table);
        }
        let table = load(written, &in_folder_of(&file, written))?;
        if let Ok(mut all) = tables.lock() {
            all.push((written.clone(), table.clone()));
        }
        Ok(table)
    }
}

/// Text of a file, without the byte order mark that no editor shows.
///
/// # Errors
/// A file that cannot be read.
pub fn read(file: &Path) -> Result<String, Error> {
    let text = std::fs::read_to_string(file).map_err(Error::file(file, "read"))?;
    Ok(text.trim_start_matches('\u{feff}').to_string())
}

/// An experiment file's text and what it says.
fn parse(file: &Path) -> Result<(String, Spec), Error> {
    let text = read(file)?;
    let spec = Spec::parse(&text).map_err(Error::of(file))?;
    Ok((text, spec))
}

/// The experiment's data file, found from the experiment's own folder.
fn beside(file: &Path, spec: &Spec) -> Option<FileSpec> {
    file_of(spec).map(|data| in_folder_of(file, &data))
}

/// Data whose paths are taken from the folder of `file`.
fn in_folder_of(file: &Path, data: &FileSpec) -> FileSpec {
    let folder = file.parent().unwrap_or(Path::new(""));
    with_paths(data, |p| folder.join(p).to_string_lossy().into_owned())
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
