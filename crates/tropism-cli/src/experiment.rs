//! From an experiment file on disk to a checked setup.

use crate::error::Error;
use std::path::Path;
use tropism::data::{DataSpec, FileSpec, Table};
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
        let text = std::fs::read_to_string(file).map_err(Error::file(file, "read"))?;
        // A byte order mark is invisible in every editor.
        let spec = Spec::parse(text.trim_start_matches('\u{feff}')).map_err(Error::of(file))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        Self::build(file, &spec, folder)
    }

    /// Checks `spec`, whose relative paths are taken from `folder`.
    ///
    /// # Errors
    /// Everything that can be wrong with the experiment or its data.
    pub fn build(file: &Path, spec: &Spec, folder: &Path) -> Result<Self, Error> {
        let setup = Setup::build(spec, &|data| load(data, folder)).map_err(Error::of(file))?;
        let mut resolved = setup.spec.clone();
        if let DataSpec::file(data) = &mut resolved.data.source {
            let here = |path: &str| absolute(&folder.join(path));
            data.path = here(&data.path);
            data.y_path = data.y_path.as_deref().map(here);
        }
        Ok(Self { setup, resolved: resolved.to_toml() })
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.into()).to_string_lossy().into_owned()
}

/// Reads a table. It keeps the name the experiment gives it, so that a verdict does not depend on the folder the
/// program was started in.
fn load(data: &FileSpec, folder: &Path) -> Result<Table, tropism::Error> {
    let mut found = data.clone();
    let here = |path: &str| folder.join(path).to_string_lossy().into_owned();
    found.path = here(&data.path);
    found.y_path = data.y_path.as_deref().map(here);
    let mut table = tropism_files::read(&found)?;
    table.source.clone_from(&data.path);
    Ok(table)
}
