//! The client of Kubernetes that users have.

use serde_json::Value;
use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The one of this machine, and the oldest that the manifests are for; those of the two that are there.
pub fn programs() -> Vec<String> {
    let old = env::var("FOOTLIGHT_TEST_OLD_KUBECTL").ok();
    let both = [Some("kubectl".to_owned()), old].into_iter().flatten();
    let runs = |program: &String| {
        let mut command = Command::new(program);
        let output = command.args(["version", "--client"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    both.filter(runs).collect()
}

fn command() -> Command {
    let programs = programs();
    let mut command = Command::new(programs.first().expect("no kubectl"));
    command.env("KUBECONFIG", kubeconfig());
    command
}

fn kubeconfig() -> String {
    env::var("FOOTLIGHT_CLUSTER_KUBECONFIG").expect("no cluster")
}

/// The client, for what belongs to the namespace of the hosts.
pub fn of_the_hosts(words: &[&str]) -> Command {
    let mut command = command();
    command.args(["--namespace", "footlight"]).args(words);
    command
}

/// What it prints.
#[track_caller]
pub fn says(words: &[&str]) -> String {
    let output = of_the_hosts(words).output().unwrap();
    checked(&output, words)
}

/// What it says when it is to fail.
#[track_caller]
pub fn fails(words: &[&str]) -> String {
    let output = of_the_hosts(words).output().unwrap();
    assert!(!output.status.success(), "kubectl {words:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

/// What it prints when it is given a text, or what it says where it fails.
pub fn given(words: &[&str], text: &str) -> Result<String, String> {
    let mut command = of_the_hosts(words);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // It may have said what is wrong before it has read everything.
    let _ = input.write_all(text.as_bytes());
    drop(input);
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Applies an object, or says why the cluster does not take it.
pub fn apply(object: &Value) -> Result<(), String> {
    given(&["apply", "-f", "-"], &object.to_string()).map(drop)
}

/// One object of the cluster.
pub fn object(kind: &str, name: &str) -> Result<Value, String> {
    let words = ["get", kind, name, "--output", "json"];
    let output = of_the_hosts(&words).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}

/// Objects of the cluster.
#[track_caller]
pub fn items(words: &[&str]) -> Vec<Value> {
    let text = says(&[&["get", "--output", "json"], words].concat());
    let list: Value = serde_json::from_str(&text).unwrap();
    list["items"].as_array().unwrap().clone()
}

/// The objects of an overlay, as one of the clients builds them. No cluster is asked.
#[track_caller]
pub fn build(program: &str, overlay: &Path) -> Vec<Value> {
    let mut kustomize = Command::new(program);
    kustomize.arg("kustomize").arg(overlay);
    let built = kustomize.output().unwrap();
    let yaml = checked(&built, &["kustomize", &overlay.display().to_string()]);
    read(program, &yaml)
}

/// Objects in YAML, as one of the clients reads them. No cluster is asked.
#[track_caller]
pub fn read(program: &str, yaml: &str) -> Vec<Value> {
    // The client is what reads YAML here: with `--local` it reads, adds a label and writes JSON, and asks no server.
    let words = ["label", "--local", "-o", "json", "-f", "-", "read=yes"];
    let mut label = Command::new(program);
    label.args(words).env("KUBECONFIG", "/dev/null");
    let pipes = label.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(yaml.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let json = checked(&output, &words);
    let objects = serde_json::Deserializer::from_str(&json).into_iter();
    objects.map(Result::unwrap).map(without_label).collect()
}

fn without_label(mut object: Value) -> Value {
    let metadata = object["metadata"].as_object_mut().unwrap();
    let labels = metadata["labels"].as_object_mut().unwrap();
    labels.remove("read").unwrap();
    if labels.is_empty() {
        metadata.remove("labels");
    }
    object
}

#[track_caller]
fn checked(output: &Output, words: &[&str]) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {words:?}: {said}");
    String::from_utf8(output.stdout.clone()).unwrap()
}
