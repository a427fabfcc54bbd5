//! Which handler answers what.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};

use crate::host::Host;
use crate::kind::Kind;
use crate::problem::{Problem, Reason};
use crate::{catalogue, courtesy, frames, gallery, members, others, pipelines, status};

/// Every route there is.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<Arc<Host>>)> {
    vec![
        ("/v1/pipelines/{name}/frames", post(frames::submit)),
        ("/v1/members", get(members::list)),
        (
            "/v1/members/{id}",
            get(members::get)
                .put(members::enrol)
                .delete(members::forget),
        ),
        ("/v1/pipelines", get(pipelines::list)),
        (
            "/v1/pipelines/{name}",
            get(pipelines::get).put(pipelines::change),
        ),
        ("/v1/pipelines/{name}/rollback", post(pipelines::roll_back)),
        ("/v1/pipelines/{name}/gallery", get(gallery::sealed)),
        ("/v1/stages", get(catalogue::stages)),
        ("/v1/models", get(catalogue::models)),
        ("/v1/peers", get(others::list)),
        ("/v1/openapi.json", get(status::openapi)),
        ("/healthz", get(status::healthz)),
        ("/readyz", get(status::readyz)),
        ("/metrics", get(status::metrics)),
        ("/problems/{name}", get(status::explain)),
    ]
}

/// The router over all of them.
pub(crate) fn router(host: Arc<Host>) -> Router {
    let routes = routes().into_iter();
    let router = routes.fold(Router::new(), |router, (path, methods)| {
        router.route(path, methods)
    });
    router
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn(courtesy::hear_out))
        .layer(from_fn_with_state(Arc::clone(&host), count))
        .with_state(host)
}

/// Counts answers that are problems, by their reason.
async fn count(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(Reason(reason)) = response.extensions().get() {
        host.metrics.refusal(reason);
    }
    if host.draining() {
        // Whoever sends the next frame opens another connection, which leads to another host where there is one.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

async fn no_route(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    let detail = format!("there is nothing at {path:?}; /v1/openapi.json describes what there is");
    Problem::new(Kind::NotFound, "unknown-route", detail)
}

async fn no_method(method: Method, uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    let method: String = method.as_str().chars().take(20).collect();
    let detail = format!("{method} is not allowed at {path:?}; the header Allow says what is");
    Problem::new(Kind::MethodNotAllowed, "method-not-allowed", detail)
}
