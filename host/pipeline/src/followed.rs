//! A gallery that is enrolled on another host: it comes as an artifact, encrypted with the site's key.

use crate::tag::Tag;
use footlight_artifacts::{Artifacts, Digest, Lease};
use footlight_gallery::{Gallery, SealedGallery};
use footlight_trust::SiteKey;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Where a gallery comes from that this host follows, and which one it has now.
pub(crate) struct Followed {
    pub(crate) tag: Tag,
    key: Arc<SiteKey>,
    pipeline: String,
    taken: Mutex<Option<Taken>>,
}

/// The artifact that the gallery came as.
pub(crate) struct Taken {
    pub(crate) digest: Digest,
    /// It is not dropped from the store.
    _lease: Option<Lease>,
}

impl Followed {
    pub(crate) fn new(tag: Tag, key: Arc<SiteKey>, pipeline: &str) -> Self {
        Self {
            tag,
            key,
            pipeline: pipeline.to_owned(),
            taken: Mutex::default(),
        }
    }

    /// The digest of the artifact that the gallery came as.
    pub(crate) fn digest(&self) -> Option<Digest> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.as_ref().map(|taken| taken.digest)
    }

    /// Fetches what the reference leads to, if it is trusted, and decrypts it, if it is a gallery of this pipeline
    /// and of this model.
    pub(crate) fn fetch(
        &self,
        made_by: &str,
        dimension: usize,
    ) -> Result<(Gallery, Taken), String> {
        let artifacts = self.tag.supply.get()?;
        let reference = &self.tag.reference;
        let found = artifacts.gallery(reference).map_err(|error| {
            // The registry may answer at the next look, or what is pushed be signed by then.
            self.tag.look_again();
            error.to_string()
        })?;
        let digest = found.about.digest;
        self.tag.saw(digest);
        let sealed = SealedGallery {
            about: found.config,
            sealed: found.sealed,
        };
        let gallery = sealed
            .open(&self.key, &self.pipeline, made_by, dimension)
            .map_err(|error| format!("{}: {error}", reference.pinned(digest)))?;
        let taken = Taken {
            digest,
            _lease: hold(artifacts, digest),
        };
        Ok((gallery, taken))
    }

    /// Notes that this is the gallery that is in place.
    pub(crate) fn took(&self, taken: Taken) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
    }
}

/// Without a lease it is fetched again when it is wanted again.
fn hold(artifacts: &Artifacts, digest: Digest) -> Option<Lease> {
    let held = artifacts.hold(&HashSet::from([digest]));
    held.inspect_err(|error| tracing::warn!(%error, "the gallery may be dropped from the store"))
        .ok()
}
