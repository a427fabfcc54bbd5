//! What comes from elsewhere and is not as `footlight` makes it: artifacts of other tools, ways around a trust policy,
//! references that are not whole.

use crate::host::refused;
use crate::needs::{self, HOSTILE, MEMBERS, trial};
use crate::published::{Site, answer};
use crate::{file, places};
use libtest_mimic::Trial;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = [
        (
            "supply: a stage of another tool is refused at pull and at load, by its import",
            foreign as fn(),
        ),
        (
            "supply: a reference without a tag is said to lack it",
            no_tag,
        ),
        (
            "supply: what wants an import that no host grants is not pushed, alone or in a pipeline",
            not_pushed,
        ),
        (
            "supply: what a host's engine does not do is not pushed, and what it does is",
            beyond_the_engine,
        ),
    ]
    .into_iter()
    .map(|(name, test)| trial(name, HOSTILE, test))
    .collect();
    let of_members: [(&str, fn()); 2] = [
        (
            "supply: a collection keeps what a host runs, also a model that is named by tag",
            collected,
        ),
        (
            "supply: a pipeline has one digest wherever it is, and runs there",
            one_digest,
        ),
    ];
    trials.extend(of_members.map(|(name, test)| trial(name, MEMBERS, test)));
    trials.push(needs::with(
        "supply: what oras pushed is refused as well",
        "oras",
        by_oras,
    ));
    trials
}

const IMPORT: &str = "wasi:http/outgoing-handler@0.2.0";

