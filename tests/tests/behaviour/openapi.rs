//! Every answer is what the description of the API says.

use crate::client::Reply;
use crate::host::{Host, MEMBERS};
use crate::jpeg;
use crate::needs::{self, trial};
use crate::photos::{self, png};
use crate::versions;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "openapi: every answer is as described",
            needs::MEMBERS,
            answers,
        ),
        trial(
            "openapi: every kind of problem is explained",
            needs::MEMBERS,
            problems,
        ),
        trial(
            "openapi: the answer to a frame is described with its faces",
            needs::MEMBERS,
            faces,
        ),
    ]
}

/// The description, and what was compared with it.
pub struct Description {
    document: Value,
    operations: Vec<(String, String)>,
}

impl Description {
    pub fn of(host: &Host) -> Self {
        let document = host.get("/v1/openapi.json").good();
        assert!(
            document["openapi"].as_str().unwrap().starts_with("3.1"),
            "{}",
            document["openapi"]
        );
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(|method| (method.clone(), path.clone()))
        });
        Self {
            operations: operations.collect(),
            document,
        }
    }

    /// Compares an answer with what is said of it.
    #[track_caller]
    pub fn check(&mut self, method: &str, path: &str, status: u16, reply: &Reply) {
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        self.operations
            .retain(|operation| operation != &(method.to_owned(), path.to_owned()));
        let answer = &self.document["paths"][path][method]["responses"][status.to_string()];
        assert!(answer.is_object(), "{method} {path} has no {status}");
        let Some(contents) = answer.get("content") else {
            assert!(reply.body.is_empty(), "{method} {path}: {}", reply.text());
            return;
        };
        let media_type = reply.header("content-type").split(';').next().unwrap();
        let content = &contents[media_type];
        assert!(
            content.is_object(),
            "{method} {path}: {status} is not {media_type} but {contents}"
        );
        if !media_type.ends_with("json") {
            return;
        }
        let mut schema = content["schema"].clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::validator_for(&schema)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let answer = reply.json();
        let errors: Vec<_> = validator
            .iter_errors(&answer)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:?} in {answer}");
        // A schema that allows everything says nothing: an answer of another kind must not pass.
        if path != "/v1/openapi.json" {
            assert!(
                !validator.is_valid(&json!("text")) && !validator.is_valid(&json!({})),
                "{method} {path}: {schema}"
            );
        }
    }
}

