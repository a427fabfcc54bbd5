//! Hosts: child processes that serve pipelines on a free port of this machine.

use crate::client::Client;
use crate::places;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than any host takes to start, to become ready or to stop, on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(120);

/// A host at work. It is a client of itself, too.
pub struct Host {
    child: Child,
    client: Client,
    folder: TempDir,
}

impl Deref for Host {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The command that runs the host's binary.
pub fn footlight() -> Command {
    let mut command = Command::new(places::program());
    command
        .env("FOOTLIGHT_CACHE", places::cache())
        .env("FOOTLIGHT_STAGES", places::stages());
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// The command that serves pipelines on a free port.
pub fn run(pipelines: &[PathBuf], gallery: &Path) -> Command {
    let mut command = footlight();
    command
        .arg("run")
        .args(pipelines)
        .args(["--listen", "127.0.0.1:0", "--gallery"])
        .arg(gallery);
    command
        .arg("--stages")
        .arg(places::stages().join("hostile"));
    command
}

/// The error output of a host that must not start.
#[track_caller]
pub fn refused(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = finish(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr).into_owned(),
    );
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(!stdout.contains("listening"), "{stdout}");
    stderr
}

/// Runs a command to its end, which must come.
fn finish(command: &mut Command) -> Output {
    let child = command.spawn().unwrap();
    let id = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    receiver
        .recv_timeout(PATIENCE)
        .map(Result::unwrap)
        .unwrap_or_else(|_| {
            let _ = kill_process(id, Signal::KILL);
            panic!("it does not end: {command:?}")
        })
}

impl Host {
    /// Serves these pipelines, with galleries that are gone when the host is.
    pub fn start(pipelines: &[PathBuf]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let command = run(pipelines, &folder.path().join("gallery"));
        Self::spawn(command, folder)
    }

    /// Serves the pipeline of members.
    pub fn members() -> Self {
        let host = Self::start(&[places::members()]);
        host.wait_until_ready();
        host
    }

    /// Runs a command that serves; its log goes to `folder`.
    pub fn spawn(mut command: Command, folder: TempDir) -> Self {
        let log = File::create(folder.path().join("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .for_each(|line| drop(sender.send(line)))
        });
        let mut host = Self {
            child,
            client: Client::new(""),
            folder,
        };
        let said = receiver
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("the host does not start:\n{}", host.log()));
        let url = said
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("it said {said:?}"));
        assert!(
            url.starts_with("http://127.0.0.1:") && !url.ends_with(":0"),
            "{url}"
        );
        host.client = Client::new(url);
        host
    }

    pub fn wait_until_ready(&self) {
        let until = Instant::now() + PATIENCE;
        while self.get("/readyz").status != 200 {
            assert!(Instant::now() < until, "not ready:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Everything that it wrote to its log.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).unwrap()).into_owned()
    }

    /// The memory that it has in use, in bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kibibytes * 1024
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Has it stand still, as if its machine hung, or go on.
    pub fn stand_still(&self, still: bool) {
        let signal = if still { Signal::STOP } else { Signal::CONT };
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it ended, and its log.
    pub fn wait(&mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, self.log());
            }
            assert!(Instant::now() < until, "it does not stop:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Nothing of a test may stay behind, whatever became of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A host that tests share which leave nothing in it. It is started when it is first asked for.
pub struct Shared {
    host: Mutex<Option<Host>>,
    start: fn() -> Host,
}

/// The pipeline of members, with no member.
pub static MEMBERS: Shared = Shared {
    host: Mutex::new(None),
    start: Host::members,
};
/// A pipeline for each hostile act.
pub static HOSTILE: Shared = Shared {
    host: Mutex::new(None),
    start: crate::hostile::start,
};

impl Shared {
    /// Does something with the host. A test that fails takes the host with it, so that the next has a new one.
    pub fn with(&self, test: impl FnOnce(&Host)) {
        let mut place = self.host.lock().unwrap_or_else(|poisoned| {
            self.host.clear_poison();
            poisoned.into_inner()
        });
        let host = place.take().unwrap_or_else(self.start);
        test(&host);
        *place = Some(host);
    }
}

/// Ends the hosts that are shared.
pub fn stop_shared() {
    for shared in [&MEMBERS, &HOSTILE] {
        drop(shared.host.lock().map(|mut host| host.take()));
    }
}
