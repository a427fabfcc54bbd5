//! What a request says beside its body.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::kind::Kind;
use crate::live;
use crate::problem::Problem;

/// The one variable segment of a path: a pipeline's name, a member's id.
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Self(segment)),
            Err(error) => Err(Problem::new(
                Kind::MalformedRequest,
                "malformed-path",
                error.body_text(),
            )),
        }
    }
}

/// Which pipeline's gallery a request is about, if it says so: `?pipeline=NAME`.
pub(crate) struct Chosen(pub(crate) Option<String>);

/// Which live stream a frame is of, if it is of one: `?stream=NAME`.
pub(crate) struct Stream(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Chosen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        only(parts, "pipeline").map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Stream {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let stream = only(parts, "stream")?;
        if let Some(name) = &stream {
            let may = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            if name.is_empty() || name.len() > live::MOST || !name.bytes().all(may) {
                let shown: String = name.chars().take(80).collect();
                return Err(malformed(format!(
                    "{shown:?} is no name of a stream, which has 1 to {} of a-z, A-Z, 0-9, dot, underscore and hyphen",
                    live::MOST
                )));
            }
        }
        Ok(Self(stream))
    }
}

/// The value of the only name that a query may have, if it is there.
fn only(parts: &Parts, name: &str) -> Result<Option<String>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let mut found = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        // Names have no character that would be escaped in a query.
        match pair.split_once('=') {
            Some((key, value)) if key == name && found.is_none() => found = Some(value.to_owned()),
            _ => {
                let shown: String = pair.chars().take(80).collect();
                return Err(malformed(format!(
                    "the query has {shown:?}; it may only have {name}=NAME, once"
                )));
            }
        }
    }
    Ok(found)
}

fn malformed(detail: String) -> Problem {
    Problem::new(Kind::MalformedRequest, "malformed-query", detail)
}
