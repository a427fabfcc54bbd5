//! How artifacts are laid out, and that they come out of layouts as they went in.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use footlight_artifacts::{
    Artifact, Artifacts, Digest, Kind, Manifest, Options, Origin, Progress, Reference,
};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::common::{
    CARD, assert_says, component, files, model, noise, open, options, reference, stage,
};
use crate::pipelines::{FILE, parts};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "layouts: a stage is laid out as other tools want it",
            stage_layout,
        ),
        trial(
            "layouts: a model is laid out as a card and a layer",
            model_layout,
        ),
        trial(
            "layouts: the same input makes the same digests",
            reproducible,
        ),
        trial(
            "layouts: all kinds come out of a folder as they went in",
            || round_trip("layout"),
        ),
        trial(
            "layouts: all kinds come out of a tar as they went in",
            || round_trip("layout.tar"),
        ),
        trial(
            "layouts: a folder's artifacts are told apart by their tags",
            tags,
        ),
        trial("layouts: what is no layout is said to be none", no_layout),
        trial(
            "layouts: a blob that was cut short is said to be",
            cut_short,
        ),
        trial(
            "layouts: a layout that is gone leaves what is in the store",
            gone,
        ),
        trial("layouts: who asks is told how far it is", progress),
    ]
}

pub fn at(folder: &Path, name: &str) -> Reference {
    reference(format!("oci:{}", folder.join(name).display()))
}

pub fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn stage_layout() {
    let bytes = component("one");
    let annotations = BTreeMap::from([(
        "org.opencontainers.image.title".to_owned(),
        "one".to_owned(),
    )]);
    let artifact = Artifact::stage(bytes.clone(), annotations).unwrap();
    let config = &artifact.config.bytes;
    let wanted = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.wasm.config.v0+json",
            "digest": Digest::of(config), "size": config.len(),
        },
        "layers": [
            {
                "mediaType": "application/wasm", "digest": Digest::of(&bytes), "size": bytes.len(),
                "annotations": {"org.opencontainers.image.title": "one.wasm"},
            },
        ],
        "annotations": {"org.opencontainers.image.title": "one"},
    });
    assert_eq!(json_of(&artifact.manifest()), wanted);
    let wanted = json!({
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [Digest::of(&bytes)],
        "component": {"exports": ["run"], "imports": ["test:host/log"]},
    });
    assert_eq!(json_of(config), wanted);
}

fn model_layout() {
    let artifact = model(1000);
    let wanted = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.footlight.model.v1",
        "config": {
            "mediaType": "application/vnd.footlight.model.card.v1+toml",
            "digest": Digest::of(CARD.as_bytes()), "size": CARD.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.footlight.model.onnx.v1",
            "digest": Digest::of(&noise(1000)), "size": 1000,
        }],
    });
    assert_eq!(json_of(&artifact.manifest()), wanted);
}

fn reproducible() {
    let made: HashSet<(Digest, Digest, Digest)> = (0..2)
        .map(|_| {
            let folder = tempdir().unwrap();
            let artifacts = open(&folder.path().join("store"));
            let target = at(folder.path(), "layout").tagged("1").unwrap();
            let pipeline = artifacts
                .push_pipeline(FILE, parts(), BTreeMap::new(), &target)
                .unwrap();
            (stage("one").digest(), model(1000).digest(), pipeline.digest)
        })
        .collect();
    assert_eq!(made.len(), 1);
    // The tar too.
    let tars: HashSet<Vec<u8>> = (0..2)
        .map(|_| {
            let folder = tempdir().unwrap();
            let target = at(folder.path(), "layout.tar").tagged("1").unwrap();
            open(&folder.path().join("store"))
                .push(stage("one"), &target)
                .unwrap();
            std::fs::read(folder.path().join("layout.tar")).unwrap()
        })
        .collect();
    assert_eq!(tars.len(), 1);
}

