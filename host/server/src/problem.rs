//! Errors as clients get them: problem details, RFC 9457.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kind::Kind;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The header of an answer that has the id of the frame it is about.
pub const FRAME_HEADER: HeaderName = HeaderName::from_static("footlight-frame");

/// What every answer with a status of 400 or more has as its body (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The kind of problem, as a URI relative to this server; `GET` it for an explanation.
    #[serde(rename = "type")]
    #[schema(example = "/problems/too-large")]
    pub kind: String,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What was wrong with this very request, and what would be right.
    pub detail: String,
    /// What was wrong as a code for programs, finer than `type`.
    #[schema(example = "body-too-large", pattern = "^[a-z0-9-]+$")]
    pub reason: String,
    /// The id that this frame has in the host's log, where the request was a frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<String>,
    /// The stage that it happened in, where it happened in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Where the request was an enrolment: the photos that were refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<RefusedPhoto>,
    /// After how many seconds to try again, for the header `Retry-After`.
    #[serde(skip)]
    pub(crate) retry_after: Option<u32>,
}

/// A photo that was not good enough to enrol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedPhoto {
    /// Its file name, or its number where it came without one.
    pub name: String,
    /// Why, as a code for programs.
    #[schema(example = "several-faces", pattern = "^[a-z0-9-]+$")]
    pub reason: String,
    /// Why, in words, and what a better photo would be.
    pub detail: String,
}

/// The reason of a problem, left with the answer for whoever counts refusals.
#[derive(Clone, Debug)]
pub(crate) struct Reason(pub(crate) String);

impl Problem {
    /// A problem of a kind, with a code finer than the kind, and with what was wrong in words.
    pub(crate) fn new(kind: Kind, reason: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            kind: kind.uri(),
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            detail: detail.into(),
            reason: reason.into(),
            frame: None,
            stage: None,
            photos: Vec::new(),
            retry_after: matches!(kind, Kind::Overloaded | Kind::NotReady | Kind::MembersAway)
                .then_some(1),
        }
    }

    /// The same, about a frame.
    pub(crate) fn of_frame(mut self, frame: &str) -> Self {
        self.frame = Some(frame.to_owned());
        self
    }

    /// The same, in a stage.
    pub(crate) fn in_stage(mut self, stage: Option<&str>) -> Self {
        self.stage = stage.map(str::to_owned);
        self
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(frame) = self
            .frame
            .as_deref()
            .and_then(|id| HeaderValue::from_str(id).ok())
        {
            headers.insert(FRAME_HEADER, frame);
        }
        response.extensions_mut().insert(Reason(self.reason));
        response
    }
}
