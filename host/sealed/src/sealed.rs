//! The cache itself.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::entry::{self, Flaw};
use crate::key::Key;
use crate::{Error, folder};

/// The limit of a cache that was not given one: 1 GiB.
pub const DEFAULT_LIMIT: u64 = 1 << 30;

/// What an entry's file is called after its name.
const EXTENSION: &str = ".sealed";

/// The longest name, so that the file's name is one that every file system takes.
const LONGEST: usize = 200;

/// A cache folder and its key. All methods may be called from any number of threads.
pub struct Sealed {
    folder: PathBuf,
    key: Key,
    limit: u64,
    /// The names of the entries that this process has read or written.
    used: Mutex<HashSet<String>>,
}

impl Sealed {
    /// Opens a cache folder with the limit [`DEFAULT_LIMIT`], or makes it and its key.
    ///
    /// # Errors
    ///
    /// The folder or the key is not there and cannot be made, or the key is damaged or open to others.
    pub fn open(folder: &Path) -> Result<Sealed, Error> {
        // Not changed where it is there: one that others may write to is no danger to sealed entries.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| Error::Folder {
                folder: folder.to_owned(),
                source,
            })?;
        let key = Key::open(folder)?;
        folder::tidy(folder);
        Ok(Sealed {
            folder: folder.to_owned(),
            key,
            limit: DEFAULT_LIMIT,
            used: Mutex::default(),
        })
    }

    /// With another limit for all entries together, in bytes. It is held to whenever one is written; those
    /// that this process has used stay, even if they are more than that.
    #[must_use]
    pub fn with_limit(self, bytes: u64) -> Sealed {
        Sealed {
            limit: bytes,
            ..self
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bytes of an entry, as they were when this host wrote it; none where there is no such entry.
    ///
    /// One whose seal does not fit is removed, with a warning. A name has letters, digits and `-`, `_` or `.`;
    /// there is no entry of any other.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path(name)?;
        match entry::read(&self.key, &path, name, self.limit) {
            Ok(bytes) => bytes.inspect(|_| {
                self.used().insert(name.to_owned());
            }),
            Err(flaw) => {
                self.drop_flawed(&path, &flaw);
                None
            }
        }
    }

    /// Writes an entry, in place of the one of that name, and drops others as the limit asks. What fails is a
    /// warning: the entry is then made again another time.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let Some(path) = self.path(name) else {
            tracing::warn!(entry = name, "not cached: an entry cannot have that name");
            return;
        };
        if bytes.len() as u64 > self.limit {
            tracing::warn!(
                entry = name,
                bytes = bytes.len(),
                limit = self.limit,
                "not cached: larger than the whole cache may be"
            );
            return;
        }
        // Before it is there, so that no other thread drops it.
        self.used().insert(name.to_owned());
        match entry::write(&self.key, &self.folder, &path, name, bytes) {
            Ok(()) => self.shrink(&self.used()),
            Err(error) => tracing::warn!(entry = %path.display(), %error, "not cached"),
        }
    }

    fn used(&self) -> MutexGuard<'_, HashSet<String>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of an entry; none where no entry has that name.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let valid = (1..=LONGEST).contains(&name.len())
            && !name.starts_with('.')
            && name.bytes().all(allowed);
        valid.then(|| self.folder.join(format!("{name}{EXTENSION}")))
    }

    fn drop_flawed(&self, path: &Path, flaw: &Flaw) {
        let entry = path.display();
        // What cannot be read may be another user's, or fine the next time.
        if matches!(flaw, Flaw::Unreadable(_)) {
            tracing::warn!(%entry, "a cached entry is not used: {flaw}");
            return;
        }
        match fs::remove_file(path) {
            Ok(()) => tracing::warn!(%entry, "a cached entry was dropped: {flaw}"),
            Err(error) => {
                tracing::warn!(%entry, "a cached entry is not used: {flaw}; it cannot be removed: {error}");
            }
        }
    }

    /// Drops the entries whose last use is longest ago until the rest is within the limit.
    fn shrink(&self, used: &HashSet<String>) {
        let mut entries: Vec<(SystemTime, u64, PathBuf, bool)> = Vec::new();
        for file in folder::files(&self.folder, |name| name.ends_with(EXTENSION)) {
            // One that another process drops at this moment is not counted.
            let Ok(about) = file.metadata() else { continue };
            let kept = file
                .file_name()
                .to_str()
                .and_then(|name| name.strip_suffix(EXTENSION))
                .is_some_and(|name| used.contains(name));
            let last = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            entries.push((last, about.len(), file.path(), kept));
        }
        let mut total: u64 = entries.iter().map(|(_, length, ..)| length).sum();
        entries.sort();
        for (_, length, path, kept) in entries {
            if total <= self.limit {
                return;
            }
            if kept {
                continue;
            }
            match fs::remove_file(&path) {
                Ok(()) => total -= length,
                Err(error) if error.kind() == io::ErrorKind::NotFound => total -= length,
                Err(error) => {
                    tracing::warn!(entry = %path.display(), %error, "a cached entry cannot be dropped");
                }
            }
        }
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("folder", &self.folder)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
