//! What a host compiled is there at its next start, and trusted only as far as its seal goes.

use crate::host::{Host, run};
use crate::needs::{MEMBERS, trial};
use crate::{photos, places};
use libtest_mimic::Trial;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "compiled: the next start compiles nothing, and verdicts are the same",
            MEMBERS,
            the_next_start_compiles_nothing,
        ),
        trial(
            "compiled: what was altered, cut off or made by another host is dropped, with a warning",
            MEMBERS,
            what_cannot_be_trusted_is_dropped,
        ),
        trial(
            "compiled: a folder that cannot be written is a warning",
            MEMBERS,
            a_folder_that_cannot_be_written_is_a_warning,
        ),
    ]
}

/// Three components and two models; the gallery's graph holds what is known of members, and is not kept.
const ENTRIES: usize = 5;
const FOUND: &str = "compiled at an earlier start";

/// A cache that has what was fetched, and a folder of its own for what is compiled.
fn cache() -> TempDir {
    let cache = tempfile::tempdir().unwrap();
    for folder in ["models", "runtime"] {
        symlink(places::cache().join(folder), cache.path().join(folder)).unwrap();
    }
    cache
}

/// A host with this cache, when it is ready.
fn start(cache: &Path) -> Host {
    let folder = tempfile::tempdir().unwrap();
    let mut command = run(&[places::members()], &folder.path().join("gallery"));
    command
        .env("FOOTLIGHT_CACHE", cache)
        .env("RUST_LOG", "debug");
    let host = Host::spawn(command, folder);
    host.wait_until_ready();
    host
}

fn entries(cache: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(cache.join("compiled")).unwrap();
    let mut entries: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "sealed")
        })
        .collect();
    entries.sort();
    entries
}

/// The faces of an answer with all that was found out about them.
fn faces(host: &Host) -> serde_json::Value {
    let photo = photos::bytes("people/biden.jpg");
    host.frame("members", &photo).good()["faces"].clone()
}

fn the_next_start_compiles_nothing() {
    let cache = cache();
    let first = start(cache.path());
    assert_eq!(first.log().matches(FOUND).count(), 0);
    let before = faces(&first);
    drop(first);
    assert_eq!(entries(cache.path()).len(), ENTRIES);

    let second = start(cache.path());
    assert_eq!(second.log().matches(FOUND).count(), ENTRIES);
    assert_eq!(faces(&second), before);
}

fn what_cannot_be_trusted_is_dropped() {
    let (ours, theirs) = (cache(), cache());
    drop(start(ours.path()));
    drop(start(theirs.path()));
    let entries = entries(ours.path());
    for (index, entry) in entries.iter().enumerate() {
        let mut bytes = fs::read(entry).unwrap();
        match index % 3 {
            0 => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }
            1 => bytes.truncate(bytes.len() - 1),
            _ => {
                let name = entry.file_name().unwrap();
                bytes = fs::read(theirs.path().join("compiled").join(name)).unwrap();
            }
        }
        fs::write(entry, bytes).unwrap();
    }

    let host = start(ours.path());
    let log = host.log();
    assert_eq!(log.matches(FOUND).count(), 0, "{log}");
    for entry in &entries {
        let name = entry.file_name().unwrap().to_str().unwrap();
        let warned = |line: &str| line.contains("WARN") && line.contains(name);
        assert!(log.lines().any(warned), "nothing is said of {name}:\n{log}");
    }
    assert_eq!(faces(&host).as_array().unwrap().len(), 1);
    drop(host);
    assert_eq!(start(ours.path()).log().matches(FOUND).count(), ENTRIES);
}

fn a_folder_that_cannot_be_written_is_a_warning() {
    let cache = cache();
    fs::write(cache.path().join("compiled"), "not a folder").unwrap();
    let host = start(cache.path());
    let log = host.log();
    let warned = |line: &str| line.contains("WARN") && line.contains("not kept for the next start");
    assert!(log.lines().any(warned), "{log}");
    assert_eq!(faces(&host).as_array().unwrap().len(), 1);
}
