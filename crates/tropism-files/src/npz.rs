//! NumPy archives: a zip file with one `NAME.npy` per array.

use crate::npy::{Array, decode, table};
use crate::zip::Archive;
use tropism::Error;
use tropism::data::FileSpec;
use tropism::data::Table;
use tropism::data::table::name_list;
use tropism::error::nearest;

pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    let mut archive = Archive::open(&spec.path)?;
    let x = array(&mut archive, &spec.path, "x_key", &spec.x_key)?;
    let y = array(&mut archive, &spec.path, "y_key", &spec.y_key)?;
    let label_source = format!("{} (array {})", spec.path, spec.y_key);
    let mut out = table(&spec.path, x, Some((&label_source, y)))?;
    if let Some(label) = &mut out.label {
        label.name.clone_from(&spec.y_key);
    }
    Ok(out)
}

fn array(archive: &mut Archive, path: &str, option: &str, key: &str) -> Result<Array, Error> {
    let names: Vec<String> =
        archive.entries.iter().map(|e| e.name.strip_suffix(".npy").unwrap_or(&e.name).to_string()).collect();
    let Some(k) = names.iter().position(|n| n == key) else {
        let hint = nearest(key, &names).map_or(String::new(), |n| format!(" Did you mean `{n}`?"));
        let what = format!(
            "there is no array `{key}`; the arrays are {}. Set `{option}` to the one that is meant.{hint}",
            name_list(&names)
        );
        return Err(Error::data(path, what));
    };
    let size = archive.entries[k].size;
    let source = format!("{path} (array {key})");
    archive.read(k, |reader| decode(&source, reader, size))
}
