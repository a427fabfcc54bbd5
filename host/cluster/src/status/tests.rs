//! What follows from what hosts say.

use super::*;
use footlight_pipeline::Reason;
use serde_json::json;

const NOW: &str = "2026-01-02T03:04:05Z";

fn judged(threshold: f64) -> Result<Definition, Rejection> {
    let part = format!("r.example/p@sha256:{}", "a".repeat(64));
    let stage = |input: &str, yields: &str| json!({"component": part, "input": input, "yields": [yields], "settings": {"t": threshold}});
    let spec = json!({
        "source": "frame",
        "classes": {"frame": {"kind": "image"}, "crop": {"kind": "image"}, "verdict": {"kind": "document"}},
        "stages": {"detect": stage("frame", "crop"), "verify": stage("crop", "verdict")},
    });
    Definition::of_object("p", &spec, "p".to_owned())
}

fn version(of: &Result<Definition, Rejection>) -> Option<String> {
    of.as_ref().unwrap().version.clone()
}

fn host(node: &str, version: Option<String>, state: State, stages: &[&str]) -> Host {
    let all = ["detect", "verify"];
    let others = all.iter().filter(|name| !stages.contains(name));
    Host {
        pod: format!("footlight-{node}"),
        node: node.to_owned(),
        wanted: version.clone(),
        version,
        state,
        stages: stages.iter().map(|name| (*name).to_owned()).collect(),
        elsewhere: others
            .map(|name| ((*name).to_owned(), "it is placed elsewhere".to_owned()))
            .collect(),
        ..Host::default()
    }
}

/// Status and reason of a condition.
fn says<'a>(status: &'a Status, kind: &str) -> (&'a str, &'a str, &'a str) {
    let mut all = status.conditions.iter();
    let found = all.find(|condition| condition.kind == kind).unwrap();
    (&found.status, &found.reason, &found.message)
}

fn two(judged: &Result<Definition, Rejection>) -> Status {
    let version = version(judged);
    let hosts = vec![
        host("edge", version.clone(), State::Serving, &["detect"]),
        host("cloud", version, State::Serving, &["verify"]),
    ];
    Status::follows(&Status::default(), 1, judged, hosts, &[].into(), NOW)
}

#[test]
fn it_is_ready_when_every_stage_runs_in_one_version() {
    let (one, other) = (judged(1.0), judged(2.0));
    let status = two(&one);
    assert_eq!(says(&status, "Ready").0, "True");
    assert_eq!(
        (status.stages_ready.as_str(), status.hosts_serving),
        ("2/2", 2)
    );
    assert_eq!(status.version, version(&one));
    let mixed = vec![
        host("edge", version(&one), State::Serving, &["detect"]),
        host("cloud", version(&other), State::Serving, &["verify"]),
    ];
    let status = Status::follows(&Status::default(), 1, &one, mixed, &[].into(), NOW);
    assert_eq!(
        says(&status, "Ready"),
        ("False", "Starting", "hosts are getting ready on cloud")
    );
}

#[test]
fn while_hosts_change_the_version_before_goes_on() {
    let (one, other) = (judged(1.0), judged(2.0));
    let mut before = two(&one);
    let hosts = vec![
        host("edge", version(&one), State::Starting, &["detect"]),
        host("cloud", version(&one), State::Refused, &["verify"]),
    ];
    let mut refused = hosts.clone();
    refused[1].message = "no such manifest".to_owned();
    refused[1].wanted = version(&other);
    let status = Status::follows(&before, 2, &other, hosts, &[].into(), NOW);
    assert_eq!(status.version, version(&one));
    let status = Status::follows(&status, 2, &other, refused, &[].into(), NOW);
    let (ready, reason, message) = says(&status, "Ready");
    assert_eq!((ready, reason), ("True", "Refused"));
    assert!(message.contains("cloud: no such manifest"), "{message}");
    before.conditions.clear();
    assert_ne!(before, status);
}

#[test]
fn what_is_not_accepted_says_why_and_changes_nothing() {
    let one = judged(1.0);
    let before = two(&one);
    let rejection = Err(Rejection {
        reason: Reason::BoundaryBroken,
        why: "a crop would leave".to_owned(),
    });
    let later = "2027-01-02T03:04:05Z";
    let status = Status::follows(
        &before,
        2,
        &rejection,
        before.hosts.clone(),
        &[].into(),
        later,
    );
    assert_eq!(
        says(&status, "Accepted"),
        ("False", "BoundaryBroken", "a crop would leave")
    );
    assert_eq!(says(&status, "Ready").0, "True");
    assert_eq!(
        (&status.version, &status.stages),
        (&before.version, &before.stages)
    );
    let since = |status: &Status, at: usize| status.conditions[at].last_transition_time.clone();
    assert_eq!(since(&status, 0), later, "it was accepted before");
    assert_eq!(since(&status, 2), NOW, "it was ready before");
    assert_eq!(status.observed_generation, 2);
}

#[test]
fn a_stage_that_fits_no_host_is_said_with_why_for_each() {
    let one = judged(1.0);
    let mut hosts = vec![host("cloud", version(&one), State::Serving, &["verify"])];
    hosts[0].elsewhere = BTreeMap::from([("detect".to_owned(), "it wants a GPU".to_owned())]);
    let status = Status::follows(&Status::default(), 1, &one, hosts, &[].into(), NOW);
    let (placed, reason, message) = says(&status, "Placed");
    assert_eq!((placed, reason), ("False", "NoHost"));
    assert_eq!(message, "`detect` fits no host: cloud: it wants a GPU");
    assert_eq!(says(&status, "Ready").1, "NotPlaced");
}

#[test]
fn what_was_said_of_another_version_is_not_held_against_this_one() {
    let (one, other) = (judged(1.0), judged(2.0));
    let mut hosts = vec![host("cloud", version(&one), State::Serving, &["verify"])];
    hosts[0].elsewhere = BTreeMap::from([("detect".to_owned(), "it wants a GPU".to_owned())]);
    let status = Status::follows(&Status::default(), 2, &other, hosts, &[].into(), NOW);
    assert_eq!(says(&status, "Placed").0, "True");
    assert_eq!(says(&status, "Ready").1, "Starting");
}

#[test]
fn a_host_that_is_away_runs_nothing() {
    let one = judged(1.0);
    let before = two(&one);
    let away = BTreeSet::from(["footlight-cloud"]);
    let status = Status::follows(&before, 1, &one, before.hosts.clone(), &away, NOW);
    assert_eq!(says(&status, "Ready").0, "False");
    assert_eq!(
        status.stages[1].message,
        "edge: it is placed elsewhere; cloud: its pod is not ready"
    );
    assert_eq!(status.hosts, before.hosts, "what it said stays");
}

#[test]
fn hosts_that_are_gone_are_left_out() {
    let status = two(&judged(1.0));
    let left = status.only(&BTreeSet::from(["footlight-edge"]));
    let nodes: Vec<&str> = left.hosts.iter().map(|host| host.node.as_str()).collect();
    assert_eq!(nodes, ["edge"]);
    let again = left.with(host("edge", None, State::Starting, &[]));
    assert_eq!(again.hosts.len(), 1);
    assert_eq!(again.hosts[0].version, None);
}
