//! How the server is: `/healthz`, `/readyz`, `/metrics`; and what it can do and say: its description
//! and its problems.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::host::Host;
use crate::kind::{Kind, ProblemType};
use crate::metrics::OPENMETRICS;
use crate::problem::Problem;
use crate::request::Segment;

/// How the server is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok` or `ready`.
    pub status: String,
}

/// Whether the server runs.
///
/// 200 for as long as it answers at all; restart it if it does not.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "health",
    tag = "operation",
    responses((status = 200, description = "It runs", body = Health)),
)]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
    })
}

/// Whether every pipeline may be given frames.
///
/// That is, whether every stage of every pipeline has run a probe item.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readiness",
    tag = "operation",
    responses(
        (status = 200, description = "Every stage has run a probe item", body = Health),
        (status = 503, description = "Not yet, or one failed on it; or the host is about to end, with `reason` \
            `stopping`, and still takes frames. The detail says why", body = Problem,
            headers(("retry-after" = u32, description = "Seconds after which to ask again"))),
    ),
)]
pub(crate) async fn readyz(State(host): State<Arc<Host>>) -> Result<Json<Health>, Problem> {
    host.check_ready()?;
    Ok(Json(Health {
        status: "ready".to_owned(),
    }))
}

/// Metrics for Prometheus.
///
/// `footlight_frames_total`, `footlight_items_total`, `footlight_stage_seconds`,
/// `footlight_frame_seconds`, `footlight_refusals_total`, `footlight_instances`,
/// `footlight_host_memory_bytes`, `footlight_members`, `footlight_queue_length`, `footlight_swaps_total`,
/// `footlight_pipeline_info`, `footlight_versions_open`.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "operation",
    responses((
        status = 200,
        description = "OpenMetrics text",
        body = String,
        content_type = "application/openmetrics-text",
    )),
)]
pub(crate) async fn metrics(State(host): State<Arc<Host>>) -> Result<impl IntoResponse, Problem> {
    if let Some(peers) = &host.peers {
        peers.measure();
    }
    let text = host.metrics.text(host.workers.waiting(), &host.holdings());
    let text =
        text.map_err(|error| Problem::new(Kind::Internal, "metrics-failed", error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text))
}

/// This description.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "description",
    tag = "operation",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)),
)]
pub(crate) async fn openapi(State(host): State<Arc<Host>>) -> impl IntoResponse {
    let json: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
    (json, host.description.clone())
}

/// What a kind of problem means.
///
/// Where `type` in a problem leads.
#[utoipa::path(
    get,
    path = "/problems/{name}",
    operation_id = "explainProblem",
    tag = "operation",
    params(("name" = String, Path, description = "The last part of `type`")),
    responses(
        (status = 200, description = "What it means and what to do", body = ProblemType),
        (status = 400, description = "The path is malformed", body = Problem),
        (status = 404, description = "There is no such kind", body = Problem),
    ),
)]
pub(crate) async fn explain(Segment(name): Segment) -> Result<Json<ProblemType>, Problem> {
    let kind = Kind::named(&name).ok_or_else(|| {
        let known: Vec<String> = Kind::ALL.into_iter().map(Kind::uri).collect();
        let detail = format!(
            "there is no such kind of problem; there are {}",
            known.join(", ")
        );
        Problem::new(Kind::NotFound, "unknown-problem", detail)
    })?;
    Ok(Json(kind.explained()))
}
