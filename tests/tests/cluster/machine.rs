//! The machines that nodes are, where they are on this one: what happens to machines is done to them.

use crate::kubectl;
use crate::needs::CannotBeDone;
use crate::site::until;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::{Value, json};
use std::env;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The cluster of `../shared/cluster`.
pub struct Machines {
    script: PathBuf,
    folder: PathBuf,
}

/// How a program of the cluster is stopped so that nobody notices: its connections stay, and nothing comes over them.
pub struct Still(Pid);

impl Machines {
    pub fn here() -> Result<Machines, CannotBeDone> {
        let variable = |name: &str| env::var_os(format!("FOOTLIGHT_CLUSTER_{name}"));
        match (variable("SCRIPT"), variable("FOLDER")) {
            (Some(script), Some(folder)) => Ok(Machines {
                script: script.into(),
                folder: folder.into(),
            }),
            _ => {
                let why =
                    "it wants the machines of ../shared/cluster, to cut links and power nodes off";
                Err(CannotBeDone(why.to_owned()))
            }
        }
    }

    /// Runs a verb of the script.
    #[track_caller]
    pub fn run(&self, words: &[&str]) {
        // What it starts goes on running, and would keep a pipe open.
        let said = tempfile::tempfile().unwrap();
        let mut command = Command::new(&self.script);
        command.args(words).stdin(Stdio::null());
        command.stdout(said.try_clone().unwrap()).stderr(said);
        let status = command.status().unwrap();
        assert!(status.success(), "cluster {words:?}: {status}");
    }

    /// Whether the script made a machine of this name.
    pub fn has(&self, node: &str) -> bool {
        let names = fs::read_to_string(self.folder.join("nodes")).unwrap_or_default();
        names.split_whitespace().any(|name| name == node)
    }

    /// Powers a node off.
    pub fn off(&self, node: &str) {
        self.run(&["stop", node]);
    }

    /// Powers it on, with the GPU that it has.
    pub fn on(&self, node: &str) {
        self.run(&["start", node]);
        self.has_gpu(node);
    }

    /// Waits until a node is ready, and has the GPU that it is to have.
    pub fn has_gpu(&self, node: &str) {
        until(&format!("{node} is ready"), || gpu(node));
    }

    /// Removes all that is on a node that is off, so that it is a new one when it comes on.
    pub fn wipe(&self, node: &str) {
        let folder = self.folder.join("node").join(node);
        for part in ["root", "state", "kl", "ipam", "var-lib-kubelet", "pki"] {
            let part = folder.join(part);
            if part.exists() {
                fs::remove_dir_all(&part)
                    .unwrap_or_else(|error| panic!("{}: {error}", part.display()));
            }
        }
    }

    /// Has a program of the control plane, or its registry, stand still until what is returned goes.
    pub fn still(&self, program: &str) -> Still {
        let file = self.folder.join("pid").join(program);
        let id = fs::read_to_string(&file).unwrap();
        let id = Pid::from_raw(id.trim().parse().unwrap()).unwrap();
        kill_process(id, Signal::STOP).unwrap();
        Still(id)
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

/// Has this thread, which does not come back, be on a node's network.
pub fn enter(node: &str) {
    let file = File::open(format!("/run/netns/ftl-{node}")).unwrap();
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
}

/// A command that is run on a node's network.
pub fn command_on(node: &str, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net=/run/netns/ftl-{node}"))
        .arg(program);
    command
}

/// Sees that a node says of its GPU what a device plugin would have it say: the script's nodes have none to say it, and a
/// kubelet that starts forgets it.
fn gpu(node: &str) -> Result<(), String> {
    let found = kubectl::items(&["nodes"]);
    let found = found
        .into_iter()
        .find(|found| found["metadata"]["name"] == node);
    let mut found = found.ok_or("it has not registered")?;
    // A kubelet registers before it says that it is ready, and forgets in between.
    let conditions = found["status"]["conditions"].as_array().unwrap();
    let ready = conditions
        .iter()
        .find(|condition| condition["type"] == "Ready");
    if ready.is_none_or(|ready| ready["status"] != "True") {
        return Err("it is not ready".to_owned());
    }
    let has = |found: &Value| found["status"]["allocatable"]["nvidia.com/gpu"] == "1";
    if node == "cloud" || has(&found) {
        return Ok(());
    }
    for what in ["capacity", "allocatable"] {
        found["status"][what]["nvidia.com/gpu"] = json!("1");
    }
    let place = format!("/api/v1/nodes/{node}/status");
    kubectl::given(&["replace", "--raw", &place, "-f", "-"], &found.to_string())?;
    Err("it has just got its GPU".to_owned())
}
