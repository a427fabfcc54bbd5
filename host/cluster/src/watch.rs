//! How a host sees its cluster: watches on pipelines, on the hosts' pods and on its own node.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::core::{DynamicObject, Resource};
use kube::runtime::watcher::{self, Event};
use kube::{Api, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch::Sender;

use crate::api::Cluster;
use crate::steady;
use crate::view::{HostPod, PIPELINE, View, labels};

/// The label that hosts' pods have.
const HOSTS: &str = "app.kubernetes.io/name=footlight";

impl Cluster {
    /// Looks at the cluster for as long as this is polled, and tells of whatever has changed. What cannot be seen for a while
    /// stays as it was.
    pub async fn follow(&self, views: &Sender<View>) {
        let me = &self.me;
        let pipelines: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &me.namespace, &*PIPELINE);
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &me.namespace);
        let nodes: Api<Node> = Api::all(self.client.clone());
        let own = format!("metadata.name={}", me.node);
        let pipelines = follow(
            "pipelines",
            pipelines,
            watcher::Config::default(),
            |all: &BTreeMap<String, Arc<DynamicObject>>| {
                let all = all.clone();
                views.send_modify(|view| view.pipelines = Some(all));
            },
        );
        let pods = follow(
            "pods",
            pods,
            watcher::Config::default().labels(HOSTS),
            |all: &BTreeMap<String, Arc<Pod>>| {
                let hosts: Vec<_> = all.values().filter_map(|pod| HostPod::of(pod)).collect();
                views.send_if_modified(|view| {
                    let changed = view.hosts.as_ref() != Some(&hosts);
                    view.hosts = Some(hosts);
                    changed
                });
            },
        );
        let node = follow(
            "its node",
            nodes,
            watcher::Config::default().fields(&own),
            |all: &BTreeMap<String, Arc<Node>>| {
                // Its status changes every few seconds, its labels do not.
                let labels = all.values().next().map(|node| labels(node));
                views.send_if_modified(|view| {
                    let changed = labels.is_some() && view.labels != labels;
                    if changed {
                        view.labels = labels;
                    }
                    changed
                });
            },
        );
        tokio::join!(pipelines, pods, node);
    }
}

/// Keeps a list of objects by name as they are, and tells of it whenever it has changed.
async fn follow<K>(
    what: &str,
    api: Api<K>,
    config: watcher::Config,
    changed: impl Fn(&BTreeMap<String, Arc<K>>),
) where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut events = pin!(steady::events(api, config));
    let mut all = BTreeMap::new();
    let mut listed = BTreeMap::new();
    let mut said = None;
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                let error = error.to_string();
                if said.as_ref() != Some(&error) {
                    tracing::warn!(
                        what,
                        error,
                        "the cluster cannot be seen; all goes on as it was"
                    );
                    said = Some(error);
                }
                continue;
            }
        };
        match event {
            Event::Init => {
                listed = BTreeMap::new();
                continue;
            }
            Event::InitApply(object) => {
                listed.insert(object.name_any(), Arc::new(object));
                continue;
            }
            Event::InitDone => all = std::mem::take(&mut listed),
            Event::Apply(object) => {
                all.insert(object.name_any(), Arc::new(object));
            }
            Event::Delete(object) => {
                all.remove(&object.name_any());
            }
        }
        if said.take().is_some() {
            tracing::info!(what, "the cluster is seen again");
        }
        changed(&all);
    }
}
