//! Dropping what is not used, and looking whether all is whole.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::in_use::InUse;
use super::{Found, Store};
use crate::{Digest, Error};

/// How much of what is not in use stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The most bytes that the store has, what is in use included.
    pub max_bytes: Option<u64>,
    /// How long ago what stays was last used.
    pub max_age: Option<Duration>,
    /// What was used as lately as this stays in any case: another process may have fetched it and not yet said that it
    /// uses it.
    pub spare: Duration,
}

impl Default for Keep {
    /// Everything.
    fn default() -> Self {
        Self {
            max_bytes: None,
            max_age: None,
            spare: Duration::from_secs(600),
        }
    }
}

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// How many blobs were dropped.
    pub dropped: usize,
    /// Their bytes, and those of fetches that were given up.
    pub freed: u64,
    /// How many blobs stay.
    pub kept: usize,
    /// Their bytes.
    pub bytes: u64,
    /// How many of these bytes are in use.
    pub in_use: u64,
}

/// What a look at the whole store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many blobs there are.
    pub blobs: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Those that are not what their name says.
    pub damaged: Vec<Digest>,
    /// Files that are no blobs.
    pub foreign: Vec<PathBuf>,
}

struct Blob {
    digest: Digest,
    bytes: u64,
    used: SystemTime,
}

/// What became of a blob that was to be dropped.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Dropped,
    /// Another collection was faster.
    Gone,
    Used,
}

