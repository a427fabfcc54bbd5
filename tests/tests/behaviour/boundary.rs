//! `footlight prove`: why no image leaves its zone, or what is in the way of that.

use crate::file::OneStage;
use crate::host::{Host, footlight, refused, run};
use crate::needs::{self, Need, trial};
use crate::photos::{self, png};
use crate::places;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const WITH_STAGES: &[Need] = &[Need::Host, Need::Stages];

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "boundary: members across zones is proven",
            WITH_STAGES,
            proven,
        ),
        trial(
            "boundary: what each stage reaches is read from its component",
            &[Need::Host, Need::Stages, Need::Hostile],
            reach,
        ),
        trial(
            "boundary: a file that lets something out is proven by nobody and run by nobody",
            WITH_STAGES,
            broken,
        ),
        trial(
            "boundary: a published pipeline is proven by its reference",
            needs::HOSTILE,
            published,
        ),
        trial(
            "boundary: members across zones run on one machine",
            needs::MEMBERS,
            one_machine,
        ),
    ]
}

fn across() -> PathBuf {
    places::root().join("guests/members-across-zones.toml")
}

/// The same with something changed.
fn changed(folder: &Path, from: &str, to: &str) -> PathBuf {
    let text = fs::read_to_string(across()).unwrap();
    assert!(text.contains(from), "{from}");
    let models = places::root().join("models");
    let text = text
        .replace("../models", models.to_str().unwrap())
        .replacen(from, to, 1);
    let path = folder.join("changed.toml");
    fs::write(&path, text).unwrap();
    path
}

