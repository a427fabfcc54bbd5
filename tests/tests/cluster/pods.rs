//! The hosts' pods.

use crate::kubectl;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::thread;

/// A host's pod.
#[derive(Debug)]
pub struct Pod {
    pub name: String,
    pub uid: String,
    pub node: String,
    pub ready: bool,
    pub restarts: u64,
    /// All that the cluster says of it.
    pub object: Box<Shown>,
}

/// A pod's description, which would fill a screen in a message.
pub struct Shown(pub Value);

impl std::fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        let waiting = &self.0["status"]["containerStatuses"][0]["state"];
        write!(formatter, "{waiting}")
    }
}

/// All of them, those that end excepted, in the order of their nodes.
pub fn all() -> Vec<Pod> {
    let label = "app.kubernetes.io/name=footlight";
    let items = kubectl::items(&["pods", "--selector", label]);
    let mut pods: Vec<Pod> = items
        .into_iter()
        .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
        .map(Pod::of)
        .collect();
    pods.sort_by(|one, other| one.node.cmp(&other.node));
    pods
}

/// The one on a node.
pub fn on(node: &str) -> Result<Pod, String> {
    let mut pods = all().into_iter();
    let pod = pods.find(|pod| pod.node == node);
    pod.ok_or_else(|| format!("no pod on {node}"))
}

impl Pod {
    fn of(object: Value) -> Pod {
        let text = |at: &str| {
            object
                .pointer(at)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let container = &object["status"]["containerStatuses"][0];
        Pod {
            name: text("/metadata/name").to_owned(),
            uid: text("/metadata/uid").to_owned(),
            node: text("/spec/nodeName").to_owned(),
            ready: container["ready"] == true,
            restarts: container["restartCount"].as_u64().unwrap_or_default(),
            object: Box::new(Shown(object)),
        }
    }
}

/// A way to a host from this machine, for as long as this is there.
pub struct Forward {
    child: Child,
    pub url: String,
}

impl Forward {
    pub fn to(pod: &Pod) -> Result<Forward, String> {
        let place = format!("pod/{}", pod.name);
        let mut command = kubectl::of_the_hosts(&["port-forward", &place, ":7420"]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        // Read to the end: it says something for each connection, and ends where nobody listens.
        thread::spawn(move || output.lines().map_while(Result::ok).for_each(drop));
        // Forwarding from 127.0.0.1:40000 -> 7420
        let address = line.split_whitespace().nth(2).map(str::to_owned);
        let mut forward = Forward {
            child,
            url: String::new(),
        };
        let address = address.ok_or_else(|| format!("{place} cannot be reached"))?;
        forward.url = format!("http://{address}");
        Ok(forward)
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
