//! Who may speak with hosts, as far as it was said.

use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::{Api, Client};

use super::ask::{self, Answer};
use super::{Finding, INSTALL, NAME, Section, State};

/// The policies of the manifests.
pub async fn findings(client: &Client, namespace: &str) -> Vec<Finding> {
    let api: Api<NetworkPolicy> = Api::namespaced(client.clone(), namespace);
    vec![of_policies(&ask::list(&api).await)]
}

fn of_policies(policies: &Answer<Vec<NetworkPolicy>>) -> Finding {
    let name = "NetworkPolicies";
    let policies = match policies.told(Section::Network, name) {
        Err(unchecked) => return unchecked,
        Ok(policies) => policies.map(Vec::as_slice).unwrap_or_default(),
    };
    let named = |name: &str| {
        let mut policies = policies.iter();
        policies.any(|policy| policy.metadata.name.as_deref() == Some(name))
    };
    let wanted = [NAME.to_owned(), format!("{NAME}-peers")];
    let lacking: Vec<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|name| !named(name))
        .collect();
    if !lacking.is_empty() {
        let detail = format!(
            "{} not there: whoever reaches a pod of a host may speak with it, or with other hosts in its stead",
            match lacking.as_slice() {
                [one] => format!("`{one}` is"),
                _ => format!("`{}` are", lacking.join("` and `")),
            }
        );
        return Finding::new(
            Section::Network,
            name,
            State::Warning,
            detail,
            Some(INSTALL.to_owned()),
        );
    }
    let detail =
        "there; whether the cluster's network plugin holds to them cannot be seen from here";
    Finding::ok(Section::Network, name, detail)
}
