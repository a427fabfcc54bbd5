//! A folder of the cache that holds some files of one archive.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use footlight_authoring::{Cache, Progress};
use serde::Deserialize;

use crate::digest::{file_sha256, sha256};
use crate::download;
use crate::source::Source;
use crate::unpack;

/// The list of a folder's files with their digests, as `sha256sum` writes and checks it.
const DIGESTS: &str = "SHA256SUMS";

/// What `packages.toml` says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Packages {
    folder: Vec<Folder>,
}

/// A folder that is filled from an archive.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Folder {
    /// What it is, for the user.
    pub summary: String,
    /// Its path in the cache.
    into: String,
    /// Whether nothing but tests needs it.
    #[serde(default)]
    pub only_for_tests: bool,
    /// The files, by the folder in the archive that they are in (with a slash at its end).
    files: BTreeMap<String, Vec<String>>,
    /// Where the archive comes from.
    pub source: Source,
}

/// The folders that `packages.toml` asks for.
pub fn wanted() -> Result<Vec<Folder>> {
    let packages: Packages =
        toml::from_str(include_str!("../packages.toml")).context("xtask/packages.toml")?;
    Ok(packages.folder)
}

/// Where OpenVINO's libraries are.
pub fn openvino(cache: &Cache) -> Result<PathBuf> {
    let folders = wanted()?;
    let folder = folders
        .iter()
        .find(|folder| folder.source.package == "openvino");
    let folder = folder.context("xtask/packages.toml has no OpenVINO")?;
    Ok(cache.path(&folder.into))
}

impl Folder {
    /// Whether all its files are there, as they were unpacked.
    pub fn is_present(&self, cache: &Cache) -> bool {
        let folder = cache.path(&self.into);
        let Ok(digests) = fs::read_to_string(folder.join(DIGESTS)) else {
            return false;
        };
        let digests: BTreeMap<&str, &str> = digests
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(digest, name)| (name, digest))
            .collect();
        self.files
            .values()
            .flatten()
            .all(|name| match digests.get(name.as_str()) {
                Some(digest) => file_sha256(&folder.join(name)).as_deref() == Some(digest),
                None => false,
            })
    }

    /// Fetches the archive if need be and fills the folder, in place of what is there.
    pub fn fill(&self, cache: &Cache, progress: &Progress) -> Result<()> {
        let folder = cache.path(&self.into);
        if folder.exists() {
            progress.line(
                "incomplete",
                &format!("{}: unpacked anew", folder.display()),
            );
        }
        let archive = download::archive(cache, progress, &self.source)?;
        let step = progress.begin("unpacking", &self.summary, None);
        let scratch = cache.scratch()?;
        let fresh = scratch.path().join("fresh");
        fs::create_dir(&fresh)?;
        self.unpack(&archive, &fresh)?;
        cache.put(&fresh, &folder, &scratch)?;
        step.done("unpacked");
        Ok(())
    }

    fn unpack(&self, archive: &Path, into: &Path) -> Result<()> {
        let inside: Vec<String> = self
            .files
            .iter()
            .flat_map(|(from, names)| names.iter().map(move |name| format!("{from}{name}")))
            .collect();
        let found = unpack::files(
            archive,
            &inside.iter().map(String::as_str).collect::<Vec<_>>(),
        )?;
        let mut digests = String::new();
        for (path, bytes) in found {
            let name = path.rsplit('/').next().unwrap_or(&path);
            fs::write(into.join(name), &bytes)?;
            digests.push_str(&format!("{}  {name}\n", sha256(&bytes)));
        }
        fs::write(into.join(DIGESTS), digests)?;
        Ok(())
    }
}
