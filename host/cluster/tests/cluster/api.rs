//! An API server, as far as it is needed here: objects with versions, lists, watches, and conflicts.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use futures_util::stream;
use kube::Client;
use serde_json::{Value, json};

const OURS: &str = "/apis/footlight.dev/v1alpha1/namespaces/footlight/{kind}";

#[derive(Clone, Default)]
pub struct Api(Arc<Mutex<Stored>>);

#[derive(Default)]
pub struct Stored {
    /// By kind (`members`, `pods`) and name.
    pub objects: BTreeMap<(String, String), Value>,
    /// What watches tell, with the version and the kind of each.
    events: Vec<(u64, String, Value)>,
    pub version: u64,
    /// The status of all answers.
    pub away: Option<StatusCode>,
    /// The object that nobody may change.
    pub forbidden: Option<String>,
    /// How many changes somebody else gets ahead of.
    pub overtaken: u32,
    /// The last version that watches tell of for now.
    pub up_to: Option<u64>,
}

type Answer = Result<Response, Response>;

fn refused(code: StatusCode, reason: &str) -> Response {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code.as_u16(),
        "reason": reason, "message": format!("{reason}, as the API server says"),
    });
    (code, Json(status)).into_response()
}

impl Stored {
    fn change(&mut self, how: &str, kind: &str, object: &mut Value) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let event = json!({"type": how, "object": object});
        self.events.push((self.version, kind.to_owned(), event));
    }

    pub fn create(&mut self, kind: &str, mut object: Value) -> Value {
        object["metadata"]["uid"] = json!(format!("uid-{}", self.version));
        self.put("ADDED", kind, &mut object);
        object
    }

    /// Changes an object as somebody else would.
    pub fn edit(&mut self, kind: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut object = self.objects[&key(kind, name)].clone();
        edit(&mut object);
        self.put("MODIFIED", kind, &mut object);
    }

    pub fn remove(&mut self, kind: &str, name: &str) -> Option<Value> {
        let mut object = self.objects.remove(&key(kind, name))?;
        self.change("DELETED", kind, &mut object);
        Some(object)
    }

    fn put(&mut self, how: &str, kind: &str, object: &mut Value) {
        self.change(how, kind, object);
        let name = object["metadata"]["name"].as_str().unwrap();
        self.objects.insert(key(kind, name), object.clone());
    }

    fn check(&self) -> Result<(), Response> {
        self.away.map_or(Ok(()), |code| Err(refused(code, "Away")))
    }
}

/// Where an object is.
pub fn key(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

impl Api {
    pub fn client(&self) -> Client {
        let one = get(one).put(replace).delete(delete);
        let router = Router::new()
            .route(OURS, get(list).post(create))
            .route(&format!("{OURS}/{{name}}"), one)
            .route(&format!("{OURS}/{{name}}/status"), put(replace))
            .route("/api/v1/namespaces/footlight/{kind}", get(list))
            .route("/api/v1/{kind}", get(list))
            .with_state(self.clone());
        Client::new(router, "footlight")
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut Stored) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    pub fn names(&self, kind: &str) -> Vec<String> {
        self.with(|stored| {
            let of_kind = stored.objects.keys().filter(|(of, _)| of == kind);
            of_kind.map(|(_, name)| name.clone()).collect()
        })
    }
}

async fn list(
    State(api): State<Api>,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    api.with(|stored| stored.check())?;
    let query = query.unwrap_or_default();
    let value = |key: &str| query.split('&').find_map(|part| part.strip_prefix(key));
    if value("watch=").is_some() {
        let from: u64 = value("resourceVersion=").unwrap().parse().unwrap();
        let lines = stream::unfold((api, kind, from), |(api, kind, from)| async move {
            loop {
                let next = api.with(|stored| {
                    let mut events = stored.events.iter();
                    let next = events.find(|(version, of, _)| *version > from && *of == kind);
                    let next = next.cloned();
                    next.filter(|(version, _, _)| {
                        stored.up_to.is_none_or(|up_to| *version <= up_to)
                    })
                });
                if let Some((version, _, event)) = next {
                    let line = format!("{event}\n");
                    return Some((Ok::<_, Infallible>(line), (api, kind, version)));
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        return Ok(Body::from_stream(lines).into_response());
    }
    let list = api.with(|stored| {
        let of_kind = stored.objects.iter().filter(|((of, _), _)| *of == kind);
        json!({
            "apiVersion": "v1", "kind": "List",
            "metadata": {"resourceVersion": stored.version.to_string()},
            "items": of_kind.map(|(_, object)| object).collect::<Vec<_>>(),
        })
    });
    Ok(Json(list).into_response())
}

async fn create(
    State(api): State<Api>,
    Path(kind): Path<String>,
    Json(object): Json<Value>,
) -> Answer {
    api.with(|stored| {
        stored.check()?;
        if stored.overtaken > 0 {
            stored.overtaken -= 1;
            stored.create(&kind, object.clone());
        }
        let name = object["metadata"]["name"].as_str().unwrap();
        match stored.objects.contains_key(&key(&kind, name)) {
            true => Err(refused(StatusCode::CONFLICT, "AlreadyExists")),
            false => {
                let created = stored.create(&kind, object);
                Ok((StatusCode::CREATED, Json(created)).into_response())
            }
        }
    })
}

async fn one(State(api): State<Api>, Path((kind, name)): Path<(String, String)>) -> Answer {
    api.with(|stored| {
        stored.check()?;
        match stored.objects.get(&key(&kind, &name)) {
            Some(object) => Ok(Json(object).into_response()),
            None => Err(refused(StatusCode::NOT_FOUND, "NotFound")),
        }
    })
}

async fn replace(
    State(api): State<Api>,
    Path((kind, name)): Path<(String, String)>,
    Json(mut object): Json<Value>,
) -> Answer {
    api.with(|stored| {
        stored.check()?;
        if stored.forbidden.as_ref() == Some(&name) {
            return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "Invalid"));
        }
        if stored.overtaken > 0 {
            stored.overtaken -= 1;
            stored.edit(&kind, &name, |_| ());
        }
        let there = &stored.objects[&key(&kind, &name)];
        if object["metadata"]["resourceVersion"] != there["metadata"]["resourceVersion"] {
            return Err(refused(StatusCode::CONFLICT, "Conflict"));
        }
        object["metadata"]["uid"] = there["metadata"]["uid"].clone();
        stored.put("MODIFIED", &kind, &mut object);
        Ok(Json(object).into_response())
    })
}

async fn delete(State(api): State<Api>, Path((kind, name)): Path<(String, String)>) -> Answer {
    api.with(|stored| {
        stored.check()?;
        let removed = stored.remove(&kind, &name);
        let object = removed.ok_or_else(|| refused(StatusCode::NOT_FOUND, "NotFound"))?;
        let status = json!({
            "apiVersion": "v1", "kind": "Status", "status": "Success",
            "details": {"uid": object["metadata"]["uid"]},
        });
        Ok(Json(status).into_response())
    })
}

/// Waits until something is so.
pub async fn until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        let waited = began.elapsed();
        assert!(waited < Duration::from_secs(20), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
