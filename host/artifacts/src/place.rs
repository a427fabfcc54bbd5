//! Where repositories are: on a registry, in a layout's folder or in its tar.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;

use crate::{Descriptor, Digest, Error};

/// One repository.
pub(crate) trait Place: Send + Sync {
    /// Its name, for people.
    fn name(&self) -> &str;

    /// The manifest with this tag, or the usual one, as the bytes that the place has.
    fn tagged(&self, tag: Option<&str>, limit: u64) -> Result<Vec<u8>, Error>;

    /// The bytes of the manifest with this digest. They were not hashed.
    fn manifest(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, Error>;

    /// The bytes of a blob, from this one on where the place can do that.
    fn blob(&self, digest: &Digest, from: u64) -> Result<Body, Error>;

    /// Whether the blob is there.
    fn has_blob(&self, digest: &Digest) -> Result<bool, Error>;

    /// Puts a blob there, and says whether its bytes were sent: a registry may have it in `elsewhere`, another
    /// repository of its own.
    fn put_blob(
        &self,
        blob: &Descriptor,
        content: &Content,
        elsewhere: Option<&str>,
    ) -> Result<bool, Error>;

    /// Puts a manifest there, under a tag where one is given. What it names is there already.
    fn put_manifest(&self, manifest: &[u8], media_type: &str, tag: Option<&str>)
    -> Result<(), Error>;

    /// Called when all was put.
    fn finish(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// The bytes of a blob, as they come.
pub(crate) struct Body {
    /// The first byte's place in the blob: 0, where the place could not begin later.
    pub from: u64,
    /// The bytes. An error in reading them may pass.
    pub reader: Box<dyn Read + Send>,
}

/// The content of a blob that is pushed.
pub(crate) enum Content {
    /// At hand.
    Memory(Vec<u8>),
    /// In a file.
    File(PathBuf),
}

impl Content {
    /// Reads it from its beginning.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(match self {
            Self::Memory(bytes) => Box::new(Cursor::new(bytes)),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }
}

/// Reads all of something that has at most `limit` bytes; none if there are more.
pub(crate) fn read_up_to(reader: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}
