//! How a member is made: photos go through the same stages as frames, up to the feature.

use crate::elsewhere::{Elsewhere, Nowhere, Purpose};
use crate::error::{FrameError, OpenError};
use crate::file::GallerySection;
use crate::gallery::{Follower, SharedGallery};
use crate::members::{Reader, SharedError};
use crate::open::Pipeline;
use crate::run::{Node, Trace};
use footlight_gallery::{Candidate, EnrolmentError, Member, MemberId, Quality, Refusal, Template};
use footlight_media::{Image, Point};
use footlight_sandbox::{Fields, Payload, Value};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The gallery of a pipeline and what is enrolled into it.
pub(crate) struct Enrolment {
    pub(crate) gallery: Arc<SharedGallery>,
    pub(crate) section: GallerySection,
    /// While this lives, the graph follows the gallery; none where nothing here searches it.
    pub(crate) _follower: Option<Arc<Follower>>,
    /// What this version may receive of members that are shared.
    pub(crate) reader: Option<Arc<Reader>>,
}

/// A face that was found in a photo, with its feature.
#[derive(Debug, Clone)]
pub struct Face {
    /// What the quality gate looks at.
    pub candidate: Candidate,
    /// The feature, as the stage yielded it.
    pub feature: Vec<f32>,
}

/// Why a photo is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoRefusal {
    /// The photo's name, as it was given.
    pub photo: String,
    /// The kind of reason: lower case, words joined by hyphens.
    pub reason: &'static str,
    /// The reason in words, and what to do.
    pub detail: String,
}

/// Why nobody was enrolled. The gallery is as it was, unless the message says that the change is stored.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The pipeline has no gallery.
    #[error("this pipeline has no members: its file has no [gallery]")]
    NoGallery,
    /// The members are enrolled on another host.
    #[error(
        "this host follows the gallery {0}, which is enrolled elsewhere: change the members on the host where they are \
         enrolled, and push the gallery from there with `footlight gallery push`; this host takes it then"
    )]
    Followed(String),
    /// This host has no key to encrypt a gallery with.
    #[error(
        "this host has no key of the site, and a gallery leaves a host only encrypted: have its operator make one with \
         `footlight keygen --site FILE` and start the host with --site-key FILE"
    )]
    NoSiteKey,
    /// No photo was given.
    #[error("no photo was given: send at least one")]
    NoPhotos,
    /// Photos that are not good enough. Nothing is changed, so that they can be replaced and sent again.
    #[error("{}", refusals(.0))]
    Refused(Vec<PhotoRefusal>),
    /// A stage failed on a photo.
    #[error("{photo}: {source}")]
    Frame {
        /// The photo's name.
        photo: String,
        /// What went wrong.
        source: FrameError,
    },
    /// A template may not leave the zone of this host, and members are shared with hosts in others.
    #[error("the member is shared with hosts in other zones: {0}")]
    Boundary(#[from] footlight_boundary::Refusal),
    /// The members cannot be changed now, as where they are kept cannot be reached.
    #[error("{0}")]
    Away(String),
    /// The same member was changed by another host at the same time.
    #[error("{0}")]
    Changed(String),
    /// The gallery could not be read or written, or its graph could not be made.
    #[error("{0}")]
    Gallery(String),
}

fn refusals(photos: &[PhotoRefusal]) -> String {
    let lines: Vec<_> = photos
        .iter()
        .map(|refusal| format!("{}: {}", refusal.photo, refusal.detail))
        .collect();
    lines.join("; ")
}

impl Pipeline {
    /// Enrols a member with these photos, each with a name to call it by, in place of the templates that
    /// the member had. All or nothing.
    ///
    /// # Errors
    /// [`EnrolError::Refused`] with every photo that the gate refuses; a stage or the gallery that fails.
    pub fn enrol(
        &self,
        id: &MemberId,
        photos: Vec<(String, Image)>,
        others: &dyn Elsewhere,
    ) -> Result<Member, EnrolError> {
        let enrolment = self.own_gallery()?;
        if photos.is_empty() {
            return Err(EnrolError::NoPhotos);
        }
        let mut names = Vec::new();
        let mut templates = Vec::new();
        let mut refused = Vec::new();
        for (photo, image) in photos {
            let faces = self
                .features_with(image, others)
                .map_err(|source| EnrolError::Frame {
                    photo: photo.clone(),
                    source,
                })?;
            let (candidates, features): (Vec<_>, Vec<_>) = faces
                .into_iter()
                .map(|face| (face.candidate, face.feature))
                .unzip();
            match enrolment.section.gate.quality(&candidates) {
                Ok(quality) => templates.extend(
                    features
                        .into_iter()
                        .map(|feature| template(feature, quality)),
                ),
                Err(refusal) => refused.push(about(&photo, &refusal)),
            }
            names.push(photo);
        }
        if !refused.is_empty() {
            return Err(EnrolError::Refused(refused));
        }
        self.keep(id, templates, &names)
    }

    /// Stores a member with templates, one of each of the photos of these names, if the gate lets all of them in
    /// together.
    pub(crate) fn keep(
        &self,
        id: &MemberId,
        templates: Vec<Template>,
        photos: &[String],
    ) -> Result<Member, EnrolError> {
        let enrolment = self.own_gallery()?;
        let (shared, gate) = (&enrolment.gallery, &enrolment.section.gate);
        let gallery = shared.gallery();
        let refused = |error| match error {
            EnrolmentError::Refused(refusal) => {
                let photo = refusal.photo().and_then(|place| photos.get(place));
                let photo = photo.map_or("the photos together", String::as_str);
                EnrolError::Refused(vec![about(photo, &refusal)])
            }
            EnrolmentError::Gallery(error) => EnrolError::Gallery(error.to_string()),
        };
        let Some(members) = shared.shared() else {
            let member = gallery.enrol(id, templates, gate).map_err(refused)?;
            shared.refresh().map_err(stale)?;
            return Ok(member);
        };
        // The gate is to judge what the others will have.
        let templates = self.as_they_leave(templates)?;
        let member =
            members
                .enrol(&gallery, id, &templates, gate)
                .map_err(|error| match error {
                    SharedError::Enrolment(error) => refused(error),
                    SharedError::Members(error) => error.into(),
                })?;
        shared.take_members().map_err(stale)?;
        Ok(member)
    }

