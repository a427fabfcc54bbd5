//! The store: shared, broken off, damaged, read-only, full, collected.

use std::fs::{self};
use std::path::Path;
use std::time::Duration;

use footlight_artifacts::{Artifacts, Digest, Reference};
use libtest_mimic::Trial;
use tempfile::tempdir;

use crate::common::{assert_says, files, model, open};
use crate::process::{can_prepare, end, pull, pull_after, said};
use crate::server::{Answer, Server};
use crate::{trial, trial_with};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "store: threads that pull the same blob fetch it once",
            threads,
        ),
        trial(
            "store: processes that pull the same blob fetch it once",
            processes,
        ),
        trial(
            "store: a pull whose process was killed is gone on with",
            killed,
        ),
        trial(
            "store: what a crash left and is not the blob's beginning is fetched anew",
            bad_beginning,
        ),
        trial("store: what is there needs no registry", no_registry),
        trial_with(
            "store: a read-only disk serves what it has, and says what it cannot",
            can_prepare,
            read_only,
        ),
        trial_with(
            "store: a full disk is an error with the folder, and is not left full",
            can_prepare,
            full,
        ),
        trial("store: a folder that cannot be made is an error", no_folder),
    ]
}

const SIZE: usize = 400_000;

pub fn blob(store: &Path, bytes: &[u8]) -> std::path::PathBuf {
    store.join("blobs/sha256").join(Digest::of(bytes).hex())
}

fn threads() {
    let artifact = model(SIZE);
    let server = Server::honest(&[("1", &artifact)]);
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let pulled = artifacts.model(&server.reference("1")).unwrap();
                assert_eq!(pulled.model, artifact.layers[0].bytes);
            });
        }
    });
    assert_eq!(server.blobs(), 2);
}

/// A server that lets the first one wait in the middle of the blob, until another one has come.
fn processes() {
    let artifact = model(SIZE);
    let server = Server::honest(&[("1", &artifact)]);
    let folder = tempdir().unwrap();
    let children: Vec<_> = (0..6)
        .map(|_| pull(folder.path(), &server.reference("1")).spawn().unwrap())
        .collect();
    for child in children {
        assert_eq!(end(child), Ok(format!("{SIZE} bytes")));
    }
    assert_eq!(server.blobs(), 2);
    assert_eq!(files(folder.path().join("partial")), [""; 0]);
}

fn killed() {
    let artifact = model(SIZE);
    let bytes = artifact.layers[0].bytes.clone();
    let path = Digest::of(&bytes).to_string();
    let server = Server::new(&[("1", &artifact)], move |seen, times| {
        (seen.path.ends_with(&path) && times == 0)
            .then(|| Answer::new(200, bytes.clone()).silent_after(250_000))
    });
    let folder = tempdir().unwrap();
    let mut child = pull(folder.path(), &server.reference("1")).spawn().unwrap();
    let partial = folder.path().join(format!(
        "partial/sha256-{}",
        Digest::of(&artifact.layers[0].bytes).hex()
    ));
    while fs::metadata(&partial).map_or(0, |file| file.len()) < 250_000 {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!blob(folder.path(), &artifact.layers[0].bytes).exists());
    // Nobody waits for the lock of one that is dead.
    let pulled = open(folder.path()).model(&server.reference("1")).unwrap();
    assert_eq!(pulled.model, artifact.layers[0].bytes);
    let from: Vec<_> = server
        .seen()
        .iter()
        .filter_map(|seen| seen.from())
        .collect();
    assert_eq!(from, [250_000]);
}

fn bad_beginning() {
    let artifact = model(SIZE);
    let server = Server::honest(&[("1", &artifact)]);
    for left in [vec![0; 1000], vec![0; SIZE], vec![0; SIZE + 1]] {
        let folder = tempdir().unwrap();
        let artifacts = open(folder.path());
        let name = format!(
            "partial/sha256-{}",
            Digest::of(&artifact.layers[0].bytes).hex()
        );
        fs::write(folder.path().join(name), left).unwrap();
        let pulled = artifacts.model(&server.reference("1")).unwrap();
        assert_eq!(pulled.model, artifact.layers[0].bytes);
    }
}

fn no_registry() {
    let artifact = model(SIZE);
    let folder = tempdir().unwrap();
    let server = Server::honest(&[("1", &artifact)]);
    let pinned = server.reference("1").pinned(artifact.digest());
    open(folder.path()).model(&pinned).unwrap();
    let asked = server.seen().len();
    assert_eq!(
        open(folder.path()).model(&pinned).unwrap().model,
        artifact.layers[0].bytes
    );
    assert_eq!(server.seen().len(), asked);
}

fn read_only((): ()) {
    let (here, elsewhere) = (model(SIZE), model(1000));
    let server = Server::honest(&[("here", &here), ("elsewhere", &elsewhere)]);
    let folder = tempdir().unwrap();
    let pinned = server.reference("here").pinned(here.digest());
    open(folder.path()).model(&pinned).unwrap();
    let store = folder.path();
    let mount = format!(
        "mount --bind {0} {0} && mount -o remount,ro,bind {0}",
        store.display()
    );
    let run = |wanted: &Reference| said(&pull_after(&mount, store, wanted).output().unwrap());
    assert_eq!(run(&pinned), Ok(format!("{SIZE} bytes")));
    // By its tag too: the registry says what it means, and it is there.
    assert_eq!(run(&server.reference("here")), Ok(format!("{SIZE} bytes")));
    let error = run(&server.reference("elsewhere")).unwrap_err();
    assert_says(
        &error,
        &[
            &store.display().to_string(),
            "Read-only file system",
            "a store on a disk",
        ],
    );
}

fn full((): ()) {
    let artifact = model(SIZE);
    let server = Server::honest(&[("1", &artifact)]);
    let folder = tempdir().unwrap();
    let store = folder.path();
    let small = format!("mount -t tmpfs -o size=256k none {}", store.display());
    // What is left is listed by the same shell, as the disk is only its own.
    let listing = format!(
        "{small} && ( \"$0\" ; ls {}/partial ; exit 1 ) && true",
        store.display()
    );
    let output = pull_after(&listing, store, &server.reference("1"))
        .output()
        .unwrap();
    let error = said(&output).unwrap_err();
    assert_says(
        &error,
        &[
            &store.display().to_string(),
            "No space left",
            "free some space",
        ],
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

fn no_folder() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Artifacts::open(&file.join("store"), crate::common::options())
        .err()
        .unwrap();
    assert_says(&error, &[&file.display().to_string(), "cannot be made"]);
}
