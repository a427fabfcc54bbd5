//! Pipelines as objects of the cluster.

use crate::kubectl;
use crate::site::{until, variable};
use serde_json::{Value, json};
use std::fs;

/// The pipeline of members, which every host of one zone runs whole.
pub fn members() -> Value {
    read(&variable("PIPELINE"))
}

/// The same with stages that are placed in zones.
pub fn members_across_zones() -> Value {
    read(&variable("PIPELINE_ACROSS_ZONES"))
}

fn read(file: &str) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let program = kubectl::programs().swap_remove(0);
    let objects = kubectl::read(&program, &text);
    let [object] = <[Value; 1]>::try_from(objects).expect("one object");
    object
}

/// What the cluster has under a name.
pub fn current(name: &str) -> Result<Value, String> {
    kubectl::object("pipelines.footlight.dev", name)
}

/// What its hosts say of the generation that was applied last, once they do.
pub fn told(name: &str) -> Result<Value, String> {
    let object = current(name)?;
    let (observed, generation) = (
        &object["status"]["observedGeneration"],
        &object["metadata"]["generation"],
    );
    let conditions = object["status"]["conditions"].as_array();
    let fresh = |condition: &Value| condition["observedGeneration"] == *generation;
    if observed != generation || !conditions.is_some_and(|all| all.iter().all(fresh)) {
        let status = &object["status"];
        return Err(format!("generation {generation} is not told of: {status}"));
    }
    Ok(object)
}

/// A condition: whether it holds, and why, in one word and in more.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub kind: String,
    pub holds: bool,
    pub reason: String,
    pub message: String,
}

pub fn conditions(object: &Value) -> Vec<Condition> {
    let conditions = object["status"]["conditions"].as_array();
    let text = |condition: &Value, name: &str| condition[name].as_str().unwrap_or("").to_owned();
    let read = |condition: &Value| Condition {
        kind: text(condition, "type"),
        holds: condition["status"] == "True",
        reason: text(condition, "reason"),
        message: text(condition, "message"),
    };
    conditions.into_iter().flatten().map(read).collect()
}

pub fn condition(object: &Value, kind: &str) -> Option<Condition> {
    let all = conditions(object);
    all.into_iter().find(|condition| condition.kind == kind)
}

/// Applies one, and waits until hosts run it: every stage of it is served.
#[track_caller]
pub fn run(object: &Value) -> Value {
    kubectl::apply(object).unwrap();
    ready(object["metadata"]["name"].as_str().unwrap())
}

/// Waits until hosts run what was applied last.
#[track_caller]
pub fn ready(name: &str) -> Value {
    until(&format!("the pipeline {name} is ready"), || {
        let told = told(name)?;
        // While another version runs it is ready, too, for another reason.
        match condition(&told, "Ready") {
            Some(ready) if ready.holds && ready.reason == "Ready" => Ok(told),
            _ => Err(told["status"].to_string()),
        }
    })
}

/// The nodes on which a stage is served, as its status says.
pub fn nodes_of(object: &Value, stage: &str) -> Vec<String> {
    let stages = object["status"]["stages"].as_array();
    let mut stages = stages.into_iter().flatten();
    let found = stages.find(|found| found["name"] == stage);
    let nodes = found.and_then(|stage| stage["nodes"].as_array());
    let names = nodes.into_iter().flatten().filter_map(Value::as_str);
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names
}

/// Removes all pipelines of the hosts, and their members.
pub fn remove_all() {
    for kind in ["pipelines.footlight.dev", "members.footlight.dev"] {
        // There may be no such kind yet.
        let _ = kubectl::of_the_hosts(&["delete", kind, "--all"]).output();
    }
}

/// Has a stage run on nodes with a label alone.
pub fn place(object: &mut Value, stage: &str, label: &str, value: &str) {
    let placement = &mut object["spec"]["placement"][stage];
    placement["labels"] = json!({label: value});
}
