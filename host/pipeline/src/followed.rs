//! A gallery that is enrolled on another host: it comes as an artifact, encrypted with the site's key.

use crate::tag::Tag;
use footlight_artifacts::{Artifacts, Digest, Lease};
use footlight_gallery::{Gallery, SealedGallery};
use footlight_trust::SiteKey;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// When it was encrypted, in seconds since 1970-01-01T00:00:00Z.
    sealed: u64,
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
        self.lock().as_ref().map(|taken| taken.digest)
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
        let at = |why: &dyn std::fmt::Display| format!("{}: {why}", reference.pinned(digest));
        let gallery = sealed
            .open(&self.key, &self.pipeline, made_by, dimension)
            .map_err(|error| at(&error))?;
        let when = sealed.about().map_err(|error| at(&error))?.sealed;
        // Whoever writes to the repository has no key, and may still lead the tag back to where somebody who was
        // forgotten is a member.
        if self
            .lock()
            .as_ref()
            .is_some_and(|taken| when < taken.sealed)
        {
            return Err(at(
                &"it was encrypted before the one that is in place, and may have members who were forgotten since: \
                  push the gallery again, or start the host anew to go back to this one",
            ));
        }
        let taken = Taken {
            digest,
            sealed: when,
            _lease: hold(artifacts, digest),
        };
        Ok((gallery, taken))
    }

    /// Notes that this is the gallery that is in place.
    pub(crate) fn took(&self, taken: Taken) {
        *self.lock() = Some(taken);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without a lease it is fetched again when it is wanted again.
fn hold(artifacts: &Artifacts, digest: Digest) -> Option<Lease> {
    let held = artifacts.hold(&HashSet::from([digest]));
    held.inspect_err(|error| tracing::warn!(%error, "the gallery may be dropped from the store"))
        .ok()
}
