//! Putting artifacts into repositories.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::artifact::Artifact;
use crate::kind::{Kind, media_type};
use crate::make::Annotations;
use crate::manifest::{Descriptor, Index, Manifest};
use crate::place::{Content, Place, Source};
use crate::pull::PART;
use crate::{Artifacts, Digest, Error, Reference};

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Where it is now, with tag and digest.
    pub reference: Reference,
    /// The digest of its manifest.
    pub digest: Digest,
    /// Bytes of blobs that were sent.
    pub bytes_sent: u64,
    /// Bytes of blobs that were there before.
    pub bytes_there: u64,
}

/// A part of a pipeline that is pushed.
#[derive(Clone, Debug)]
pub enum Part {
    /// Made here.
    Made(Artifact),
    /// From a repository. It goes with the pipeline into the pipeline's own.
    From(Reference),
}

/// How many bytes there were.
#[derive(Default)]
pub(crate) struct Bytes {
    pub sent: u64,
    pub there: u64,
}

impl Artifacts {
    /// Pushes an artifact. A target without a tag is tagged `latest`.
    pub fn push(&self, artifact: Artifact, target: &Reference) -> Result<Pushed, Error> {
        let place = self.place(target);
        let manifest = artifact.manifest();
        let digest = Digest::of(&manifest);
        check_target(target, &digest)?;
        let mut bytes = Bytes::default();
        self.put_blobs(artifact, &*place, &mut bytes)?;
        place.put_manifest(&manifest, media_type::MANIFEST, Some(tag(target)))?;
        place.finish()?;
        Ok(pushed(target, digest, &bytes))
    }

    /// Pushes a pipeline: its file and all its parts, by `stages.NAME` and `models.NAME`, as one index. What is from
    /// other repositories is put into this one too, so that it has everything.
    pub fn push_pipeline(
        &self,
        file: &str,
        parts: BTreeMap<String, Part>,
        annotations: Annotations,
        target: &Reference,
    ) -> Result<Pushed, Error> {
        let place = self.place(target);
        let mut bytes = Bytes::default();
        let mut manifests =
            vec![self.put_part(Artifact::pipeline_file(file), &*place, &mut bytes)?];
        for (name, part) in parts {
            let mut descriptor = match part {
                Part::Made(artifact) => self.put_part(artifact, &*place, &mut bytes)?,
                Part::From(reference) => {
                    self.may_be_trusted(&reference)?;
                    let (resolved, manifest) = self.manifest(&reference)?;
                    self.judge(&reference, &resolved.digest)?;
                    check_part(&reference, &name, &manifest)?;
                    self.transfer(&reference, target, &*place).put(
                        &resolved.digest,
                        None,
                        &mut bytes,
                    )?
                }
            };
            descriptor.annotations.insert(PART.to_owned(), name);
            manifests.push(descriptor);
        }
        let index = Index {
            artifact_type: Some(media_type::PIPELINE.to_owned()),
            annotations,
            ..Index::of(manifests)
        }
        .bytes();
        let digest = Digest::of(&index);
        check_target(target, &digest)?;
        place.put_manifest(&index, media_type::INDEX, Some(tag(target)))?;
        place.finish()?;
        Ok(pushed(target, digest, &bytes))
    }

    /// Puts an artifact there without a tag.
    fn put_part(
        &self,
        artifact: Artifact,
        place: &dyn Place,
        bytes: &mut Bytes,
    ) -> Result<Descriptor, Error> {
        let manifest = artifact.manifest();
        let parsed = Manifest::parse(place.name(), &manifest)?;
        self.put_blobs(artifact, place, bytes)?;
        place.put_manifest(&manifest, media_type::MANIFEST, None)?;
        Ok(described(&parsed, &manifest))
    }

    fn put_blobs(
        &self,
        artifact: Artifact,
        place: &dyn Place,
        bytes: &mut Bytes,
    ) -> Result<(), Error> {
        for (blob, content) in artifact.into_blobs() {
            if place.has_blob(&blob.digest)? {
                bytes.there += blob.size;
                continue;
            }
            self.put_blob(&blob, Source::Memory(content), place, bytes)?;
        }
        Ok(())
    }

    pub(crate) fn put_blob(
        &self,
        blob: &Descriptor,
        source: Source,
        place: &dyn Place,
        bytes: &mut Bytes,
    ) -> Result<(), Error> {
        let content = Content {
            source,
            digest: blob.digest,
            size: blob.size,
            progress: Arc::clone(&self.options.progress),
        };
        place.put_blob(&content)?;
        bytes.sent += blob.size;
        Ok(())
    }
}

/// A manifest's descriptor as an index has it.
pub(crate) fn described(parsed: &Manifest, manifest: &[u8]) -> Descriptor {
    Descriptor {
        artifact_type: parsed.artifact_type().map(str::to_owned),
        ..Descriptor::of(parsed.content_type(), manifest)
    }
}

/// A stage is a stage, and a model a model or a gallery.
fn check_part(reference: &Reference, name: &str, manifest: &Manifest) -> Result<(), Error> {
    let expected = if name.starts_with("stages.") {
        Kind::Stage
    } else {
        Kind::Model
    };
    match manifest.kind() {
        Some(kind) if kind == expected => Ok(()),
        Some(Kind::Gallery) if expected == Kind::Model => Ok(()),
        _ => Err(Error::WrongKind {
            place: reference.to_string(),
            found: manifest.described(),
            expected,
        }),
    }
}

/// A target may say beforehand which digest it is to get.
pub(crate) fn check_target(target: &Reference, digest: &Digest) -> Result<(), Error> {
    match target.digest() {
        Some(wanted) if wanted != digest => Err(Error::WrongDigest {
            place: "what should be pushed".to_owned(),
            wanted: *wanted,
            found: *digest,
        }),
        _ => Ok(()),
    }
}

fn tag(target: &Reference) -> &str {
    target.tag().unwrap_or("latest")
}

pub(crate) fn pushed(target: &Reference, digest: Digest, bytes: &Bytes) -> Pushed {
    Pushed {
        reference: target.pinned(digest),
        digest,
        bytes_sent: bytes.sent,
        bytes_there: bytes.there,
    }
}
