//! What a host sees of its cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use footlight_pipeline::{API_VERSION, KIND, NodeFacts};
use k8s_openapi::api::core::v1::{Container, Node, Pod};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};

use crate::error::Error;

/// The label of a node that says which zone it is in.
pub const ZONE_LABEL: &str = "footlight.dev/zone";
/// What a device plugin calls GPUs.
const GPU: &str = "nvidia.com/gpu";
/// The port at which hosts listen for each other.
const PEERS: u16 = 7421;

/// The objects that pipelines are.
pub static PIPELINE: LazyLock<ApiResource> = LazyLock::new(|| {
    let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, KIND))
});

/// Which host this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// The namespace that it is in, whose pipelines it serves.
    pub namespace: String,
    /// Its pod.
    pub pod: String,
    /// The node that the pod is on.
    pub node: String,
}

impl Me {
    /// What the variables say by which Kubernetes tells a pod about itself.
    ///
    /// # Errors
    /// [`Error::NotTold`].
    pub fn from_env() -> Result<Self, Error> {
        let told = |name: &'static str| {
            let value = std::env::var(name).ok();
            value
                .filter(|value| !value.is_empty())
                .ok_or(Error::NotTold(name))
        };
        Ok(Self {
            namespace: told("POD_NAMESPACE")?,
            pod: told("POD_NAME")?,
            node: told("NODE_NAME")?,
        })
    }
}

/// A host's pod that runs and is not about to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPod {
    /// Its name.
    pub name: String,
    /// The node that it is on.
    pub node: String,
    /// Where other hosts reach it.
    pub address: Option<IpAddr>,
    /// Whether it may be given frames, as Kubernetes sees it.
    pub ready: bool,
    /// Whether it was given a GPU.
    pub gpu: bool,
}

impl HostPod {
    /// The host of a pod; none for one that does not run, or is about to end.
    pub(crate) fn of(pod: &Pod) -> Option<Self> {
        if pod.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let (spec, status) = (pod.spec.as_ref()?, pod.status.as_ref()?);
        if status.phase.as_deref() != Some("Running") {
            return None;
        }
        let conditions = status.conditions.iter().flatten();
        let mut ready = conditions.filter(|condition| condition.type_ == "Ready");
        let gpu = |container: &Container| {
            let limits = container.resources.as_ref()?.limits.as_ref()?;
            Some(limits.get(GPU)?.0 != "0")
        };
        Some(Self {
            name: pod.metadata.name.clone()?,
            node: spec.node_name.clone().unwrap_or_default(),
            address: status.pod_ip.as_ref().and_then(|ip| ip.parse().ok()),
            ready: ready.any(|condition| condition.status == "True"),
            gpu: spec
                .containers
                .iter()
                .any(|container| gpu(container) == Some(true)),
        })
    }
}

/// What a host sees of its cluster. What it has not seen yet is not there.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The pipelines of its namespace, by name; none before they were listed.
    pub pipelines: Option<BTreeMap<String, Arc<DynamicObject>>>,
    /// The hosts of its namespace, in the order of their names, itself among them; none before they were listed.
    pub hosts: Option<Vec<HostPod>>,
    /// The labels of its node; none before they were seen.
    pub labels: Option<BTreeMap<String, String>>,
}

impl View {
    /// Whether everything was seen once.
    pub fn is_whole(&self) -> bool {
        self.pipelines.is_some() && self.hosts.is_some() && self.labels.is_some()
    }

    /// What the host knows of its node; none before it has seen it and its own pod.
    pub fn node(&self, me: &Me) -> Option<NodeFacts> {
        let labels = self.labels.clone()?;
        let mut hosts = self.hosts.iter().flatten();
        let own = hosts.find(|host| host.name == me.pod)?;
        Some(NodeFacts {
            labels,
            gpu: own.gpu,
        })
    }

    /// Where the other hosts listen, each `HOST:PORT`; none before they were listed.
    pub fn others(&self, me: &Me) -> Option<BTreeSet<String>> {
        let hosts = self.hosts.as_ref()?.iter();
        let others = hosts.filter(|host| host.name != me.pod);
        Some(
            others
                .filter_map(|host| match host.address? {
                    IpAddr::V4(address) => Some(format!("{address}:{PEERS}")),
                    IpAddr::V6(address) => Some(format!("[{address}]:{PEERS}")),
                })
                .collect(),
        )
    }
}

/// The labels of a node.
pub(crate) fn labels(node: &Node) -> BTreeMap<String, String> {
    node.metadata.labels.clone().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(change: impl FnOnce(&mut Value)) -> Option<HostPod> {
        let mut pod = json!({
            "metadata": {"name": "footlight-a"},
            "spec": {"nodeName": "edge", "containers": [{"name": "host", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]},
            "status": {"phase": "Running", "podIP": "10.1.2.3", "conditions": [{"type": "Ready", "status": "True"}]},
        });
        change(&mut pod);
        HostPod::of(&serde_json::from_value(pod).unwrap())
    }

    #[test]
    fn a_host_is_a_pod_that_runs_and_stays() {
        let host = pod(|_| ()).unwrap();
        assert!(host.ready && host.gpu);
        assert_eq!(
            (host.name.as_str(), host.node.as_str()),
            ("footlight-a", "edge")
        );
        assert_eq!(pod(|pod| pod["status"]["phase"] = "Pending".into()), None);
        let ends = |pod: &mut Value| {
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        };
        assert_eq!(pod(ends), None);
        let without = pod(|pod| pod["spec"]["containers"][0]["resources"] = json!({})).unwrap();
        assert!(!without.gpu);
        let none = |pod: &mut Value| {
            pod["spec"]["containers"][0]["resources"]["limits"][GPU] = "0".into();
        };
        assert!(!pod(none).unwrap().gpu);
        let unready = pod(|pod| pod["status"]["conditions"] = json!([])).unwrap();
        assert!(!unready.ready);
    }

    #[test]
    fn others_are_reached_at_their_port() {
        let me = Me {
            namespace: "footlight".to_owned(),
            pod: "footlight-a".to_owned(),
            node: "edge".to_owned(),
        };
        let mut view = View::default();
        assert_eq!(view.others(&me), None);
        let other = |ip: &str| {
            pod(|pod| {
                pod["metadata"]["name"] = ip.into();
                pod["status"]["podIP"] = ip.into();
                pod["spec"]["containers"] = json!([]);
            })
        };
        let hosts = [other("10.1.2.4"), other("fd00::7"), pod(|_| ())];
        view.hosts = Some(hosts.into_iter().flatten().collect());
        let others = ["10.1.2.4:7421", "[fd00::7]:7421"].map(str::to_owned);
        assert_eq!(view.others(&me), Some(others.into()));
        assert_eq!(view.node(&me), None);
        view.labels = Some(BTreeMap::new());
        assert!(
            view.node(&me).unwrap().gpu,
            "its own pod's, and not another's"
        );
        assert!(!view.is_whole(), "no pipelines were listed");
        view.pipelines = Some(BTreeMap::new());
        assert!(view.is_whole());
        view.hosts = None;
        assert!(!view.is_whole(), "no hosts were");
    }
}
