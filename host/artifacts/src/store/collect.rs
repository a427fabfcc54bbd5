//! Dropping what is not used, and looking whether all is whole.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::{Found, Store};
use crate::manifest::Manifest;
use crate::{Digest, Error};

/// No manifest is larger.
const MANIFEST: u64 = 16 << 20;

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

impl Store {
    /// Drops what was not used for longer than is kept, then what was used longest ago until there are not more bytes
    /// than are kept. What `in_use` or a [`Lease`](super::Lease) of any process leads to stays: manifests with what
    /// they name, and signatures.
    pub fn collect(&self, keep: &Keep, in_use: &HashSet<Digest>) -> Result<Collected, Error> {
        let fails = |error: &io::Error| Error::disk(self.folder(), "collected", error);
        let now = SystemTime::now();
        let mut roots = in_use.clone();
        roots.extend(self.held().map_err(|error| fails(&error))?);
        let kept_in_use = self.reachable(roots).map_err(|error| fails(&error))?;
        let (mut blobs, _) = self.blobs().map_err(|error| fails(&error))?;
        blobs.sort_by_key(|blob| blob.used);
        let mut total: u64 = blobs.iter().map(|blob| blob.bytes).sum();
        let mut collected = Collected::default();
        for blob in &blobs {
            let used = kept_in_use.contains(&blob.digest);
            let age = now.duration_since(blob.used).unwrap_or_default();
            let old = keep.max_age.is_some_and(|most| age > most);
            let over = keep.max_bytes.is_some_and(|most| total > most);
            if !used && age >= keep.spare && (old || over) {
                match fs::remove_file(self.path(&blob.digest)) {
                    Ok(()) => {
                        total -= blob.bytes;
                        collected.dropped += 1;
                        collected.freed += blob.bytes;
                        continue;
                    }
                    // Another collection was faster.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(fails(&error)),
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
            if !self.keep_if_whole(&blob.digest)? {
                report.damaged.push(blob.digest);
            }
        }
        Ok(report)
    }

    /// These and all that they name; signatures are named by their tags.
    fn reachable(&self, roots: HashSet<Digest>) -> io::Result<HashSet<Digest>> {
        let signatures: Vec<(String, Digest)> = self
            .tags()?
            .into_iter()
            .filter_map(|(_, tag, digest)| Some((tag, digest?)))
            .filter(|(tag, _)| tag.starts_with("sha256-"))
            .collect();
        let mut reached = HashSet::new();
        let mut waiting: Vec<Digest> = roots.into_iter().collect();
        while let Some(digest) = waiting.pop() {
            if !reached.insert(digest) {
                continue;
            }
            let tag = format!("sha256-{}", digest.hex());
            let of_this = |name: &str| name.strip_suffix(".sig").unwrap_or(name) == tag;
            waiting.extend(
                signatures
                    .iter()
                    .filter(|(name, _)| of_this(name))
                    .map(|s| s.1),
            );
            if self.size(&digest).is_some_and(|size| size <= MANIFEST)
                && let Ok(bytes) = fs::read(self.path(&digest))
                && let Ok(manifest) = Manifest::parse("", &bytes)
            {
                waiting.extend(manifest.names().map(|named| named.digest));
            }
        }
        Ok(reached)
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
                fs::remove_file(&path)?;
                freed += about.len();
            }
        }
        Ok(freed)
    }

    /// Drops the tags that lead to what is not here any more.
    fn drop_tags(&self) -> io::Result<()> {
        for (path, _, digest) in self.tags()? {
            if digest.is_none_or(|digest| self.size(&digest).is_none()) {
                fs::remove_file(path)?;
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
