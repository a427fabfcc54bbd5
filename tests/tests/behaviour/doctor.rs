//! `footlight doctor`: what is there, what is not, and what to do about it.

use crate::devices::members_on;
use crate::file;
use crate::host::footlight;
use crate::needs::{self, trial};
use crate::places;
use libtest_mimic::Trial;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "doctor: all that a pipeline needs is there",
            needs::MEMBERS,
            there,
        ),
        trial("doctor: a fallback is a warning", needs::MEMBERS, fallback),
        trial(
            "doctor: what was not fetched is missing, each thing with what to do",
            needs::MEMBERS,
            nothing,
        ),
        trial(
            "doctor: a pipeline file with an error",
            needs::HOSTILE,
            wrong,
        ),
        trial(
            "doctor: for people, without a pipeline",
            needs::MEMBERS,
            people,
        ),
    ]
}

fn doctor(pipeline: &Path) -> Command {
    let mut command = footlight();
    command.arg("doctor").arg(pipeline).arg("--json");
    command
}

/// What is said, and that the exit code says the same.
#[track_caller]
fn said(mut command: Command) -> Value {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = String::from_utf8_lossy(&stdout);
    let said: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&stderr)));
    let code = i32::from(said["ready"] == false);
    assert_eq!(status.code(), Some(code), "{said}");
    for finding in said["findings"].as_array().unwrap() {
        let state = finding["state"].as_str().unwrap();
        assert!(
            ["ok", "warning", "absent", "missing"].contains(&state),
            "{finding}"
        );
        assert!(
            finding["detail"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{finding}"
        );
        // Whatever is not as it could be comes with what to do.
        assert_eq!(finding["remedy"].is_string(), state != "ok", "{finding}");
    }
    said
}

/// All findings of this name.
fn named<'a>(said: &'a Value, name: &str) -> Vec<&'a Value> {
    let findings = said["findings"].as_array().unwrap().iter();
    let found: Vec<_> = findings.filter(|finding| finding["name"] == name).collect();
    assert!(!found.is_empty(), "no {name} in {said}");
    found
}

fn there() {
    let said = said(doctor(&places::members()));
    assert_eq!(said["ready"], true, "{said}");
    for name in [
        "processor",
        "memory",
        "openvino",
        "openvino/cpu",
        "models",
        "[stages.detect]",
        "[stages.features]",
        "[stages.verify]",
        "[models.retinaface]",
        "[models.fr-feature]",
        "[gallery]",
    ] {
        assert_eq!(named(&said, name)[0]["state"], "ok", "{name} in {said}");
    }
    let library = named(&said, "openvino")[0]["detail"].as_str().unwrap();
    assert!(
        library.contains(places::runtime().to_str().unwrap()),
        "{library}"
    );
    assert_eq!(
        named(&said, "[models.retinaface]")[0]["detail"],
        "runs on openvino/cpu"
    );
}

fn fallback() {
    let folder = tempfile::tempdir().unwrap();
    let keys = "device = \"cuda:99\"\nfallback = [\"cpu\"]";
    let said = said(doctor(&members_on(folder.path(), keys)));
    assert_eq!(said["ready"], true, "{said}");
    for name in ["[models.retinaface]", "[gallery]"] {
        let finding = named(&said, name)[0];
        assert_eq!(finding["state"], "warning", "{finding}");
        let detail = finding["detail"].as_str().unwrap();
        assert!(
            detail.contains("runs on openvino/cpu, a fallback from cuda:99: "),
            "{detail}"
        );
    }
}

fn nothing() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let mut command = doctor(&members_on(folder.path(), "device = \"openvino/cpu\""));
    // Not those of the system, either.
    command
        .env("FOOTLIGHT_CACHE", &empty)
        .env("FOOTLIGHT_OPENVINO", &empty);
    let said = said(command);
    assert_eq!(said["ready"], false, "{said}");
    let library = named(&said, "openvino")[0];
    assert_eq!(library["state"], "absent", "{library}");
    assert!(
        library["detail"]
            .as_str()
            .unwrap()
            .contains(empty.to_str().unwrap()),
        "{library}"
    );
    assert_eq!(named(&said, "models")[0]["state"], "absent");
    let model = named(&said, "[models.fr-feature]");
    assert!(
        model.iter().all(|finding| finding["state"] == "missing"),
        "{said}"
    );
    let remedy = model[0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("cargo xtask"), "{remedy}");
    // Of the model, that it was not fetched; of its device, that the library is not there.
    let details: Vec<_> = model
        .iter()
        .map(|finding| finding["detail"].as_str().unwrap())
        .collect();
    assert!(
        details.len() == 2 && details[1].contains("`openvino/cpu`"),
        "{details:?}"
    );
    assert_eq!(named(&said, "[gallery]")[0]["state"], "missing");
    assert_eq!(named(&said, "[stages.detect]")[0]["state"], "ok");
    assert_eq!(
        std::fs::read_dir(&empty).unwrap().count(),
        0,
        "something was written"
    );
}

fn wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = file::write(folder.path(), "wrong", "name = 1");
    let said = said(doctor(&path));
    let finding = named(&said, "pipeline file")[0];
    assert_eq!(finding["state"], "missing", "{finding}");
    assert!(
        finding["detail"].as_str().unwrap().contains("wrong.toml"),
        "{finding}"
    );
}

fn people() {
    let output = footlight().arg("doctor").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for words in [
        "machine",
        "inference libraries",
        "✓ openvino/cpu",
        "ran a small model in",
        "face-detection.wasm",
        "Models can run here.",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
}
