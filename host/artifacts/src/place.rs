//! Where repositories are: on a registry, in a layout's folder or in its tar.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Descriptor, Digest, Error, Progress};

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

    /// Has the place take over a blob from another repository of the same registry; says whether it did.
    fn mount_blob(&self, digest: &Digest, repository: &str) -> Result<bool, Error> {
        let _ = (digest, repository);
        Ok(false)
    }

    /// Puts a blob there.
    fn put_blob(&self, content: &Content) -> Result<(), Error>;

    /// The manifests of artifacts of this type that say they are about this one. Whether they are is to be looked at.
    fn referrers(
        &self,
        digest: &Digest,
        artifact_type: &str,
        limit: u64,
    ) -> Result<Vec<Descriptor>, Error>;

    /// What it means that a blob ends too soon.
    fn broken_off(&self, digest: &Digest, detail: String) -> Error;

    /// Puts a manifest there, under a tag where one is given. What it names is there already. One that is about another
    /// is found among that one's referrers from then on.
    fn put_manifest(
        &self,
        manifest: &[u8],
        media_type: &str,
        tag: Option<&str>,
    ) -> Result<(), Error>;

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
pub(crate) struct Content {
    /// Where it is.
    pub source: Source,
    /// Its digest.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// Who is told how far it is.
    pub progress: Arc<dyn Progress>,
}

/// Where content is that is pushed.
pub(crate) enum Source {
    /// At hand.
    Memory(Vec<u8>),
    /// In a file.
    File(PathBuf),
}

impl Content {
    /// Reads it from its beginning, and tells how far it was read.
    pub fn open(&self) -> io::Result<impl Read + '_> {
        let inner: Box<dyn Read + '_> = match &self.source {
            Source::Memory(bytes) => Box::new(&bytes[..]),
            Source::File(path) => Box::new(File::open(path)?),
        };
        Ok(Told {
            inner,
            content: self,
            done: 0,
        })
    }
}

/// Content that is read.
struct Told<'a> {
    inner: Box<dyn Read + 'a>,
    content: &'a Content,
    done: u64,
}

impl Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.done += length as u64;
        let content = self.content;
        content
            .progress
            .blob(&content.digest, self.done, content.size);
        Ok(length)
    }
}

/// Reads all of something that has at most `limit` bytes; none if there are more.
pub(crate) fn read_up_to(reader: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}
