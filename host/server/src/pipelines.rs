//! Pipelines and their versions: `/v1/pipelines`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::attempt::{Attempt, Cause, Outcome};
use crate::host::Host;
use crate::kind::Kind;
use crate::listing::{Pipeline, Pipelines};
use crate::problem::Problem;
use crate::request::Segment;
use crate::swap::Turn;

/// The pipelines, and which version of each runs.
#[utoipa::path(
    get,
    path = "/v1/pipelines",
    operation_id = "listPipelines",
    tag = "pipelines",
    responses((status = 200, description = "All pipelines, by name", body = Pipelines)),
)]
pub(crate) async fn list(State(host): State<Arc<Host>>) -> Json<Pipelines> {
    let pipelines = host.pipelines().map(|entry| Pipeline::of(&entry)).collect();
    Json(Pipelines { pipelines })
}

/// A pipeline, and which version of it runs.
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}",
    operation_id = "getPipeline",
    tag = "pipelines",
    params(("name" = String, Path, description = "The pipeline's name")),
    responses(
        (status = 200, description = "The pipeline", body = Pipeline),
        (status = 400, description = "The path is malformed", body = Problem),
        (status = 404, description = "There is no such pipeline", body = Problem),
    ),
)]
pub(crate) async fn get(
    State(host): State<Arc<Host>>,
    Segment(name): Segment,
) -> Result<Json<Pipeline>, Problem> {
    Ok(Json(Pipeline::of(&*host.pipeline(&name)?)))
}

/// Change the version of a pipeline.
///
/// The new version is read, compiled and probed beside the one that runs. If it works, it takes the next
/// frame; frames that were begun finish on the version that they began with. If it does not, the one that
/// runs goes on, and the answer says why. Either way this answers when that is done.
#[utoipa::path(
    put,
    path = "/v1/pipelines/{name}",
    operation_id = "changePipeline",
    tag = "pipelines",
    params(("name" = String, Path, description = "The pipeline's name")),
    request_body(
        description = "`{\"reload\": true}` for what the source has now, or `{\"source\": \"REFERENCE\"}` for \
            another source, which versions come from thereafter",
        content((Change = "application/json")),
    ),
    responses(
        (status = 200, description = "The version runs from the next frame on, or did so already",
            body = Attempt),
        (status = 400, description = "The path or the body is malformed", body = Problem),
        (status = 403, description = "The source is none that may be named over HTTP, such as a file that \
            the host was not started with", body = Problem),
        (status = 404, description = "There is no such pipeline", body = Problem),
        (status = 408, description = "The body did not arrive in time", body = Problem),
        (status = 409, description = "The version is being changed already", body = Problem),
        (status = 413, description = "The body has too many bytes", body = Problem),
        (status = 415, description = "The body is compressed", body = Problem),
        (status = 422, description = "The version is refused; the detail says why. Nothing has changed",
            body = Problem),
        (status = 500, description = "The host failed", body = Problem),
        (status = 503, description = "Too many requests are being received at once", body = Problem,
            headers(("retry-after" = u32, description = "Seconds after which to try again"))),
    ),
)]
pub(crate) async fn change(
    State(host): State<Arc<Host>>,
    Segment(name): Segment,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Attempt>, Problem> {
    let entry = host.pipeline(&name)?;
    let received = host.intake.receive(&headers, body).await?;
    let wanted = Change::read(&received.bytes)?.source;
    let turn = Turn::take(&host, &entry)?;
    let source = match wanted {
        Some(name) => entry
            .sources
            .named(&name)
            .map_err(|why| Problem::new(Kind::NotAllowed, "source-not-allowed", why.to_string()))?,
        None => entry.source(),
    };
    answer(turn.swap(source, Cause::Request).await)
}

/// Go back to the version that ran before.
///
/// It is still open, so that this takes no longer than its probe. Asked once more, this goes forward again.
/// A host that watches stays with the version until its source changes once more.
#[utoipa::path(
    post,
    path = "/v1/pipelines/{name}/rollback",
    operation_id = "rollBackPipeline",
    tag = "pipelines",
    params(("name" = String, Path, description = "The pipeline's name")),
    responses(
        (status = 200, description = "The version before runs from the next frame on", body = Attempt),
        (status = 400, description = "The path is malformed", body = Problem),
        (status = 403, description = "What runs is said elsewhere, such as by an object of Kubernetes",
            body = Problem),
        (status = 404, description = "There is no such pipeline", body = Problem),
        (status = 409, description = "There is no version before, or the version is being changed",
            body = Problem),
        (status = 422, description = "The version before fails its probe now. Nothing has changed",
            body = Problem),
        (status = 500, description = "The host failed", body = Problem),
    ),
)]
pub(crate) async fn roll_back(
    State(host): State<Arc<Host>>,
    Segment(name): Segment,
) -> Result<Json<Attempt>, Problem> {
    let entry = host.pipeline(&name)?;
    entry
        .sources
        .may_roll_back()
        .map_err(|why| Problem::new(Kind::NotAllowed, "rollback-not-allowed", why.to_string()))?;
    let turn = Turn::take(&host, &entry)?;
    answer(turn.roll_back().await)
}

fn answer(attempt: Result<Attempt, Problem>) -> Result<Json<Attempt>, Problem> {
    let attempt = attempt?;
    if attempt.outcome != Outcome::Refused {
        return Ok(Json(attempt));
    }
    let why = attempt.reason.unwrap_or_default();
    let detail = format!("{why}; the version that ran goes on");
    Err(Problem::new(
        Kind::VersionRefused,
        "version-refused",
        detail,
    ))
}

/// Which version a pipeline is to have: one of the two.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// Where the version is: a reference, or the file that the host was started with.
    source: Option<String>,
    /// True for the version that the source has now.
    #[serde(default)]
    reload: bool,
}

impl Change {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let malformed = |why: String| {
            let detail = format!(
                "{why}; send {{\"reload\": true}}, or {{\"source\": \"REFERENCE\"}} for another source"
            );
            Problem::new(Kind::MalformedRequest, "malformed-body", detail)
        };
        let change: Self = serde_json::from_slice(bytes)
            .map_err(|error| malformed(format!("the body is not what it must be: {error}")))?;
        match (&change.source, change.reload) {
            (Some(_), false) | (None, true) => Ok(change),
            (Some(_), true) => Err(malformed("the body asks for both".to_owned())),
            (None, false) => Err(malformed("the body asks for nothing".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_of_two_things() {
        let read = |text: &str| Change::read(text.as_bytes());
        assert_eq!(read(r#"{"reload": true}"#).unwrap().source, None);
        let named = read(r#"{"source": "registry.example/p:1"}"#).unwrap();
        assert_eq!(named.source.unwrap(), "registry.example/p:1");
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"reload": false}"#,
            r#"{"source": "a", "reload": true}"#,
            r#"{"sauce": "a"}"#,
        ] {
            let problem = read(wrong).unwrap_err();
            assert_eq!(
                (problem.status, problem.reason.as_str()),
                (400, "malformed-body"),
                "{wrong}"
            );
            assert!(problem.detail.contains(r#"{"reload": true}"#));
        }
    }
}
