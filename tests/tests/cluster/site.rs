//! The hosts on the cluster, put there as a user does: an overlay of one's own over one of `k8s/overlays`.

use crate::kubectl;
use crate::objects;
use crate::pods::{self, Pod};
use crate::zones;
use serde_json::json;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// For an image to be pulled and a pipeline to be fetched on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// The source tree.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An overlay of `k8s/overlays`.
pub fn overlay(name: &str) -> PathBuf {
    root().join("k8s/overlays").join(name)
}

/// Every node runs all of the pipeline; all hosts are ready when this returns.
pub fn all_in_one() -> Vec<Pod> {
    static APPLIED: OnceLock<()> = OnceLock::new();
    APPLIED.get_or_init(|| {
        clear();
        apply("all-in-one");
        kubectl::apply(&objects::members()).unwrap();
    });
    let pods = every_node_ready();
    objects::ready("members");
    pods
}

/// Removes what was there before: of other tests, or of an earlier run, where the cluster stayed up.
pub fn clear() {
    claim();
    kubectl::says(&["delete", "daemonset", "--all"]);
    objects::remove_all();
    // A host that goes to another zone is another host.
    let secrets = ["--selector", "footlight.dev/of-tests"];
    kubectl::says(&[&["delete", "secret"], &secrets[..]].concat());
}

/// Says that the hosts on the cluster are those of these tests.
pub const OURS: &str = "footlight.dev/of-tests";
static CLAIMED: OnceLock<()> = OnceLock::new();

/// Sees that nobody else's hosts are there: these tests kill hosts, and delete them with their members.
fn claim() {
    CLAIMED.get_or_init(|| {
        let found = kubectl::items(&["namespaces", "--field-selector", "metadata.name=footlight"]);
        let others = found.first().filter(|it| it["metadata"]["labels"][OURS].is_null());
        assert!(
            others.is_none(),
            "there is a namespace `footlight` on this cluster that these tests have not made: they would delete it \
             with all that is in it. Give them another cluster, or delete it first"
        );
    });
}

/// Makes the namespace of the hosts before they are, for what they find there when they start.
pub fn namespace() {
    claim();
    let labels = json!({OURS: "true"});
    let namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "footlight", "labels": labels},
    });
    kubectl::apply(&namespace).unwrap();
}

/// Applies an overlay with the image of this cluster's registry.
pub fn apply(name: &str) {
    claim();
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("k8s"), &folder.path().join("k8s"));
    let site = folder.path().join("site");
    fs::create_dir(&site).unwrap();
    let image = variable("IMAGE");
    let (image, digest) = image.split_once('@').unwrap();
    let kustomization = format!(
        "bases: [../k8s/overlays/{name}]\n\
         images: [{{name: registry.example/footlight/host, newName: \"{image}\", digest: \"{digest}\"}}]\n\
         patchesStrategicMerge: [settings.yaml]\n"
    );
    fs::write(site.join("kustomization.yaml"), kustomization).unwrap();
    fs::write(site.join("settings.yaml"), settings()).unwrap();
    kubectl::says(&["apply", "-k", &site.display().to_string()]);
    let label = format!("{OURS}=true");
    kubectl::says(&["label", "--overwrite", "namespace", "footlight", &label]);
}

/// What the hosts are told.
fn settings() -> String {
    let plain = env::var("FOOTLIGHT_CLUSTER_PLAIN_HTTP").unwrap_or_default();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: footlight, namespace: footlight}}\n\
         data: {{FOOTLIGHT_PLAIN_HTTP: \"{plain}\"}}\n"
    )
}

/// One ready host on each node that takes pods.
pub fn every_node_ready() -> Vec<Pod> {
    until("a ready host on every node", || {
        let nodes = kubectl::items(&["nodes"]);
        let takes_pods = nodes.iter().filter(|node| node["spec"]["taints"].is_null());
        let mut names: Vec<&str> = takes_pods
            .map(|node| node["metadata"]["name"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        let pods = pods::all();
        let mut ready: Vec<&str> = pods
            .iter()
            .filter(|pod| pod.ready)
            .map(|pod| pod.node.as_str())
            .collect();
        ready.sort_unstable();
        if ready == names && pods.len() == names.len() {
            Ok(pods)
        } else {
            Err(format!("ready on {ready:?} of {names:?}; {pods:?}"))
        }
    })
}

/// Waits until something is so; how long it took is said. What it is then.
#[track_caller]
pub fn until<T>(what: &str, so: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    match within(PATIENCE, so) {
        Ok(done) => {
            eprintln!("      {what}: {:.1} s", began.elapsed().as_secs_f32());
            done
        }
        Err(why) => panic!("{what} is waited for in vain: {why}"),
    }
}

/// Waits until something is so, for a time of one's own. What it is then, or why it is not.
pub fn within<T>(
    patience: Duration,
    mut so: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let began = Instant::now();
    loop {
        match so() {
            Err(_) if began.elapsed() < patience => thread::sleep(Duration::from_millis(100)),
            done => return done,
        }
    }
}

/// Leaves a cluster that was there before as it was.
pub fn leave() {
    let there = env::var_os("FOOTLIGHT_CLUSTER_KUBECONFIG").is_some();
    let used = CLAIMED.get().is_some();
    if used && there && env::var_os("FOOTLIGHT_CLUSTER_KEEP").is_none() {
        zones::leave();
        let overlay = overlay("by-class").display().to_string();
        let mut delete = kubectl::of_the_hosts(&["delete", "-k", &overlay, "--ignore-not-found"]);
        let _ = delete.output();
    }
}

/// What `cargo xtask e2e` says of the cluster.
pub fn variable(name: &str) -> String {
    let name = format!("FOOTLIGHT_CLUSTER_{name}");
    env::var(&name).unwrap_or_else(|_| panic!("no {name}"))
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(status.unwrap().success());
}
