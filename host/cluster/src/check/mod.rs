//! What a cluster lacks for hosts to run pipelines on it, as whoever administers it can see.
//!
//! Everything is read, and nothing changed. What the caller may not read is said to be unchecked: that is no mistake of the
//! cluster. Each module is about one thing, and takes what was read of it, so that a finding needs no cluster to be tested.

mod ask;
mod certificate;
mod finding;
mod hosts;
mod identities;
mod network;
mod nodes;
mod pipelines;
mod rights;
mod server;

#[cfg(test)]
mod tests;

use std::time::Duration;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::config::KubeConfigOptions;
use kube::{Api, Client, Config};

use ask::{Answer, list_of_hosts};
pub use finding::{Finding, Section, State};

/// The label of everything that is the hosts', with [`NAME`].
const LABEL: &str = "app.kubernetes.io/name";
/// What the manifests call what is the hosts'.
const NAME: &str = "footlight";
/// The label that says in which zone a node is.
const ZONE: &str = "footlight.dev/zone";
/// The resource that a GPU is.
const GPU: &str = "nvidia.com/gpu";
/// What installs what is not there.
const INSTALL: &str = "`kubectl apply -k k8s/overlays/NAME`, as docs/run-on-a-cluster.md says";

/// What is looked at by more than one check.
struct Seen {
    namespace: String,
    nodes: Answer<Vec<Node>>,
    sets: Answer<Vec<DaemonSet>>,
    pods: Answer<Vec<Pod>>,
}

/// How long the API server has for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no cluster to look at.
#[derive(Debug, thiserror::Error)]
#[error("there is no cluster to look at: {0}; set KUBECONFIG, or run this on one")]
pub struct NoCluster(String);

/// Looks at the cluster that a context of the kubeconfig is for, at its current one, or at the one that this runs on.
///
/// # Errors
/// [`NoCluster`] where none of these is there. A cluster that does not answer is a finding.
pub async fn check_current(
    context: Option<&str>,
    namespace: &str,
) -> Result<Vec<Finding>, NoCluster> {
    let none = |error: &dyn std::error::Error| NoCluster(error.to_string());
    let mut config = match context {
        None => Config::infer().await.map_err(|error| none(&error))?,
        Some(context) => {
            let options = KubeConfigOptions {
                context: Some(context.to_owned()),
                ..KubeConfigOptions::default()
            };
            let config = Config::from_kubeconfig(&options).await;
            config.map_err(|error| none(&error))?
        }
    };
    config.connect_timeout = Some(PATIENCE);
    config.read_timeout = Some(PATIENCE);
    let client = Client::try_from(config).map_err(|error| none(&error))?;
    Ok(check(&client, namespace).await)
}

/// Looks for all that hosts in a namespace need.
pub async fn check(client: &Client, namespace: &str) -> Vec<Finding> {
    let (server, answers) = server::version(client).await;
    let mut findings = vec![server];
    if !answers {
        return findings;
    }
    findings.extend(server::kinds(client).await);
    findings.push(server::namespace(client, namespace).await);
    let seen = Seen {
        namespace: namespace.to_owned(),
        nodes: ask::list(&Api::all(client.clone())).await,
        sets: list_of_hosts(client, namespace).await,
        pods: list_of_hosts(client, namespace).await,
    };
    findings.extend(hosts::findings(&seen));
    findings.extend(nodes::findings(client, &seen).await);
    findings.extend(identities::findings(client, &seen).await);
    findings.extend(rights::findings(client, namespace).await);
    findings.extend(network::findings(client, namespace).await);
    findings.extend(pipelines::findings(client, namespace).await);
    findings
}
