//! Where models run: on the device asked for, on a fallback that is said, or not at all.

use crate::file::{self, OneStage, features};
use crate::host::{Host, footlight, refused, run};
use crate::needs::{self, Need, trial};
use crate::openapi::Description;
use crate::places;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;

const WITH_MODEL: &[Need] = &[Need::Host, Need::Hostile, Need::Models];

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "devices: one that is absent is an error that names it and where it was looked for",
            WITH_MODEL,
            absent,
        ),
        trial(
            "devices: a model runs on a fallback, and is known to",
            needs::MEMBERS,
            fallback,
        ),
        trial(
            "devices: `footlight models` of a file shows where each really runs",
            needs::MEMBERS,
            listed,
        ),
    ]
}

/// The pipeline of members, each of its models on this device. No machine has a hundred GPUs.
pub fn members_on(folder: &Path, device: &str) -> PathBuf {
    let text = file::members().replace("device = \"cpu\"", device);
    assert!(text.contains(device));
    file::write(folder, "members", &text)
}

fn absent() {
    let folder = tempfile::tempdir().unwrap();
    let asked = |keys: &str| {
        let stage = OneStage {
            settings: "act = \"trap\", at-width = 200",
            more: &format!("{}{keys}", features()),
            ..OneStage::HOSTILE
        };
        refused(run(&[stage.write(folder.path())], folder.path()))
    };
    let runtime = places::runtime();
    let place = runtime.to_str().unwrap();
    let cuda = asked("device = \"cuda:99\"");
    let gpu = asked("device = \"openvino/gpu.99\"");
    let both = asked("device = \"cuda:99\"\nfallback = [\"openvino/gpu.99\"]");
    for (said, words) in [
        (cuda, &["`cuda:99`", "onnxruntime"][..]),
        (gpu, &["`openvino/gpu.99`", "only cpu", place]),
        (
            both,
            &["cuda:99: ", "openvino/gpu.99: ", "none can be used", place],
        ),
    ] {
        for word in ["[models.fr-feature]"].iter().chain(words) {
            assert!(said.contains(word), "no {word:?} in {said}");
        }
    }
}

fn fallback() {
    let folder = tempfile::tempdir().unwrap();
    let keys = "device = \"cuda:99\"\nfallback = [\"openvino/gpu.99\", \"openvino/cpu\"]";
    let host = Host::start(&[members_on(folder.path(), keys)]);
    // Every stage has run its models then.
    host.wait_until_ready();
    let reply = host.get("/v1/models");
    Description::of(&host).check("get", "/v1/models", 200, &reply);
    let models = reply.good();
    let models = models["models"].as_array().unwrap();
    assert_eq!(models.len(), 3);
    for model in models {
        assert_eq!(model["library"], "openvino", "{model}");
        assert_eq!(model["device"], "cpu", "{model}");
        assert_eq!(model["asked"], "cuda:99", "{model}");
        assert_eq!(
            model["fallback-from"],
            json!(["cuda:99", "openvino/gpu.99"]),
            "{model}"
        );
        // An answer over HTTP does not have the host's folders in it.
        let folders = places::cache();
        assert!(
            !model.to_string().contains(folders.to_str().unwrap()),
            "{model}"
        );
    }
    let log = host.log();
    for model in ["fr-feature", "retinaface", "gallery"] {
        let warnings = log.lines().filter(|line| {
            line.contains("WARN") && line.contains(model) && line.contains("fallback")
        });
        assert_eq!(warnings.count(), 2, "{model}: {log}");
    }
    let (code, said) = typed(&["models", "--host", host.url()]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("openvino/cpu, a fallback from cuda:99, openvino/gpu.99"),
        "{said}"
    );
}

/// The exit code of a command, and what it wrote.
fn typed(words: &[&str]) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = footlight().args(words).output().unwrap();
    let said = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    (status.code().unwrap(), said.into_owned())
}

fn listed() {
    let folder = tempfile::tempdir().unwrap();
    let show = |keys: &str, more: &[&str]| {
        let path = members_on(folder.path(), keys);
        typed(&[&["models", path.to_str().unwrap()], more].concat())
    };
    let (code, said) = show("device = \"auto\"\nfallback = [\"cpu\"]", &["--json"]);
    assert_eq!(code, 0, "{said}");
    let models: Value =
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    for model in models.as_array().unwrap() {
        assert_eq!(model["asked"], "auto", "{model}");
        assert!(model["library"].is_string(), "{model}");
        // Nothing is called `auto`: it is what was chosen.
        assert_ne!(model["device"], "auto", "{model}");
    }
    let (code, said) = show("device = \"cuda:99\"", &[]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("none: cuda:99 was asked for")
            && said.contains("[models.retinaface] the device `cuda:99` cannot be used"),
        "{said}"
    );
}
