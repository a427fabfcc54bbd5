//! The manifests themselves, without a cluster.

use crate::kubectl;
use crate::needs::{CannotBeDone, Need, trial};
use crate::schemas::Schemas;
use crate::site::{overlay, root};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

pub fn trials() -> Vec<Trial> {
    vec![
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
    ]
}

/// Every overlay, and the folder of RuntimeClasses.
fn overlays() -> Vec<PathBuf> {
    let entries = fs::read_dir(overlay("")).unwrap();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    all.push(root().join("runtimeclass"));
    all.sort();
    assert!(all.len() > 6, "{all:?}");
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
            assert!(volume["emptyDir"].is_object(), "{volume}");
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
        assert_eq!(pod["automountServiceAccountToken"], false);
    }
    assert_eq!(seen, 8);
    Ok(())
}
