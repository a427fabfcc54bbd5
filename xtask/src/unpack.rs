//! Reading single files out of an archive: a wheel (zip) or a compressed tar.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use zip::ZipArchive;

/// The bytes of each of the named files of an archive, by name.
///
/// # Errors
/// Where the archive cannot be read or one of the files is not in it.
pub fn files(archive: &Path, names: &[&str]) -> Result<BTreeMap<String, Vec<u8>>> {
    let file = File::open(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let found = match archive.extension().and_then(|extension| extension.to_str()) {
        Some("whl" | "zip") => from_zip(file, names),
        Some("gz" | "tgz") => from_tar(file, names),
        _ => bail!("{} is no archive of a known kind", archive.display()),
    }
    .with_context(|| format!("cannot unpack {}", archive.display()))?;
    match names.iter().find(|name| !found.contains_key(**name)) {
        Some(missing) => bail!("{} has no file {missing}", archive.display()),
        None => Ok(found),
    }
}

fn from_zip(file: File, names: &[&str]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut archive = ZipArchive::new(file)?;
    let mut found = BTreeMap::new();
    for &name in names {
        let Some(place) = archive.index_for_name(name) else {
            continue;
        };
        let mut bytes = Vec::new();
        archive.by_index(place)?.read_to_end(&mut bytes)?;
        found.insert(name.to_owned(), bytes);
    }
    Ok(found)
}

fn from_tar(file: File, names: &[&str]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(file)).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if names.contains(&name.as_str()) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            found.insert(name, bytes);
        }
    }
    Ok(found)
}
