//! temporary
#![allow(clippy::unwrap_used)]
use tower::ServiceExt;
#[tokio::test]
async fn dump() {
    let router = footlight_server::Server::new(Vec::new(), Default::default())
        .unwrap()
        .router();
    let request = axum::http::Request::get("/v1/openapi.json")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    println!("{}", String::from_utf8_lossy(&body));
}
