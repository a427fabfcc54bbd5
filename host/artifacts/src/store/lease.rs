//! What running hosts use, so that no other process drops it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::{Store, is_read_only};
use crate::{Digest, Error};

/// Keeps what a host uses from being dropped by any process, until it is let go of or the host ends, however it ends:
/// a file that lists the digests, locked by the host. Who collects reads the lists whose lock is taken, and removes
/// those whose lock is free.
#[derive(Debug)]
#[must_use = "what is in use is kept only as long as the lease is"]
pub struct Lease {
    /// None where the store can only be read: nobody can drop anything from it through the same folder.
    held: Option<(File, PathBuf)>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.held {
            let _ = fs::remove_file(path);
        }
    }
}

impl Store {
    /// Keeps these, and all that they name, from being dropped.
    pub fn hold(&self, in_use: &HashSet<Digest>) -> Result<Lease, Error> {
        let folder = self.folder().join("leases");
        let list = || {
            // Locked before it has its name: nobody takes it for one whose host is gone.
            let mut file = self.scratch()?;
            for digest in in_use {
                writeln!(file, "{digest}")?;
            }
            let path = folder.join(file.path().file_name().unwrap_or_default());
            let file = file.persist(&path)?;
            Ok((file, path))
        };
        match list() {
            Ok(held) => Ok(Lease { held: Some(held) }),
            Err(error) if is_read_only(&error) => Ok(Lease { held: None }),
            Err(error) => Err(Error::disk(folder, "written", &error)),
        }
    }

    /// What living hosts hold. The lists of those that are gone are removed.
    pub(super) fn held(&self) -> io::Result<HashSet<Digest>> {
        let mut held = HashSet::new();
        for entry in fs::read_dir(self.folder().join("leases"))? {
            let path = entry?.path();
            let mut file = match File::open(&path) {
                Ok(file) => file,
                // Let go of just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            match file.try_lock_shared() {
                Ok(()) => drop(fs::remove_file(&path)),
                Err(fs::TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    file.read_to_string(&mut text)?;
                    held.extend(text.lines().filter_map(|line| line.parse::<Digest>().ok()));
                }
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(held)
    }
}
