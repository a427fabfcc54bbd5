//! A node that was never there joins, and serves.

use crate::flow::{self, Outcome};
use crate::kubectl;
use crate::ledger;
use crate::machine::{self, Machines};
use crate::members;
use crate::needs::{CannotBeDone, Need, trial};
use crate::placement::from_the_camera;
use crate::site::until;
use crate::watch::Watch;
use crate::zones::{self, Zones};
use libtest_mimic::Trial;
use serde_json::json;
use std::fs;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "cluster: a new node joins, and gives right verdicts",
        &[Need::Cluster],
        || joined().map(drop),
    )]
}

/// The node.
pub const NODE: &str = "gpu2";
/// What its link is held to: the paper's, over which its containers took 200 s.
const RATE: &str = "140mbit";

/// Has it join, once for all tests.
pub fn joined() -> Result<&'static Zones, CannotBeDone> {
    static JOINED: OnceLock<()> = OnceLock::new();
    let machines = Machines::here()?;
    if !machines.has(NODE) {
        let why = "it wants a fourth node, which `cargo xtask e2e` makes where the cluster is not up already";
        return Err(CannotBeDone(why.to_owned()));
    }
    let zones = Zones::installed()?;
    if JOINED.get().is_none() {
        join(&machines);
        JOINED.get_or_init(|| ());
        zones.whole();
    }
    Ok(zones)
}

fn join(machines: &Machines) {
    machines.off(NODE);
    kubectl::says(&["delete", "node", NODE, "--ignore-not-found"]);
    machines.wipe(NODE);
    machines.run(&["shape", NODE, RATE]);
    let watch = Watch::start();
    let began = Instant::now();
    machines.run(&["start", NODE]);
    until("the new node registers", || {
        let nodes = kubectl::items(&["nodes"]);
        let there = nodes.iter().any(|node| node["metadata"]["name"] == NODE);
        if there {
            Ok(())
        } else {
            Err("it does not".to_owned())
        }
    });
    // What an administrator, and NVIDIA's device plugin, say of it.
    zones::join(NODE, "site", "gpu");
    machines.has_gpu(NODE);
    let ready = watch
        .noticed(NODE, true, began)
        .expect("it is ready by now");
    let received = received();
    let first = members::shown().next().unwrap();
    // Frames that are sent to its host are worked on by it, as far as it has the stages; it has features.
    let (address, right) = until("the new node's first right verdict", || {
        let address = watch.address(NODE).ok_or("it has no host yet")?;
        let (body, expected) = &first;
        match from_the_camera(address, body, expected) {
            Outcome::Right { .. } => Ok((address, Instant::now())),
            Outcome::Wrong(what) => Err(format!("wrong: {what}")),
            other => Err(format!("{other:?}")),
        }
    });
    // That it was its own.
    let stages = serves(address);
    assert!(stages.iter().any(|stage| stage == "features"), "{stages:?}");
    let seconds = |duration: Duration| (duration.as_secs_f64() * 10.0).round() / 10.0;
    ledger::joined(json!({
        "from power on to Ready (s)": seconds(ready - began),
        "from Ready to the first right verdict (s)": seconds(right - ready),
        "received over a link of 140 Mbit/s meanwhile (MB)": (self::received() - received) / 1_000_000,
    }));
    eprintln!(
        "      from Ready to the first right verdict: {:.1} s",
        (right - ready).as_secs_f32()
    );
}

/// The stages that a host has run frames through, by its own counters.
fn serves(address: SocketAddr) -> Vec<String> {
    let metrics = flow::get("edge", address, "/metrics");
    let stages = metrics.lines().filter_map(|line| {
        let (_, rest) = line.split_once("stage=\"")?;
        rest.split('"').next().map(str::to_owned)
    });
    stages.collect()
}

/// The bytes that it has received over its link so far.
fn received() -> u64 {
    let read = || {
        machine::enter(NODE);
        fs::read_to_string("/proc/thread-self/net/dev").unwrap()
    };
    let table = thread::spawn(read).join().unwrap();
    let line = table
        .lines()
        .find_map(|line| line.trim().strip_prefix("e0:"));
    let count = line.and_then(|line| line.split_whitespace().next());
    count.unwrap().parse().unwrap()
}

/// Powers it off, so that the cluster has the nodes that it had.
pub fn leave() {
    if let Some(machines) = Machines::here().ok().filter(|machines| machines.has(NODE)) {
        machines.off(NODE);
        let words = ["delete", "node", NODE, "--ignore-not-found"];
        let _ = kubectl::of_the_hosts(&words).output();
    }
}
