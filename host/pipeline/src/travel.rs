//! How a gallery comes from the host where members are enrolled to others of its site.

use crate::deployment::Deployment;
use crate::enrol::EnrolError;
use crate::gallery::SharedGallery;
use crate::open::Pipeline;
use footlight_artifacts::{Digest, Reference};
use footlight_gallery::SealedGallery;
use std::sync::{Arc, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The gallery that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    /// Where it comes from.
    pub reference: Reference,
    /// The artifact that is in place.
    pub artifact: Option<Digest>,
}

/// A newer gallery is in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The artifact that it came as.
    pub artifact: Digest,
    /// Whether it is another artifact than before.
    pub changed: bool,
}

/// Why a gallery is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoUpdate(String);

impl Pipeline {
    /// The gallery as of now, encrypted with the site's key, for other hosts of the site. Only where it is enrolled:
    /// encrypted anew on a host that follows it, an old one would be of today, and taken by the others as the newest.
    ///
    /// # Errors
    /// No gallery, one that is enrolled elsewhere, no key, or a gallery that cannot be read.
    pub fn seal_gallery(&self) -> Result<SealedGallery, EnrolError> {
        let gallery = self.own_gallery()?.gallery.gallery();
        let key = self.site_key.as_ref().ok_or(EnrolError::NoSiteKey)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        gallery
            .seal(key, self.name(), now.map_or(0, |now| now.as_secs()))
            .map_err(|error| EnrolError::Gallery(error.to_string()))
    }
}

impl Deployment {
    /// The gallery that is followed, where the members are enrolled elsewhere.
    pub fn following(&self) -> Option<Following> {
        let shared = self.shared_gallery()?;
        let followed = shared.followed.as_ref()?;
        Some(Following {
            reference: followed.tag.reference.clone(),
            artifact: followed.digest(),
        })
    }

    /// Whether there may be a newer gallery than was last looked at. As with a [`Source`](crate::Source), asked
    /// about once a second, on a thread that may wait.
    pub fn gallery_changed(&self) -> bool {
        let shared = self.shared_gallery();
        let followed = shared.as_ref().and_then(|shared| shared.followed.as_ref());
        followed.is_some_and(|followed| followed.tag.changed())
    }

    /// Takes the gallery that is there now, between two frames.
    ///
    /// # Errors
    /// Why it is not taken; the one that is in place stays.
    pub fn update_gallery(&self) -> Result<Update, NoUpdate> {
        let shared = self.shared_gallery();
        let followed = shared
            .as_ref()
            .and_then(|shared| Some((shared, shared.followed.as_ref()?)));
        let Some((shared, followed)) = followed else {
            return Err(NoUpdate("no gallery is followed".to_owned()));
        };
        let now = shared.gallery();
        let (gallery, taken) = followed
            .fetch(now.feature_model(), now.dimension())
            .map_err(NoUpdate)?;
        shared
            .replace(gallery)
            .map_err(|error| NoUpdate(error.to_string()))?;
        let artifact = taken.digest;
        let changed = followed.digest() != Some(artifact);
        followed.took(taken);
        Ok(Update { artifact, changed })
    }

    fn shared_gallery(&self) -> Option<Arc<SharedGallery>> {
        let open = self.gallery.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone()
    }
}