/// Removes a file; whether it was there to remove.
fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Store {
    /// Drops what was not used for longer than is kept, then what was used longest ago until there are not more bytes
    /// than are kept. What `in_use` or a [`Lease`](super::Lease) of any process leads to stays: manifests with what
    /// they name, and signatures.
    pub fn collect(&self, keep: &Keep, in_use: &HashSet<Digest>) -> Result<Collected, Error> {
        let fails = |error: &io::Error| Error::disk(self.folder(), "collected", error);
        let now = SystemTime::now();
        let mut in_use = InUse::of(self, in_use).map_err(|error| fails(&error))?;
        let (mut blobs, _) = self.blobs().map_err(|error| fails(&error))?;
        blobs.sort_by_key(|blob| blob.used);
        let mut total: u64 = blobs.iter().map(|blob| blob.bytes).sum();
        let mut collected = Collected::default();
        for blob in &blobs {
            let mut used = in_use.has(&blob.digest);
            let age = now.duration_since(blob.used).unwrap_or_default();
            let old = keep.max_age.is_some_and(|most| age > most);
            let over = keep.max_bytes.is_some_and(|most| total > most);
            if !used && age >= keep.spare && (old || over) {
                let fate = self.drop_unused(blob, &mut in_use);
                match fate.map_err(|error| fails(&error))? {
                    Fate::Dropped => {
                        total -= blob.bytes;
                        collected.dropped += 1;
                        collected.freed += blob.bytes;
                        continue;
                    }
                    Fate::Gone => continue,
                    Fate::Used => used = in_use.has(&blob.digest),
                }
            }
            collected.kept += 1;
            collected.bytes += blob.bytes;
            collected.in_use += if used { blob.bytes } else { 0 };
        }
        collected.freed += self
            .drop_partial(keep, now)
            .map_err(|error| fails(&error))?;
        self.drop_tags().map_err(|error| fails(&error))?;
        Ok(collected)
    }

    /// Drops a blob, unless somebody has come to use it since the blobs were listed, which may be long ago: a disk is slow
    /// at this.
    fn drop_unused(&self, blob: &Blob, in_use: &mut InUse) -> io::Result<Fate> {
        let path = self.path(&blob.digest);
        in_use.look_again(self)?;
        let about = match fs::metadata(&path) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Fate::Gone),
            Err(error) => return Err(error),
        };
        if in_use.has(&blob.digest) || about.modified()? > blob.used {
            return Ok(Fate::Used);
        }
        Ok(match remove(&path)? {
            true => Fate::Dropped,
            false => Fate::Gone,
        })
    }

    /// Hashes every blob. Those that are damaged are dropped, where that can be done: they are fetched anew when they
    /// are needed.
    pub fn verify_all(&self) -> Result<Report, Error> {
        let (blobs, foreign) = self
            .blobs()
            .map_err(|error| Error::disk(self.folder(), "read", &error))?;
        let mut report = Report {
            blobs: blobs.len(),
            bytes: blobs.iter().map(|blob| blob.bytes).sum(),
            damaged: Vec::new(),
            foreign,
        };
        for blob in blobs {
            match self.keep_if_whole(&blob.digest) {
                Ok(true) => {}
                Ok(false) => report.damaged.push(blob.digest),
                // A collection has dropped it meanwhile.
                Err(_) if self.size(&blob.digest).is_none() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(report)
    }

    fn blobs(&self) -> io::Result<(Vec<Blob>, Vec<PathBuf>)> {
        let (mut blobs, mut foreign) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(self.folder().join("blobs/sha256"))? {
            let entry = entry?;
            let about = match entry.metadata() {
                Ok(about) => about,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            match Digest::from_hex(&entry.file_name().to_string_lossy()) {
                Some(digest) if about.is_file() => blobs.push(Blob {
                    digest,
                    bytes: about.len(),
                    used: about.modified()?,
                }),
                _ => foreign.push(entry.path()),
            }
        }
        Ok((blobs, foreign))
    }

    /// Drops what is left of fetches that nobody goes on with.
    fn drop_partial(&self, keep: &Keep, now: SystemTime) -> io::Result<u64> {
        let mut freed = 0;
        for entry in fs::read_dir(self.folder().join("partial"))? {
            let path = entry?.path();
            let Ok(file) = File::open(&path) else {
                continue;
            };
            let about = file.metadata()?;
            let age = now.duration_since(about.modified()?).unwrap_or_default();
            if age >= keep.spare.max(keep.max_age.unwrap_or_default()) && file.try_lock().is_ok() {
                freed += if remove(&path)? { about.len() } else { 0 };
            }
        }
        Ok(freed)
    }

    /// Drops the tags that lead to what is not here any more.
    fn drop_tags(&self) -> io::Result<()> {
        for (path, _, digest) in self.tags()? {
            if digest.is_none_or(|digest| self.size(&digest).is_none()) {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// The blob, if it is here and whole; what is damaged counts as missing.
    pub fn whole(&self, digest: &Digest, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        Ok(match self.read(digest, limit)? {
            Found::Whole(bytes) => Some(bytes),
            Found::Damaged | Found::Missing => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_has_come_to_use_is_not_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let drop_one = |meanwhile: &dyn Fn(&Digest)| {
            store.put(b"a blob").unwrap();
            let mut in_use = InUse::of(&store, &HashSet::new()).unwrap();
            let (blobs, _) = store.blobs().unwrap();
            let [blob] = blobs.as_slice() else {
                panic!("{} blobs", blobs.len())
            };
            assert!(!in_use.has(&blob.digest));
            meanwhile(&blob.digest);
            store.drop_unused(blob, &mut in_use).unwrap()
        };
        let read = |digest: &Digest| {
            let later = SystemTime::now() + Duration::from_secs(1);
            let blob = File::options().append(true).open(store.path(digest));
            blob.unwrap().set_modified(later).unwrap();
        };
        assert_eq!(drop_one(&read), Fate::Used);
        let lease = std::cell::OnceCell::new();
        let hold = |digest: &Digest| {
            let held = store.hold(&HashSet::from([*digest])).unwrap();
            assert!(lease.set(held).is_ok());
        };
        assert_eq!(drop_one(&hold), Fate::Used);
        drop(lease);
        assert_eq!(drop_one(&|_| {}), Fate::Dropped);
        let collected = |digest: &Digest| fs::remove_file(store.path(digest)).unwrap();
        assert_eq!(drop_one(&collected), Fate::Gone);
    }

    #[test]
    fn what_another_collection_has_removed_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tag");
        fs::write(&path, "").unwrap();
        assert!(remove(&path).unwrap());
        assert!(!remove(&path).unwrap());
        assert!(remove(folder.path()).is_err());
    }
}
