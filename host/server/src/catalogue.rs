//! What the host's pipelines are made of: `/v1/stages`, `/v1/models`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::host::Host;
use crate::listing::{Model, Models, Stage, Stages};

/// The stages of all pipelines, and what each may do.
#[utoipa::path(
    get,
    path = "/v1/stages",
    operation_id = "listStages",
    tag = "catalogue",
    responses((status = 200, description = "All stages, in the order in which they run", body = Stages)),
)]
pub(crate) async fn stages(State(host): State<Arc<Host>>) -> Json<Stages> {
    let stages = host.pipelines().flat_map(|entry| {
        let infos = entry.running().pipeline.stages().into_iter();
        infos.map(move |info| Stage::of(&entry.name, info))
    });
    Json(Stages {
        stages: stages.collect(),
    })
}

/// The models of all pipelines, as they are now.
///
/// A gallery is a model too; its digest changes with every enrolment.
#[utoipa::path(
    get,
    path = "/v1/models",
    operation_id = "listModels",
    tag = "catalogue",
    responses((status = 200, description = "All models, by pipeline and name", body = Models)),
)]
pub(crate) async fn models(State(host): State<Arc<Host>>) -> Json<Models> {
    let mut models = Vec::new();
    for entry in host.pipelines() {
        let snapshot = entry.running().pipeline.models();
        models.extend(snapshot.iter().map(|model| Model::of(&entry.name, model)));
    }
    Json(Models { models })
}
