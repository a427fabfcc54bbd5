//! Versions are changed while frames keep coming: every frame is answered, and by one version.

use crate::client::Client;
use crate::file::{AT_WIDTH, OneStage};
use crate::host::{Host, footlight, run};
use crate::needs::{self, trial};
use crate::told::{Told, frame, said, text};
use crate::versions::{reload, roll_back};
use crate::wasi;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const SWAPS: usize = 1000;
const CLIENTS: usize = 3;
/// What a host may hold more after all swaps than after the first few. One that kept a version of each
/// would hold far more: a component takes about a megabyte.
const LEFT: u64 = 64 << 20;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "versions: 1,000 are switched to under load, and every frame is answered by one of them",
            needs::HOSTILE,
            thousand,
        ),
        trial(
            "versions: a frame that was begun finishes on the version that it began with",
            needs::HOSTILE,
            in_flight,
        ),
        trial(
            "versions: of two changes at a time, one is told to wait",
            needs::HOSTILE,
            one_at_a_time,
        ),
        trial(
            "versions: SIGTERM while a version is probed ends the host well",
            needs::HOSTILE,
            shutdown,
        ),
    ]
}

/// What an answer is of: what both stages say, and the digests of all that made it.
fn of(answer: &Value) -> (String, Value) {
    (said(answer), answer["version"].clone())
}

/// Sends frames until it is done; how many answers were of each kind.
fn client(host: &Client, done: &AtomicBool) -> BTreeMap<(String, String), u64> {
    let (frame, mut answers) = (frame(), BTreeMap::new());
    while !done.load(Ordering::Relaxed) {
        let (says, version) = of(&host.frame("told", &frame).good());
        *answers.entry((says, version.to_string())).or_default() += 1;
    }
    answers
}

fn thousand() {
    let told = Told::new("a");
    // Two versions of which every part has another digest, and says something else.
    let write = |says: &str| {
        told.build("one", says);
        told.build("two", &says.repeat(2));
        told.write(&text(says));
    };
    write("a");
    let host = told.serve(false);
    let done = AtomicBool::new(false);
    let swaps = || {
        let mut versions = BTreeMap::new();
        let mut held = 0;
        for swap in 0..SWAPS {
            let says = ["b", "a"][swap % 2];
            // Every tenth by a rollback: the version before is the other one.
            let attempt = if swap % 10 == 9 {
                roll_back(&host, "told").good()
            } else {
                write(says);
                reload(&host, "told").good()
            };
            assert_eq!(attempt["outcome"], "switched", "{swap}: {attempt}");
            let (said, version) = of(&host.frame("told", &frame()).good());
            assert_eq!(
                (said.as_str(), &version["pipeline"]),
                (says, &attempt["version"])
            );
            versions.insert(said, version.to_string());
            if swap == SWAPS / 10 {
                held = host.resident();
            }
        }
        (versions, held)
    };
    let (versions, held, answers) = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| client(&host, &done)))
            .collect();
        let swaps = thread::Builder::new()
            .spawn_scoped(scope, swaps)
            .unwrap()
            .join();
        done.store(true, Ordering::Relaxed);
        let clients: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
        let (versions, held) = swaps.unwrap();
        (versions, held, clients)
    });
    let after = host.resident();
    assert!(after < held + LEFT, "{held} bytes, then {after}");

    assert_eq!(versions.len(), 2);
    assert_ne!(versions["a"], versions["b"]);
    let mut answered = SWAPS as u64;
    for answers in answers {
        let answers = answers.unwrap();
        // Each had answers of both, and no other.
        let seen: BTreeMap<_, _> = answers.keys().cloned().collect();
        assert_eq!((answers.len(), seen), (2, versions.clone()));
        answered += answers.values().sum::<u64>();
    }
    let metric = |name: &str| host.metric(&format!("footlight_{name}"));
    let frames = |outcome: &str| {
        metric(&format!(
            "frames_total{{pipeline=\"told\",outcome=\"{outcome}\"}}"
        ))
    };
    assert_eq!(frames("answered"), answered as f64);
    assert_eq!(
        (frames("refused"), frames("failed"), frames("abandoned")),
        (0.0, 0.0, 0.0)
    );
    let switched = "swaps_total{pipeline=\"told\",outcome=\"switched\"}";
    assert_eq!(metric(switched), SWAPS as f64);
    // The one that runs and the one before it, and nothing that any of them held.
    assert_eq!(metric("versions_open{pipeline=\"told\"}"), 2.0);
    assert_eq!(metric("instances{pipeline=\"told\"}"), 0.0);
    assert_eq!(metric("host_memory_bytes{pipeline=\"told\"}"), 0.0);
}

