//! How a gallery comes from the host where members are enrolled to others of its site.

use crate::deployment::Deployment;
use crate::enrol::EnrolError;
use crate::gallery::SharedGallery;
use crate::members::Shared;
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
        let followed = shared.followed()?;
        Some(Following {
            reference: followed.tag.reference.clone(),
            artifact: followed.digest(),
        })
    }

    /// Whether there may be a newer gallery than was last looked at. As with a [`Source`](crate::Source), asked
    /// about once a second, on a thread that may wait. Members that several hosts share come by
    /// [`take_members`](Self::take_members), and are no reason to ask for anything else.
    pub fn gallery_changed(&self) -> bool {
        let gallery = self.shared_gallery();
        let followed = gallery.as_ref().and_then(|gallery| gallery.followed());
        followed.is_some_and(|followed| followed.tag.changed())
    }

    /// Whether shared members were taken that frames are not judged with yet: their graph could not be made. It is worth
    /// another [`take_members`](Self::take_members).
    pub fn is_behind_members(&self) -> bool {
        let gallery = self.shared_gallery();
        gallery.is_some_and(|gallery| gallery.shared().is_some_and(Shared::is_behind))
    }

    /// Holds shared members to the boundary of the version that runs from now on, and takes them as they are. Before this
    /// was said of any version, it is the first one that was opened.
    ///
    /// # Errors
    /// As [`take_members`](Self::take_members).
    pub fn hold_members_to(&self, version: &Pipeline) -> Result<bool, NoUpdate> {
        let enrolment = version.enrolment.as_ref();
        if let Some((enrolment, reader)) = enrolment.and_then(|it| Some((it, it.reader.as_ref()?)))
            && let Some(shared) = enrolment.gallery.shared()
        {
            shared.hold_to(reader);
        }
        self.take_members()
    }

    /// Takes the members that several hosts share as they are known now, between two frames: for whoever hears that they
    /// were changed where they are kept ([`Locations::members`](crate::Locations::members)). Whether that changed the
    /// gallery. What no version has open yet is taken when it is opened.
    ///
    /// # Errors
    /// Why frames are judged as before.
    pub fn take_members(&self) -> Result<bool, NoUpdate> {
        let Some(gallery) = self.shared_gallery() else {
            return Ok(false);
        };
        gallery
            .take_members()
            .map_err(|error| NoUpdate(error.to_string()))
    }

    /// Where the members of its gallery are kept, as people are told, where several hosts share them and each may change
    /// them.
    pub fn shared_in(&self) -> Option<String> {
        let gallery = self.shared_gallery()?;
        Some(gallery.shared()?.place())
    }

    /// Takes the gallery that is there now, between two frames.
    ///
    /// # Errors
    /// Why it is not taken; the one that is in place stays.
    pub fn update_gallery(&self) -> Result<Update, NoUpdate> {
        let shared = self.shared_gallery();
        let followed = shared
            .as_ref()
            .and_then(|shared| Some((shared, shared.followed()?)));
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
