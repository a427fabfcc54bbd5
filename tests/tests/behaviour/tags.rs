//! A host watches a tag on a registry.

use crate::host::{Host, footlight, run};
use crate::needs::{Need, trial};
use crate::published;
use crate::registry::Registry;
use crate::told::{Told, frame, said, text, wait_until};
use libtest_mimic::Trial;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const WATCHED: &[Need] = &[Need::Host, Need::Hostile, Need::Registry];

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "tags: one that is moved on a registry while frames come is followed between two of them",
            WATCHED,
            moved,
        ),
        trial(
            "tags: what is signed a while after the tag was moved is taken then",
            WATCHED,
            signed_later,
        ),
    ]
}

/// A registry, somebody who publishes the pipeline `told` there, and a host that watches its tag.
struct Shelf {
    folder: TempDir,
    registry: Registry,
    told: Told,
}

impl Shelf {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            registry: Registry::start(folder.path()),
            told: Told::new("a"),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn reference(&self) -> String {
        format!("{}/site/told:current", self.registry.host)
    }

    #[track_caller]
    fn author(&self, words: &[&str]) -> String {
        let mut command = footlight();
        command.env("FOOTLIGHT_STORE", self.path("author"));
        command.env("FOOTLIGHT_PASSWORD", "sesame").args(words);
        published::said(&mut command, 0)
    }

    /// Publishes a version that says this; its digest.
    #[track_caller]
    fn push(&self, says: &str) -> String {
        self.told.write(&text(says));
        let file = self.told.file();
        let words = ["pipeline", "push", file.to_str().unwrap()];
        let pushed = self.author(&[&words[..], &[&self.reference(), "--json"]].concat());
        let pushed: Value = serde_json::from_str(&pushed).unwrap();
        pushed["digest"].as_str().unwrap().to_owned()
    }

    fn serve(&self, more: &[&str]) -> Host {
        let mut command: Command = run(&[self.reference().into()], &self.path("gallery"));
        command
            .env("FOOTLIGHT_STORE", self.path("store"))
            .args(more);
        let host = Host::spawn(command, tempfile::tempdir().unwrap());
        host.wait_until_ready();
        host
    }
}

/// Waits until this version runs, and looks at what it says.
#[track_caller]
fn until(host: &Host, digest: &str, says: &str) {
    wait_until(host, "told", |listed| {
        listed["version"]["pipeline"] == digest
    });
    let answer = host.frame("told", &frame()).good();
    assert_eq!(
        (said(&answer).as_str(), &answer["version"]["pipeline"]),
        (says, &digest.into())
    );
}

fn moved() {
    let shelf = Shelf::new();
    let first = shelf.push("a");
    let host = shelf.serve(&[]);
    until(&host, &first, "a");
    let done = AtomicBool::new(false);
    let send = || {
        let (frame, mut answers) = (frame(), Vec::new());
        while !done.load(Ordering::Relaxed) {
            let answer = host.frame("told", &frame).good();
            answers.push((said(&answer), answer["version"]["pipeline"].clone()));
        }
        answers
    };
    let (second, answers) = thread::scope(|scope| {
        let client = scope.spawn(send);
        let second = shelf.push("b");
        wait_until(&host, "told", |listed| {
            listed["version"]["pipeline"] == second
        });
        // Some answers more.
        thread::sleep(Duration::from_millis(200));
        done.store(true, Ordering::Relaxed);
        (second, client.join().unwrap())
    });
    let of_first = answers
        .iter()
        .take_while(|answer| **answer == ("a".to_owned(), first.clone().into()))
        .count();
    let of_second = ("b".to_owned(), second.into());
    assert!(of_first > 0 && of_first < answers.len(), "{of_first}");
    assert!(
        answers
            .iter()
            .skip(of_first)
            .all(|answer| *answer == of_second)
    );
}

fn signed_later() {
    let shelf = Shelf::new();
    let key = shelf.path("alice");
    shelf.author(&["keygen", key.to_str().unwrap()]);
    let sign = || {
        let key = key.with_extension("key");
        shelf.author(&["sign", &shelf.reference(), "--key", key.to_str().unwrap()]);
    };
    let policy = shelf.path("policy.toml");
    let text = format!(
        "[keys]\nalice = \"alice.pub\"\n[[rules]]\nrepository = \"{}/site/told\"\nkeys = [\"alice\"]\n",
        shelf.registry.host
    );
    fs::write(&policy, text).unwrap();
    let first = shelf.push("a");
    sign();
    let host = shelf.serve(&["--trust", policy.to_str().unwrap()]);
    until(&host, &first, "a");

    let second = shelf.push("b");
    let listed = wait_until(&host, "told", |listed| {
        listed["attempts"][0]["outcome"] == "refused"
    });
    let reason = listed["attempts"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("not trusted"), "{reason}");
    // Longer than until it is tried again, which is not told while nothing is other than it was.
    thread::sleep(Duration::from_secs(13));
    until(&host, &first, "a");
    let refusals = |host: &Host| host.log().matches("a version is refused").count();
    assert_eq!(refusals(&host), 1, "{}", host.log());

    sign();
    until(&host, &second, "b");
    assert_eq!(refusals(&host), 1, "{}", host.log());
    let attempts = host.get("/v1/pipelines/told").good()["attempts"].clone();
    let attempts = attempts.as_array().unwrap().iter();
    let outcomes: Vec<&Value> = attempts.map(|attempt| &attempt["outcome"]).collect();
    assert_eq!(outcomes, ["switched", "refused"]);
}