/// A stage that sleeps for a while at pictures of this width, which is 128 for the probe.
fn nap(folder: &Path, at_width: u32, milliseconds: u32) -> PathBuf {
    let settings = format!("act = \"sleep\", at-width = {at_width}, milliseconds = {milliseconds}");
    OneStage {
        name: "nap",
        component: "wasi-stage.wasm",
        settings: &settings,
        limits: "time = \"30 s\"",
        more: "",
    }
    .write(folder)
}

fn serve(folder: &Path) -> Host {
    let gallery = tempfile::tempdir().unwrap();
    let mut command = run(&[nap(folder, AT_WIDTH, 2000)], gallery.path());
    command.arg("--no-watch");
    let host = Host::spawn(command, gallery);
    host.wait_until_ready();
    host
}

fn wait_for_an_instance(host: &Host) {
    while host.metric("footlight_instances{pipeline=\"nap\"}") == 0.0 {
        thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn version(answer: &Value) -> String {
    answer["version"]["pipeline"].as_str().unwrap().to_owned()
}

fn in_flight() {
    let folder = tempfile::tempdir().unwrap();
    let host = serve(folder.path());
    let quick = || version(&host.frame("nap", &frame()).good());
    let open = || host.metric("footlight_versions_open{pipeline=\"nap\"}");
    let first = quick();
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| host.frame("nap", &wasi::frame()));
        wait_for_an_instance(&host);
        for (count, milliseconds) in [(2.0, 1), (3.0, 2)] {
            nap(folder.path(), AT_WIDTH, milliseconds);
            let attempt = reload(&host, "nap").good();
            assert_eq!(attempt["outcome"], "switched");
            assert_eq!(quick(), attempt["version"]);
            assert_eq!(open(), count);
        }
        assert!(
            !sleeper.is_finished(),
            "it was to last longer than two changes"
        );
        let answer = sleeper.join().unwrap().good();
        assert_eq!(version(&answer), first);
        assert_eq!(answer["notes"][0]["did"], "sleep");
    });
    assert_ne!(quick(), first);
    // The first is gone with its last frame.
    assert_eq!(open(), 2.0);
}

fn one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let host = serve(folder.path());
    let quick = || version(&host.frame("nap", &frame()).good());
    let first = quick();
    nap(folder.path(), 128, 2000);
    thread::scope(|scope| {
        let slow = scope.spawn(|| reload(&host, "nap").good());
        wait_for_an_instance(&host);
        reload(&host, "nap").refused(409, "swap-in-progress");
        roll_back(&host, "nap").refused(409, "swap-in-progress");
        // What is typed waits for its turn, and what it asks for is there by then.
        let mut typed = footlight();
        typed.args(["pipeline", "reload", "nap", "--json", "--host", host.url()]);
        let typed = scope.spawn(move || typed.output().unwrap());
        assert_eq!(quick(), first);
        let attempt = slow.join().unwrap();
        assert_eq!(attempt["outcome"], "switched");
        let typed: Value = serde_json::from_slice(&typed.join().unwrap().stdout).unwrap();
        assert_eq!(
            (&typed["outcome"], &typed["version"]),
            (&json!("unchanged"), &attempt["version"])
        );
        assert_eq!(quick(), attempt["version"]);
    });
}

fn shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = serve(folder.path());
    nap(folder.path(), 128, 2000);
    thread::scope(|scope| {
        let slow = scope.spawn(|| reload(&host, "nap"));
        wait_for_an_instance(&host);
        host.terminate();
        let detail = slow.join().unwrap().refused(422, "version-refused");
        assert!(detail.contains("the host is stopping"), "{detail}");
    });
    let (status, log) = host.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("switched to another version"), "{log}");
}
