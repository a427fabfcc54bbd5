//! SIGTERM: the host finishes what it holds, and ends well.

use crate::host::{Host, run};
use crate::needs::{self, trial};
use crate::wasi;
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// What the test of it waits for.
const DRAIN: Duration = Duration::from_secs(3);

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "shutdown: a frame in flight is answered, and the host ends with 0",
            needs::HOSTILE,
            in_flight,
        ),
        trial("shutdown: an idle host ends with 0", needs::HOSTILE, idle),
        trial(
            "shutdown: a host that drains says so, and takes frames until it is over",
            needs::HOSTILE,
            drains,
        ),
        trial(
            "shutdown: a host that still fetches ends at once",
            needs::HOSTILE,
            starting,
        ),
    ]
}

fn serve() -> Host {
    let folder = tempfile::tempdir().unwrap();
    let settings = "act = \"sleep\", milliseconds = 2000";
    let host = Host::start(&[wasi::pipeline(folder.path(), "nap", settings, "30 s")]);
    host.wait_until_ready();
    host
}

fn in_flight() {
    let mut host = serve();
    thread::scope(|scope| {
        let frames: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| host.frame("nap", &wasi::frame())))
            .collect();
        while host.metric("footlight_instances{pipeline=\"nap\"}") == 0.0 {
            thread::sleep(Duration::from_millis(10));
        }
        // The others are in the queue, or about to be; one is at work for sure.
        thread::sleep(Duration::from_millis(500));
        host.terminate();
        for frame in frames {
            assert_eq!(frame.join().unwrap().good()["notes"][0]["did"], "sleep");
        }
    });
    let (status, log) = host.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("SIGTERM") && log.contains("stopped"), "{log}");
    assert!(host.try_get("/healthz").is_err(), "it still listens");
}

fn drains() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "act = \"sleep\", milliseconds = 50";
    let pipeline = wasi::pipeline(folder.path(), "nap", settings, "30 s");
    let mut command = run(&[pipeline], &folder.path().join("gallery"));
    command.args(["--drain", "3s"]);
    let mut host = Host::spawn(command, folder);
    host.wait_until_ready();
    let told = Instant::now();
    host.terminate();
    while host.get("/readyz").status == 200 {
        assert!(told.elapsed() < DRAIN, "it does not say that it stops");
        thread::sleep(Duration::from_millis(10));
    }
    let reply = host.get("/readyz");
    reply.refused(503, "stopping");
    // Who sends on a connection that is kept is told to open another, which leads elsewhere.
    assert_eq!(reply.header("connection"), "close");
    let mut answered = 0;
    while told.elapsed() < DRAIN - Duration::from_millis(500) {
        assert_eq!(
            host.frame("nap", &wasi::frame()).good()["notes"][0]["did"],
            "sleep"
        );
        answered += 1;
    }
    assert!(answered > 0);
    let (status, log) = host.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(told.elapsed() >= DRAIN, "{:?}", told.elapsed());
    assert!(host.try_get("/healthz").is_err(), "it still listens");
}

fn starting() {
    // A registry that takes a connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let registry = silent.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let reference = format!("{registry}/members:1.0");
    let mut command = run(&[PathBuf::from(reference)], &folder.path().join("gallery"));
    command
        .args(["--plain-http", &registry, "--store"])
        .arg(folder.path().join("store"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let asks = silent.accept().unwrap();
    let told = Instant::now();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    // Not by the signal: a process that is the first of its container would go on.
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "{:?}",
        told.elapsed()
    );
    drop(asks);
}

fn idle() {
    let mut host = serve();
    host.terminate();
    let (status, log) = host.wait();
    assert_eq!(status.code(), Some(0), "{log}");
}
