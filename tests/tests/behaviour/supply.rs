//! What comes from elsewhere and is not as `footlight` makes it: artifacts of other tools, ways around a trust policy,
//! references that are not whole.

use crate::host::{footlight, refused};
use crate::needs::{HOSTILE, trial};
use crate::published::Site;
use crate::{file, places};
use libtest_mimic::{Completion, Trial};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = [
        (
            "supply: a stage of another tool is refused at pull and at load, by its import",
            foreign as fn(),
        ),
        (
            "supply: no way around a policy's rule for a folder",
            by_a_link,
        ),
        (
            "supply: a reference without a tag is said to lack it",
            no_tag,
        ),
        (
            "supply: verify asks who is to have signed before it asks a registry",
            asked_first,
        ),
    ]
    .into_iter()
    .map(|(name, test)| trial(name, HOSTILE, test))
    .collect();
    trials.push(Trial::ignorable_test(
        "supply: what oras pushed is refused as well",
        || match oras() {
            Ok(oras) => {
                by_oras(&oras);
                Ok(Completion::Completed)
            }
            Err(reason) => Ok(Completion::ignored_with(reason)),
        },
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
fn put(layout: &Path, media_type: &str, bytes: &[u8]) -> serde_json::Value {
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

fn oras() -> Result<PathBuf, String> {
    let oras = env::var_os("FOOTLIGHT_TEST_ORAS").unwrap_or("oras".into());
    let found = Command::new(&oras).arg("version").output();
    match found {
        Ok(output) if output.status.success() && places::program().exists() => Ok(oras.into()),
        _ => Err("there is no oras in the PATH, and FOOTLIGHT_TEST_ORAS names none".to_owned()),
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

fn by_a_link() {
    let site = Site::new();
    let component = places::stages().join("hostile/wasi-stage.wasm");
    let component = component.to_str().unwrap();
    site.author(&["stage", "push", component, &site.reference("1")], 0);
    let policy = site.path("policy.toml");
    let registry = site.path("registry").canonicalize().unwrap();
    let text = format!(
        "default = \"accept\"\n[[rules]]\nrepository = \"oci:{}\"\nunsigned = \"refuse\"\n",
        registry.display()
    );
    fs::write(&policy, text).unwrap();
    let policy = policy.to_str().unwrap();
    symlink(&registry, site.path("link")).unwrap();
    for way in ["registry", "link", "./author/../link"] {
        let reference = format!("oci:{}:1", site.path(way).display());
        let said = site.author(&["stage", "pull", &reference, "--trust", policy], 1);
        assert!(said.contains("accepts nothing from there"), "{said}");
    }
    // What the rule is not for is taken.
    let copied = format!("oci:{}:1", site.path("elsewhere").display());
    fs::create_dir(site.path("elsewhere")).unwrap();
    site.author(&["stage", "push", component, &copied], 0);
    site.author(&["stage", "pull", &copied, "--trust", policy], 0);
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

fn asked_first() {
    let mut command = footlight();
    command.env_remove("FOOTLIGHT_TRUST");
    // Nothing answers there.
    let output = command
        .args(["verify", "127.0.0.1:1/members:1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--key") && said.contains("--trust"), "{said}");
    assert!(!said.contains("reached"), "{said}");
}
