//! What the host says that it runs, and what `footlight stage inspect` says of a stage.

use crate::host::{MEMBERS, footlight};
use crate::needs::{self, trial};
use crate::places;
use libtest_mimic::Trial;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

const SHIPPED: [&str; 3] = [
    "face-detection.wasm",
    "feature-extraction.wasm",
    "member-verification.wasm",
];

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "catalogue: the stages are small and reach nothing but the contract",
            needs::MEMBERS,
            stages,
        ),
        trial("catalogue: models and pipelines", needs::MEMBERS, models),
        trial(
            "catalogue: a component that is no stage is told so",
            needs::HOSTILE,
            no_stage,
        ),
    ]
}

fn inspect(file: &Path) -> Output {
    footlight()
        .args(["stage", "inspect", "--json"])
        .arg(file)
        .output()
        .unwrap()
}

fn stages() {
    let mut total = 0;
    let mut digests = Vec::new();
    for name in SHIPPED {
        let file = places::stages().join(name);
        let output = inspect(&file);
        assert!(output.status.success(), "{output:?}");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let bytes = std::fs::metadata(&file).unwrap().len();
        assert_eq!(said["bytes"], bytes);
        total += bytes;
        for import in said["imports"].as_array().unwrap() {
            let import = import["name"].as_str().unwrap();
            assert!(
                import.starts_with("wasi:nn/") || import.starts_with("footlight:stage/"),
                "{name} imports {import}"
            );
        }
        digests.push(said["digest"].clone());
    }
    assert!(total < 1_000_000, "{total} bytes");
    MEMBERS.with(|host| {
        let stages = host.get("/v1/stages").good();
        let stages = stages["stages"].as_array().unwrap();
        let column = |name: &str| {
            stages
                .iter()
                .map(|stage| stage[name].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(column("component"), SHIPPED);
        assert_eq!(column("digest"), digests);
        assert_eq!(column("name"), ["detect", "features", "verify"]);
        assert_eq!(stages[0]["limits"]["milliseconds"], 5000);
    });
}

fn models() {
    MEMBERS.with(|host| {
        let models = host.get("/v1/models").good();
        let models = models["models"].as_array().unwrap();
        let names: Vec<_> = models
            .iter()
            .map(|model| model["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["fr-feature", "gallery", "retinaface"]);
        for model in models {
            assert_eq!(model["digest"].as_str().unwrap().len(), 64, "{model}");
            assert_eq!(model["device"], "cpu", "{model}");
            assert_eq!(model["library"], "openvino", "{model}");
            assert_eq!(model["asked"], "cpu", "{model}");
            assert!(model.get("fallback-from").is_none(), "{model}");
        }
        assert!(models[0]["licence"].is_string() && models[1].get("licence").is_none());
        let pipelines = host.get("/v1/pipelines").good();
        let [pipeline] = pipelines["pipelines"].as_array().unwrap().as_slice() else {
            panic!("{pipelines}")
        };
        for (key, value) in [
            ("name", serde_json::json!("members")),
            ("ready", true.into()),
            ("gallery", true.into()),
            (
                "stages",
                serde_json::json!(["detect", "features", "verify"]),
            ),
            ("lists", serde_json::json!(["faces"])),
            ("watched", true.into()),
            ("source", places::members().to_str().unwrap().into()),
        ] {
            assert_eq!(pipeline[key], value, "{key} of {pipeline}");
        }
        // The version is made of what is listed; of the models, all but the gallery.
        let sha256 = |listed: &Value| format!("sha256:{}", listed["digest"].as_str().unwrap());
        let version = &pipeline["version"];
        assert_eq!(version["models"]["retinaface"], sha256(&models[2]));
        assert_eq!(version["models"].as_object().unwrap().len(), 2);
        let stages = host.get("/v1/stages").good();
        assert_eq!(version["stages"]["detect"], sha256(&stages["stages"][0]));
    });
}

fn no_stage() {
    let output = inspect(&places::stages().join("hostile/not-a-stage.wasm"));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["exports"], serde_json::json!(["greeting"]));
    assert!(
        said["misfit"]
            .as_str()
            .unwrap()
            .contains("does not export `footlight:stage/processing`"),
        "{said}"
    );
}
