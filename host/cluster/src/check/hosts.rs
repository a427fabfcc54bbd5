//! The hosts' pods.

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::Pod;

use super::{Finding, INSTALL, Section, Seen, State};

/// Each DaemonSet: whether it has nodes, and whether its pods are ready.
pub fn findings(seen: &Seen) -> Vec<Finding> {
    let sets = match seen.sets.told(Section::Hosts, "DaemonSets") {
        Err(unchecked) => return vec![unchecked],
        Ok(sets) => sets.map(Vec::as_slice).unwrap_or_default(),
    };
    if sets.is_empty() {
        let detail = format!("there is no DaemonSet of hosts in {}", seen.namespace);
        return vec![Finding::missing(
            Section::Hosts,
            "DaemonSets",
            detail,
            INSTALL,
        )];
    }
    let pods = match seen.pods.told(Section::Hosts, "pods") {
        Ok(pods) => pods.map(Vec::as_slice).unwrap_or_default(),
        // What is wrong with a pod is then not said; that it is not ready, its DaemonSet knows.
        Err(_) => &[],
    };
    sets.iter().map(|set| of_set(set, pods, seen)).collect()
}

fn of_set(set: &DaemonSet, pods: &[Pod], seen: &Seen) -> Finding {
    let name = set.metadata.name.clone().unwrap_or_default();
    let (desired, ready) = set.status.as_ref().map_or((0, 0), |status| {
        (status.desired_number_scheduled, status.number_ready)
    });
    if desired == 0 {
        return Finding::new(
            Section::Hosts,
            name.clone(),
            State::Absent,
            "no node is of its kind",
            Some(format!(
                "where one should be: `kubectl -n {} get daemonset {name} -o wide` says which labels it wants",
                seen.namespace
            )),
        );
    }
    if ready == desired {
        return Finding::ok(Section::Hosts, name, format!("{ready} of {desired} ready"));
    }
    let whys: Vec<String> = pods
        .iter()
        .filter(|pod| is_of(pod, set))
        .filter_map(trouble)
        .collect();
    let mut detail = format!("{ready} of {desired} ready");
    for why in &whys {
        detail.push_str("; ");
        detail.push_str(why);
    }
    let namespace = &seen.namespace;
    let remedy = format!(
        "`kubectl -n {namespace} describe pods -l app.kubernetes.io/name=footlight` and `kubectl -n {namespace} logs POD` say more"
    );
    Finding::missing(Section::Hosts, name, detail, remedy)
}

fn is_of(pod: &Pod, set: &DaemonSet) -> bool {
    let mut owners = pod.metadata.owner_references.iter().flatten();
    let name = set.metadata.name.as_ref();
    owners.any(|owner| owner.kind == "DaemonSet" && Some(&owner.name) == name)
}

/// What keeps a pod from being ready, in Kubernetes' words.
fn trouble(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let conditions = || status.conditions.iter().flatten();
    if conditions().any(|it| it.type_ == "Ready" && it.status == "True") {
        return None;
    }
    let spec = pod.spec.as_ref();
    let node = spec.and_then(|spec| spec.node_name.as_deref());
    let place = node.map_or("a pod without a node".to_owned(), |node| {
        format!("on {node}")
    });
    let mut containers = status.container_statuses.iter().flatten();
    let waiting = containers.find_map(|it| it.state.as_ref()?.waiting.as_ref()?.reason.clone());
    let unschedulable = conditions()
        .find(|it| it.type_ == "PodScheduled" && it.status == "False")
        .and_then(|it| it.message.clone());
    let why = waiting.or(unschedulable);
    Some(match why {
        Some(why) => format!("{place}: {why}"),
        None => format!("{place}: it runs, and is not ready"),
    })
}
