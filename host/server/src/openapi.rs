//! The description of the API, derived from the handlers and the types that they answer with.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::path::Operation;
use utoipa::{Modify, OpenApi};

use crate::problem::PROBLEM_JSON;
use crate::{catalogue, frames, gallery, members, others, pipelines, status};

/// Sends frames through pipelines of sandboxed stages.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Footlight",
        description = "Sends frames through pipelines of WebAssembly components, each in a sandbox of \
            its own, and keeps the members that they are compared with. Every answer with a status of \
            400 or more is a problem (RFC 9457, application/problem+json), whose `type` leads to what \
            it means.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        frames::submit,
        pipelines::list,
        pipelines::get,
        pipelines::change,
        pipelines::roll_back,
        gallery::sealed,
        members::enrol,
        members::list,
        members::get,
        members::forget,
        catalogue::stages,
        catalogue::models,
        others::list,
        status::healthz,
        status::readyz,
        status::metrics,
        status::openapi,
        status::explain,
    ),
    tags(
        (name = "frames", description = "Send frames"),
        (name = "pipelines", description = "See which version of a pipeline runs, and change it"),
        (name = "members", description = "Enrol, list and forget members"),
        (name = "catalogue", description = "What the host runs"),
        (name = "operation", description = "How the host is"),
    ),
    modifiers(&Problems),
)]
struct Api;

/// The description as JSON.
pub(crate) fn document() -> Vec<u8> {
    // A description is made of maps with text for keys, so this cannot fail.
    serde_json::to_vec_pretty(&Api::openapi()).unwrap_or_default()
}

/// Gives every problem its media type: by default the derive says that a body is plain JSON.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut Document) {
        for item in document.paths.paths.values_mut() {
            let operations = [
                &mut item.get,
                &mut item.put,
                &mut item.post,
                &mut item.delete,
            ];
            operations.into_iter().flatten().for_each(rename);
        }
    }
}

fn rename(operation: &mut Operation) {
    use utoipa::openapi::RefOr;
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if status.starts_with(['4', '5'])
            && let Some(content) = response.content.shift_remove("application/json")
        {
            response.content.insert(PROBLEM_JSON.to_owned(), content);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;
    use crate::{Options, Server, routes};

    const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

    fn description() -> Value {
        serde_json::from_slice(&document()).unwrap()
    }

    async fn answer(method: &str, path: &str) -> (StatusCode, Value) {
        let router = Server::new(Vec::new(), Options::default())
            .unwrap()
            .router();
        let request = Request::builder()
            .method(method.to_uppercase().as_str())
            .uri(path);
        let response = router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Calls a function on every value in a value.
    fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
        visit(value);
        match value {
            Value::Array(values) => values.iter().for_each(|value| walk(value, visit)),
            Value::Object(fields) => fields.values().for_each(|value| walk(value, visit)),
            _ => {}
        }
    }

    #[test]
    fn it_is_an_openapi_document_whose_references_lead_somewhere() {
        let document = description();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
        let mut references = 0;
        walk(&document, &mut |value| {
            if let Some(to) = value.get("$ref").and_then(Value::as_str) {
                references += 1;
                assert!(
                    document.pointer(to.trim_start_matches('#')).is_some(),
                    "{to} leads nowhere"
                );
            }
        });
        assert!(references > 20);
    }

    #[tokio::test]
    async fn every_route_and_method_is_described_and_nothing_else_is() {
        let document = description();
        let described: BTreeSet<&str> = document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let routed: BTreeSet<&str> = routes::routes().into_iter().map(|(path, _)| path).collect();
        assert_eq!(described, routed);
        for path in routed {
            for method in METHODS {
                let (status, body) =
                    answer(method, &path.replace("{name}", "x").replace("{id}", "x")).await;
                assert_ne!(body["reason"], "unknown-route", "{method} {path}");
                let taken = status != StatusCode::METHOD_NOT_ALLOWED;
                let operation = &document["paths"][path][method];
                assert_eq!(taken, !operation.is_null(), "{method} {path}");
                if taken {
                    let answers = &operation["responses"];
                    assert!(
                        !answers[status.as_str()].is_null(),
                        "{method} {path} answers {status}"
                    );
                }
            }
        }
    }

    #[tokio::test]
    async fn every_error_is_described_as_a_problem_and_is_one() {
        let document = description();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let answers = operation["responses"].as_object().unwrap().iter();
                for (status, answer) in answers.filter(|(status, _)| status.starts_with(['4', '5']))
                {
                    let schema = &answer["content"][PROBLEM_JSON]["schema"]["$ref"];
                    assert_eq!(
                        schema, "#/components/schemas/Problem",
                        "{method} {path} {status}"
                    );
                }
            }
        }
        let required = &document["components"]["schemas"]["Problem"]["required"];
        let required = required.as_array().unwrap();
        assert!(required.contains(&json!("reason")) && required.contains(&json!("detail")));
        for (method, path) in [
            ("get", "/nothing"),
            ("get", "/v1/members"),
            ("delete", "/healthz"),
        ] {
            let (_, body) = answer(method, path).await;
            let has = |name: &Value| !body[name.as_str().unwrap()].is_null();
            assert!(required.iter().all(has), "{body}");
        }
    }
}
