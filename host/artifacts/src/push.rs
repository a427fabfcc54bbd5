//! Putting artifacts into repositories.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::artifact::Artifact;
use crate::kind::{Kind, media_type};
use crate::make::Annotations;
use crate::manifest::{Descriptor, Index, Manifest};
use crate::place::{Content, Place, Source};
use crate::pull::PART;
use crate::reference::Location;
use crate::{Artifacts, Digest, Error, Reference};

/// Indexes within indexes: more than any has.
const DEEPEST: u32 = 4;

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

#[derive(Default)]
struct Bytes {
    sent: u64,
    there: u64,
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
                    let (resolved, manifest) = self.manifest(&reference)?;
                    self.judge(&reference, &resolved.digest)?;
                    check_part(&reference, &name, &manifest)?;
                    self.transfer(
                        &resolved.digest,
                        &reference,
                        &*place,
                        target,
                        None,
                        &mut bytes,
                        0,
                    )?
                }
            };
            descriptor.annotations.insert(PART.to_owned(), name);
            manifests.push(descriptor);
        }
        let index = Index {
            schema_version: 2,
            media_type: Some(media_type::INDEX.to_owned()),
            artifact_type: Some(media_type::PIPELINE.to_owned()),
            manifests,
            annotations,
        };
        let index = serde_json::to_vec(&index).unwrap_or_default();
        let digest = Digest::of(&index);
        check_target(target, &digest)?;
        place.put_manifest(&index, media_type::INDEX, Some(tag(target)))?;
        place.finish()?;
        Ok(pushed(target, digest, &bytes))
    }

    /// Copies an artifact of any kind with all that is in it, and its signatures: to another repository, into a layout,
    /// or out of one. It is not judged, as it is not run.
    pub fn copy(&self, from: &Reference, to: &Reference) -> Result<Pushed, Error> {
        let resolved = self.resolve(from)?;
        check_target(to, &resolved.digest)?;
        let place = self.place(to);
        let mut bytes = Bytes::default();
        let tag = Some(to.tag().or(from.tag()).unwrap_or("latest"));
        self.transfer(&resolved.digest, from, &*place, to, tag, &mut bytes, 0)?;
        self.signatures(from, &resolved.digest)?;
        let signed = from.tagged(&format!("sha256-{}.sig", resolved.digest.hex()))?;
        if let Some(signatures) = self.store.noted_tag(&signed) {
            self.transfer(&signatures, from, &*place, to, signed.tag(), &mut bytes, 0)?;
        }
        place.finish()?;
        let reference = tag.map_or_else(|| Ok(to.clone()), |tag| to.tagged(tag))?;
        Ok(pushed(&reference, resolved.digest, &bytes))
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

    fn put_blob(
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

    /// Puts a manifest and all that it names from one repository into another. On one registry, blobs are taken over
    /// without coming here.
    #[expect(
        clippy::too_many_arguments,
        reason = "it calls itself with all but two of them"
    )]
    fn transfer(
        &self,
        digest: &Digest,
        from: &Reference,
        place: &dyn Place,
        to: &Reference,
        tag: Option<&str>,
        bytes: &mut Bytes,
        depth: u32,
    ) -> Result<Descriptor, Error> {
        let source = self.place(from);
        let manifest = self.manifest_bytes(digest, &[&*source])?;
        let parsed = Manifest::parse(source.name(), &manifest)?;
        match &parsed {
            Manifest::Index(index) if depth < DEEPEST => {
                for entry in &index.manifests {
                    self.transfer(&entry.digest, from, place, to, None, bytes, depth + 1)?;
                }
            }
            Manifest::Index(_) => {
                return Err(Error::Manifest {
                    place: source.name().to_owned(),
                    digest: *digest,
                    detail: "it has indexes within indexes within indexes".to_owned(),
                });
            }
            Manifest::Artifact(_) => {
                for blob in parsed.names() {
                    let mounted = || match neighbour(from, to) {
                        Some(repository) => place.mount_blob(&blob.digest, repository),
                        None => Ok(false),
                    };
                    if place.has_blob(&blob.digest)? || mounted()? {
                        bytes.there += blob.size;
                        continue;
                    }
                    self.blob_file("blob", blob, self.options.limits.model, &[&*source])?;
                    let path = self.store.path(&blob.digest);
                    self.put_blob(blob, Source::File(path), place, bytes)?;
                }
            }
        }
        place.put_manifest(&manifest, parsed.content_type(), tag)?;
        Ok(described(&parsed, &manifest))
    }
}

/// The repository of `from`, where it is another one of the same registry.
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

/// A manifest's descriptor as an index has it.
fn described(parsed: &Manifest, manifest: &[u8]) -> Descriptor {
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
fn check_target(target: &Reference, digest: &Digest) -> Result<(), Error> {
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

fn pushed(target: &Reference, digest: Digest, bytes: &Bytes) -> Pushed {
    Pushed {
        reference: target.pinned(digest),
        digest,
        bytes_sent: bytes.sent,
        bytes_there: bytes.there,
    }
}