/// A component that is a stage but for one import, which no host grants.
fn greedy() -> Vec<u8> {
    let text = format!(
        r#"(component
            (import "{IMPORT}" (instance))
            (instance $none)
            (export "footlight:stage/processing@0.1.0" (instance $none)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Puts a blob into a layout; its descriptor.
pub fn put(layout: &Path, media_type: &str, bytes: &[u8]) -> serde_json::Value {
    let hex: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    fs::write(blobs.join(&hex), bytes).unwrap();
    json!({"mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len()})
}

/// A layout with this layer as its one stage, tagged `1`: whatever the layer is.
fn layout(layout: &Path, layer: &[u8]) {
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": manifest_type,
        "config": put(layout, "application/vnd.wasm.config.v0+json", b"{}"),
        "layers": [put(layout, "application/wasm", layer)],
    });
    let mut entry = put(layout, manifest_type, manifest.to_string().as_bytes());
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": "1"});
    let index = json!({"schemaVersion": 2, "manifests": [entry]});
    fs::write(layout.join("index.json"), index.to_string()).unwrap();
    fs::write(
        layout.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )
    .unwrap();
}

/// What is said of a stage that is pulled, and of one that a pipeline names.
#[track_caller]
fn said_of(site: &Site, reference: &str) -> [String; 2] {
    let pulled = site.author(&["stage", "pull", reference], 1);
    let pipeline = file::OneStage {
        component: reference,
        ..file::OneStage::HOSTILE
    };
    let path = pipeline.write(&site.path("author"));
    [pulled, refused(site.run(path.to_str().unwrap(), &[]))]
}

fn foreign() {
    let site = Site::new();
    layout(&site.path("registry"), &greedy());
    for said in said_of(&site, &site.reference("1")) {
        assert!(said.contains(IMPORT), "{said}");
    }
    for (layer, words) in [
        (&b"#!/bin/sh\n"[..], "not WebAssembly"),
        (b"\0asm\x01\0\0\0", "module"),
        (b"\0asm\x0d\0\x01\0\xff\xff", "component"),
    ] {
        let other = site.path("other");
        let _ = fs::remove_dir_all(&other);
        layout(&other, layer);
        for said in said_of(&site, &format!("oci:{}:1", other.display())) {
            assert!(said.contains(words), "{said}");
        }
    }
}

fn not_pushed() {
    let site = Site::new();
    let component = site.path("greedy.wasm");
    fs::write(&component, greedy()).unwrap();
    let to = site.reference("1");
    let said = site.author(&["stage", "push", component.to_str().unwrap(), &to], 1);
    assert!(
        said.contains(IMPORT) && said.contains("was not pushed"),
        "{said}"
    );
    layout(&site.path("elsewhere"), &greedy());
    let elsewhere = format!("oci:{}:1", site.path("elsewhere").display());
    for place in [component.to_str().unwrap(), &elsewhere] {
        let pipeline = file::OneStage {
            component: place,
            ..file::OneStage::HOSTILE
        };
        let path = pipeline.write(&site.path("author"));
        let said = site.author(&["pipeline", "push", path.to_str().unwrap(), &to], 1);
        assert!(said.contains(IMPORT) && said.contains("[stages."), "{said}");
        assert!(
            said.contains(place) && said.contains("was not pushed"),
            "{said}"
        );
    }
    assert!(!site.path("registry").exists());
}

/// What is pushed and what a host compiles is the same: one says so without the engine.
fn beyond_the_engine() {
    let site = Site::new();
    let component = site.path("component.wasm");
    for (what, code, done) in [
        ("garbage collection", "(type (struct (field i32)))", false),
        ("host references", "(table 1 externref)", false),
        ("exceptions", "(tag)", false),
        ("threads", "(memory 1 1 shared)", false),
        ("small pages", "(memory 1 (pagesize 1))", false),
        (
            "typed functions",
            "(type $f (func)) (func (param (ref null $f)))",
            true,
        ),
        ("large memories", "(memory i64 1)", true),
        ("tail calls", "(func $f return_call $f)", true),
        (
            "relaxed vectors",
            "(func (param v128) (result v128) local.get 0 i32x4.relaxed_trunc_f32x4_s)",
            true,
        ),
    ] {
        let text = format!(
            r#"(component
                (core module {code})
                (instance $none)
                (export "footlight:stage/processing@0.1.0" (instance $none)))"#
        );
        fs::write(&component, wat::parse_str(text).unwrap()).unwrap();
        let component = component.to_str().unwrap();
        let words = ["stage", "push", component, &site.reference("1")];
        site.author(&words, i32::from(!done));
        let pipeline = file::OneStage {
            component,
            ..file::OneStage::HOSTILE
        };
        let path = pipeline.write(&site.path("author"));
        // It has no function that a host could call.
        let said = refused(site.run(path.to_str().unwrap(), &[]));
        assert_eq!(
            !said.contains("component is not valid"),
            done,
            "{what}: {said}"
        );
    }
}

fn by_oras(oras: &Path) {
    let site = Site::new();
    fs::write(site.path("greedy.wasm"), greedy()).unwrap();
    fs::write(site.path("config.json"), "{}").unwrap();
    let output = Command::new(oras)
        .current_dir(site.path(""))
        .args(["push", "--oci-layout", "registry:1"])
        .args([
            "--config",
            "config.json:application/vnd.wasm.config.v0+json",
        ])
        .arg("greedy.wasm:application/wasm")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    for said in said_of(&site, &site.reference("1")) {
        assert!(said.contains(IMPORT), "{said}");
    }
}

fn no_tag() {
    let site = Site::new();
    let whole = "registry.invalid/members:latest";
    let said = refused(site.run("registry.invalid/members", &[]));
    assert!(said.contains("`:TAG`") && said.contains(whole), "{said}");
    let said = site.author(&["stage", "inspect", "registry.invalid/members"], 1);
    assert!(said.contains("`:TAG`") && said.contains(whole), "{said}");
    let said = refused(site.run("members.toml", &[]));
    assert!(!said.contains(":TAG"), "{said}");
}

/// Makes everything in the node's store look as if it had last been used long ago, and collects what can be.
fn collect(site: &Site) {
    let store = site.path("node").join("store");
    let long_ago = SystemTime::now() - Duration::from_secs(30 * 24 * 60 * 60);
    for blob in fs::read_dir(store.join("blobs/sha256")).unwrap() {
        let blob = fs::File::options().append(true).open(blob.unwrap().path());
        blob.unwrap().set_modified(long_ago).unwrap();
    }
    let store = store.to_str().unwrap();
    let strictest = ["--max-size", "0", "--max-age", "0"];
    site.author(
        &[&["store", "collect", "--store", store], &strictest[..]].concat(),
        0,
    );
}

/// The names of the blobs in the node's store.
fn blobs(site: &Site) -> Vec<String> {
    let blobs = fs::read_dir(site.path("node").join("store/blobs/sha256")).unwrap();
    let mut names: Vec<String> = blobs
        .map(|blob| blob.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The pipeline of members with its parts in the registry, each named by a tag.
fn by_tags(site: &Site) -> PathBuf {
    let mut text = file::members();
    let component = places::stages().join("face-detection.wasm");
    let detect = site.reference("detect");
    site.author(&["stage", "push", component.to_str().unwrap(), &detect], 0);
    text = text.replace("face-detection.wasm", &detect);
    for stage in ["feature-extraction.wasm", "member-verification.wasm"] {
        text = text.replace(stage, places::stages().join(stage).to_str().unwrap());
    }
    let cards: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("card = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .collect();
    assert!(!cards.is_empty(), "{text}");
    for (number, card) in cards.iter().enumerate() {
        let reference = site.reference(&format!("model-{number}"));
        site.author(&["model", "push", card, &reference], 0);
        text = text.replace(card, &reference);
    }
    file::write(&site.path("author"), "members", &text)
}

fn collected() {
    let site = Site::new();
    let pipeline = by_tags(&site);
    let pipeline = pipeline.to_str().unwrap();
    let host = site.start(pipeline, &[]);
    let before = blobs(&site);
    collect(&site);
    assert_eq!(blobs(&site), before);
    drop(host);
    // It is all that the next start needs.
    fs::rename(site.path("registry"), site.path("gone")).unwrap();
    let host = site.start(pipeline, &[]);
    assert_eq!(answer(&host)["faces"].as_array().unwrap().len(), 1);
    drop(host);
    collect(&site);
    assert_eq!(blobs(&site), [""; 0]);
}

fn one_digest() {
    let site = Site::new();
    // One part is from elsewhere: it is named by where, and is in the pipeline's repository as well.
    let elsewhere = format!("oci:{}:1", site.path("elsewhere").display());
    let component = places::stages().join("face-detection.wasm");
    site.author(
        &["stage", "push", component.to_str().unwrap(), &elsewhere],
        0,
    );
    let text = file::members().replace("face-detection.wasm", &elsewhere);
    let path = file::write(&site.path("author"), "members", &text);
    let push = |to: &str| {
        let words = ["pipeline", "push", path.to_str().unwrap(), to];
        let said = site.author(&words, 0);
        said.trim().rsplit_once('@').unwrap().1.to_owned()
    };
    let other = format!("oci:{}:1", site.path("other").display());
    let digest = push(&site.reference("1"));
    assert_eq!(push(&other), digest);

    // Where it is now, and nowhere else.
    fs::remove_dir_all(site.path("registry")).unwrap();
    fs::remove_dir_all(site.path("elsewhere")).unwrap();
    let host = site.start(&format!("{other}@{digest}"), &[]);
    assert_eq!(answer(&host)["version"]["pipeline"], digest);
    drop(host);

    // As a file it names its parts whole, and can be pushed again.
    let whole = site.author(&["pipeline", "inspect", &other, "--file"], 0);
    let beside = format!("oci:{}@sha256:", site.path("other").display());
    assert!(whole.contains(&beside) && !whole.contains("\"@"), "{whole}");
    let bare = whole.replace(&beside, "@sha256:");
    let bare = file::write(&site.path("author"), "bare", &bare);
    let said = refused(site.run(bare.to_str().unwrap(), &[]));
    assert!(said.contains("beside a published pipeline"), "{said}");
}
