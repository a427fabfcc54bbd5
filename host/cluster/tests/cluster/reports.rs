//! What hosts say of themselves and of a pipeline, in the status of its object.

use std::time::Duration;

use axum::http::StatusCode;
use footlight_cluster::{Cluster, Me, Report, Reporter, Reports, State, Status, View};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::{Api, Stored, key, until};

/// A host that sees and says.
struct Host {
    views: watch::Receiver<View>,
    say: watch::Sender<Reports>,
    task: JoinHandle<()>,
}

impl Host {
    fn start(api: &Api, name: &str) -> Self {
        let me = Me {
            namespace: "footlight".to_owned(),
            pod: pod_name(name),
            node: name.to_owned(),
        };
        let cluster = Cluster::with(api.client(), me);
        let (seen, views) = watch::channel(View::default());
        let (say, reports) = watch::channel(Reports::new());
        let reporter = Reporter::new(cluster.clone(), views.clone(), reports);
        let task = tokio::spawn(async move {
            tokio::join!(cluster.follow(&seen), reporter.run());
        });
        Self { views, say, task }
    }

    /// Says that it serves these stages of the version that is wanted.
    fn serves(&self, api: &Api, stages: &[&str]) {
        let version = version(api);
        let others = ["detect", "verify"];
        let others = others.iter().filter(|stage| !stages.contains(stage));
        let report = Report {
            version: version.clone(),
            wanted: version,
            state: State::Serving,
            stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
            elsewhere: others
                .map(|stage| ((*stage).to_owned(), "it is placed elsewhere".to_owned()))
                .collect(),
            ..Report::default()
        };
        self.say.send_replace([("p".to_owned(), report)].into());
    }

