//! Hosts that run a pipeline together, each with a certificate of one authority.

use crate::host::{Host, run};
use footlight_tests::authority::{Authority, Good, in_zone};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Writes what a host with these names needs into a folder.
pub fn vouch(authority: &Authority, names: &[String], good: Good, folder: &Path) {
    let identity = authority.vouch(names, good).unwrap();
    identity.write(folder).unwrap();
}

/// The same for a host in a zone.
pub fn vouch_in(authority: &Authority, zone: &str, folder: &Path) {
    vouch(authority, &[in_zone(zone)], Good::ForLong, folder);
}

/// A host that is to be one of several.
pub struct Plan<'a> {
    pub pipeline: PathBuf,
    pub gallery: &'a Path,
    pub identity: &'a Path,
    pub only: &'a [&'a str],
    pub peers: &'a [String],
    pub more: &'a [&'a str],
}

/// A host that is one of several.
pub struct Member {
    pub host: Host,
    /// Where the others reach it.
    pub address: String,
}

impl Plan<'_> {
    pub fn start(&self) -> Member {
        self.start_at("127.0.0.1:0")
    }

    pub fn start_at(&self, address: &str) -> Member {
        Member::start(self.command(address))
    }

    /// What starts it, to be reached by others at this address.
    pub fn command(&self, address: &str) -> Command {
        let mut command = run(std::slice::from_ref(&self.pipeline), self.gallery);
        command
            .arg("--peer-identity")
            .arg(self.identity)
            .args(["--peer-listen", address])
            .args(self.only.iter().flat_map(|stage| ["--only-stage", stage]))
            .args(self.peers.iter().flat_map(|peer| ["--peer", peer]))
            .args(self.more);
        command
    }
}

impl Member {
    /// Starts it, and waits until it is ready.
    pub fn start(command: Command) -> Self {
        let host = Host::spawn(command, tempfile::tempdir().unwrap());
        host.wait_until_ready();
        let log = host.log();
        let line = log
            .lines()
            .find(|line| line.contains("listening for other hosts"))
            .unwrap_or_else(|| panic!("it does not listen for others:\n{log}"));
        let address = line.split("address=").nth(1).unwrap();
        let address = address.split_whitespace().next().unwrap().to_owned();
        Self { host, address }
    }

    /// Waits until it knows a host that runs a stage.
    #[track_caller]
    pub fn wait_for(&self, stage: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let peers = self.host.get("/v1/peers").good();
            let runs = |peer: &serde_json::Value| {
                let runs = peer["runs"].as_array().unwrap();
                let mut stages = runs
                    .iter()
                    .flat_map(|runs| runs["stages"].as_array().unwrap());
                peer["away"].is_null() && stages.any(|name| name == stage)
            };
            if peers["peers"].as_array().unwrap().iter().any(runs) {
                return;
            }
            assert!(
                Instant::now() < until,
                "no host runs `{stage}`: {peers:#}\n{}",
                self.host.log()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Folders of a site's hosts.
pub struct Site {
    pub authority: Authority,
    pub folder: TempDir,
}

impl Site {
    pub fn new() -> Self {
        Self {
            authority: Authority::new().unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The folder of a certificate for a zone.
    pub fn identity(&self, zone: &str) -> PathBuf {
        let folder = self.folder.path().join(format!("certificate-{zone}"));
        if !folder.exists() {
            vouch_in(&self.authority, zone, &folder);
        }
        folder
    }

    /// A folder of this name.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
