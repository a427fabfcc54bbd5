//! Fetching a pinned archive into the cache.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use footlight_authoring::process::{bytes_under, in_words, run_quietly};
use footlight_authoring::{Cache, Progress};

use crate::client;
use crate::digest::file_sha256;
use crate::source::{Registry, Source};

/// The archive's path in the cache, fetched if it is not there as pinned.
///
/// # Errors
/// Where the client fails, with what was run and what to do, and where it brings another file than the pinned.
pub fn archive(cache: &Cache, progress: &Progress, source: &Source) -> Result<PathBuf> {
    let path = cache.path("archives").join(&source.archive);
    match file_sha256(&path) {
        Some(digest) if digest == source.archive_sha256 => return Ok(path),
        Some(_) => progress.line("damaged", &format!("{}: fetched anew", path.display())),
        None => {}
    }
    let what = format!("{} {}", source.package, source.version);
    let step = progress.begin("fetching", &what, source.archive_size);
    let scratch = cache.scratch()?;
    let mut failures = Vec::new();
    for mut command in client::commands(source, scratch.path()) {
        match run_quietly(&mut command, scratch.path(), || {
            step.at(bytes_under(scratch.path()))
        }) {
            Ok(()) => {
                let fetched = checked(source, scratch.path(), &in_words(&command))?;
                fs::create_dir_all(cache.path("archives"))?;
                fs::rename(&fetched, &path)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                step.done("fetched");
                return Ok(path);
            }
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    Err(
        anyhow!("{}\n{}", failures.join("\n"), advice(source.registry))
            .context(format!("{what} could not be fetched")),
    )
}

/// The archive that the client left in `folder`, if it is the pinned one.
fn checked(source: &Source, folder: &Path, command: &str) -> Result<PathBuf> {
    let path = folder.join(&source.archive);
    match file_sha256(&path) {
        Some(digest) if digest == source.archive_sha256 => Ok(path),
        Some(digest) => bail!(
            "`{command}` brought another {} than the pinned: its sha256 is {digest}, expected {}; look at which index or \
             mirror your client uses, and do not use this file",
            source.archive,
            source.archive_sha256
        ),
        None => bail!(
            "`{command}` succeeded but left no {}; look at which index or mirror your client uses",
            source.archive
        ),
    }
}

fn advice(registry: Registry) -> &'static str {
    match registry {
        Registry::Pypi => {
            "check the network and pip's settings (`python3 -m pip config list`: index-url, proxy), run the command \
             above by hand to see it fail, then try again: what is fetched already is kept"
        }
        Registry::Npm => {
            "check the network and npm's settings (`npm config list`: registry, proxy), run the command above by hand to \
             see it fail, then try again: what is fetched already is kept"
        }
    }
}
