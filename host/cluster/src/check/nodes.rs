//! Nodes: in which zone each is, whether it has a host, and its GPU.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::node::v1::RuntimeClass;
use kube::{Api, Client};

use super::ask::{self, Answer};
use super::{Finding, GPU, Section, Seen, State, ZONE};

/// The label of nodes that have a GPU.
const HAS_GPU: &str = "nvidia.com/gpu.present";
const CLASS: &str = "nvidia";

/// Each node, and the RuntimeClass where one is asked for.
pub async fn findings(client: &Client, seen: &Seen) -> Vec<Finding> {
    let mut findings = of_nodes(seen);
    let asked_for = matches!(&seen.sets, Answer::Is(sets) if sets.iter().any(|set| {
        let pod = set.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
        pod.is_some_and(|pod| pod.runtime_class_name.as_deref() == Some(CLASS))
    }));
    if asked_for {
        let api: Api<RuntimeClass> = Api::all(client.clone());
        findings.push(of_class(&ask::get(&api, CLASS).await));
    }
    findings
}

fn of_class(class: &Answer<RuntimeClass>) -> Finding {
    let name = "RuntimeClass nvidia";
    match class.told(Section::Nodes, name) {
        Err(unchecked) => unchecked,
        Ok(Some(class)) => {
            let detail = format!(
                "there, of the handler `{}`; whether nodes have that is not seen from here",
                class.handler
            );
            Finding::ok(Section::Nodes, name, detail)
        }
        Ok(None) => Finding::missing(
            Section::Nodes,
            name,
            "is not there, and hosts with a GPU ask for it",
            "`kubectl apply -k runtimeclass`, or install NVIDIA's GPU operator",
        ),
    }
}

fn of_nodes(seen: &Seen) -> Vec<Finding> {
    let nodes = match seen.nodes.told(Section::Nodes, "nodes") {
        Err(unchecked) => return vec![unchecked],
        Ok(nodes) => nodes.map(Vec::as_slice).unwrap_or_default(),
    };
    let zoned = nodes.iter().any(|node| label(node, ZONE).is_some());
    // None, where that cannot be told.
    let with_host: Option<BTreeSet<&str>> = match &seen.pods {
        Answer::Is(pods) => {
            let spec = pods.iter().filter_map(|pod| pod.spec.as_ref());
            Some(spec.filter_map(|spec| spec.node_name.as_deref()).collect())
        }
        _ => None,
    };
    let mut findings: Vec<Finding> = nodes
        .iter()
        .map(|node| of_node(node, zoned, with_host.as_ref()))
        .collect();
    if !zoned {
        findings.push(Finding::new(
            Section::Nodes,
            "zones",
            State::Absent,
            "no node is in a zone; only pipelines without zones run here",
            Some(format!("for others: `kubectl label node NAME {ZONE}=ZONE`")),
        ));
    }
    findings
}

fn label<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    let labels = node.metadata.labels.as_ref()?;
    labels.get(key).map(String::as_str)
}

fn of_node(node: &Node, zoned: bool, with_host: Option<&BTreeSet<&str>>) -> Finding {
    let name = node.metadata.name.clone().unwrap_or_default();
    let mut said = Vec::new();
    let mut wants = Vec::new();
    match label(node, ZONE) {
        Some(zone) => said.push(format!("zone {zone}")),
        None if zoned => {
            said.push("in no zone, where others are".to_owned());
            wants.push(format!("`kubectl label node {name} {ZONE}=ZONE`"));
        }
        None => {}
    }
    let status = node.status.as_ref();
    let allocatable = status.and_then(|status| status.allocatable.as_ref());
    let gpus = allocatable
        .and_then(|it| it.get(GPU))
        .map(|it| it.0.as_str());
    let gpus = gpus.filter(|gpus| *gpus != "0");
    match (label(node, HAS_GPU) == Some("true"), gpus) {
        (true, Some(gpus)) => said.push(format!("{gpus} {GPU}")),
        (true, None) => {
            said.push(format!("has the label {HAS_GPU}, and no {GPU} to give"));
            wants.push(
                "see that NVIDIA's device plugin runs there, or take the label away".to_owned(),
            );
        }
        (false, Some(gpus)) => {
            said.push(format!("{gpus} {GPU}, without the label {HAS_GPU}"));
            wants.push(format!(
                "`kubectl label node {name} {HAS_GPU}=true`, for a host with the GPU"
            ));
        }
        (false, None) => {}
    }
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .any(|it| it.type_ == "Ready" && it.status == "True");
    if !ready {
        said.push("not Ready".to_owned());
        wants.push(format!("`kubectl describe node {name}`"));
    }
    let spec = node.spec.as_ref();
    let tainted = spec.is_some_and(|spec| {
        let mut taints = spec.taints.iter().flatten();
        taints.any(|taint| taint.effect != "PreferNoSchedule")
    });
    match with_host {
        Some(hosts) if hosts.contains(name.as_str()) => said.push("has a host".to_owned()),
        Some(_) if tainted => said.push("no host, and a taint that may keep one away".to_owned()),
        Some(_) => {
            said.push("no host".to_owned());
            wants
                .push("see that its labels are those that an overlay's DaemonSet wants".to_owned());
        }
        None => said.push("whether it has a host was not checked".to_owned()),
    }
    let state = if wants.is_empty() {
        State::Ok
    } else {
        State::Warning
    };
    let remedy = (!wants.is_empty()).then(|| wants.join("; "));
    Finding::new(Section::Nodes, name, state, said.join(", "), remedy)
}
