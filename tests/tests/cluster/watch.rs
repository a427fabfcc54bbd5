//! What Kubernetes notices, and when: pods and nodes, watched all the time.

use crate::kubectl;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::BufReader;
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Watches until it goes.
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
    children: Arc<Mutex<Vec<Child>>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    /// The newest pod of each node: its identity, and where frames go to.
    pods: BTreeMap<String, (String, String)>,
    /// Whether what is on a node, by its kind, is well; each change of it.
    changes: Vec<Change>,
    latest: BTreeMap<(String, &'static str), String>,
}

/// That Kubernetes noticed something.
#[derive(Debug, Clone)]
pub struct Change {
    pub at: Instant,
    pub node: String,
    pub well: bool,
}

impl Watch {
    pub fn start() -> Watch {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let children = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let watch = |words: &'static [&'static str], take: fn(&mut Seen, &Value)| {
            let (seen, children, over) = (seen.clone(), children.clone(), over.clone());
            thread::spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    follow(words, &children, |object| {
                        take(&mut seen.lock().unwrap(), object)
                    });
                    thread::sleep(Duration::from_millis(200));
                }
            })
        };
        let threads = vec![
            watch(
                &["pods", "--selector", "app.kubernetes.io/name=footlight"],
                Seen::pod,
            ),
            watch(&["nodes"], Seen::node),
        ];
        Watch {
            seen,
            children,
            over,
            threads,
        }
    }

    /// Where the host of a node takes frames, as far as is known.
    pub fn address(&self, node: &str) -> Option<SocketAddr> {
        let seen = self.seen.lock().unwrap();
        let (_, ip) = seen.pods.get(node)?;
        format!("{ip}:7420").parse().ok()
    }

    /// When Kubernetes noticed that something of a node is not well, or is again.
    pub fn noticed(&self, node: &str, well: bool, since: Instant) -> Option<Instant> {
        let seen = self.seen.lock().unwrap();
        let mut changes = seen.changes.iter();
        let found =
            changes.find(|change| change.node == node && change.well == well && change.at >= since);
        found.map(|change| change.at)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // One that has just begun to watch is ended with the next round.
        while !self.threads.iter().all(JoinHandle::is_finished) {
            for child in self.children.lock().unwrap().iter_mut() {
                let _ = child.kill();
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Reads what one watching client prints, until it ends.
fn follow(words: &[&str], children: &Mutex<Vec<Child>>, mut take: impl FnMut(&Value)) {
    let mut command = kubectl::of_the_hosts(&["get", "--watch", "--output", "json"]);
    let command = command
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let id = child.id();
    children.lock().unwrap().push(child);
    let objects = serde_json::Deserializer::from_reader(output).into_iter::<Value>();
    for object in objects.map_while(Result::ok) {
        take(&object);
    }
    let mut children = children.lock().unwrap();
    if let Some(at) = children.iter().position(|child| child.id() == id) {
        let mut child = children.swap_remove(at);
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Seen {
    fn pod(&mut self, pod: &Value) {
        let text = |at: &str| {
            pod.pointer(at)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let (node, uid, ip) = (
            text("/spec/nodeName"),
            text("/metadata/uid"),
            text("/status/podIP"),
        );
        let container = &pod["status"]["containerStatuses"][0];
        let ready = pod["status"]["conditions"]
            .as_array()
            .and_then(|all| all.iter().find(|condition| condition["type"] == "Ready"))
            .is_some_and(|condition| condition["status"] == "True");
        let ends = !pod["metadata"]["deletionTimestamp"].is_null();
        if !ends && !ip.is_empty() {
            self.pods.insert(node.clone(), (uid.clone(), ip));
        }
        // The one before, which ends, says nothing of the one that is there now.
        let current = self
            .pods
            .get(&node)
            .is_none_or(|(current, _)| *current == uid);
        if current {
            // A container that is started again is a change also where it was never seen to be away.
            let restarts = container["restartCount"].as_u64().unwrap_or_default();
            let well = ready && !ends;
            self.change(node, "pod", format!("{uid} {restarts} {well}"), well);
        }
    }

    fn node(&mut self, node: &Value) {
        let name = node["metadata"]["name"].as_str().unwrap_or("").to_owned();
        let ready = node["status"]["conditions"]
            .as_array()
            .and_then(|all| all.iter().find(|condition| condition["type"] == "Ready"))
            .is_some_and(|condition| condition["status"] == "True");
        self.change(name, "node", ready.to_string(), ready);
    }

    fn change(&mut self, node: String, kind: &'static str, state: String, well: bool) {
        let before = self.latest.insert((node.clone(), kind), state.clone());
        if before.is_some_and(|before| before != state) {
            self.changes.push(Change {
                at: Instant::now(),
                node,
                well,
            });
        }
    }
}
