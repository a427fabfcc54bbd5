//! What a request says beside its body.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::kind::Kind;
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

impl<S: Send + Sync> FromRequestParts<S> for Chosen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let mut chosen = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            // Names of pipelines have no character that would be escaped in a query.
            match pair.split_once('=') {
                Some(("pipeline", name)) if chosen.is_none() => chosen = Some(name.to_owned()),
                _ => {
                    let shown: String = pair.chars().take(80).collect();
                    return Err(Problem::new(
                        Kind::MalformedRequest,
                        "malformed-query",
                        format!("the query has {shown:?}; it may only have pipeline=NAME, once"),
                    ));
                }
            }
        }
        Ok(Self(chosen))
    }
}
