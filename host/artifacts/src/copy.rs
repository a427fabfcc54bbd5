//! Taking artifacts from one repository to another, with all that is in them.

use crate::manifest::{Descriptor, Manifest};
use crate::place::{Place, Source};
use crate::push::{Bytes, check_target, described, pushed};
use crate::reference::Location;
use crate::{Artifacts, Digest, Error, Pushed, Reference};

/// Indexes within indexes: more than any has.
const DEEPEST: u32 = 4;

impl Artifacts {
    /// Copies an artifact of any kind with all that is in it, and its signatures: to another repository, into a layout,
    /// or out of one. It is not judged, as it is not run. A target without a tag gets that of the source.
    pub fn copy(&self, from: &Reference, to: &Reference) -> Result<Pushed, Error> {
        let resolved = self.resolve(from)?;
        check_target(to, &resolved.digest)?;
        let target = to.tagged(to.tag().or(from.tag()).unwrap_or("latest"))?;
        let place = self.place(to);
        let transfer = self.transfer(from, to, &*place);
        let mut bytes = Bytes::default();
        // The tag comes last: whoever watches it and wants signatures finds them.
        if let Some((tag, signatures)) = self.signatures_of(from, &resolved.digest)? {
            transfer.put(&signatures, Some(&tag), &mut bytes)?;
        }
        for bundle in self.bundle_manifests(&*transfer.source, &resolved.digest)? {
            transfer.put(&bundle.digest, None, &mut bytes)?;
        }
        transfer.put(&resolved.digest, target.tag(), &mut bytes)?;
        place.finish()?;
        Ok(pushed(&target, resolved.digest, &bytes))
    }

    /// A way from one repository to another.
    pub(crate) fn transfer<'a>(
        &'a self,
        from: &'a Reference,
        to: &Reference,
        target: &'a dyn Place,
    ) -> Transfer<'a> {
        Transfer {
            artifacts: self,
            neighbour: neighbour(from, to),
            source: self.place(from),
            target,
        }
    }
}

/// A way from one repository to another.
pub(crate) struct Transfer<'a> {
    artifacts: &'a Artifacts,
    source: Box<dyn Place>,
    target: &'a dyn Place,
    /// The source's path, where both are on one registry: blobs are taken over there without coming here.
    neighbour: Option<&'a str>,
}

impl Transfer<'_> {
    /// Takes a manifest over and all that it names.
    pub fn put(
        &self,
        digest: &Digest,
        tag: Option<&str>,
        bytes: &mut Bytes,
    ) -> Result<Descriptor, Error> {
        self.put_within(digest, tag, bytes, 0)
    }

    fn put_within(
        &self,
        digest: &Digest,
        tag: Option<&str>,
        bytes: &mut Bytes,
        depth: u32,
    ) -> Result<Descriptor, Error> {
        let manifest = self.artifacts.manifest_bytes(digest, &[&*self.source])?;
        let parsed = Manifest::parse(self.source.name(), &manifest)?;
        match &parsed {
            Manifest::Index(index) if depth < DEEPEST => {
                for entry in &index.manifests {
                    self.put_within(&entry.digest, None, bytes, depth + 1)?;
                }
            }
            Manifest::Index(_) => {
                return Err(Error::Manifest {
                    place: self.source.name().to_owned(),
                    digest: *digest,
                    detail: "it has indexes within indexes within indexes".to_owned(),
                });
            }
            Manifest::Artifact(_) => {
                for blob in parsed.names() {
                    self.put_blob(blob, bytes)?;
                }
            }
        }
        self.target
            .put_manifest(&manifest, parsed.content_type(), tag)?;
        Ok(described(&parsed, &manifest))
    }

    fn put_blob(&self, blob: &Descriptor, bytes: &mut Bytes) -> Result<(), Error> {
        let there = self.target.has_blob(&blob.digest)?;
        let taken_over = |repository| self.target.mount_blob(&blob.digest, repository);
        if there || self.neighbour.map_or(Ok(false), taken_over)? {
            bytes.there += blob.size;
            return Ok(());
        }
        let limit = self.artifacts.options.limits.model;
        self.artifacts
            .blob_file("blob", blob, limit, &[&*self.source])?;
        let file = Source::File(self.artifacts.store.path(&blob.digest));
        self.artifacts.put_blob(blob, file, self.target, bytes)
    }
}

/// The path of `from`, where it is another repository of the same registry.
fn neighbour<'a>(from: &'a Reference, to: &Reference) -> Option<&'a str> {
    match (from.location(), to.location()) {
        (
            Location::Registry { host, repository },
            Location::Registry {
                host: there,
                repository: other,
            },
        ) if host == there && repository != other => Some(repository),
        _ => None,
    }
}
