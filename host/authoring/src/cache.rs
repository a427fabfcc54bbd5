//! The folder, outside the source tree, that fetched things are kept in; the host reads it too.

use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::error::{Doing, Error, Result};

/// How names of unfinished files and folders begin.
const UNFINISHED: &str = ".unfinished-";

/// The cache folder. What is in it under its final name is complete: it is written under another name first.
#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
}

/// Held while the cache is being changed.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock, which ends with the file")] File);

impl Cache {
    /// Finds the folder as the host does: `$FOOTLIGHT_CACHE`, else `footlight` in `$XDG_CACHE_HOME`, else in
    /// `~/.cache`.
    ///
    /// # Errors
    /// Where there is no such folder and none can be made.
    pub fn open() -> Result<Cache> {
        let set = |name| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let root = set("FOOTLIGHT_CACHE")
            .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("footlight")))
            .or_else(|| set("HOME").map(|folder| folder.join(".cache/footlight")));
        let Some(root) = root else {
            return Err(Error::refused(
                "no cache folder: set FOOTLIGHT_CACHE to a folder that may grow to 1 GB",
            ));
        };
        Cache::at(root)
    }

    /// A cache in this folder, which is made if it is not there.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn at(root: PathBuf) -> Result<Cache> {
        let made = fs::create_dir_all(&root).and_then(|()| root.canonicalize());
        let root = made.map_err(|error| {
            Error::File(
                format!(
                    "make the cache folder {}: set FOOTLIGHT_CACHE to another",
                    root.display()
                ),
                error,
            )
        })?;
        Ok(Cache { root })
    }

    /// The folder itself, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the cache.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Waits until no other process changes the cache, and keeps others from it.
    ///
    /// # Errors
    /// Where the folder cannot be written to.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.path(".lock");
        let file = File::create(&path).to("write", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                eprintln!(
                    "waiting for another program that fills {}",
                    self.root.display()
                );
                file.lock().to("lock", &path)?;
            }
            Err(TryLockError::Error(error)) => return Err(error).to("lock", &path),
        }
        self.remove_unfinished()?;
        Ok(Lock(file))
    }

    /// A folder for unfinished work, on the same file system as the cache; removed when dropped.
    ///
    /// # Errors
    /// Where the folder cannot be written to.
    pub fn scratch(&self) -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&self.root)
            .to("write to", &self.root)
    }

    /// Writes a file so that it is there completely or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        write_atomically(folder, path, bytes)
    }

    /// Puts a finished folder in its place, in place of what is there; both are on the cache's file system.
    ///
    /// # Errors
    /// Where it cannot be moved.
    pub fn put(&self, finished: &Path, place: &Path, scratch: &TempDir) -> Result<()> {
        if place.exists() {
            fs::rename(place, scratch.path().join("old")).to("move", place)?;
        }
        let parent = place.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).to("make", parent)?;
        fs::rename(finished, place).to("write", place)
    }

    /// What an interrupted run left behind. Only the holder of the lock writes, so all of it is waste.
    fn remove_unfinished(&self) -> Result<()> {
        for entry in fs::read_dir(&self.root).to("list", &self.root)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path()).to("remove", &entry.path())?;
            }
        }
        Ok(())
    }
}

/// Writes a file by way of a temporary one in `folder`, which is made where it is missing.
///
/// # Errors
/// Where the folder cannot be made or written to.
pub fn write_atomically(folder: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        fs::create_dir_all(folder)?;
        let temporary = NamedTempFile::new_in(folder)?;
        fs::write(temporary.path(), bytes)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o644))?;
        }
        temporary.persist(path)?;
        Ok(())
    };
    write().to("write", path)
}
