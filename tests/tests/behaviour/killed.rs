//! A host that is killed while it pulls, compiles or changes its version leaves nothing broken behind.

use crate::needs::{self, trial};
use crate::places;
use crate::published::{Site, answer};
use libtest_mimic::Trial;
use serde_json::json;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often it is killed while it starts, and while it changes its version: 200 times in all.
const STARTS: u64 = 134;
const CHANGES: u64 = 66;
/// Longer than a start takes: some are killed when they serve.
const START: u64 = 900;
/// Longer than a change takes: some are killed when it is over.
const CHANGE: u64 = 200;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "killed: 134 times while it pulls, compiles or serves; the next start serves and the store is whole",
            needs::MEMBERS,
            while_it_starts,
        ),
        trial(
            "killed: 66 times while it changes its version; each next start serves the new one and the store is whole",
            needs::MEMBERS,
            while_it_changes,
        ),
    ]
}

fn while_it_starts() {
    let site = Site::new();
    let digest = site.push("1.0", "0.42");
    let reference = format!("{}@{digest}", site.reference("1.0"));
    let (store, compiled) = (site.path("node/store"), site.path("node/compiled"));
    let mut moments = Moments::new();
    for round in 0..STARTS {
        // Each fifth start has everything to do again.
        if round % 5 == 0 {
            let _ = fs::remove_dir_all(&store);
            let _ = fs::remove_dir_all(&compiled);
        }
        let mut command = site.run(&reference, &[]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        thread::sleep(moments.next(START));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let host = site.start(&reference, &[]);
    assert_eq!(answer(&host)["version"]["pipeline"], digest);
    assert_eq!(host.log().matches("WARN").count(), 0, "{}", host.log());
    site.author(&["store", "check", "--store", store.to_str().unwrap()], 0);
}

fn while_it_changes() {
    let site = Site::new();
    let mut digest = site.push("0", "0.42");
    let mut moments = Moments::new();
    let mut over = 0;
    for round in 1..=CHANGES {
        let running = format!("{}@{digest}", site.reference("0"));
        let host = site.start(&running, &[]);
        assert_eq!(answer(&host)["version"]["pipeline"], digest);
        assert_eq!(host.log().matches("WARN").count(), 0, "{}", host.log());
        digest = renewed(&site, round);
        let (url, source) = (
            host.url().to_owned(),
            format!("{}@{digest}", site.reference("0")),
        );
        let told = thread::spawn(move || {
            ureq::put(format!("{url}/v1/pipelines/members"))
                .header("content-type", "application/json")
                .send(json!({ "source": source }).to_string())
                .is_ok()
        });
        thread::sleep(moments.next(CHANGE));
        // Killed.
        drop(host);
        over += u64::from(told.join().unwrap());
    }
    println!("{over} of {CHANGES} changes were over when the host was killed");
    assert!(over < CHANGES, "no change was under way");
    let store = site.path("node/store");
    site.author(&["store", "check", "--store", store.to_str().unwrap()], 0);
}

/// Publishes the pipeline with another build of a stage, which has to be fetched and compiled; its digest.
fn renewed(site: &Site, build: u64) -> String {
    let folder = site.path("stages");
    fs::create_dir_all(&folder).unwrap();
    for stage in [
        "face-detection",
        "feature-extraction",
        "member-verification",
    ] {
        let file = format!("{stage}.wasm");
        let mut component = fs::read(places::stages().join(&file)).unwrap();
        if stage == "member-verification" {
            // A custom section: its number, its length, the length of its name, its name.
            let name = format!("build {build}");
            let length = u8::try_from(name.len()).unwrap();
            component.extend([0, length + 1, length]);
            component.extend(name.as_bytes());
        }
        fs::write(folder.join(file), component).unwrap();
    }
    site.push_with("0", "0.42", &["--stages", folder.to_str().unwrap()])
}

/// Moments at random. What they were drawn with is printed.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let seed = now.as_nanos() as u64 | 1;
        println!("seed {seed}");
        Self(seed)
    }

    /// One within so many milliseconds.
    fn next(&mut self, longest: u64) -> Duration {
        // Xorshift, as Marsaglia has it.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(self.0 % longest)
    }
}