fn answers() {
    const FRAMES: &str = "/v1/pipelines/{name}/frames";
    const MEMBER: &str = "/v1/members/{id}";
    let face = jpeg::jpeg(&photos::face());
    let nobody = png(&photos::picture("others/coffee.png", 400));
    MEMBERS.with(|host| {
        let mut description = Description::of(host);
        let mut check = |method: &str, path: &str, status, reply: &Reply| {
            description.check(method, path, status, reply)
        };
        for path in [
            "/healthz",
            "/readyz",
            "/metrics",
            "/v1/pipelines",
            "/v1/stages",
            "/v1/models",
            "/v1/peers",
            "/v1/members",
            "/v1/openapi.json",
        ] {
            check("get", path, 200, &host.get(path));
        }
        check(
            "get",
            "/problems/{name}",
            200,
            &host.get("/problems/too-large"),
        );
        check(
            "get",
            "/problems/{name}",
            404,
            &host.get("/problems/too-late"),
        );

        check("post", FRAMES, 200, &host.frame("members", &nobody));
        check("put", MEMBER, 201, &host.enrol("anna", &[("a.jpg", &face)]));
        check("put", MEMBER, 200, &host.enrol("anna", &[("a.jpg", &face)]));
        check(
            "put",
            MEMBER,
            422,
            &host.enrol("anna", &[("a.jpg", b"text"), ("b.jpg", &face)]),
        );
        check(
            "put",
            MEMBER,
            422,
            &host.enrol("anna", &[("a.png", &nobody)]),
        );
        check(
            "put",
            MEMBER,
            400,
            &host.enrol("anna%20smith", &[("a.jpg", &face)]),
        );
        check("post", FRAMES, 200, &host.frame("members", &face));
        check("get", MEMBER, 200, &host.get("/v1/members/anna"));
        check("get", "/v1/members", 200, &host.get("/v1/members"));
        check(
            "get",
            "/v1/members",
            404,
            &host.get("/v1/members?pipeline=other"),
        );
        check("get", "/v1/models", 200, &host.get("/v1/models"));
        check("delete", MEMBER, 204, &host.delete("/v1/members/anna"));
        check("delete", MEMBER, 404, &host.delete("/v1/members/anna"));
        check("get", MEMBER, 404, &host.get("/v1/members/anna"));
        check("get", MEMBER, 400, &host.get("/v1/members/%2E%2E"));

        const PIPELINE: &str = "/v1/pipelines/{name}";
        const ROLLBACK: &str = "/v1/pipelines/{name}/rollback";
        check("get", PIPELINE, 200, &host.get("/v1/pipelines/members"));
        check("get", PIPELINE, 404, &host.get("/v1/pipelines/other"));
        check("put", PIPELINE, 200, &versions::reload(host, "members"));
        check("put", PIPELINE, 404, &versions::reload(host, "other"));
        let change = |body| host.put_json("/v1/pipelines/members", &body);
        check("put", PIPELINE, 400, &change(json!({})));
        check("put", PIPELINE, 403, &change(json!({"source": "other"})));
        check("post", ROLLBACK, 409, &versions::roll_back(host, "members"));
        check("post", ROLLBACK, 404, &versions::roll_back(host, "other"));

        const GALLERY: &str = "/v1/pipelines/{name}/gallery";
        check(
            "get",
            GALLERY,
            403,
            &host.get("/v1/pipelines/members/gallery"),
        );
        check(
            "get",
            GALLERY,
            404,
            &host.get("/v1/pipelines/other/gallery"),
        );

        check("post", FRAMES, 400, &host.frame("members", b""));
        check("post", FRAMES, 404, &host.frame("other", &face));
        check("post", FRAMES, 413, &host.frame("members", &jpeg::bomb()));
        check(
            "post",
            FRAMES,
            415,
            &host.post("/v1/pipelines/members/frames", "text/plain", b"text"),
        );
        check("post", FRAMES, 422, &host.frame("members", b"text"));
        assert!(
            description.operations.is_empty(),
            "described and not tried: {:?}",
            description.operations
        );
    });
}

fn problems() {
    MEMBERS.with(|host| {
        for reply in [
            host.get("/nowhere"),
            host.frame("members", b""),
            host.delete("/v1/models"),
            host.get("/v1/members/x"),
        ] {
            assert!(reply.status >= 400);
            let problem = reply.json();
            let kind = problem["type"].as_str().unwrap();
            let explained = host.get(kind).good();
            assert_eq!(explained["type"], problem["type"]);
            assert_eq!(explained["title"], problem["title"]);
            assert_eq!(explained["status"], reply.status);
        }
    });
}

/// The description says enough that a wrong answer would be seen.
fn faces() {
    let mut schema = Value::Null;
    MEMBERS.with(|host| schema = host.get("/v1/openapi.json").good());
    schema["$ref"] = json!("#/components/schemas/FrameAnswer");
    let answer = jsonschema::validator_for(&schema).unwrap();
    let face = json!({
        "box": {"x": 1.5, "y": 2.0, "width": 30.0, "height": 40.0},
        "score": 0.99,
        "landmarks": [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]],
        "verdict": {"member": true, "id": "ada", "similarity": 0.7, "threshold": 0.42},
    });
    let frame = json!({
        "pipeline": "members",
        "version": {"pipeline": "sha256:00", "stages": {"detect": "sha256:01"}, "models": {}},
        "frame": "0123456789ab-1", "width": 640, "height": 480,
        "milliseconds": {"decode": 1.0, "total": 2.0}, "faces": [face],
    });
    let errors: Vec<String> = answer
        .iter_errors(&frame)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");

    let mut other = frame.clone();
    other.as_object_mut().unwrap().remove("faces");
    other["plates"] = json!([{"text": "B 1"}]);
    assert!(
        answer.is_valid(&other),
        "what other pipelines answer is allowed"
    );
    for (place, wrong) in [
        ("/faces/0/score", json!("high")),
        ("/faces/0/landmarks", json!([[1, 2]])),
        ("/faces/0/verdict/threshold", Value::Null),
        ("/width", json!("wide")),
        ("/version", json!("1.0")),
        ("/version/stages", Value::Null),
    ] {
        let mut broken = frame.clone();
        *broken.pointer_mut(place).unwrap() = wrong;
        assert!(!answer.is_valid(&broken), "{place}");
    }
}
