//! A node of a cluster: containerd with runc, with nothing in it at first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tempfile::TempDir;

use super::network::Namespace;
use crate::process::{Running, run as execute};

const READY: Duration = Duration::from_secs(30);
/// The one container's name.
const CONTAINER: &str = "members";

/// A containerd that runs until this is dropped.
pub struct Containerd<'a> {
    process: Running,
    namespace: &'a Namespace,
    /// Short, as a socket's path must be.
    state: TempDir,
    /// Large: what was pulled, and unpacked.
    _root: TempDir,
}

impl<'a> Containerd<'a> {
    /// Starts an empty one in a namespace, with what it will keep in a folder below `folder`.
    pub fn start(namespace: &'a Namespace, folder: &Path) -> Result<Containerd<'a>> {
        let state = tempfile::tempdir()?;
        let root = tempfile::tempdir_in(folder)?;
        let settings = state.path().join("config.toml");
        // No plugin of Kubernetes: nothing here asks for a pod.
        fs::write(
            &settings,
            format!(
                "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
                 [grpc]\naddress = {:?}\n",
                root.path().display().to_string(),
                state.path().join("state").display().to_string(),
                socket(&state).display().to_string(),
            ),
        )?;
        let log = state.path().join("containerd.log");
        let process = namespace.within(|| {
            let mut command = Command::new("containerd");
            command
                .args(["--log-level", "warn", "--config"])
                .arg(&settings);
            Running::start(command, &log)
        })?;
        let mut node = Containerd {
            process,
            namespace,
            state,
            _root: root,
        };
        let began = Instant::now();
        while node.ctr(&["version"]).is_err() {
            if node.process.has_ended()? || began.elapsed() > READY {
                let log = fs::read_to_string(&log).unwrap_or_default();
                bail!(
                    "containerd does not start: {}",
                    log.lines().last().unwrap_or_default()
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(node)
    }

    /// Fetches an image over plain HTTP and unpacks it. A layer is unpacked when all of it is there, whoever asks for it, so that
    /// an image whose packages are one layer gains nothing from doing both at once.
    pub fn pull(&self, reference: &str) -> Result<()> {
        self.ctr(&["images", "pull", "--plain-http", reference])
    }

    /// Runs a container of an image in this node's network, until the returned is dropped.
    /// `command` is in place of the image's own, where it has words.
    pub fn run(&self, reference: &str, command: &[&str]) -> Result<Container<'_>> {
        let container = Container(self);
        let log = format!(
            "file://{}",
            self.state.path().join("container.log").display()
        );
        let fixed = [
            "run",
            "--detach",
            "--net-host",
            "--log-uri",
            &log,
            reference,
            CONTAINER,
        ];
        self.ctr(&[&fixed, command].concat())?;
        Ok(container)
    }

    /// The end of what it logged, and what its container said.
    pub fn output(&self) -> String {
        let read =
            |name: &str| fs::read_to_string(self.state.path().join(name)).unwrap_or_default();
        let both = format!("{}{}", read("containerd.log"), read("container.log"));
        let lines: Vec<&str> = both.lines().collect();
        let last = lines.len().saturating_sub(5);
        lines.get(last..).unwrap_or_default().join(" / ")
    }

    fn ctr(&self, arguments: &[&str]) -> Result<()> {
        self.namespace.within(|| {
            execute(
                Command::new("ctr")
                    .arg("--address")
                    .arg(socket(&self.state))
                    .args(arguments),
            )
        })
    }
}

fn socket(state: &TempDir) -> PathBuf {
    state.path().join("socket")
}

/// A container that runs.
pub struct Container<'a>(&'a Containerd<'a>);

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.0.ctr(&["tasks", "rm", "--force", CONTAINER]);
        let _ = self.0.ctr(&["containers", "rm", CONTAINER]);
    }
}
