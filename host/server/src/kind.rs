//! The kinds of problem there are: what `type` names in an answer that is an error.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A kind of problem. Its name never changes; clients may rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    MalformedRequest,
    EmptyBody,
    NotAllowed,
    NotFound,
    MethodNotAllowed,
    Conflict,
    RequestTimeout,
    TooLarge,
    UnsupportedMediaType,
    UnreadableImage,
    UnsuitableItem,
    EnrolmentRefused,
    VersionRefused,
    StageFailed,
    Internal,
    Overloaded,
    NotReady,
    MembersAway,
}

/// A kind of problem, explained.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemType {
    /// What `type` is in a problem of this kind: a URI relative to this server.
    #[serde(rename = "type")]
    #[schema(example = "/problems/too-large")]
    pub uri: String,
    /// The HTTP status of an answer with such a problem.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// The kind in a few words.
    pub title: String,
    /// What it means, and what to do about it.
    pub meaning: String,
}

impl Kind {
    /// All kinds.
    pub(crate) const ALL: [Self; 18] = [
        Self::MalformedRequest,
        Self::EmptyBody,
        Self::NotAllowed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::RequestTimeout,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::UnreadableImage,
        Self::UnsuitableItem,
        Self::EnrolmentRefused,
        Self::VersionRefused,
        Self::StageFailed,
        Self::Internal,
        Self::Overloaded,
        Self::NotReady,
        Self::MembersAway,
    ];

    /// Its name, status, title and meaning.
    fn facts(self) -> (&'static str, StatusCode, &'static str, &'static str) {
        use StatusCode as Status;
        match self {
            Self::MalformedRequest => (
                "malformed-request",
                Status::BAD_REQUEST,
                "The request is malformed",
                "The path, the query or the body is not what this operation takes. The detail says \
                 which part and what would be right.",
            ),
            Self::EmptyBody => (
                "empty-body",
                Status::BAD_REQUEST,
                "The body is empty",
                "The operation needs a picture and none was sent.",
            ),
            Self::NotAllowed => (
                "not-allowed",
                Status::FORBIDDEN,
                "That is the operator's to do",
                "Whoever speaks to a host over HTTP cannot have it read what its operator did not name, nor give \
                 out a gallery that its operator gave no key for. The detail says what can be done instead.",
            ),
            Self::NotFound => (
                "not-found",
                Status::NOT_FOUND,
                "There is no such thing here",
                "No route, pipeline, member or gallery has that name. The detail says what there is.",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                Status::METHOD_NOT_ALLOWED,
                "The method is not allowed here",
                "The header `Allow` names the methods that are.",
            ),
            Self::Conflict => (
                "conflict",
                Status::CONFLICT,
                "Not as things are now",
                "The version of the pipeline is being changed already, there is none to go back to, its members \
                 are enrolled on another host, or another host changed the same member at the same time. The detail \
                 says which.",
            ),
            Self::RequestTimeout => (
                "request-timeout",
                Status::REQUEST_TIMEOUT,
                "The body did not arrive in time",
                "The client took too long to send the body. Send it again, faster or smaller.",
            ),
            Self::TooLarge => (
                "too-large",
                Status::PAYLOAD_TOO_LARGE,
                "The body or the picture is too large",
                "The body has more bytes, or the picture more pixels, than this server takes. The \
                 detail says the limit. Send a smaller picture.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                Status::UNSUPPORTED_MEDIA_TYPE,
                "The media type is not supported",
                "The body is of a type that this operation does not take. The detail says what it takes.",
            ),
            Self::UnreadableImage => (
                "unreadable-image",
                Status::UNPROCESSABLE_ENTITY,
                "The picture cannot be read",
                "The body is no picture, or it is cut off or damaged. Send an intact JPEG or PNG.",
            ),
            Self::UnsuitableItem => (
                "unsuitable-item",
                Status::UNPROCESSABLE_ENTITY,
                "A stage cannot work on this frame",
                "The picture could be read, but a stage said that it cannot work on it. The same frame \
                 will be refused again; the detail has the stage's words.",
            ),
            Self::EnrolmentRefused => (
                "enrolment-refused",
                Status::UNPROCESSABLE_ENTITY,
                "The photos are not good enough to enrol",
                "No photo was kept, and what was enrolled before is as it was. `photos` says of each \
                 photo that was refused why, and what a better one would be.",
            ),
            Self::VersionRefused => (
                "version-refused",
                Status::UNPROCESSABLE_ENTITY,
                "The version does not work",
                "It could not be read or compiled, or a stage of it failed on its probe item. The version that \
                 ran goes on and no frame was affected; the detail says what to correct.",
            ),
            Self::StageFailed => (
                "stage-failed",
                Status::INTERNAL_SERVER_ERROR,
                "A stage did not work",
                "A stage trapped, ran out of time or memory, yielded what its pipeline does not \
                 declare, or lacked something that it needs. It is not the request's fault, and the \
                 next frame is not affected; as the same frame would most likely fail again, the status \
                 is not one that a proxy sends again by itself. `stage` and `reason` say what happened.",
            ),
            Self::Internal => (
                "internal",
                Status::INTERNAL_SERVER_ERROR,
                "The host failed",
                "A defect of the host or a failure of its disk. Its log says more.",
            ),
            Self::Overloaded => (
                "overloaded",
                Status::SERVICE_UNAVAILABLE,
                "The server has too much to do",
                "All workers are busy and the queue is full. Send it again after the seconds that \
                 `Retry-After` says.",
            ),
            Self::NotReady => (
                "not-ready",
                Status::SERVICE_UNAVAILABLE,
                "The pipeline is not ready",
                "Not every stage has run its probe item yet, or one failed on it. `/readyz` says why. \
                 Send it again after the seconds that `Retry-After` says.",
            ),
            Self::MembersAway => (
                "members-away",
                Status::SERVICE_UNAVAILABLE,
                "Members cannot be changed now",
                "They are kept where several hosts share them, and this host cannot reach that now. Whether this very \
                 change was made is not known. Frames are answered as before. Send it again after the seconds that \
                 `Retry-After` says: doing it twice is the same as once.",
            ),
        }
    }

    /// The status of an answer with such a problem.
    pub(crate) fn status(self) -> StatusCode {
        self.facts().1
    }

    /// The kind in a few words.
    pub(crate) fn title(self) -> &'static str {
        self.facts().2
    }

    /// What `type` is in a problem of this kind.
    pub(crate) fn uri(self) -> String {
        format!("/problems/{}", self.facts().0)
    }

    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.facts().0 == name)
    }

    /// The kind explained.
    pub(crate) fn explained(self) -> ProblemType {
        let (_, status, title, meaning) = self.facts();
        ProblemType {
            uri: self.uri(),
            status: status.as_u16(),
            title: title.to_owned(),
            meaning: meaning.to_owned(),
        }
    }
}