    /// Removes a member. False where there is none of that id.
    ///
    /// # Errors
    /// No gallery, one that is enrolled elsewhere, or one that cannot be written or reached.
    pub fn forget(&self, id: &MemberId) -> Result<bool, EnrolError> {
        let shared = &self.own_gallery()?.gallery;
        if let Some(members) = shared.shared() {
            let removed = members.remove(id)?;
            shared.take_members().map_err(stale)?;
            return Ok(removed);
        }
        let removed = shared.gallery().remove(id).map_err(gallery_failed)?;
        if removed {
            shared.refresh().map_err(stale)?;
        }
        Ok(removed)
    }

    /// All members, by id.
    ///
    /// # Errors
    /// No gallery, or one that cannot be read.
    pub fn members(&self) -> Result<Vec<Member>, EnrolError> {
        self.enrolment()?
            .gallery
            .gallery()
            .members()
            .map_err(gallery_failed)
    }

    /// One member.
    ///
    /// # Errors
    /// No gallery, or one that cannot be read.
    pub fn member(&self, id: &MemberId) -> Result<Option<Member>, EnrolError> {
        self.enrolment()?
            .gallery
            .gallery()
            .member(id)
            .map_err(gallery_failed)
    }

    /// The faces in a photo with their features, through the stages that these need and no more.
    ///
    /// # Errors
    /// As [`Pipeline::process`]; and a face without the attributes that a gallery needs.
    pub fn features(&self, photo: Image) -> Result<Vec<Face>, FrameError> {
        self.features_with(photo, &Nowhere)
    }

    /// The same, where other hosts run stages that this one does not.
    ///
    /// # Errors
    /// As [`features`](Self::features); and no other host that does it.
    pub fn features_with(
        &self,
        photo: Image,
        others: &dyn Elsewhere,
    ) -> Result<Vec<Face>, FrameError> {
        let Some(enrolment) = &self.enrolment else {
            return Ok(Vec::new());
        };
        let section = &enrolment.section;
        let photo = vec![self.first(photo)];
        let trace = self.trace(photo, None, Purpose::Templates, others)?;
        Ok(faces(section, &trace))
    }

    /// Whether members are kept or searched here.
    pub fn has_gallery(&self) -> bool {
        self.enrolment.is_some()
    }

    pub(crate) fn enrolment(&self) -> Result<&Enrolment, EnrolError> {
        self.enrolment.as_ref().ok_or(EnrolError::NoGallery)
    }

    /// The gallery where it is enrolled here.
    pub(crate) fn own_gallery(&self) -> Result<&Enrolment, EnrolError> {
        let enrolment = self.enrolment()?;
        match enrolment.gallery.followed() {
            None => Ok(enrolment),
            Some(followed) => Err(EnrolError::Followed(followed.tag.reference.to_string())),
        }
    }
}

/// The store has the change and the graph does not.
fn stale(error: OpenError) -> EnrolError {
    EnrolError::Gallery(format!(
        "the change is stored, but frames are judged as before it until the host is started anew: {error}"
    ))
}

fn gallery_failed(error: footlight_gallery::Error) -> EnrolError {
    EnrolError::Gallery(error.to_string())
}

fn about(photo: &str, refusal: &Refusal) -> PhotoRefusal {
    PhotoRefusal {
        photo: photo.to_owned(),
        reason: refusal.reason(),
        detail: refusal.to_string(),
    }
}

fn template(feature: Vec<f32>, quality: Quality) -> Template {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Template {
        feature,
        quality,
        enrolled: now.map_or(0, |now| now.as_secs()),
    }
}

/// The faces of a trace: each template item with the face that it was made from.
fn faces(section: &GallerySection, trace: &Trace) -> Vec<Face> {
    let templates = trace
        .nodes
        .iter()
        .filter(|node| node.item.class == section.template);
    templates
        .filter_map(|node| {
            let Payload::Tensor(tensor) = &node.item.payload else {
                return None;
            };
            Some(Face {
                candidate: candidate(section, node, &trace.nodes)?,
                feature: tensor.to_f32().ok()?,
            })
        })
        .collect()
}

fn candidate(section: &GallerySection, node: &Node, nodes: &[Node]) -> Option<Candidate> {
    let mut face = node;
    while face.item.class != section.face {
        face = nodes.get(face.parent?)?;
    }
    let Payload::Image(crop) = &face.item.payload else {
        return None;
    };
    let attributes = &face.item.attributes;
    let Some(Value::Rect(bounds)) = attributes.get("box") else {
        return None;
    };
    let landmarks = landmarks(attributes)?;
    let score = match attributes.get("score")? {
        #[allow(clippy::cast_possible_truncation)]
        Value::Number(score) => *score as f32,
        _ => return None,
    };
    Some(Candidate {
        bounds: *bounds,
        landmarks,
        score,
        crop: crop.clone(),
    })
}

fn landmarks(attributes: &Fields) -> Option<[Point; 5]> {
    match attributes.get("landmarks")? {
        Value::Points(points) => points.as_slice().try_into().ok(),
        _ => None,
    }
}