fn round_trip(name: &str) {
    let folder = tempdir().unwrap();
    let layout = at(folder.path(), name);
    let tag = |tag| layout.tagged(tag).unwrap();
    let annotations =
        BTreeMap::from([("org.opencontainers.image.title".to_owned(), "a".to_owned())]);
    let writer = open(&folder.path().join("writer"));
    let a_stage = Artifact::stage(component("one"), annotations.clone()).unwrap();
    let pushed = writer.push(a_stage.clone(), &tag("stage")).unwrap();
    assert_eq!(pushed.digest, a_stage.digest());
    assert_eq!(pushed.reference, tag("stage").pinned(a_stage.digest()));
    writer.push(model(3000), &tag("model")).unwrap();
    let gallery = Artifact::gallery("{\"site\": 1}", noise(500), BTreeMap::new());
    writer.push(gallery, &tag("gallery")).unwrap();
    writer
        .push_pipeline(FILE, parts(), annotations.clone(), &tag("pipeline"))
        .unwrap();
    // What was there before is still there, and is not sent again.
    let again = writer.push(model(3000), &tag("again")).unwrap();
    assert_eq!(
        (again.bytes_sent, again.bytes_there),
        (0, 3000 + CARD.len() as u64)
    );

    let reader = open(&folder.path().join("reader"));
    let pulled = reader.stage(&tag("stage")).unwrap();
    assert_eq!(pulled.component, component("one"));
    assert_eq!(pulled.component_digest, Digest::of(&component("one")));
    assert_eq!(pulled.about.annotations, annotations);
    assert_eq!(pulled.about.origin, Origin::Repository);
    assert_eq!(pulled.interface.imports, ["test:host/log"]);
    assert_eq!(pulled.interface.exports, ["run"]);
    let pulled = reader.model(&tag("model")).unwrap();
    assert_eq!((pulled.card.as_str(), pulled.model), (CARD, noise(3000)));
    let pulled = reader.gallery(&tag("gallery")).unwrap();
    assert_eq!(
        (pulled.config.as_str(), pulled.sealed),
        ("{\"site\": 1}", noise(500))
    );
    let pulled = reader.pipeline(&tag("pipeline")).unwrap();
    assert_eq!(pulled.file, FILE);
    assert_eq!(pulled.about.annotations, annotations);
    let repositories = [pulled.home.clone()];
    let detect = reader
        .stage_at(pulled.part("stages.detect").unwrap(), &repositories)
        .unwrap();
    assert_eq!(detect.component, component("detect"));
    let features = reader
        .model_at(pulled.part("models.features").unwrap(), &repositories)
        .unwrap();
    assert_eq!(features.model, noise(2000));
    assert_says(
        &pulled.part("stages.other").unwrap_err(),
        &["no part `stages.other`"],
    );
}

fn tags() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let layout = at(folder.path(), "layout");
    artifacts
        .push(stage("one"), &layout.tagged("1").unwrap())
        .unwrap();
    // The only one needs no tag.
    assert_eq!(
        artifacts.stage(&layout).unwrap().component,
        component("one")
    );
    artifacts
        .push(stage("two"), &layout.tagged("2").unwrap())
        .unwrap();
    assert_says(
        &artifacts.stage(&layout).unwrap_err(),
        &["say which", "1, 2"],
    );
    assert_says(
        &artifacts.stage(&layout.tagged("3").unwrap()).unwrap_err(),
        &["no tag `3`"],
    );
    // A tag that moves is not there twice.
    artifacts
        .push(stage("three"), &layout.tagged("2").unwrap())
        .unwrap();
    assert_eq!(
        artifacts
            .stage(&layout.tagged("2").unwrap())
            .unwrap()
            .component,
        component("three")
    );
    let index = json_of(&std::fs::read(folder.path().join("layout/index.json")).unwrap());
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
    // By digest, also what no tag leads to any more.
    let (resolved, manifest) = artifacts
        .manifest(&layout.at(stage("two").digest()))
        .unwrap();
    assert_eq!(resolved.origin, Origin::Reference);
    assert!(matches!(&manifest, Manifest::Artifact(_)) && manifest.kind() == Some(Kind::Stage));
}

