//! What hosts are to run, and what they say of it.

use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client};
use serde_json::Value;

use super::ask::{self, Answer};
use super::{Finding, Section, State};

/// Each pipeline, with what its conditions say.
pub async fn findings(client: &Client, namespace: &str) -> Vec<Finding> {
    let kind = GroupVersionKind::gvk("footlight.dev", "v1alpha1", "Pipeline");
    let kind = ApiResource::from_gvk_with_plural(&kind, "pipelines");
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &kind);
    of_pipelines(&ask::list(&api).await, namespace)
}

fn of_pipelines(pipelines: &Answer<Vec<DynamicObject>>, namespace: &str) -> Vec<Finding> {
    let pipelines = match pipelines.told(Section::Pipelines, "pipelines") {
        Err(unchecked) => return vec![unchecked],
        Ok(pipelines) => pipelines.map(Vec::as_slice).unwrap_or_default(),
    };
    if pipelines.is_empty() {
        return vec![Finding::new(
            Section::Pipelines,
            "pipelines",
            State::Absent,
            format!("there is none in {namespace}"),
            Some("`footlight k8s pipeline REFERENCE | kubectl apply -f -`".to_owned()),
        )];
    }
    let each = pipelines.iter();
    each.map(|pipeline| of_pipeline(pipeline, namespace))
        .collect()
}

fn of_pipeline(pipeline: &DynamicObject, namespace: &str) -> Finding {
    let name = pipeline.metadata.name.clone().unwrap_or_default();
    let describe = format!("`kubectl -n {namespace} describe pipeline {name}` says more");
    let text = |at: &str| pipeline.data.pointer(at).and_then(Value::as_str);
    let conditions = pipeline.data.pointer("/status/conditions");
    let Some(conditions) = conditions.and_then(Value::as_array) else {
        let detail = "no host has said anything of it";
        let remedy = "see that hosts run; they look at pipelines of their own namespace alone";
        return Finding::missing(Section::Pipelines, name, detail, remedy);
    };
    let condition = |kind: &str| conditions.iter().find(|it| it["type"] == *kind);
    let seen = pipeline.data.pointer("/status/observedGeneration");
    let generation = pipeline.metadata.generation;
    if generation.is_some() && seen.and_then(Value::as_i64) != generation {
        let detail = "it was changed, and hosts have not looked at it since";
        return Finding::new(
            Section::Pipelines,
            name,
            State::Warning,
            detail,
            Some(describe),
        );
    }
    let stages = text("/status/stagesReady").unwrap_or("?");
    // The first that does not hold says why: the others follow from it.
    let broken = ["Accepted", "Placed", "Ready"]
        .into_iter()
        .filter_map(condition)
        .find(|it| it["status"] != "True");
    match broken {
        None if condition("Ready").is_some() => {
            let detail = format!("ready, {stages} stages");
            Finding::ok(Section::Pipelines, name, detail)
        }
        None => Finding::missing(
            Section::Pipelines,
            name,
            "hosts have not said whether it is ready",
            describe,
        ),
        Some(broken) => {
            let word = |key: &str| broken[key].as_str().unwrap_or_default();
            let detail = format!("{}: {}", word("reason"), word("message"));
            Finding::missing(Section::Pipelines, name, detail, describe)
        }
    }
}
