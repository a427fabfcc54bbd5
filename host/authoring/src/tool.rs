//! Tools that are installed into the cache when they are first needed, by the user's own package client.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Doing, Error, Result};
use crate::process::{bytes_under, run_quietly, runs};
use crate::{Cache, Progress};

/// A tool of a pinned version.
pub struct Tool {
    /// What it is, with its version.
    pub what: &'static str,
    /// Its folder in the cache, which has the version in its name.
    pub folder: &'static str,
    /// About what is fetched, in bytes; only for showing progress.
    pub size: u64,
    /// Files that say what exactly is installed, with their digests.
    pub pins: &'static [(&'static str, &'static str)],
    /// The client, and what shows that it is there.
    pub client: (&'static str, &'static [&'static str]),
    /// What to do where the client is not there.
    pub advice: &'static str,
}

impl Tool {
    /// The tool's folder in the cache; it is installed if it is not there. `install` makes the command that does it,
    /// from a folder with the pins, which is to hold the tool afterwards.
    pub fn get(
        &self,
        cache: &Cache,
        progress: &Progress,
        install: impl FnOnce(&Path) -> Command,
    ) -> Result<PathBuf> {
        let place = cache.path(self.folder);
        if place.is_dir() {
            return Ok(place);
        }
        let (client, arguments) = self.client;
        if !runs(client, arguments) {
            return Err(Error::refused(self.advice));
        }
        let _lock = cache.lock()?;
        // Another process may have installed it while this one waited.
        if place.is_dir() {
            return Ok(place);
        }
        let scratch = cache.scratch()?;
        let fresh = scratch.path().join("fresh");
        fs::create_dir(&fresh).to("make", &fresh)?;
        for (name, text) in self.pins {
            let path = fresh.join(name);
            fs::write(&path, text).to("write", &path)?;
        }
        let step = progress.begin("installing", self.what, Some(self.size));
        let mut command = install(&fresh);
        command.current_dir(&fresh);
        run_quietly(&mut command, scratch.path(), || {
            step.at(bytes_under(&fresh));
        })
        .map_err(|error| error.during(format!("{} cannot be installed", self.what)))?;
        cache.put(&fresh, &place, &scratch)?;
        step.done("installed");
        Ok(place)
    }
}
