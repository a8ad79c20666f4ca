//! NumPy archives: a zip file with one `NAME.npy` per array, stored or deflated. `zip` verifies the checksums.

use crate::npy::{Array, decode, table};
use crate::open;
use std::fs::File;
use std::io::{self, BufReader};
use tropism::Error;
use tropism::data::FileSpec;
use tropism::data::Table;
use tropism::data::table::name_list;
use tropism::error::nearest;
use zip::ZipArchive;

type Archive = ZipArchive<BufReader<File>>;

pub(crate) fn read(spec: &FileSpec) -> Result<Table, Error> {
    let path = &spec.path;
    let mut archive = Archive::new(BufReader::new(open(path)?))
        .map_err(|e| Error::data(path, format!("this is not a readable zip archive: {e}.")))?;
    let x = array(&mut archive, path, "x_key", &spec.x_key)?;
    let y = array(&mut archive, path, "y_key", &spec.y_key)?;
    let label_source = format!("{path} (array {})", spec.y_key);
    let mut out = table(path, x, Some((&label_source, y)))?;
    if let Some(label) = &mut out.label {
        label.name.clone_from(&spec.y_key);
    }
    Ok(out)
}

fn array(archive: &mut Archive, path: &str, option: &str, key: &str) -> Result<Array, Error> {
    let names: Vec<String> =
        archive.file_names().map(|n| n.strip_suffix(".npy").unwrap_or(n).to_string()).collect();
    let Some(k) = names.iter().position(|n| n == key) else {
        let hint = nearest(key, &names).map_or(String::new(), |n| format!(" Did you mean `{n}`?"));
        let what = format!(
            "there is no array `{key}`; the arrays are {}. Set `{option}` to the one that is meant.{hint}",
            name_list(&names)
        );
        return Err(Error::data(path, what));
    };
    let mut entry = archive
        .by_index(k)
        .map_err(|e| Error::data(path, format!("the array `{key}` cannot be unpacked: {e}.")))?;
    let (name, size) = (entry.name().to_string(), entry.size());
    let out = decode(&format!("{path} (array {key})"), &mut entry, size)?;
    // The checksum is compared at the end of the entry.
    io::copy(&mut entry, &mut io::sink())
        .map_err(|e| Error::data(path, format!("the entry `{name}` is damaged: {e}.")))?;
    Ok(out)
}
