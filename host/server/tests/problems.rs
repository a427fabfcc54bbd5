//! What a client sees that asks for what is not there, of a server without pipelines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use footlight_server::{Options, PROBLEM_JSON, Server};
use serde_json::Value;
use tower::ServiceExt;

fn router() -> Router {
    Server::new(Vec::new(), Options::default())
        .unwrap()
        .router()
}

async fn ask(router: &Router, method: &str, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = Request::builder().method(method).uri(path);
    let request = request
        .header(header::CONTENT_TYPE, "image/png")
        .body(Body::from("x"))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (head.status, head.headers, body.to_vec())
}

/// Asks for what is refused; the problem.
async fn refused(router: &Router, method: &str, path: &str) -> (HeaderMap, Value) {
    let (status, headers, body) = ask(router, method, path).await;
    assert_eq!(
        headers[header::CONTENT_TYPE],
        PROBLEM_JSON,
        "{method} {path}"
    );
    let problem: Value = serde_json::from_slice(&body).expect("a problem is JSON");
    assert_eq!(problem["status"], status.as_u16(), "{method} {path}");
    (headers, problem)
}

#[tokio::test]
async fn whatever_is_not_there_is_a_problem_that_says_what_is() {
    let router = router();
    for (method, path, status, reason, detail) in [
        ("GET", "/nothing", 404, "unknown-route", "/v1/openapi.json"),
        (
            "GET",
            "/v1/pipelines/",
            404,
            "unknown-route",
            "/v1/openapi.json",
        ),
        (
            "POST",
            "/v1/pipelines/nobody/frames",
            404,
            "unknown-pipeline",
            "nobody",
        ),
        (
            "POST",
            "/v1/pipelines/%ff/frames",
            400,
            "malformed-path",
            "UTF-8",
        ),
        ("GET", "/v1/members", 404, "no-gallery", "no members"),
        (
            "GET",
            "/v1/members?pipeline=a",
            404,
            "unknown-pipeline",
            "\"a\"",
        ),
        (
            "GET",
            "/v1/members?colour=red",
            400,
            "malformed-query",
            "pipeline=NAME",
        ),
        (
            "GET",
            "/v1/members?pipeline=a&pipeline=b",
            400,
            "malformed-query",
            "once",
        ),
        (
            "GET",
            "/v1/members/..%2Fx",
            400,
            "malformed-id",
            "cannot be a member's id",
        ),
        (
            "PUT",
            "/v1/members/ada",
            415,
            "unsupported-media-type",
            "multipart/form-data",
        ),
        ("DELETE", "/v1/members/ada", 404, "no-gallery", "no members"),
        (
            "GET",
            "/problems/nothing",
            404,
            "unknown-problem",
            "/problems/too-large",
        ),
    ] {
        let (_, problem) = refused(&router, method, path).await;
        assert_eq!(problem["status"], status, "{method} {path}");
        assert_eq!(problem["reason"], reason, "{method} {path}");
        let said = problem["detail"].as_str().unwrap();
        assert!(said.contains(detail), "{method} {path}: {said}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let router = router();
    for (method, path, allowed) in [
        ("GET", "/v1/pipelines/members/frames", "POST"),
        ("POST", "/v1/members/ada", "GET,HEAD,PUT,DELETE"),
        ("DELETE", "/healthz", "GET,HEAD"),
    ] {
        let (headers, problem) = refused(&router, method, path).await;
        assert_eq!(problem["reason"], "method-not-allowed");
        let mut methods: Vec<&str> = headers[header::ALLOW]
            .to_str()
            .unwrap()
            .split(',')
            .collect();
        let mut wanted: Vec<&str> = allowed.split(',').collect();
        methods.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(methods, wanted, "{method} {path}");
    }
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_what_it_means() {
    let router = router();
    let (_, problem) = refused(&router, "GET", "/nothing").await;
    let (status, _, body) = ask(&router, "GET", problem["type"].as_str().unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    let kind: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&kind["type"], &kind["title"], &kind["status"]),
        (&problem["type"], &problem["title"], &problem["status"])
    );
    assert!(!kind["meaning"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn refusals_are_counted_by_reason() {
    let router = router();
    for _ in 0..3 {
        refused(&router, "GET", "/nothing").await;
    }
    refused(&router, "DELETE", "/healthz").await;
    let (status, headers, body) = ask(&router, "GET", "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        headers[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    let text = String::from_utf8(body).unwrap();
    for line in [
        "footlight_refusals_total{reason=\"unknown-route\"} 3",
        "footlight_refusals_total{reason=\"method-not-allowed\"} 1",
        "footlight_queue_length 0",
    ] {
        assert!(
            text.lines().any(|have| have == line),
            "no line {line:?} in\n{text}"
        );
    }
}

#[tokio::test]
async fn a_server_without_pipelines_runs_and_lists_nothing() {
    let router = router();
    for (path, answer) in [
        ("/healthz", "{\"status\":\"ok\"}"),
        ("/readyz", "{\"status\":\"ready\"}"),
        ("/v1/pipelines", "{\"pipelines\":[]}"),
        ("/v1/stages", "{\"stages\":[]}"),
        ("/v1/models", "{\"models\":[]}"),
    ] {
        let (status, _, body) = ask(&router, "GET", path).await;
        assert_eq!(
            (status, body.as_slice()),
            (StatusCode::OK, answer.as_bytes()),
            "{path}"
        );
    }
}
