//! Why a photo, or a set of photos, is not enrolled.

use crate::MemberId;

/// Why a photo, or a set of photos, is not enrolled: what was seen, the limit, and what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no face in the photo.
    #[error("no face was found: take a photo that shows the whole face, in good light")]
    NoFace,
    /// There are several faces in the photo.
    #[error("{faces} faces were found: cut the photo so that it shows the member alone")]
    SeveralFaces {
        /// How many.
        faces: usize,
    },
    /// The detector is not sure that this is a face.
    #[error(
        "it is not certain that this is a face (score {score:.2}, at least {limit:.2} is needed): take a \
         photo that shows the whole face, uncovered, in good light"
    )]
    LowScore {
        /// How sure the detector is.
        score: f32,
        /// [`crate::Gate::min_score`].
        limit: f32,
    },
    /// The face is too small.
    #[error(
        "the face is {pixels:.0} pixels wide or high, at least {limit:.0} are needed: use a photo taken \
         closer or with a higher resolution"
    )]
    TooSmall {
        /// The shorter side of its box.
        pixels: f32,
        /// [`crate::Gate::min_face`].
        limit: f32,
    },
    /// The face is turned away.
    #[error(
        "the face is turned too far to the side (turn {turn:.2}, at most {limit:.2} is allowed): use a \
         photo in which the member looks towards the camera"
    )]
    TooFarTurned {
        /// How far: see [`crate::turn`].
        turn: f32,
        /// [`crate::Gate::max_turn`].
        limit: f32,
    },
    /// The face is blurred.
    #[error(
        "the face is too blurred (sharpness {sharpness:.0}, at least {limit:.0} is needed): use a photo \
         that is in focus and not shaken"
    )]
    TooBlurred {
        /// See [`crate::Quality::sharpness`].
        sharpness: f32,
        /// [`crate::Gate::min_sharpness`].
        limit: f32,
    },
    /// The photos of one enrolment do not show one person.
    #[error(
        "the face is unlike those in the other photos (similarity {similarity:.2}, at least {limit:.2} is \
         needed): check that all photos show the same person, or leave this one out"
    )]
    UnlikeTheOthers {
        /// Which photo, counted from 0.
        photo: usize,
        /// Its cosine with the most similar of the photos that belong together.
        similarity: f32,
        /// [`crate::Gate::min_agreement`].
        limit: f32,
    },
    /// The face is that of another member.
    #[error(
        "the face is too like that of member {id} (similarity {similarity:.2}, less than {limit:.2} is \
         needed): if they are the same person, enrol under {id} or forget {id} first; if not, use other photos, \
         or raise max-similarity and the verification threshold together"
    )]
    TooLikeAnother {
        /// Which photo, counted from 0.
        photo: usize,
        /// The other member.
        id: MemberId,
        /// The cosine with the other member's most similar template.
        similarity: f32,
        /// [`crate::Gate::max_similarity`].
        limit: f32,
    },
}

impl Refusal {
    /// The kind of refusal, for machines: the variant's name in kebab-case.
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::NoFace => "no-face",
            Refusal::SeveralFaces { .. } => "several-faces",
            Refusal::LowScore { .. } => "low-score",
            Refusal::TooSmall { .. } => "too-small",
            Refusal::TooFarTurned { .. } => "too-far-turned",
            Refusal::TooBlurred { .. } => "too-blurred",
            Refusal::UnlikeTheOthers { .. } => "unlike-the-others",
            Refusal::TooLikeAnother { .. } => "too-like-another",
        }
    }

    /// Which photo of the enrolment it is about, counted from 0, where the photos were looked at
    /// together; the message does not name it, as only the caller knows what the photos are called.
    pub fn photo(&self) -> Option<usize> {
        match self {
            Refusal::UnlikeTheOthers { photo, .. } | Refusal::TooLikeAnother { photo, .. } => {
                Some(*photo)
            }
            _ => None,
        }
    }
}
