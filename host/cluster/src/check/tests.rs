//! Checks against an API server that is a table.

use super::{Finding, Section, State, check};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// What a cluster has, by the path of its API. What is not there is 404, and what is null may not be seen.
type Cluster = BTreeMap<&'static str, Value>;

const PIPELINES: &str = "/apis/footlight.dev/v1alpha1/namespaces/footlight/pipelines";
const SETS: &str = "/apis/apps/v1/namespaces/footlight/daemonsets";
const PODS: &str = "/api/v1/namespaces/footlight/pods";
const KIND: &str =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pipelines.footlight.dev";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// Asks a cluster; a review of access is allowed where `may` says so of its verb and resource.
async fn findings(cluster: Cluster, may: fn(&str, &str) -> bool) -> Vec<Finding> {
    let cluster = Arc::new(cluster);
    let service = tower::service_fn(move |request: Request<Body>| {
        let cluster = cluster.clone();
        async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path().to_owned();
            let body = body.collect().await.unwrap().to_bytes();
            let (status, answer) = if path == REVIEWS && !cluster.contains_key(REVIEWS) {
                let mut review: Value = serde_json::from_slice(&body).unwrap();
                let asked = &review["spec"]["resourceAttributes"];
                let words = |key: &str| asked[key].as_str().unwrap().to_owned();
                review["status"] = json!({"allowed": may(&words("verb"), &words("resource"))});
                (StatusCode::CREATED, review)
            } else {
                match cluster.get(path.as_str()) {
                    Some(Value::Null) => refusal(StatusCode::FORBIDDEN, "no"),
                    Some(there) => (StatusCode::OK, there.clone()),
                    None => refusal(StatusCode::NOT_FOUND, "not found"),
                }
            };
            let response = Response::builder().status(status);
            let body = Full::new(Bytes::from(answer.to_string()));
            Ok::<_, Infallible>(response.body(body).unwrap())
        }
    });
    check(&Client::new(service, "footlight"), "footlight").await
}

fn refusal(status: StatusCode, message: &str) -> (StatusCode, Value) {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status.as_u16(),
    });
    (status, body)
}

fn as_hosts_may(verb: &str, resource: &str) -> bool {
    resource != "secrets" || verb != "get"
}

fn list(items: Value) -> Value {
    json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items})
}

fn node(name: &str, labels: Value) -> Value {
    json!({
        "metadata": {"name": name, "labels": labels},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "allocatable": {"cpu": "4"}},
    })
}

fn kind(version: &str) -> Value {
    json!({
        "metadata": {},
        "spec": {
            "group": "footlight.dev", "scope": "Namespaced", "names": {"kind": "X", "plural": "xs"},
            "versions": [{"name": version, "served": true, "storage": true}],
        },
    })
}

/// One node with a host that is ready, in no zone.
fn cluster() -> Cluster {
    let policies =
        json!([{"metadata": {"name": "footlight"}}, {"metadata": {"name": "footlight-peers"}}]);
    let volume = json!({"name": "identity", "secret": {"secretName": "footlight-identity", "optional": true}});
    let pod = json!({"containers": [], "volumes": [volume]});
    let set = json!({
        "metadata": {"name": "footlight"},
        "spec": {"selector": {}, "template": {"spec": pod}},
        "status": {"currentNumberScheduled": 1, "desiredNumberScheduled": 1, "numberMisscheduled": 0, "numberReady": 1},
    });
    let pipeline = json!({
        "apiVersion": "footlight.dev/v1alpha1", "kind": "Pipeline",
        "metadata": {"name": "members", "generation": 2},
        "status": {"observedGeneration": 2, "stagesReady": "3/3", "conditions": [
            {"type": "Accepted", "status": "True"}, {"type": "Placed", "status": "True"}, {"type": "Ready", "status": "True"},
        ]},
    });
    let version = json!({
        "major": "1", "minor": "20", "gitVersion": "v1.20.2", "gitCommit": "", "gitTreeState": "", "buildDate": "",
        "goVersion": "", "compiler": "", "platform": "",
    });
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    BTreeMap::from([
        ("/version", version),
        (KIND, kind("v1alpha1")),
        (
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/members.footlight.dev",
            kind("v1alpha1"),
        ),
        (
            "/api/v1/namespaces/footlight",
            json!({"metadata": {"labels": labels}}),
        ),
        ("/api/v1/nodes", list(json!([node("a", json!({}))]))),
        (SETS, list(json!([set]))),
        (
            PODS,
            list(
                json!([{"metadata": {"name": "footlight-x"}, "spec": {"containers": [], "nodeName": "a"}}]),
            ),
        ),
        (
            "/apis/networking.k8s.io/v1/namespaces/footlight/networkpolicies",
            list(policies),
        ),
        (PIPELINES, list(json!([pipeline]))),
    ])
}

/// What somebody has to do something about, with its name.
fn lacking(findings: &[Finding]) -> Vec<(&str, &str)> {
    let missing = findings.iter().filter(|it| it.state == State::Missing);
    let missing = missing.inspect(|it| assert!(it.remedy.is_some(), "{it:?}"));
    missing
        .map(|it| (it.name.as_str(), it.detail.as_str()))
        .collect()
}

fn named<'a>(findings: &'a [Finding], name: &str) -> &'a Finding {
    let found = findings.iter().find(|it| it.name == name);
    found.unwrap_or_else(|| panic!("nothing of {name} in {findings:#?}"))
}

#[tokio::test]
async fn a_cluster_where_hosts_run_lacks_nothing() {
    let findings = findings(cluster(), as_hosts_may).await;
    assert_eq!(lacking(&findings), []);
    assert_eq!(named(&findings, "members").state, State::Ok);
    assert_eq!(named(&findings, "a").state, State::Ok);
    assert_eq!(named(&findings, "a").detail, "has a host");
    let identity = named(&findings, "Secret footlight-identity");
    assert_eq!(identity.state, State::Absent);
}

