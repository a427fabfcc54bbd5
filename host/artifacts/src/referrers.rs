//! Manifests that are about another: OCI's referrers, and signatures that are kept so.
//!
//! cosign has kept its signatures in bundles since version 3, each in an artifact whose `subject` is the signed one
//! (<https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md>). A registry lists what is about a manifest
//! under `/v2/NAME/referrers/DIGEST`; where one has no such list, clients keep it as an index with the tag
//! `sha256-HEX`. Anybody who may push can add to the list: nothing in it is trusted, and only so much of it is read.

use crate::kind::media_type;
use crate::manifest::{Descriptor, Index, Manifest};
use crate::place::Place;
use crate::{Annotations, Artifacts, Digest, Error, Reference, Signature};

/// More bundles are not read: each is two requests.
const MOST: usize = 16;
/// More manifests of a layout are not looked at for what they are about.
const MOST_IN_LAYOUT: usize = 1024;
/// What a bundle's statement is about, and what it must be to be a signature.
const PREDICATE: &str = "dev.sigstore.bundle.predicateType";
const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

impl Artifacts {
    /// The bundles that are about an artifact, as its repository has them. One that cannot be read does not stand in
    /// another's way.
    pub(crate) fn bundles(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Vec<Signature>, Error> {
        let place = self.place(reference);
        let manifests = self.bundle_manifests(&*place, digest)?;
        let bundles = self.read_bundles(&manifests, digest, &[&*place])?;
        if !bundles.is_empty() {
            // For a start without the registry.
            let noted = self.store.put(&Index::of(manifests).bytes());
            let tag = reference.tagged(&tag(digest))?;
            noted.and_then(|index| self.store.note_tag(&tag, &index))?;
        }
        Ok(bundles)
    }

    /// Those that the store has.
    pub(crate) fn stored_bundles(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Vec<Signature>, Error> {
        let noted = self.store.noted_tag(&reference.tagged(&tag(digest))?);
        let limit = self.options.limits.document;
        let index = noted.and_then(|noted| self.store.whole(&noted, limit).ok().flatten());
        match index.map(|index| Manifest::parse("the store", &index)) {
            Some(Ok(Manifest::Index(index))) => self.read_bundles(&index.manifests, digest, &[]),
            _ => Ok(Vec::new()),
        }
    }

    /// Which manifests those are.
    pub(crate) fn bundle_manifests(
        &self,
        place: &dyn Place,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, Error> {
        let limit = self.options.limits.document;
        let mut found = place.referrers(digest, media_type::BUNDLE, limit)?;
        // What describes how the artifact was made, for example, must not crowd out who signed it.
        found.retain(|entry| may_sign(&entry.annotations));
        if found.len() > MOST {
            tracing::warn!(place = place.name(), %digest, "only {MOST} of {} signatures are read", found.len());
            found.truncate(MOST);
        }
        Ok(found)
    }

    fn read_bundles(
        &self,
        manifests: &[Descriptor],
        digest: &Digest,
        places: &[&dyn Place],
    ) -> Result<Vec<Signature>, Error> {
        let mut bundles = Vec::new();
        for entry in manifests.iter().take(MOST) {
            match self.read_bundle(&entry.digest, digest, places) {
                Ok(bundle) => bundles.extend(bundle),
                Err(error) if error.passes() => return Err(error),
                Err(error) => {
                    tracing::warn!(bundle = %entry.digest, %error, "a signature cannot be read");
                }
            }
        }
        Ok(bundles)
    }

    /// The bundle of one manifest, if that is about this artifact.
    fn read_bundle(
        &self,
        manifest: &Digest,
        about: &Digest,
        places: &[&dyn Place],
    ) -> Result<Option<Signature>, Error> {
        let name = places.first().map_or("the store", |place| place.name());
        let bytes = self.manifest_bytes(manifest, places)?;
        let Manifest::Artifact(manifest) = Manifest::parse(name, &bytes)? else {
            return Ok(None);
        };
        let [layer] = manifest.layers.as_slice() else {
            return Ok(None);
        };
        let subject = manifest.subject.as_ref().map(|subject| subject.digest);
        let is_bundle = layer.media_type == media_type::BUNDLE && may_sign(&manifest.annotations);
        if subject != Some(*about) || !is_bundle {
            return Ok(None);
        }
        let limit = self.options.limits.document;
        Ok(Some(Signature {
            media_type: layer.media_type.clone(),
            payload: self.blob_bytes("signature's bundle", layer, limit, places)?,
            annotations: layer.annotations.clone(),
        }))
    }
}

/// Whether a bundle with these annotations may be a signature.
fn may_sign(annotations: &Annotations) -> bool {
    annotations.get(PREDICATE).is_none_or(|it| it == SIGN)
}

/// The tag of the list, where the registry keeps none.
pub(crate) fn tag(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}

/// Those of an index that may be of this type. Not everybody says it there, and cosign's library has the type of the
/// config, which is empty, in the lists that it keeps itself: what it is, the manifest says.
pub(crate) fn of_type(index: &Index, artifact_type: &str) -> Vec<Descriptor> {
    let known = [Some(artifact_type), Some(media_type::EMPTY), None];
    let entries = index.manifests.iter();
    entries
        .filter(|entry| known.contains(&entry.artifact_type.as_deref()))
        .cloned()
        .collect()
}

/// A manifest as the list of the one that it is about has it, and which that is; none for one that is about none.
pub(crate) fn entry(place: &str, manifest: &[u8]) -> Result<Option<(Digest, Descriptor)>, Error> {
    let parsed = Manifest::parse(place, manifest)?;
    let Manifest::Artifact(artifact) = &parsed else {
        return Ok(None);
    };
    Ok(artifact.subject.as_ref().map(|subject| {
        let described = Descriptor {
            annotations: artifact.annotations.clone(),
            ..crate::push::described(&parsed, manifest)
        };
        (subject.digest, described)
    }))
}

/// The referrers in a layout, which has no list of them: every manifest of its index may be about another. `read` gives
/// a manifest's bytes.
pub(crate) fn in_layout(
    place: &str,
    index: &Index,
    digest: &Digest,
    artifact_type: &str,
    read: impl Fn(&Digest) -> Result<Vec<u8>, Error>,
) -> Vec<Descriptor> {
    let candidates = of_type(index, artifact_type).into_iter();
    let candidates = candidates.filter(|entry| entry.media_type == media_type::MANIFEST);
    let found = candidates.take(MOST_IN_LAYOUT).filter_map(|candidate| {
        let (about, described) = entry(place, &read(&candidate.digest).ok()?).ok()??;
        let wanted = about == *digest && described.artifact_type.as_deref() == Some(artifact_type);
        wanted.then_some(described)
    });
    found.collect()
}