/// What a proof says.
#[track_caller]
fn prove(pipeline: impl AsRef<std::ffi::OsStr>, more: &[&str], code: i32) -> String {
    let mut command = footlight();
    command
        .arg("prove")
        .arg(pipeline)
        .args(more)
        .arg("--stages");
    let output = command
        .arg(places::stages().join("hostile"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}{errors}");
    said
}

#[track_caller]
fn proof(pipeline: impl AsRef<std::ffi::OsStr>, code: i32) -> Value {
    serde_json::from_str(&prove(pipeline, &["--json"], code)).unwrap()
}

fn proven() {
    let proof = proof(across(), 0);
    assert_eq!(proof["holds"], true);
    let paths = proof["paths"].as_array().unwrap();
    let crossing: Vec<_> = paths
        .iter()
        .filter(|path| path["from"] != path["to"])
        .map(|path| (&path["class"], &path["from"], &path["to"], &path["way"]))
        .collect();
    for (class, from, to, way) in &crossing {
        assert_eq!(**way, "leaves");
        assert!(
            [
                &json!(["feature", "site", "cloud"]),
                &json!(["verdict", "cloud", "site"])
            ]
            .contains(&&json!([class, from, to]))
        );
    }
    assert_eq!(
        crossing.len(),
        3,
        "to the stage, to the gallery, to the answer: {proof:#}"
    );
    let bound = &proof["bounds"][0];
    let (bits, rate) = (
        bound["bits-per-item"].as_u64().unwrap(),
        bound["per-second"].as_u64().unwrap(),
    );
    // Less than its 512 bytes, which are a quarter of what it would be as it is.
    assert!(bits < 512 * 8, "{bound}");
    assert_eq!(bound["bits-per-second"], bits * rate);
    assert_eq!(proof["notes"][0]["stage"], "features");

    let text = prove(across(), &[], 0);
    for words in [
        "members: no image leaves its zone",
        "+-- site --",
        "crop --> [features] --> feature",
        "+--- feature ---> cloud",
        "The classes `crop`, `frame` are images.",
        "scaled to length 1 and rounded to i8",
        "`features` in `site` sees `crop` and yields `feature`",
        "no files, no network",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
    // The page shows what is printed, with the number that its formula gives.
    let page = fs::read_to_string(places::root().join("docs/boundary.md")).unwrap();
    let number = bits.to_string();
    let number = format!("{},{}", &number[..1], &number[1..]);
    assert!(
        page.contains(&format!("{number} bits")),
        "no {number} bits in docs/boundary.md"
    );
    assert!(text.contains(&number));
}

fn reach() {
    let proof = proof(across(), 0);
    let stages = proof["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 3);
    for stage in stages {
        // Compiled, it says the same as read.
        let mut inspect = footlight();
        inspect.args([
            "stage",
            "inspect",
            "--json",
            stage["component"].as_str().unwrap(),
        ]);
        let inspected: Value = serde_json::from_slice(&inspect.output().unwrap().stdout).unwrap();
        for key in ["digest", "imports", "cannot"] {
            assert_eq!(stage[key], inspected[key], "{key}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let of = |component| {
        OneStage {
            component,
            ..OneStage::HOSTILE
        }
        .write(folder.path())
    };
    let text = prove(of("wasi-stage.wasm"), &[], 0);
    assert!(text.contains("there are no zones in this file"), "{text}");
    assert!(text.contains("clocks and randomness only"), "{text}");
    let text = prove(of("not-a-stage.wasm"), &[], 1);
    assert!(
        text.contains("this is no proof") && text.contains("not-a-stage.wasm"),
        "{text}"
    );
    assert!(prove(of("absent.wasm"), &[], 1).contains("[stages.guest] the component is not there"));
}

fn broken() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (
            "features = [\"site\"]",
            "features = [\"cloud\"]",
            [
                "`crop` is an image, and no image leaves its zone",
                "let `features` run in `site`",
            ],
        ),
        (
            "[boundary.feature]",
            "[boundary.crop]\nfrom = [\"site\"]\nto = [\"cloud\"]\nper-frame = 1\nper-second = 1\n[boundary.feature]",
            ["[boundary.crop]", "no rule lets an image leave its zone"],
        ),
        (
            "verify = [\"cloud\"]",
            "verify = [\"clod\"]",
            ["[placement] of `verify`", "`cloud`, `site`"],
        ),
        (
            "shape = [1, 512]",
            "shape = [1, 0]",
            ["a dimension of 0 stands for any", "[classes.feature]"],
        ),
    ];
    for (from, to, words) in cases {
        let path = changed(folder.path(), from, to);
        let said = prove(&path, &[], 1);
        let proof = proof(&path, 1);
        assert_eq!(proof["holds"], false);
        assert_eq!(proof["findings"].as_array().unwrap().len(), 1, "{proof:#}");
        let not_run = refused(run(&[path], folder.path()));
        for words in words {
            assert!(said.contains(words), "no {words:?} in\n{said}");
            assert!(not_run.contains(words), "no {words:?} in\n{not_run}");
        }
        assert!(!said.contains("Why no image leaves"), "{said}");
    }
    // What is no pipeline file at all is an error, and no finding.
    let path = changed(folder.path(), "per-frame = 16", "per-fram = 16");
    let output = footlight().arg("prove").arg(path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("per-fram"));
}

fn published() {
    let folder = tempfile::tempdir().unwrap();
    let zones = "[zones]\nnames = [\"site\", \"cloud\"]\nframes = [\"site\"]\n[placement]\nguest = [\"site\"]";
    let file = OneStage {
        more: zones,
        ..OneStage::HOSTILE
    }
    .write(folder.path());
    let reference = format!("oci:{}:1.0", folder.path().join("layout").display());
    let store = folder.path().join("store");
    let store = ["--store", store.to_str().unwrap()];
    let mut push = footlight();
    push.args(["pipeline", "push"])
        .arg(file)
        .arg(&reference)
        .args(store);
    let pushed = push
        .arg("--stages")
        .arg(places::stages().join("hostile"))
        .output()
        .unwrap();
    assert!(
        pushed.status.success(),
        "{}",
        String::from_utf8_lossy(&pushed.stderr)
    );
    let pushed = String::from_utf8(pushed.stdout).unwrap();
    let proof: Value =
        serde_json::from_str(&prove(&reference, &["--json", store[0], store[1]], 0)).unwrap();
    assert_eq!(proof["source"], pushed.trim());
    assert_eq!(proof["bounds"], json!([]));
    assert!(
        proof["stages"][0]["component"]
            .as_str()
            .unwrap()
            .contains("@sha256:"),
        "{proof:#}"
    );
}

fn one_machine() {
    let host = Host::start(&[across()]);
    host.wait_until_ready();
    let answer = host.frame("members", &png(&photos::face())).good();
    assert_eq!(answer["faces"][0]["verdict"]["member"], false, "{answer}");
}
