//! Signatures as cosign keeps them, and the question to the judge.

use std::collections::BTreeMap;

use serde_json::json;

use crate::artifact::{Artifact, Blob};
use crate::kind::media_type;
use crate::manifest::Manifest;
use crate::place::Place;
use crate::push::described;
use crate::{Artifacts, Digest, Error, Judgement, Pushed, Reference, Signature, judged_name};

/// The annotation with the signature itself.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// More of them are not read: each is a request.
const MOST: usize = 64;

impl Artifacts {
    /// The signatures of an artifact, as its repository has them, in either of the places where cosign keeps them; none
    /// is no error. Whose they are is not looked at.
    pub fn signatures(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Vec<Signature>, Error> {
        let mut signatures = self.tagged_signatures(reference, digest)?;
        signatures.extend(self.bundles(reference, digest)?);
        Ok(signatures)
    }

    /// Those that are layers of one manifest with a tag.
    fn tagged_signatures(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Vec<Signature>, Error> {
        let Some(manifest) = self.tagged_manifest(reference, digest)? else {
            return Ok(Vec::new());
        };
        let signatures = self.read_signatures(&manifest, &[&*self.place(reference)])?;
        // For a start without the registry.
        let noted = self.store.put(&manifest);
        let tagged = reference.tagged(&tag(digest))?;
        noted.and_then(|digest| self.store.note_tag(&tagged, &digest))?;
        Ok(signatures)
    }

    /// That manifest, where there is one.
    fn tagged_manifest(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Option<Vec<u8>>, Error> {
        let tag = tag(digest);
        let limit = self.options.limits.document;
        match self.place(reference).tagged(Some(&tag), limit) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The tag of an artifact's signatures and where it leads, if there are any.
    pub(crate) fn signatures_of(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Option<(String, Digest)>, Error> {
        let tag = tag(digest);
        match self.resolve(&reference.tagged(&tag)?) {
            Ok(resolved) => Ok(Some((tag, resolved.digest))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds a signature to those of an artifact, in its repository. Where what is there is not all of signatures that are
    /// read here, nothing is added: it would be lost.
    pub fn attach_signature(
        &self,
        reference: &Reference,
        digest: &Digest,
        signature: &Signature,
    ) -> Result<Pushed, Error> {
        let mut signatures = self.tagged_signatures(reference, digest)?;
        if let Some(there) = self.tagged_manifest(reference, digest)? {
            check_kept(reference, digest, &there, signatures.len())?;
        }
        let place = self.place(reference);
        let signed = self.manifest_bytes(digest, &[&*place])?;
        let parsed = Manifest::parse(place.name(), &signed)?;
        if !signatures.contains(signature) {
            signatures.push(signature.clone());
        }
        let layers: Vec<Blob> = signatures
            .into_iter()
            .map(|signature| Blob {
                annotations: signature.annotations,
                ..Blob::new(&signature.media_type, signature.payload)
            })
            .collect();
        // As cosign writes it: the config of an image that has these layers.
        let layers_digests: Vec<Digest> = layers
            .iter()
            .map(|layer| Digest::of(&layer.bytes))
            .collect();
        let config = json!({
            "architecture": "",
            "created": "0001-01-01T00:00:00Z",
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": layers_digests},
            "config": {},
        });
        let artifact = Artifact {
            artifact_type: None,
            config: Blob::new(media_type::IMAGE_CONFIG, config.to_string()),
            layers,
            annotations: BTreeMap::new(),
            // For who looks at what there is about an artifact. cosign goes by the tag.
            subject: Some(described(&parsed, &signed)),
        };
        self.push(artifact, &reference.tagged(&tag(digest))?)
    }

    /// Asks the judge whether anything of a repository may be run, before that is spoken to.
    pub(crate) fn may_be_trusted(&self, reference: &Reference) -> Result<(), Error> {
        let Some(judge) = &self.options.judge else {
            return Ok(());
        };
        let place = judged_name(reference);
        match judge.wants_signatures(&place) {
            Ok(_) => Ok(()),
            Err(reason) => Err(Error::NeverTrusted { place, reason }),
        }
    }

    /// Asks the judge. The signatures that the store has are enough where they suffice; else the repository's are
    /// fetched.
    pub(crate) fn judge(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Option<Judgement>, Error> {
        let Some(judge) = &self.options.judge else {
            return Ok(None);
        };
        let repository = judged_name(reference);
        let untrusted = |reason: String| Error::Untrusted {
            place: repository.clone(),
            digest: *digest,
            reason,
        };
        let never = |reason: String| Error::NeverTrusted {
            place: repository.clone(),
            reason,
        };
        if !judge.wants_signatures(&repository).map_err(never)? {
            return judge
                .judge(&repository, digest, &[])
                .map(Some)
                .map_err(untrusted);
        }
        let ask = |found: &[Signature]| judge.judge(&repository, digest, found);
        let mut found = self.stored_signatures(reference, digest)?;
        let mut answer = (!found.is_empty()).then(|| ask(&found));
        let mut out_of_reach = None;
        // Most have a tag: the others cost a way to the registry more.
        for fetch in [Self::tagged_signatures, Self::bundles] {
            if let Some(Ok(judgement)) = answer {
                return Ok(Some(judgement));
            }
            match fetch(self, reference, digest) {
                Ok(fetched) => {
                    found.retain(|known| !fetched.contains(known));
                    found.extend(fetched);
                }
                Err(error) if error.passes() => out_of_reach = Some(error),
                Err(error) => return Err(error),
            }
            answer = Some(ask(&found));
        }
        let answer = answer.unwrap_or_else(|| ask(&found));
        answer.map(Some).map_err(|reason| {
            untrusted(match out_of_reach {
                Some(error) => format!("{reason} (its signatures cannot be fetched: {error})"),
                None => reason,
            })
        })
    }

    fn stored_signatures(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Vec<Signature>, Error> {
        let noted = self.store.noted_tag(&reference.tagged(&tag(digest))?);
        let limit = self.options.limits.document;
        let manifest = noted.and_then(|noted| self.store.whole(&noted, limit).ok().flatten());
        // What is missing here is fetched from the repository, with all of them.
        let read = |manifest: Vec<u8>| self.read_signatures(&manifest, &[]).ok();
        let mut stored = manifest.and_then(read).unwrap_or_default();
        stored.extend(self.stored_bundles(reference, digest)?);
        Ok(stored)
    }

    fn read_signatures(
        &self,
        manifest: &[u8],
        places: &[&dyn Place],
    ) -> Result<Vec<Signature>, Error> {
        let name = places.first().map_or("the store", |place| place.name());
        let Manifest::Artifact(parsed) = Manifest::parse(name, manifest)? else {
            return Ok(Vec::new());
        };
        let layers = parsed.layers.iter().filter(|layer| {
            layer.media_type == media_type::SIGNATURE_PAYLOAD
                && layer.annotations.contains_key(SIGNATURE)
        });
        layers
            .take(MOST)
            .map(|layer| {
                let limit = self.options.limits.document;
                Ok(Signature {
                    media_type: layer.media_type.clone(),
                    payload: self.blob_bytes("signature's payload", layer, limit, places)?,
                    annotations: layer.annotations.clone(),
                })
            })
            .collect()
    }
}

/// Whether these many signatures are all that a manifest has.
fn check_kept(
    reference: &Reference,
    digest: &Digest,
    manifest: &[u8],
    signatures: usize,
) -> Result<(), Error> {
    let what = format!("the tag `{}` of {}", tag(digest), reference.repository());
    let fails = |detail: String| Err(Error::Content { what, detail });
    let lost = match Manifest::parse(&reference.repository(), manifest)? {
        Manifest::Artifact(there) => there.layers.len().saturating_sub(signatures),
        Manifest::Index(_) => {
            return fails(
                "it is an index and no list of signatures, and was left as it is".to_owned(),
            );
        }
    };
    match lost {
        0 if signatures < MOST => Ok(()),
        0 => fails(format!(
            "it has {MOST} signatures, and more are not read; nothing was added"
        )),
        lost => fails(format!(
            "it has {lost} layers that are no signatures of this kind, or are past the first {MOST}, and they would be \
             lost; nothing was added"
        )),
    }
}

/// What cosign tags the signatures of an artifact with.
fn tag(digest: &Digest) -> String {
    format!("sha256-{}.sig", digest.hex())
}
