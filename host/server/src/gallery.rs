//! A gallery, for other hosts of its site: `/v1/pipelines/{name}/gallery`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;

use crate::host::Host;
use crate::kind::Kind;
use crate::problem::Problem;
use crate::refusal;
use crate::request::Segment;

/// The header with what may be known of a gallery, in JSON.
pub const GALLERY_HEADER: &str = "footlight-gallery";

/// The gallery of a pipeline, encrypted.
///
/// All members with their templates, for another host of the site: `footlight gallery push` publishes it, and
/// `footlight run --gallery` verifies with it. It is encrypted with the key of the site, which the host was started
/// with; without one it is not given out, nor by a host that follows a gallery. What the header says of it is sealed
/// along with it.
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}/gallery",
    operation_id = "getGallery",
    tag = "pipelines",
    params(("name" = String, Path, description = "The pipeline's name")),
    responses(
        (status = 200, description = "The gallery, encrypted", content_type = "application/octet-stream",
            body = Vec<u8>,
            headers(("footlight-gallery" = String, description = "What may be known of it, in JSON: the pipeline, \
                the model that made the templates and how many numbers they have, how many members and templates \
                there are, which key it is encrypted with, and when it was"))),
        (status = 400, description = "The path is malformed", body = Problem),
        (status = 403, description = "The host has no key of the site", body = Problem),
        (status = 404, description = "There is no such pipeline, or it has no gallery", body = Problem),
        (status = 409, description = "The members are enrolled on another host, which this one follows",
            body = Problem),
        (status = 500, description = "The gallery cannot be read", body = Problem),
        (status = 503, description = "The queue is full", body = Problem,
            headers(("retry-after" = u32, description = "Seconds after which to try again"))),
    ),
)]
pub(crate) async fn sealed(
    State(host): State<Arc<Host>>,
    Segment(name): Segment,
) -> Result<impl IntoResponse, Problem> {
    let entry = host.pipeline(&name)?;
    // All members are read and encrypted, which is work like a frame is.
    let sealing = host.workers.admit()?.run(move |_| {
        let sealed = entry.running().pipeline.seal_gallery();
        sealed.map_err(|error| refusal::of_enrolment(&error))
    });
    let sealed = sealing.await??;
    let about = HeaderValue::try_from(sealed.about)
        .map_err(|error| Problem::new(Kind::Internal, "gallery-failed", error.to_string()))?;
    let kind = HeaderValue::from_static("application/octet-stream");
    let headers = [
        (header::CONTENT_TYPE.as_str(), kind),
        (GALLERY_HEADER, about),
    ];
    Ok((headers, sealed.sealed))
}
