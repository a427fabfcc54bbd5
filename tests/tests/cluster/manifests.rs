//! The manifests themselves, without a cluster.

mod kinds;
mod rights;

use crate::kubectl;
use crate::needs::{CannotBeDone, Need, trial};
use crate::schemas::Schemas;
use crate::site::{overlay, root};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial(
            "manifests: an old client builds what today's does",
            &[Need::Kubectl],
            old_and_new,
        ),
        trial(
            "manifests: today's Kubernetes knows every field",
            &[Need::Kubectl, Need::Schemas],
            known,
        ),
        trial(
            "manifests: pods are of the strictest security standard",
            &[Need::Kubectl],
            restricted,
        ),
        trial(
            "manifests: every node has one host at most, and one with a GPU, none or either gets one",
            &[Need::Kubectl],
            every_node,
        ),
    ];
    trials.extend(kinds::trials());
    trials.extend(rights::trials());
    trials
}

/// Every overlay, and the folder of RuntimeClasses.
fn overlays() -> Vec<PathBuf> {
    let entries = fs::read_dir(overlay("")).unwrap();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    all.push(root().join("runtimeclass"));
    all.sort();
    assert!(all.len() > 7, "{all:?}");
    all
}

/// What a client builds of all of them.
fn objects() -> Vec<Value> {
    let program = kubectl::programs().swap_remove(0);
    let overlays = overlays();
    let built = overlays
        .iter()
        .flat_map(|overlay| kubectl::build(&program, overlay));
    built.collect()
}

/// What a client builds of one.
fn objects_of(name: &str) -> Vec<Value> {
    kubectl::build(&kubectl::programs().swap_remove(0), &overlay(name))
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let of_it = objects.iter().filter(|object| object["kind"] == kind);
    of_it.collect()
}

fn old_and_new() -> Result<(), CannotBeDone> {
    let programs = kubectl::programs();
    let [new, old] = programs.as_slice() else {
        let why = "there is but one kubectl: `cargo xtask test` fetches an old one";
        return Err(CannotBeDone(why.to_owned()));
    };
    let text = |object: Value| object.to_string();
    for overlay in overlays() {
        let sorted = |program| {
            let built = kubectl::build(program, &overlay).into_iter();
            let mut built: Vec<String> = built.map(text).collect();
            built.sort();
            built
        };
        assert_eq!(sorted(new), sorted(old), "{}", overlay.display());
    }
    Ok(())
}

fn known() -> Result<(), CannotBeDone> {
    let objects = objects();
    let schemas = Schemas::of(&objects);
    for object in &objects {
        let name = (&object["kind"], &object["metadata"]["name"]);
        assert_eq!(schemas.errors(object), Vec::<String>::new(), "{name:?}");
    }
    // They would find a field that is misspelt.
    let mut wrong = objects
        .into_iter()
        .find(|object| object["kind"] == "DaemonSet")
        .unwrap();
    wrong["spec"]["template"]["spec"]["priorityClass"] = json!("footlight");
    assert_eq!(schemas.errors(&wrong).len(), 1);
    Ok(())
}

/// As https://kubernetes.io/docs/concepts/security/pod-security-standards/ has it for "restricted".
fn restricted() -> Result<(), CannotBeDone> {
    let mut seen = 0;
    for object in objects() {
        if object["kind"] != "DaemonSet" {
            continue;
        }
        seen += 1;
        let pod = &object["spec"]["template"]["spec"];
        for shared in ["hostNetwork", "hostPID", "hostIPC"] {
            assert!(pod[shared].is_null(), "{shared}");
        }
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        let profile = &pod["securityContext"]["seccompProfile"]["type"];
        assert_eq!(profile, "RuntimeDefault");
        for volume in pod["volumes"].as_array().unwrap() {
            let allowed = volume["emptyDir"].is_object() || volume["secret"].is_object();
            assert!(allowed, "{volume}");
        }
        for container in pod["containers"].as_array().unwrap() {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false);
            assert_eq!(context["readOnlyRootFilesystem"], true);
            assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}));
            for port in container["ports"].as_array().unwrap() {
                assert!(port["hostPort"].is_null());
            }
            for (kind, what) in [
                ("requests", "cpu"),
                ("requests", "memory"),
                ("limits", "memory"),
            ] {
                assert!(container["resources"][kind][what].is_string(), "{kind}");
            }
        }
    }
    assert_eq!(seen, 12);
    Ok(())
}

type Labels = BTreeMap<&'static str, &'static str>;

/// Nodes of every kind there is, in a zone.
fn nodes(zone: Option<&'static str>) -> Vec<Labels> {
    let mut nodes = Vec::new();
    for tier in [None, Some("edge")] {
        for gpu in [None, Some("true"), Some("false")] {
            let labels = [
                ("footlight.dev/tier", tier),
                ("nvidia.com/gpu.present", gpu),
                ("footlight.dev/zone", zone),
            ];
            let there = labels
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?)));
            nodes.push(there.collect());
        }
    }
    nodes
}

/// For each of them, how many DaemonSets of an overlay would put a pod there.
fn every_node() -> Result<(), CannotBeDone> {
    let [one, by_class, zones] = ["all-in-one", "by-class", "across-zones"].map(objects_of);
    let hosts = |objects: &[Value], node: &Labels| {
        let sets = of_kind(objects, "DaemonSet");
        sets.iter().filter(|set| takes(set, node)).count()
    };
    for node in nodes(None) {
        assert_eq!(hosts(&one, &node), 1, "{node:?}");
        assert_eq!(hosts(&by_class, &node), 1, "{node:?}");
        // It is in no zone.
        assert_eq!(hosts(&zones, &node), 0, "{node:?}");
    }
    for node in nodes(Some("site")) {
        assert_eq!(hosts(&zones, &node), 1, "{node:?}");
    }
    for node in nodes(Some("cloud")) {
        let gpu = node.get("nvidia.com/gpu.present") == Some(&"true");
        assert_eq!(hosts(&zones, &node), usize::from(!gpu), "{node:?}");
    }
    Ok(())
}

/// Whether a DaemonSet's pods may be on a node with these labels.
fn takes(set: &Value, node: &Labels) -> bool {
    let pod = &set["spec"]["template"]["spec"];
    let empty = serde_json::Map::new();
    let selector = pod["nodeSelector"].as_object().unwrap_or(&empty);
    let selected = selector
        .iter()
        .all(|(key, value)| node.get(key.as_str()).copied() == value.as_str());
    let affinity =
        &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let Some(terms) = affinity["nodeSelectorTerms"].as_array() else {
        return selected;
    };
    let holds = |expression: &Value| {
        let value = node.get(expression["key"].as_str().unwrap());
        let named = expression["values"].as_array().unwrap();
        let named = value.is_some_and(|value| named.contains(&json!(value)));
        match expression["operator"].as_str().unwrap() {
            "In" => named,
            "NotIn" => !named,
            other => panic!("{other} is not known here"),
        }
    };
    selected
        && terms.iter().any(|term| {
            let mut expressions = term["matchExpressions"].as_array().unwrap().iter();
            expressions.all(holds)
        })
}
