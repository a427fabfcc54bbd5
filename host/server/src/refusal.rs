//! What to answer when a pipeline could not do as asked.

use footlight_boundary::Refusal;
use footlight_pipeline::{EnrolError, Failure, FrameError};
use footlight_sandbox::ErrorKind;

use crate::album;
use crate::kind::Kind;
use crate::problem::{Problem, RefusedPhoto};

/// What to answer to a frame that could not be worked on. Only what a stage says of the item itself is
/// laid to the request; all else is the stage's or the host's.
pub(crate) fn of_frame(error: &FrameError) -> Problem {
    let kind = match error {
        FrameError::Stage { source, .. } if source.kind() == ErrorKind::Unsuitable => {
            Kind::UnsuitableItem
        }
        FrameError::Stage { source, .. } if source.kind() == ErrorKind::Host => Kind::Internal,
        FrameError::Elsewhere { source, .. } => elsewhere(source),
        _ => Kind::StageFailed,
    };
    Problem::new(kind, error.code(), error.to_string()).in_stage(error.stage())
}

/// What became of work that was to be done by another host: the same as if it had been done here.
fn elsewhere(failure: &Failure) -> Kind {
    match failure {
        Failure::Nobody(_) | Failure::Busy(_) | Failure::Late(_) => Kind::Overloaded,
        // It may leave a moment later.
        Failure::Refused(Refusal::Rate { .. }) => Kind::Overloaded,
        Failure::Told { code, .. } if code == ErrorKind::Unsuitable.code() => Kind::UnsuitableItem,
        Failure::Told { code, .. } if code == ErrorKind::Host.code() => Kind::Internal,
        Failure::Refused(_) | Failure::Told { .. } => Kind::StageFailed,
    }
}

/// What to answer when members could not be read or changed.
pub(crate) fn of_enrolment(error: &EnrolError) -> Problem {
    match error {
        EnrolError::NoGallery => Problem::new(Kind::NotFound, "no-gallery", error.to_string()),
        EnrolError::Followed(_) => {
            Problem::new(Kind::Conflict, "gallery-followed", error.to_string())
        }
        EnrolError::NoSiteKey => Problem::new(Kind::NotAllowed, "no-site-key", error.to_string()),
        EnrolError::NoPhotos => Problem::new(Kind::EmptyBody, "no-photos", error.to_string()),
        EnrolError::Refused(photos) => {
            let photos = photos.iter().map(|refused| RefusedPhoto {
                name: refused.photo.clone(),
                reason: refused.reason.to_owned(),
                detail: refused.detail.clone(),
            });
            album::refusal(photos.collect())
        }
        EnrolError::Frame { photo, source } => {
            let problem = of_frame(source);
            if problem.status().is_server_error() {
                return Problem {
                    detail: error.to_string(),
                    ..problem
                };
            }
            let refused = RefusedPhoto {
                name: photo.clone(),
                reason: problem.reason,
                detail: problem.detail,
            };
            album::refusal(vec![refused]).in_stage(source.stage())
        }
        EnrolError::Boundary(refusal) => {
            let kind = match refusal {
                // It may leave a moment later.
                Refusal::Rate { .. } => Kind::Overloaded,
                _ => Kind::StageFailed,
            };
            Problem::new(kind, refusal.code(), error.to_string())
        }
        EnrolError::Away(why) => {
            tracing::warn!(why, "members cannot be changed now");
            Problem::new(Kind::MembersAway, "members-away", why.clone())
        }
        EnrolError::Changed(why) => Problem::new(Kind::Conflict, "member-changed", why.clone()),
        EnrolError::Gallery(why) => {
            tracing::error!(why, "the gallery failed");
            Problem::new(Kind::Internal, "gallery-failed", why.clone())
        }
    }
}
