//! What the API server takes as a Pipeline and as a Member, as their schemas have it.

use super::{objects_of, of_kind};
use crate::kubectl;
use crate::needs::{CannotBeDone, Need, trial};
use crate::site::root;
use jsonschema::Validator;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::fs;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "manifests: the example is a Pipeline, and each mistake in it is refused where it is",
            &[Need::Kubectl],
            mistakes,
        ),
        trial(
            "manifests: a key that a pipeline does not have reaches the hosts",
            &[Need::Kubectl],
            unknown_keys,
        ),
        trial(
            "manifests: what is not said of a stage is filled in",
            &[Need::Kubectl],
            defaults,
        ),
        trial(
            "manifests: the status that hosts write is one",
            &[Need::Kubectl],
            status,
        ),
        trial(
            "manifests: a Member has a pipeline, and nothing that can be read without the key",
            &[Need::Kubectl],
            member,
        ),
    ]
}

/// The schema of a kind.
fn schema(plural: &str) -> Value {
    let objects = objects_of("all-in-one");
    let name = format!("{plural}.footlight.dev");
    let kinds = of_kind(&objects, "CustomResourceDefinition");
    let kind = kinds.iter().find(|kind| kind["metadata"]["name"] == *name);
    let versions = kind.unwrap()["spec"]["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0]["name"], "v1alpha1");
    versions[0]["schema"]["openAPIV3Schema"].clone()
}

fn example() -> Value {
    let yaml = fs::read_to_string(root().join("k8s/examples/member-verification.yaml")).unwrap();
    kubectl::read(&kubectl::programs().swap_remove(0), &yaml).swap_remove(0)
}

/// Where an object does not fit.
fn wrong(schema: &Validator, object: &Value) -> Vec<String> {
    let errors = schema.iter_errors(object);
    errors
        .map(|error| error.instance_path().to_string())
        .collect()
}

fn mistakes() -> Result<(), CannotBeDone> {
    let schema = jsonschema::validator_for(&schema("pipelines")).unwrap();
    let example = example();
    assert_eq!(wrong(&schema, &example), Vec::<String>::new());
    let digest = "5".repeat(64);
    let tag = "registry.example/footlight/members:1.0";
    for (at, value) in [
        ("/metadata/name", json!("Members")),
        ("/spec/source", json!(7)),
        ("/spec/classes", json!({})),
        ("/spec/classes/crop/kind", json!("picture")),
        ("/spec/classes/crop/size", json!([112])),
        ("/spec/classes/feature/type", json!("float32")),
        ("/spec/classes/feature/shape/1", json!(-1)),
        ("/spec/models/fr-feature/card", json!("fr-feature.toml")),
        ("/spec/models/fr-feature/card", json!(tag)),
        ("/spec/models/fr-feature/device", json!("")),
        ("/spec/gallery/gate/max-similarity", json!(1.5)),
        ("/spec/gallery/gate/min-face", json!(-1)),
        ("/spec/stages", json!({})),
        ("/spec/stages/detect/component", json!("detect.wasm")),
        ("/spec/stages/detect/component", json!(tag)),
        (
            "/spec/stages/detect/component",
            json!(format!("r.example/b@sha256:{}", &digest[1..])),
        ),
        (
            "/spec/stages/detect/component",
            json!(format!("r.example/b@sha512:{digest}")),
        ),
        (
            "/spec/stages/detect/component",
            json!(format!("stages/detect@sha256:{digest}")),
        ),
        (
            "/spec/stages/detect/component",
            json!(format!("@sha256:{digest}")),
        ),
        ("/spec/stages/detect/yields", json!("crop")),
        ("/spec/stages/detect/models/detector", json!(["retinaface"])),
        ("/spec/stages/detect/settings", json!([])),
        ("/spec/stages/detect/limits/time", json!("5 sec")),
        ("/spec/stages/detect/limits/guest-memory", json!("64Mi")),
        ("/spec/stages/detect/limits/guest-memory", json!(67_108_864)),
        ("/spec/stages/detect/limits/items", json!(4_294_967_296_u64)),
        ("/spec/answer/faces", json!(["crop"])),
        ("/spec/zones/names", json!([])),
        ("/spec/zones/names/0", json!("-site")),
        ("/spec/placement/detect", json!(["site"])),
        ("/spec/placement/detect/zones", json!("site")),
        ("/spec/placement/detect/labels", json!(["edge"])),
        ("/spec/placement/features/gpu", json!("yes")),
        ("/spec/boundary/feature/from", json!([])),
        ("/spec/boundary/feature/per-frame", json!(0)),
        ("/spec/boundary/feature/per-second", json!(1.5)),
        ("/spec/boundary/feature/quantise", json!("i4")),
        ("/spec/boundary/verdict/fields/member/kind", json!("bool")),
        ("/spec/boundary/verdict/fields/similarity/steps", json!(0)),
    ] {
        let mut object = example.clone();
        *object.pointer_mut(at).unwrap() = value.clone();
        assert_eq!(wrong(&schema, &object), [at], "{value}");
    }
    for (of, key) in [
        ("", "spec"),
        ("/spec", "source"),
        ("/spec", "classes"),
        ("/spec", "stages"),
        ("/spec/classes/crop", "kind"),
        ("/spec/models/fr-feature", "card"),
        ("/spec/gallery", "made-by"),
        ("/spec/stages/detect", "component"),
        ("/spec/stages/detect", "input"),
        ("/spec/stages/detect", "yields"),
        ("/spec/zones", "names"),
        ("/spec/zones", "frames"),
        ("/spec/boundary/feature", "to"),
        ("/spec/boundary/feature", "per-frame"),
        ("/spec/boundary/verdict/fields/id", "kind"),
    ] {
        let mut object = example.clone();
        let table = object.pointer_mut(of).unwrap().as_object_mut().unwrap();
        table.remove(key).unwrap();
        assert_eq!(wrong(&schema, &object), [of], "without {key}");
    }
    Ok(())
}

/// Kubernetes drops keys that a schema does not have, and hosts would not learn of a misspelt one.
fn unknown_keys() -> Result<(), CannotBeDone> {
    let schema = schema("pipelines");
    let spec = &schema["properties"]["spec"];
    let mut tables = 0;
    all_tables(spec, "spec", &mut |table, at| {
        tables += 1;
        let keeps = table["x-kubernetes-preserve-unknown-fields"] == true;
        assert!(keeps || table["additionalProperties"].is_object(), "{at}");
    });
    assert_eq!(tables, 24);
    // Of the status, hosts write every key.
    all_tables(
        &schema["properties"]["status"],
        "status",
        &mut |table, at| {
            let keeps = &table["x-kubernetes-preserve-unknown-fields"];
            assert!(keeps.is_null(), "{at}");
        },
    );
    Ok(())
}

fn all_tables(schema: &Value, at: &str, see: &mut impl FnMut(&Value, &str)) {
    if schema["type"] == "object" {
        see(schema, at);
    }
    let none = serde_json::Map::new();
    for (key, value) in schema["properties"].as_object().unwrap_or(&none) {
        all_tables(value, &format!("{at}.{key}"), see);
    }
    for below in ["additionalProperties", "items"] {
        all_tables_in(&schema[below], at, see);
    }
}

fn all_tables_in(schema: &Value, at: &str, see: &mut impl FnMut(&Value, &str)) {
    if schema.is_object() {
        all_tables(schema, &format!("{at}.*"), see);
    }
}

fn defaults() -> Result<(), CannotBeDone> {
    let schema = schema("pipelines");
    let of = |at: &str| schema.pointer(&format!("/properties/spec/properties/{at}/default"));
    let stage = "stages/additionalProperties/properties";
    let limits = format!("{stage}/limits/properties");
    // As `Limits::default` and `Gate::default` have it; what the file leaves out is the same on a laptop.
    for (at, value) in [
        (
            "models/additionalProperties/properties/device",
            json!("cpu"),
        ),
        ("gallery/properties/device", json!("cpu")),
        (&format!("{stage}/allow-load"), json!(false)),
        (&format!("{limits}/guest-memory"), json!("64 MiB")),
        (&format!("{limits}/host-memory"), json!("256 MiB")),
        (&format!("{limits}/time"), json!("5 s")),
        (&format!("{limits}/items"), json!(64)),
        (&format!("{limits}/item-bytes"), json!("4 MiB")),
        ("gallery/properties/gate/properties/min-face", json!(60)),
        ("gallery/properties/gate/properties/max-turn", json!(0.4)),
        (
            "gallery/properties/gate/properties/min-sharpness",
            json!(25),
        ),
        ("gallery/properties/gate/properties/min-score", json!(0.9)),
        (
            "gallery/properties/gate/properties/max-similarity",
            json!(0.42),
        ),
        (
            "gallery/properties/gate/properties/min-agreement",
            json!(0.42),
        ),
    ] {
        assert_eq!(of(at), Some(&value), "{at}");
    }
    Ok(())
}

fn status() -> Result<(), CannotBeDone> {
    let schema = jsonschema::validator_for(&schema("pipelines")).unwrap();
    let condition = |kind: &str, status: &str, reason: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": "", "observedGeneration": 3,
            "lastTransitionTime": "2026-11-29T12:00:00Z",
        })
    };
    let mut object = example();
    object["status"] = json!({
        "observedGeneration": 3,
        "version": format!("sha256:{}", "a".repeat(64)),
        "stagesReady": "2/3",
        "hostsServing": 2,
        "conditions": [
            condition("Accepted", "True", "Accepted"),
            condition("Placed", "False", "NoHost"),
            condition("Ready", "Unknown", "Starting"),
        ],
        "stages": [{"name": "detect", "ready": true, "hosts": 1, "nodes": ["edge"], "message": ""}],
        "hosts": [{
            "pod": "footlight-edge-site-x", "node": "edge", "zone": "site", "version": "sha256:a", "state": "Serving",
            "stages": ["detect"], "elsewhere": {"verify": "it is placed in `cloud`"}, "message": "",
        }],
    });
    assert_eq!(wrong(&schema, &object), Vec::<String>::new());
    object["status"]["hosts"][0]["state"] = json!("serving");
    assert_eq!(wrong(&schema, &object), ["/status/hosts/0/state"]);
    Ok(())
}

fn member() -> Result<(), CannotBeDone> {
    let schema = schema("members");
    let keys = schema["properties"]["spec"]["properties"].as_object();
    let keys: Vec<&String> = keys.unwrap().keys().collect();
    assert_eq!(keys, ["about", "pipeline", "sealed"]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let right = json!({
        "metadata": {"name": format!("members-{}", "0a".repeat(16))},
        "spec": {"pipeline": "members", "about": "{}", "sealed": "AAAA"},
    });
    assert_eq!(wrong(&validator, &right), Vec::<String>::new());
    for (at, value) in [
        ("/metadata/name", "members-ann"),
        ("/spec/sealed", "not in base64"),
        ("/spec/pipeline", "Members"),
    ] {
        let mut object = right.clone();
        *object.pointer_mut(at).unwrap() = json!(value);
        assert_eq!(wrong(&validator, &object), [at]);
    }
    Ok(())
}
