//! A host that is killed while it pulls, compiles or changes its version leaves nothing broken behind.

use crate::host::Host;
use crate::needs::{self, trial};
use crate::places;
use crate::published::{Site, answer};
use libtest_mimic::Trial;
use serde_json::json;
use std::fs::{self, File};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often it is killed while it starts, and while it changes its version: 200 times in all.
const STARTS: u64 = 134;
const CHANGES: u64 = 66;
/// Longer than a start takes: some are killed when they serve.
const START: u64 = 900;
/// About as long as fetching all of it takes.
const PULL: u64 = 450;
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
    let site = Site::with_registry();
    let digest = site.push("1.0", "0.42");
    let reference = format!("{}@{digest}", site.reference("1.0"));
    serves(&site, &reference, &digest);
    let all = blobs(&site);
    let mut moments = Moments::new();
    let mut hits = Hits::default();
    for round in 0..STARTS {
        // Each fifth start has everything to do again.
        if round % 5 == 0 {
            for folder in ["node/store", "node/compiled"] {
                let _ = fs::remove_dir_all(site.path(folder));
            }
        }
        let log = File::create(site.path("log")).unwrap();
        let mut command = site.run(&reference, &[]);
        command.stdout(log).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        thread::sleep(moments.next(if round % 5 == 0 { PULL } else { START }));
        child.kill().unwrap();
        child.wait().unwrap();
        hits.count(&site, all);
        check_store(&site);
        // Whatever the last ones left, before it is thrown away.
        if round % 5 == 4 {
            serves(&site, &reference, &digest);
        }
    }
    println!("of {STARTS} kills, {hits:?}");
    let Hits {
        pulling,
        compiling,
        serving,
        ..
    } = hits;
    assert!(pulling > 0 && compiling > 0 && serving > 0, "{hits:?}");
    serves(&site, &reference, &digest);
}

/// What a host was at when it was killed.
#[derive(Clone, Copy, Debug, Default)]
struct Hits {
    /// Nothing yet.
    beginning: u64,
    /// Something was in the store, and not all.
    pulling: u64,
    /// All was there.
    compiling: u64,
    serving: u64,
}

impl Hits {
    /// Counts one more, where all of a pipeline are so many blobs.
    fn count(&mut self, site: &Site, all: usize) {
        let at = if !fs::read(site.path("log")).unwrap().is_empty() {
            &mut self.serving
        } else {
            match blobs(site) {
                0 => &mut self.beginning,
                some if some < all => &mut self.pulling,
                _ => &mut self.compiling,
            }
        };
        *at += 1;
    }
}

/// How many blobs the node's store has.
fn blobs(site: &Site) -> usize {
    let blobs = fs::read_dir(site.path("node/store/blobs/sha256"));
    blobs.map_or(0, Iterator::count)
}

/// Nothing in the store is damaged. What was begun there is no part of it yet.
#[track_caller]
fn check_store(site: &Site) {
    let store = site.path("node/store");
    site.author(&["store", "check", "--store", store.to_str().unwrap()], 0);
}

/// A host starts from what is there, and has nothing to complain of.
#[track_caller]
fn serves(site: &Site, reference: &str, digest: &str) -> Host {
    let host = site.start(reference, &[]);
    assert_eq!(answer(&host)["version"]["pipeline"], digest);
    assert_eq!(host.log().matches("WARN").count(), 0, "{}", host.log());
    host
}

fn while_it_changes() {
    let site = Site::with_registry();
    let mut digest = site.push("0", "0.42");
    let mut moments = Moments::new();
    let (mut over, mut under_way) = (0, 0);
    for round in 1..=CHANGES {
        let running = format!("{}@{digest}", site.reference("0"));
        let host = serves(&site, &running, &digest);
        digest = renewed(&site, round);
        let (url, source) = (
            host.url().to_owned(),
            format!("{}@{digest}", site.reference("0")),
        );
        let told = thread::spawn(move || {
            ureq::put(format!("{url}/v1/pipelines/members"))
                .header("content-type", "application/json")
                .send(json!({ "source": source }).to_string())
                .map(|answer| answer.status())
        });
        thread::sleep(moments.next(CHANGE));
        // Killed.
        drop(host);
        match told.join().unwrap() {
            Ok(_) => over += 1,
            // One that is refused was never under way.
            Err(refused @ ureq::Error::StatusCode(_)) => panic!("{refused}"),
            Err(_) => under_way += 1,
        }
        check_store(&site);
    }
    println!(
        "{over} of {CHANGES} changes were over when the host was killed, {under_way} under way"
    );
    assert!(
        over > 0 && under_way > 0,
        "{over} over, {under_way} under way"
    );
    serves(&site, &format!("{}@{digest}", site.reference("0")), &digest);
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
