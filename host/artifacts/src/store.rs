//! The store: content by its digest, in one folder that any number of hosts share.
//!
//! ```text
//! blobs/sha256/HEX        whole blobs, manifests among them; the name is the digest
//! partial/sha256-HEX      blobs that are on their way, locked by who fetches them
//! refs/REGISTRY/REPO:TAG  the digest that a tag last led to
//! leases/                 what running hosts use, each file locked by its host
//! ```
//!
//! A blob comes under its name at once and whole: it is written and hashed beside, then renamed; a thread of its own has
//! it reach the disk. It is hashed again whenever it is read for use. All locks are flock's: they end with the process that has them.

mod collect;
mod disk;
mod in_use;
mod lease;
mod partial;
mod tags;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::digest::Digester;
use crate::{Digest, Error};
use disk::Disk;

pub use collect::{Collected, Keep, Report};
pub use lease::Lease;
pub(crate) use partial::{Begun, Finish, Partial};

/// The folder with all content.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    disk: Disk,
}

/// What the store has under a digest.
#[derive(Debug)]
pub(crate) enum Found {
    /// The content, hashed just now.
    Whole(Vec<u8>),
    /// Something else lay there. It was removed, where that could be done.
    Damaged,
    /// Nothing.
    Missing,
}

impl Store {
    /// The store in this folder, which is made if it is not there and can be.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let store = Self {
            folder: folder.to_owned(),
            disk: Disk::default(),
        };
        for part in ["blobs/sha256", "partial", "refs", "leases"] {
            let path = store.folder.join(part);
            if let Err(error) = fs::create_dir_all(&path) {
                // A store that can only be read still serves what it has.
                if store.folder.join("blobs/sha256").is_dir() && is_read_only(&error) {
                    break;
                }
                return Err(Error::disk(path, "made", &error));
            }
        }
        Ok(store)
    }

    /// The store's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a blob is, or would be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest.hex())
    }

    /// How many bytes the blob has, where there is one. What is in it was not looked at.
    pub fn size(&self, digest: &Digest) -> Option<u64> {
        fs::metadata(self.path(digest))
            .ok()
            .filter(fs::Metadata::is_file)
            .map(|blob| blob.len())
    }

    /// Reads a blob for use, and notes that it was used. More than `limit` bytes are no blob that was asked for.
    pub fn read(&self, digest: &Digest, limit: u64) -> Result<Found, Error> {
        let path = self.path(digest);
        let fails = |error: &io::Error| Error::disk(&path, "read", error);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Missing),
            Err(error) => return Err(fails(&error)),
        };
        let size = file.metadata().map_err(|error| fails(&error))?.len();
        if size > limit && self.is_whole(digest)? {
            return Err(Error::Content {
                what: format!("the blob {digest} in the store"),
                detail: format!("it has {size} bytes where at most {limit} are taken"),
            });
        }
        let mut bytes = Vec::new();
        bytes.reserve_exact(usize::try_from(size.min(limit)).unwrap_or_default());
        match (&file).take(limit).read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if is_media_error(&error) => bytes.clear(),
            Err(error) => return Err(fails(&error)),
        }
        if Digest::of(&bytes) == *digest {
            touch(&file);
            return Ok(Found::Whole(bytes));
        }
        self.drop_damaged(digest);
        Ok(Found::Damaged)
    }

    /// Whether what lies under the digest hashes to it.
    fn is_whole(&self, digest: &Digest) -> Result<bool, Error> {
        let path = self.path(digest);
        let mut digester = Digester::default();
        let hashed = File::open(&path).and_then(|mut file| digester.update_from(&mut file));
        match hashed {
            Ok(_) => Ok(digester.finish() == *digest),
            Err(error) if is_media_error(&error) => Ok(false),
            Err(error) => Err(Error::disk(path, "read", &error)),
        }
    }

    /// Whether what lies under the digest hashes to it. If not, it is dropped.
    pub fn keep_if_whole(&self, digest: &Digest) -> Result<bool, Error> {
        let whole = self.is_whole(digest)?;
        if !whole {
            self.drop_damaged(digest);
        }
        Ok(whole)
    }

    fn drop_damaged(&self, digest: &Digest) {
        let folder = self.folder.display();
        match fs::remove_file(self.path(digest)) {
            Ok(()) => {
                tracing::warn!(%digest, store = %folder, "a damaged blob was dropped from the store")
            }
            Err(error) => {
                tracing::warn!(%digest, store = %folder, %error, "a damaged blob cannot be dropped from the store");
            }
        }
    }

    /// Puts content into the store that is at hand.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::of(bytes);
        if let Begun::Partial(mut partial) = self.begin(&digest, bytes.len() as u64)? {
            partial.restart()?;
            partial.write(bytes)?;
            partial.finish()?;
        }
        Ok(digest)
    }

    /// Writes a small file at once and whole.
    fn replace(&self, path: &Path, content: &[u8]) -> Result<(), Error> {
        let folder = path.parent().unwrap_or(&self.folder);
        let write = || {
            fs::create_dir_all(folder)?;
            let mut file = self.scratch()?;
            io::Write::write_all(&mut file, content)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            sync(folder)
        };
        write().map_err(|error| Error::disk(path, "written", &error))
    }

    /// A file that gets its name later. What a crash leaves of it goes with the blobs that nobody fetches any more.
    fn scratch(&self) -> io::Result<tempfile::NamedTempFile> {
        let file = tempfile::NamedTempFile::new_in(self.folder.join("partial"))?;
        // Nobody takes it for what a crash left.
        file.as_file().lock()?;
        Ok(file)
    }
}

/// Whether a file system refused to be written to.
fn is_read_only(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
    )
}

/// Whether a disk cannot give back what was written, which is as good as altered.
fn is_media_error(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    error.raw_os_error() == Some(EIO)
}

/// Notes that a blob is used. That is of use to the next collection only, so it may fail.
fn touch(blob: &File) {
    let _ = blob.set_modified(SystemTime::now());
}

/// Makes renames and removals in a folder last.
fn sync(folder: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).open(folder)?.sync_all()
}
