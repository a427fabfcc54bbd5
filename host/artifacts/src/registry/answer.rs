//! What a registry's answer means.

use serde::Deserialize;
use ureq::Body;
use ureq::http::{Response, StatusCode, header};

use super::credentials::Credentials;
use super::link::Request;
use crate::Error;
use crate::place::read_up_to;
use crate::retry::retry_after;

/// How registries word an error.
#[derive(Deserialize)]
struct Envelope {
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl super::Link {
    /// The answer, if it has one of the expected statuses. `what` is asked for, in the words of "has no ..".
    pub(super) fn expect(
        &self,
        request: &Request<'_>,
        answer: Response<Body>,
        expected: &[StatusCode],
        what: impl FnOnce() -> String,
    ) -> Result<Response<Body>, Error> {
        let status = answer.status();
        if expected.contains(&status) {
            return Ok(answer);
        }
        let credentials = self.credentials(request.host)?;
        Err(match status {
            StatusCode::UNAUTHORIZED => Error::Unauthorized {
                place: request.place.to_owned(),
                host: request.host.to_owned(),
                used: credentials.used().to_owned(),
            },
            StatusCode::NOT_FOUND => Error::NotFound {
                place: request.place.to_owned(),
                what: what(),
            },
            status => refusal(request, answer, status, &credentials),
        })
    }
}

/// The error of an answer that is none that was hoped for.
pub(super) fn refusal(
    request: &Request<'_>,
    answer: Response<Body>,
    status: StatusCode,
    credentials: &Credentials,
) -> Error {
    let place = request.place.to_owned();
    let after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| retry_after(value.to_str().ok()?));
    let said = said(answer);
    let detail = if said.is_empty() {
        said
    } else {
        format!(": {said}")
    };
    match status {
        StatusCode::FORBIDDEN => Error::Forbidden {
            place,
            used: credentials.used().to_owned(),
            detail,
        },
        StatusCode::TOO_MANY_REQUESTS => Error::TooMany {
            place,
            after,
            anonymous: credentials.is_anonymous(),
        },
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            Error::Unavailable {
                place,
                after,
                status: status.as_u16(),
                detail,
            }
        }
        status => Error::BadAnswer {
            place,
            detail: format!(
                "HTTP {status} to {} {}{detail}",
                request.method, request.url
            ),
        },
    }
}

/// What the registry says itself, in one line that a terminal may show.
fn said(answer: Response<Body>) -> String {
    const LIMIT: u64 = 64 << 10;
    let body = read_up_to(answer.into_body().into_reader(), LIMIT);
    let Ok(Some(body)) = body else {
        return String::new();
    };
    let Ok(envelope) = serde_json::from_slice::<Envelope>(&body) else {
        return String::new();
    };
    let reasons: Vec<String> = envelope
        .errors
        .iter()
        .take(3)
        .map(|reason| {
            if reason.message.is_empty() {
                &reason.code
            } else {
                &reason.message
            }
        })
        .map(|text| text.chars().filter(|c| !c.is_control()).take(200).collect())
        .collect();
    reasons.join("; ")
}

/// The first byte's place in what is a part of a blob.
pub(super) fn range_start(request: &Request<'_>, answer: &Response<Body>) -> Result<u64, Error> {
    let range = answer
        .headers()
        .get(header::CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    range
        .strip_prefix("bytes ")
        .and_then(|range| range.split_once('-')?.0.parse().ok())
        .ok_or_else(|| Error::BadAnswer {
            place: request.place.to_owned(),
            detail: format!("a part of a blob, and not which (`{range}`)"),
        })
}
