//! Pipelines: an index with everything.

use std::collections::BTreeMap;

use footlight_artifacts::{Digest, Part, media_type};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::common::{assert_says, component, files, model, open, stage};
use crate::layouts::{at, json_of};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "layouts: a pipeline's index names all of its parts",
            pipeline_index,
        ),
        trial(
            "layouts: a pipeline is copied whole, between folders and tars",
            copied,
        ),
        trial("layouts: a pipeline with mistakes is refused", mistakes),
    ]
}

pub fn parts() -> BTreeMap<String, Part> {
    BTreeMap::from([
        ("stages.detect".to_owned(), Part::Made(stage("detect"))),
        ("models.features".to_owned(), Part::Made(model(2000))),
    ])
}

pub const FILE: &str = "name = \"test\"\n";

fn pipeline_index() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let elsewhere = at(folder.path(), "elsewhere").tagged("1").unwrap();
    artifacts.push(stage("features"), &elsewhere).unwrap();
    let mut parts = parts();
    parts.insert("stages.features".to_owned(), Part::From(elsewhere.clone()));
    let home = at(folder.path(), "home");
    let target = home.tagged("1").unwrap();
    let pushed = artifacts
        .push_pipeline(FILE, parts, BTreeMap::new(), &target)
        .unwrap();
    let path = |digest: &Digest| folder.path().join("home/blobs/sha256").join(digest.hex());
    let index = json_of(&std::fs::read(path(&pushed.digest)).unwrap());
    assert_eq!(
        index["mediaType"],
        "application/vnd.oci.image.index.v1+json"
    );
    assert_eq!(
        index["artifactType"],
        "application/vnd.footlight.pipeline.v1"
    );
    let entries: Vec<(&str, Option<&str>)> = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert_eq!(entry["mediaType"], media_type::MANIFEST);
            let part = entry["annotations"]["dev.footlight.part"].as_str();
            (entry["artifactType"].as_str().unwrap(), part)
        })
        .collect();
    let wanted = [
        ("application/vnd.footlight.pipeline.file.v1", None),
        (
            "application/vnd.footlight.model.v1",
            Some("models.features"),
        ),
        ("application/vnd.wasm.config.v0+json", Some("stages.detect")),
        (
            "application/vnd.wasm.config.v0+json",
            Some("stages.features"),
        ),
    ];
    assert_eq!(entries, wanted);
    let file: Digest = index["manifests"][0]["digest"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let manifest = json_of(&std::fs::read(path(&file)).unwrap());
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.oci.empty.v1+json"
    );
    assert_eq!(
        manifest["layers"][0]["mediaType"],
        "application/vnd.footlight.pipeline.file.v1+toml"
    );
    // What came from elsewhere is here now.
    std::fs::remove_dir_all(folder.path().join("elsewhere")).unwrap();
    let reader = open(&folder.path().join("reader"));
    let pipeline = reader.pipeline(&target).unwrap();
    for part in ["stages.detect", "stages.features"] {
        reader
            .stage_at(pipeline.part(part).unwrap(), std::slice::from_ref(&home))
            .unwrap();
    }
    // A model is no stage.
    let parts = BTreeMap::from([(
        "models.features".to_owned(),
        Part::From(home.at(stage("detect").digest())),
    )]);
    let error = artifacts
        .push_pipeline(FILE, parts, BTreeMap::new(), &target)
        .unwrap_err();
    assert_says(&error, &["is a stage; a model was expected"]);
}

fn copied() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let names = ["first", "second.tar", "third"];
    let [first, second, third] = names.map(|name| at(folder.path(), name).tagged("1").unwrap());
    let pushed = artifacts
        .push_pipeline(FILE, parts(), BTreeMap::new(), &first)
        .unwrap();
    for (from, to) in [(&first, &second), (&second, &third)] {
        // A store of its own each time: nothing comes from there that the source has not.
        let courier = tempdir().unwrap();
        let copied = open(courier.path()).copy(from, to).unwrap();
        assert_eq!(copied.digest, pushed.digest);
        assert_eq!(copied.reference, to.pinned(pushed.digest));
    }
    let blobs = |name: &str| files(folder.path().join(name).join("blobs/sha256"));
    assert_eq!(blobs("first"), blobs("third"));
    let reader = open(&folder.path().join("reader"));
    let pipeline = reader.pipeline(&third).unwrap();
    let detect = reader
        .stage_at(
            pipeline.part("stages.detect").unwrap(),
            std::slice::from_ref(&third),
        )
        .unwrap();
    assert_eq!(detect.component, component("detect"));
    // A target that says which digest it wants gets that or none.
    let wrong = third.pinned(Digest::of(b"other"));
    let error = artifacts.copy(&first, &wrong).unwrap_err();
    assert_says(&error, &["sha256:"]);
}

fn mistakes() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let layout = at(folder.path(), "layout");
    let target = layout.tagged("1").unwrap();
    let pushed = artifacts
        .push_pipeline(FILE, parts(), BTreeMap::new(), &target)
        .unwrap();
    let path = |digest: &Digest| folder.path().join("layout/blobs/sha256").join(digest.hex());
    let index = json_of(&std::fs::read(path(&pushed.digest)).unwrap());
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 4] = [
        (
            |index| drop(index["manifests"].as_array_mut().unwrap().remove(0)),
            "0 pipeline files",
        ),
        (
            |index| {
                let first = index["manifests"][0].clone();
                index["manifests"].as_array_mut().unwrap().push(first);
            },
            "2 pipeline files",
        ),
        (
            |index| {
                let second = index["manifests"][1].clone();
                index["manifests"].as_array_mut().unwrap().push(second);
            },
            "two parts `models.features`",
        ),
        (
            |index| index["manifests"][1]["annotations"] = json!({}),
            "not as which part",
        ),
    ];
    for (change, words) in changes {
        let mut index = index.clone();
        change(&mut index);
        let bytes = index.to_string();
        let digest = Digest::of(bytes.as_bytes());
        std::fs::write(path(&digest), bytes).unwrap();
        let error = artifacts.pipeline(&layout.at(digest)).unwrap_err();
        assert_says(&error, &[&digest.to_string(), words]);
    }
}