    fn sees(&self) -> Vec<String> {
        let view = self.views.borrow();
        let hosts = view.hosts.iter().flatten();
        hosts.map(|host| host.node.clone()).collect()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn pod_name(node: &str) -> String {
    format!("footlight-{node}")
}

fn pod(stored: &mut Stored, node: &str) {
    let pod = json!({
        "metadata": {"name": pod_name(node)},
        "spec": {"nodeName": node, "containers": [{"name": "host"}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    });
    stored.create("pods", pod);
}

fn spec() -> Value {
    let part = format!("r.example/p@sha256:{}", "a".repeat(64));
    let stage =
        |input: &str, yields: &str| json!({"component": part, "input": input, "yields": [yields]});
    json!({
        "source": "frame",
        "classes": {"frame": {"kind": "image"}, "crop": {"kind": "image"}, "verdict": {"kind": "document"}},
        "stages": {"detect": stage("frame", "crop"), "verify": stage("crop", "verdict")},
    })
}

/// A cluster with a pipeline, and a host on each of two nodes.
fn two() -> (Api, Host, Host) {
    let api = Api::default();
    api.with(|stored| {
        stored.create(
            "nodes",
            json!({"metadata": {"name": "cloud", "labels": {"tier": "x"}}}),
        );
        for node in ["cloud", "edge"] {
            pod(stored, node);
        }
        let object = json!({
            "apiVersion": "footlight.dev/v1alpha1", "kind": "Pipeline",
            "metadata": {"name": "p", "generation": 3}, "spec": spec(),
        });
        stored.create("pipelines", object);
    });
    let (cloud, edge) = (Host::start(&api, "cloud"), Host::start(&api, "edge"));
    (api, cloud, edge)
}

fn status(api: &Api) -> Status {
    api.with(|stored| {
        let object = &stored.objects[&key("pipelines", "p")];
        serde_json::from_value(object["status"].clone()).unwrap_or_default()
    })
}

/// The version that the object asks for.
fn version(api: &Api) -> Option<String> {
    let spec = api.with(|stored| stored.objects[&key("pipelines", "p")]["spec"].clone());
    footlight_pipeline::Definition::of_object("p", &spec, "p".to_owned())
        .ok()?
        .version
}

fn said(api: &Api) -> Vec<String> {
    let hosts = status(api).hosts.into_iter();
    hosts.map(|host| host.node).collect()
}

/// Status and reason of a condition.
fn says(api: &Api, kind: &str) -> (String, String) {
    let conditions = status(api).conditions;
    let found = conditions
        .into_iter()
        .find(|condition| condition.kind == kind);
    found.map_or_else(Default::default, |found| (found.status, found.reason))
}

/// Nothing is written any more.
async fn rests(api: &Api) {
    let version = || api.with(|stored| stored.version);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = version();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(version(), before, "{:?}", status(api));
}

fn is(condition: (String, String), status: &str, reason: &str) -> bool {
    condition == (status.to_owned(), reason.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hosts_say_is_put_together_and_then_nothing_is_written() {
    let (api, cloud, edge) = two();
    cloud.serves(&api, &["verify"]);
    until("it is said by the first, which sees two hosts", || {
        said(&api) == ["cloud"] && is(says(&api, "Accepted"), "True", "Accepted")
    })
    .await;
    assert_eq!(says(&api, "Ready").0, "False");
    edge.serves(&api, &["detect"]);
    until("it is ready", || is(says(&api, "Ready"), "True", "Ready")).await;
    let status = status(&api);
    assert_eq!(said(&api), ["cloud", "edge"]);
    assert_eq!(
        (status.stages_ready.as_str(), status.observed_generation),
        ("2/2", 3)
    );
    // Two hosts that have nothing new to say do not keep each other writing.
    rests(&api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_write_at_once_nobody_is_lost() {
    let (api, cloud, edge) = two();
    api.with(|stored| stored.overtaken = 6);
    cloud.serves(&api, &["verify"]);
    edge.serves(&api, &["detect"]);
    until("both are there", || said(&api) == ["cloud", "edge"]).await;
    until("it is ready", || is(says(&api, "Ready"), "True", "Ready")).await;
    assert_eq!(api.with(|stored| stored.overtaken), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_left_out_and_who_is_not_ready_runs_nothing() {
    let (api, cloud, edge) = two();
    cloud.serves(&api, &["verify"]);
    edge.serves(&api, &["detect"]);
    until("it is ready", || is(says(&api, "Ready"), "True", "Ready")).await;
    // The first is not ready any more: the other one says so.
    let ready = |ready: &'static str| {
        move |pod: &mut Value| pod["status"]["conditions"][0]["status"] = json!(ready)
    };
    drop(cloud);
    api.with(|stored| stored.edit("pods", "footlight-cloud", ready("False")));
    until("nobody verifies", || says(&api, "Ready").0 == "False").await;
    assert_eq!(said(&api), ["cloud", "edge"], "it may come back");
    api.with(|stored| stored.edit("pods", "footlight-cloud", ready("True")));
    let cloud = Host::start(&api, "cloud");
    cloud.serves(&api, &["verify"]);
    until("it is ready again", || {
        is(says(&api, "Ready"), "True", "Ready")
    })
    .await;

    // About to end, and then gone.
    let ends = |pod: &mut Value| {
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    };
    api.with(|stored| stored.edit("pods", "footlight-edge", ends));
    until("it is not there for others", || cloud.sees() == ["cloud"]).await;
    until("it is not in the status", || said(&api) == ["cloud"]).await;
    rests(&api).await;
    assert!(
        is(says(&api, "Ready"), "False", "NotPlaced"),
        "{:?}",
        status(&api)
    );
    drop(edge);
    api.with(|stored| stored.remove("pods", "footlight-edge"));
    api.with(|stored| pod(stored, "edge"));
    until("the next one is seen", || cloud.sees() == ["cloud", "edge"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_written_when_the_api_server_is_back() {
    let (api, cloud, edge) = two();
    until("both are seen", || {
        cloud.sees().len() == 2 && edge.sees().len() == 2
    })
    .await;
    api.with(|stored| stored.away = Some(StatusCode::SERVICE_UNAVAILABLE));
    cloud.serves(&api, &["verify"]);
    edge.serves(&api, &["detect"]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(said(&api), [""; 0]);
    api.with(|stored| stored.away = None);
    until("it is ready", || is(says(&api, "Ready"), "True", "Ready")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_status_that_cannot_be_written_keeps_no_other_back() {
    let (api, cloud, edge) = two();
    api.with(|stored| {
        stored.forbidden = Some("another".to_owned());
        let object = json!({
            "apiVersion": "footlight.dev/v1alpha1", "kind": "Pipeline",
            "metadata": {"name": "another", "generation": 1}, "spec": spec(),
        });
        stored.create("pipelines", object);
    });
    cloud.serves(&api, &["verify"]);
    edge.serves(&api, &["detect"]);
    until("it is ready", || is(says(&api, "Ready"), "True", "Ready")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_wrong_is_said_and_what_ran_stays() {
    let (api, cloud, edge) = two();
    cloud.serves(&api, &["verify"]);
    edge.serves(&api, &["detect"]);
    until("it is ready", || is(says(&api, "Ready"), "True", "Ready")).await;
    let before = version(&api);
    api.with(|stored| {
        stored.edit("pipelines", "p", |object| {
            object["metadata"]["generation"] = json!(4);
            object["spec"]["stages"]["detect"]["input"] = json!("fram");
        });
    });
    until("it is said", || {
        is(says(&api, "Accepted"), "False", "Invalid")
    })
    .await;
    assert!(is(says(&api, "Ready"), "True", "NotAccepted"));
    let status = status(&api);
    assert_eq!((status.version, status.observed_generation), (before, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_is_seen_no_more() {
    let (api, cloud, _edge) = two();
    let pipelines = || {
        let view = cloud.views.borrow();
        let pipelines = view.pipelines.iter().flatten();
        pipelines.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    until("it is there", || pipelines() == ["p"]).await;
    until("both hosts are", || cloud.sees() == ["cloud", "edge"]).await;
    api.with(|stored| {
        stored.remove("pipelines", "p");
        stored.remove("pods", "footlight-edge");
    });
    until("it is gone", || pipelines().is_empty()).await;
    until("the host is", || cloud.sees() == ["cloud"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_of_the_node_is_seen() {
    let (api, cloud, _edge) = two();
    let tier = |cloud: &Host| {
        let view = cloud.views.borrow();
        view.labels
            .as_ref()
            .and_then(|labels| labels.get("tier").cloned())
    };
    until("it is there", || tier(&cloud).as_deref() == Some("x")).await;
    api.with(|stored| {
        stored.edit("nodes", "cloud", |node| {
            node["metadata"]["labels"]["tier"] = json!("y")
        });
    });
    until("it has changed", || tier(&cloud).as_deref() == Some("y")).await;
    assert!(cloud.views.borrow().is_whole());
}
