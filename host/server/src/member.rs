//! What answers say of members.

use footlight_gallery as gallery;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::entry::Entry;

/// Members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Members {
    /// By id.
    pub members: Vec<Member>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// What the member is called.
    pub id: String,
    /// The pipeline in whose gallery the member is.
    pub pipeline: String,
    /// The member's templates, in the order of the photos.
    #[schema(min_items = 1)]
    pub templates: Vec<Template>,
}

/// What is kept of one photo: what was measured of it. The features themselves are not given out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Template {
    /// What was measured of the face.
    pub quality: Quality,
    /// When it was enrolled, in seconds since 1970-01-01T00:00:00Z.
    pub enrolled: u64,
    /// The SHA-256 of the feature, in hex.
    pub digest: String,
}

/// What was measured of the face in a photo.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Quality {
    /// The shorter side of the face's box, in pixels of the photo.
    pub face_pixels: f32,
    /// How far the face is turned away, 0 (frontal) to 1.
    pub turn: f32,
    /// The variance of the Laplacian of the aligned face's luma (8 bits).
    pub sharpness: f32,
    /// How sure the detector is that this is a face, 0 to 1.
    pub score: f32,
}

impl Member {
    pub(crate) fn of(entry: &Entry, member: gallery::Member) -> Self {
        Self {
            id: member.id.to_string(),
            pipeline: entry.name.clone(),
            templates: member.templates.into_iter().map(Template::of).collect(),
        }
    }
}

impl Template {
    fn of(template: gallery::TemplateInfo) -> Self {
        let quality = template.quality;
        Self {
            quality: Quality {
                face_pixels: quality.face_pixels,
                turn: quality.turn,
                sharpness: quality.sharpness,
                score: quality.score,
            },
            enrolled: template.enrolled,
            digest: template.digest,
        }
    }
}