fn no_layout() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    std::fs::create_dir(folder.path().join("photos")).unwrap();
    std::fs::write(folder.path().join("photos/a.jpg"), "").unwrap();
    std::fs::write(folder.path().join("text.tar"), "hello").unwrap();
    std::fs::write(folder.path().join("packed.tar"), [0x1f, 0x8b, 8, 0]).unwrap();
    tar::Builder::new(std::fs::File::create(folder.path().join("empty.tar")).unwrap())
        .finish()
        .unwrap();
    for (name, words) in [
        ("nowhere", "no index.json"),
        ("photos", "no index.json"),
        ("text.tar", "no tar"),
        ("packed.tar", "gunzip"),
        ("empty.tar", "no index.json"),
    ] {
        let error = artifacts.stage(&at(folder.path(), name)).unwrap_err();
        assert_says(&error, &[name, "not an OCI image layout", words]);
    }
    let error = artifacts
        .push(stage("one"), &at(folder.path(), "photos"))
        .unwrap_err();
    assert_says(&error, &["photos", "other files in it"]);
    assert_eq!(files(folder.path().join("photos")), ["a.jpg"]);
}

fn cut_short() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    for name in ["layout", "layout.tar"] {
        let tag = at(folder.path(), name).tagged("1").unwrap();
        artifacts.push(model(100_000), &tag).unwrap();
    }
    let hex = Digest::of(&noise(100_000)).hex();
    let blob = folder.path().join("layout/blobs/sha256").join(&hex);
    let cut = |path: std::path::PathBuf, length| {
        let file = std::fs::OpenOptions::new().write(true).open(path);
        file.unwrap().set_len(length).unwrap();
    };
    let pull = |name: &str| {
        let reference = at(folder.path(), name).tagged("1").unwrap();
        artifacts.model(&reference).unwrap_err()
    };
    cut(blob, 500);
    let words = [
        "layout",
        &hex,
        "cut short",
        "500 of 100000 bytes",
        "copy the layout",
    ];
    assert_says(&pull("layout"), &words);
    cut(folder.path().join("layout.tar"), 60_000);
    assert_says(&pull("layout.tar"), &["layout.tar"]);
    assert!(!pull("layout.tar").to_string().contains("reached"));
}

fn gone() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let tag = at(folder.path(), "layout").tagged("1").unwrap();
    artifacts.push(stage("one"), &tag).unwrap();
    artifacts.stage(&tag).unwrap();
    std::fs::remove_dir_all(folder.path().join("layout")).unwrap();
    let stage = artifacts.stage(&tag).unwrap();
    assert!(
        matches!(stage.about.origin, Origin::Store(_)),
        "{:?}",
        stage.about.origin
    );
}

#[derive(Default)]
struct Told(Mutex<Vec<(Digest, u64, u64)>>);

impl Progress for Told {
    fn blob(&self, digest: &Digest, done: u64, total: u64) {
        self.0.lock().unwrap().push((*digest, done, total));
    }
}

fn progress() {
    let folder = tempdir().unwrap();
    let told = Arc::new(Told::default());
    let options = Options {
        progress: Arc::clone(&told) as Arc<dyn Progress>,
        ..options()
    };
    let artifacts = Artifacts::open(&folder.path().join("store"), options).unwrap();
    let target = at(folder.path(), "layout").tagged("1").unwrap();
    artifacts.push(model(500_000), &target).unwrap();
    let digest = Digest::of(&noise(500_000));
    let take = || -> Vec<u64> {
        let told = std::mem::take(&mut *told.0.lock().unwrap());
        let of_it = told.into_iter().filter(|(other, ..)| *other == digest);
        of_it
            .inspect(|(_, _, total)| assert_eq!(*total, 500_000))
            .map(|(_, done, _)| done)
            .collect()
    };
    for moved in [take(), {
        artifacts.model(&target).unwrap();
        take()
    }] {
        assert!(moved.len() > 2 && moved.is_sorted(), "{moved:?}");
        assert_eq!(moved.last(), Some(&500_000));
    }
    // What is there already does not move.
    artifacts.model(&target).unwrap();
    assert_eq!(take(), [0; 0]);
}