#[tokio::test]
async fn an_empty_cluster_lacks_what_is_installed_and_says_how() {
    let all = cluster();
    let some = ["/version", "/api/v1/nodes"].map(|path| (path, all[path].clone()));
    let findings = findings(some.into(), |_, _| false).await;
    let names: Vec<&str> = lacking(&findings).iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "pipelines.footlight.dev",
            "members.footlight.dev",
            "namespace footlight",
            "DaemonSets",
            "account footlight",
        ]
    );
    let remedy = named(&findings, "DaemonSets").remedy.as_ref().unwrap();
    assert!(remedy.contains("kubectl apply -k"), "{remedy}");
}

#[tokio::test]
async fn what_may_not_be_seen_is_said_to_be_unchecked() {
    let mut cluster = cluster();
    for (path, there) in &mut cluster {
        if *path != "/version" {
            *there = Value::Null;
        }
    }
    cluster.insert(REVIEWS, Value::Null);
    let secret = "/api/v1/namespaces/footlight/secrets/footlight-site-key";
    cluster.insert(secret, Value::Null);
    let findings = findings(cluster, as_hosts_may).await;
    assert_eq!(lacking(&findings), []);
    for section in [
        Section::Server,
        Section::Hosts,
        Section::Nodes,
        Section::Identities,
        Section::Rights,
        Section::Network,
        Section::Pipelines,
    ] {
        let mut of_it = findings.iter().filter(|it| it.section == section);
        let unchecked = of_it.any(|it| it.state == State::Unchecked);
        assert!(unchecked, "{section:?}: {findings:#?}");
    }
}

#[tokio::test]
async fn an_old_server_and_a_kind_of_another_version_are_named() {
    let mut cluster = cluster();
    cluster.get_mut("/version").unwrap()["minor"] = json!("19+");
    cluster.insert(KIND, kind("v2"));
    let findings = findings(cluster, as_hosts_may).await;
    let names: Vec<&str> = lacking(&findings).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["API server", "pipelines.footlight.dev"]);
    assert!(
        named(&findings, "pipelines.footlight.dev")
            .detail
            .contains("v2")
    );
}

#[tokio::test]
async fn a_host_that_is_not_ready_is_named_with_its_node_and_why() {
    let mut cluster = cluster();
    let set = &mut cluster.get_mut(SETS).unwrap()["items"][0];
    set["status"]["numberReady"] = json!(0);
    let pod = json!({
        "metadata": {"name": "footlight-x", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "footlight", "uid": "1"},
        ]},
        "spec": {"containers": [], "nodeName": "a"},
        "status": {"containerStatuses": [{
            "name": "host", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "ImagePullBackOff"}},
        }]},
    });
    cluster.insert(PODS, list(json!([pod])));
    let findings = findings(cluster, as_hosts_may).await;
    let said = "0 of 1 ready; on a: ImagePullBackOff";
    assert_eq!(lacking(&findings), [("footlight", said)]);
}

#[tokio::test]
async fn nodes_without_a_zone_beside_others_and_gpus_without_a_label_are_pointed_at() {
    let mut cluster = cluster();
    let mut gpu = node("gpu", json!({"footlight.dev/zone": "site"}));
    gpu["status"]["allocatable"]["nvidia.com/gpu"] = json!("1");
    let labelled = json!({"footlight.dev/zone": "site", "nvidia.com/gpu.present": "true"});
    let nodes = json!([node("a", json!({})), gpu, node("none", labelled)]);
    cluster.insert("/api/v1/nodes", list(nodes));
    let set = &mut cluster.get_mut(SETS).unwrap()["items"][0];
    set["spec"]["template"]["spec"]["runtimeClassName"] = json!("nvidia");
    let findings = findings(cluster, as_hosts_may).await;
    for (name, said) in [
        ("a", "in no zone, where others are, has a host"),
        (
            "gpu",
            "zone site, 1 nvidia.com/gpu, without the label nvidia.com/gpu.present, no host",
        ),
        (
            "none",
            "zone site, has the label nvidia.com/gpu.present, and no nvidia.com/gpu to give, no host",
        ),
    ] {
        assert_eq!(named(&findings, name).detail, said);
        assert_eq!(named(&findings, name).state, State::Warning);
    }
    assert_eq!(lacking(&findings)[0].0, "RuntimeClass nvidia");
}

#[tokio::test]
async fn the_first_condition_that_does_not_hold_says_why_a_pipeline_is_not_ready() {
    let mut cluster = cluster();
    let pipeline = &mut cluster.get_mut(PIPELINES).unwrap()["items"][0];
    pipeline["status"]["conditions"] = json!([
        {"type": "Ready", "status": "False", "reason": "NotPlaced", "message": ""},
        {"type": "Accepted", "status": "True", "reason": "Accepted", "message": ""},
        {"type": "Placed", "status": "False", "reason": "NoHost", "message": "`verify` fits no host"},
    ]);
    let findings = findings(cluster, as_hosts_may).await;
    assert_eq!(
        lacking(&findings),
        [("members", "NoHost: `verify` fits no host")]
    );
}

#[tokio::test]
async fn a_right_that_is_lacking_is_named_and_one_too_many_too() {
    let may = |verb: &str, resource: &str| !(verb == "watch" && resource == "nodes");
    let findings = findings(cluster(), may).await;
    assert_eq!(
        lacking(&findings),
        [("account footlight", "may not: watch nodes")]
    );
    assert_eq!(named(&findings, "Secrets").state, State::Warning);
}
