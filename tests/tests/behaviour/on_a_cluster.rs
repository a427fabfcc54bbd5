//! `footlight k8s`, without a cluster: the object of a published pipeline, and what is said where no cluster answers.

use crate::file::OneStage;
use crate::host::{Host, footlight, run};
use crate::needs::{Need, trial};
use crate::photos::{gradient, png};
use crate::places;
use crate::published;
use crate::registry::Registry;
use libtest_mimic::Trial;
use serde_json::Value;
use std::fs;
use std::process::Command;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "k8s pipeline: a published pipeline as an object, each part by its digest",
            &[Need::Host, Need::Hostile, Need::Registry],
            object,
        ),
        trial(
            "k8s pipeline: what nodes cannot fetch is no object",
            &[Need::Host],
            layout,
        ),
        trial(
            "k8s check: says so where there is no cluster, and where none answers",
            &[Need::Host],
            nowhere,
        ),
    ]
}

fn object() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::start(folder.path());
    let zones = "[zones]\nnames = [\"site\", \"cloud\"]\nframes = [\"site\"]\n[placement]\nguest = [\"site\"]";
    let file = OneStage {
        settings: "act = \"trap\", at-width = 200",
        more: zones,
        ..OneStage::HOSTILE
    }
    .write(folder.path());
    let reference = format!("{}/site/trap", registry.host);
    let tagged = format!("{reference}:1.0");
    let author = |words: &[&str]| {
        let mut command = footlight();
        command.env("FOOTLIGHT_STORE", folder.path().join("store"));
        let output = command.args(words).output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {why}");
        String::from_utf8(output.stdout).unwrap()
    };
    let stages = places::stages().join("hostile");
    let words = ["pipeline", "push", file.to_str().unwrap(), &tagged];
    let words = [&words[..], &["--stages", stages.to_str().unwrap()]].concat();
    let pushed = author(&words);
    let object = author(&["k8s", "pipeline", &tagged, "--namespace", "lab"]);
    let lines: Vec<&str> = object.lines().map(str::trim).collect();
    let has = |line: &str| assert!(lines.contains(&line), "no {line:?} in\n{object}");
    // From which version it is, for whoever reads it.
    has(&format!("# {}", pushed.trim()));
    has("apiVersion: footlight.dev/v1alpha1");
    has("kind: Pipeline");
    has("name: trap");
    has("namespace: lab");
    let component = lines
        .iter()
        .find_map(|line| line.strip_prefix("component: "));
    let component = component.unwrap().trim_matches(['"', '\'']);
    let digest = component.strip_prefix(&format!("{reference}@sha256:"));
    assert_eq!(digest.map(str::len), Some(64), "{component}");
    // A list of zones in the file is a table in the object.
    let spec = object.split_once("\n  placement:").unwrap().1;
    let placement: Vec<&str> = spec.lines().skip(1).take(2).map(str::trim).collect();
    assert_eq!(placement, ["guest:", "zones:"], "{object}");

    // The same file is proven, and runs, on a laptop.
    let file = folder.path().join("trap.yaml");
    fs::write(&file, &object).unwrap();
    let proven = author(&["prove", file.to_str().unwrap()]);
    assert!(proven.contains("guest"), "{proven}");
    let mut command = run(&[file], &folder.path().join("gallery"));
    command.env("FOOTLIGHT_STORE", folder.path().join("laptop"));
    let host = Host::spawn(command, tempfile::tempdir().unwrap());
    host.wait_until_ready();
    host.frame("trap", &png(&gradient(64, 64))).good();
}

fn layout() {
    let mut command = footlight();
    command.args(["k8s", "pipeline", "oci:members.tar:1.0"]);
    let said = published::said(&mut command, 1);
    assert!(said.contains("footlight pipeline push"), "{said}");
}

fn nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let check = |kubeconfig: &str| -> Command {
        let mut command = footlight();
        command.args(["k8s", "check", "--json"]);
        command.env("KUBECONFIG", folder.path().join(kubeconfig));
        command.env_remove("KUBERNETES_SERVICE_HOST");
        command
    };
    let said = published::said(&mut check("none.yaml"), 1);
    assert!(said.contains("set KUBECONFIG"), "{said}");
    // Nobody listens there.
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: lab\n\
                clusters: [{name: lab, cluster: {server: 'http://127.0.0.1:1'}}]\n\
                users: [{name: me, user: {}}]\ncontexts: [{name: lab, context: {cluster: lab, user: me}}]\n";
    fs::write(folder.path().join("lab.yaml"), text).unwrap();
    let output = check("lab.yaml").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["ready"], false);
    let findings = said["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{said:#}");
    assert_eq!(findings[0]["name"], "API server");
    assert_eq!(findings[0]["state"], "missing");
    assert!(
        findings[0]["remedy"]
            .as_str()
            .unwrap()
            .contains("KUBECONFIG")
    );
}
