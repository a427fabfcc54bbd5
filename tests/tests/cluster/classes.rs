//! Nodes of several kinds, each with hosts as its kind has them.

use crate::kubectl;
use crate::members;
use crate::needs::{CannotBeDone, Need, trial};
use crate::objects;
use crate::pods;
use crate::site::{self, root, until};
use libtest_mimic::Trial;
use serde_json::Value;

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "cluster: a node with a GPU gets a host with a GPU, an edge node its own, and others none",
        &[Need::Cluster],
        each_its_own,
    )]
}

fn each_its_own() -> Result<(), CannotBeDone> {
    let nodes = kubectl::items(&["nodes"]);
    let named = |name: &str| {
        let mut nodes = nodes.iter();
        nodes.find(|node| node["metadata"]["name"] == name)
    };
    let has_gpu = |name| {
        named(name).is_some_and(|node| node["status"]["capacity"]["nvidia.com/gpu"].is_string())
    };
    if !(has_gpu("edge") && has_gpu("gpu") && named("cloud").is_some()) {
        let why = "it wants the nodes edge, gpu and cloud of ../shared/cluster";
        return Err(CannotBeDone(why.to_owned()));
    }
    // As NVIDIA's feature discovery would.
    let label = "nvidia.com/gpu.present=true";
    kubectl::says(&["label", "node", "edge", "gpu", label, "--overwrite"]);
    let classes = root().join("runtimeclass").display().to_string();
    kubectl::says(&["apply", "-k", &classes]);
    // One kind of hosts goes before others come, as a node has one GPU.
    site::all_in_one();
    kubectl::says(&["delete", "daemonset", "footlight"]);
    let _again = AllInOneAgain;
    site::apply("by-class");
    let pods = until("hosts of each node's kind", || {
        let mut pods = pods::all();
        pods.retain(|pod| ["edge", "gpu", "cloud"].contains(&pod.node.as_str()));
        if pods.len() == 3 && pods.iter().all(|pod| pod.ready) {
            Ok(pods)
        } else {
            Err(format!("{pods:?}"))
        }
    });
    let is = |node: &str, class: &str, runtime: Option<&str>| {
        let pod = pods.iter().find(|pod| pod.node == node).unwrap();
        let object = &pod.object.0;
        assert_eq!(object["metadata"]["labels"]["footlight.dev/class"], class);
        assert_eq!(
            object["spec"]["runtimeClassName"],
            runtime.map_or(Value::Null, Value::from)
        );
        let limits = &object["spec"]["containers"][0]["resources"]["limits"];
        let gpus = runtime.map_or(Value::Null, |_| Value::from("1"));
        assert_eq!(limits["nvidia.com/gpu"], gpus, "{node}");
    };
    is("cloud", "cpu", None);
    is("edge", "edge", Some("nvidia"));
    is("gpu", "gpu", Some("nvidia"));
    objects::ready("members");
    for pod in &pods {
        members::enrol(pod);
        members::right_verdicts(pod).unwrap();
    }
    Ok(())
}

/// Puts the hosts of the other tests back when this goes, however the test ended.
struct AllInOneAgain;

impl Drop for AllInOneAgain {
    fn drop(&mut self) {
        let kinds = ["footlight-cpu", "footlight-gpu", "footlight-edge"];
        kubectl::says(&[&["delete", "daemonset"], &kinds[..]].concat());
        site::apply("all-in-one");
    }
}
