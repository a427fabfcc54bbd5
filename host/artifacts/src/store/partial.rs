//! A blob on its way into the store.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::Store;
use super::disk::Disk;
use crate::digest::Digester;
use crate::{Digest, Error};

/// Whether there is anything to fetch.
pub(crate) enum Begun {
    /// The blob is there, perhaps since a moment ago and from another process.
    There,
    /// It is this caller's to fetch.
    Partial(Box<Partial>),
}

/// What there is of a blob. It is this process's alone until it is dropped; what was written stays for the next one to
/// go on with.
pub(crate) struct Partial {
    file: File,
    path: PathBuf,
    blob: PathBuf,
    digest: Digest,
    size: u64,
    length: u64,
    digester: Digester,
    /// Whether the first of these bytes were here before: they may be what a crash left.
    inherited: bool,
    disk: Disk,
}

impl Store {
    /// Begins or goes on with a blob of this size. Waits while another thread or process is at it.
    pub fn begin(&self, digest: &Digest, size: u64) -> Result<Begun, Error> {
        let path = self
            .folder()
            .join("partial")
            .join(format!("sha256-{}", digest.hex()));
        loop {
            match self.size(digest) {
                Some(found) if found == size => return Ok(Begun::There),
                Some(_) => self.drop_damaged(digest),
                None => {}
            }
            let fails = |error: &io::Error| Error::disk(&path, "written", error);
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(|error| fails(&error))?;
            file.lock().map_err(|error| fails(&error))?;
            if !is_at(&file, &path) || self.size(digest).is_some() {
                // Who had the lock has finished: the file that was opened is the blob now, or a new one beside it.
                if is_at(&file, &path) {
                    let _ = fs::remove_file(&path);
                }
                continue;
            }
            let mut digester = Digester::default();
            let length = digester
                .update_from(&mut file)
                .map_err(|error| fails(&error))?;
            let mut partial = Partial {
                file,
                path,
                blob: self.path(digest),
                digest: *digest,
                size,
                length,
                digester,
                inherited: length > 0,
                disk: self.disk.clone(),
            };
            if length > size {
                partial.restart()?;
            }
            return Ok(Begun::Partial(Box::new(partial)));
        }
    }
}

/// Whether an open file is still the one at this path.
fn is_at(file: &File, path: &PathBuf) -> bool {
    let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The blob is in the store.
    Done,
    /// What an earlier, broken-off fetch left does not go with the rest. All of it was dropped: fetch it once more.
    BadBeginning,
    /// It has another digest, and was dropped.
    Wrong(Digest),
}

impl Partial {
    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Which blob it is.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many bytes the whole has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Begins anew.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.length = 0;
        self.inherited = false;
        self.digester = Digester::default();
        self.file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)).map(drop))
            .map_err(|error| Error::disk(&self.path, "written", &error))
    }

    /// Whether this many more bytes are too many.
    pub fn overflows(&self, more: usize) -> bool {
        self.length + more as u64 > self.size
    }

    /// Takes the next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Err(error) = self.file.write_all(bytes) {
            // A full disk is not left full.
            let _ = fs::remove_file(&self.path);
            return Err(Error::disk(&self.path, "written", &error));
        }
        self.digester.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Drops all of it.
    pub fn discard(self) {
        let _ = fs::remove_file(&self.path);
    }

    /// Puts it into the store, if it is what it should be.
    pub fn finish(mut self) -> Result<Finish, Error> {
        let found = std::mem::take(&mut self.digester).finish();
        if found != self.digest {
            let inherited = self.inherited;
            self.discard();
            return Ok(if inherited {
                Finish::BadBeginning
            } else {
                Finish::Wrong(found)
            });
        }
        if let Err(error) = fs::rename(&self.path, &self.blob) {
            let _ = fs::remove_file(&self.path);
            return Err(Error::disk(&self.blob, "written", &error));
        }
        self.disk.reaches(self.file, self.blob);
        Ok(Finish::Done)
    }
}
