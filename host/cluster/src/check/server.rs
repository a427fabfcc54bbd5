//! The API server, and what was installed there.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Client};

use super::ask::{self, Answer};
use super::{Finding, INSTALL, Section, State};

/// The oldest that the manifests are for.
const OLDEST: u32 = 20;
/// The version of the kinds that hosts know.
const VERSION: &str = "v1alpha1";

/// Whether the API server answers, and is new enough; whether it answers.
pub async fn version(client: &Client) -> (Finding, bool) {
    let name = "API server";
    match client.apiserver_version().await {
        Err(error) => {
            let remedy = "look at the address in $KUBECONFIG, and try `kubectl version`";
            let finding = Finding::missing(Section::Server, name, ask::why(&error), remedy);
            (finding, false)
        }
        Ok(info) => (of_version(name, &info.minor, &info.git_version), true),
    }
}

fn of_version(name: &str, minor: &str, version: &str) -> Finding {
    // Some providers write `27+`.
    let digits: String = minor.chars().take_while(char::is_ascii_digit).collect();
    let old = digits.parse().is_ok_and(|minor: u32| minor < OLDEST);
    if old {
        let detail = format!("it is of {version}, and hosts need 1.{OLDEST}");
        return Finding::missing(Section::Server, name, detail, "take a newer Kubernetes");
    }
    Finding::ok(Section::Server, name, format!("answers, of {version}"))
}

/// Whether the kinds are there, of the version that hosts know.
pub async fn kinds(client: &Client) -> Vec<Finding> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut findings = Vec::new();
    for name in ["pipelines.footlight.dev", "members.footlight.dev"] {
        findings.push(of_kind(name, &ask::get(&api, name).await));
    }
    findings
}

fn of_kind(name: &str, kind: &Answer<CustomResourceDefinition>) -> Finding {
    let kind = match kind.told(Section::Server, name) {
        Err(unchecked) => return unchecked,
        Ok(None) => {
            return Finding::missing(Section::Server, name, "the kind is not there", INSTALL);
        }
        Ok(Some(kind)) => kind,
    };
    let served: Vec<&str> = kind
        .spec
        .versions
        .iter()
        .filter(|version| version.served)
        .map(|version| version.name.as_str())
        .collect();
    if !served.contains(&VERSION) {
        let detail = format!(
            "it is there as {}, and hosts know {VERSION}",
            served.join(", ")
        );
        return Finding::missing(Section::Server, name, detail, INSTALL);
    }
    let conditions = kind.status.as_ref().and_then(|it| it.conditions.as_ref());
    let mut not = conditions
        .into_iter()
        .flatten()
        .filter(|it| it.status == "False");
    if let Some(condition) = not.find(|it| it.type_ == "Established" || it.type_ == "NamesAccepted")
    {
        let said = condition.message.as_deref().unwrap_or_default();
        let remedy = format!("`kubectl describe crd {name}`");
        return Finding::missing(
            Section::Server,
            name,
            format!("it is not served: {said}"),
            remedy,
        );
    }
    Finding::ok(Section::Server, name, format!("there, as {VERSION}"))
}

/// Whether the namespace is there, and holds its pods to the strictest standard.
pub async fn namespace(client: &Client, name: &str) -> Finding {
    let api: Api<Namespace> = Api::all(client.clone());
    of_namespace(name, &ask::get(&api, name).await)
}

fn of_namespace(name: &str, namespace: &Answer<Namespace>) -> Finding {
    let shown = format!("namespace {name}");
    let namespace = match namespace.told(Section::Server, &shown) {
        Err(unchecked) => return unchecked,
        Ok(None) => return Finding::missing(Section::Server, shown, "is not there", INSTALL),
        Ok(Some(namespace)) => namespace,
    };
    let labels = namespace.metadata.labels.as_ref();
    let enforced = labels.and_then(|labels| labels.get("pod-security.kubernetes.io/enforce"));
    match enforced.map(String::as_str) {
        Some("restricted") => Finding::ok(
            Section::Server,
            shown,
            "there, and holds pods to the standard `restricted` from Kubernetes 1.23 on",
        ),
        other => Finding::new(
            Section::Server,
            shown,
            State::Warning,
            format!(
                "there, and holds pods to {}",
                other.map_or("no standard".to_owned(), |other| format!("`{other}`"))
            ),
            Some(format!(
                "hosts need no more than `restricted`: `kubectl label --overwrite namespace {name} \
                 pod-security.kubernetes.io/enforce=restricted`"
            )),
        ),
    }
}
