//! The store: shared, broken off, damaged, read-only, full, collected.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use footlight_artifacts::{Artifact, Artifacts, Digest, Keep, Reference};
use libtest_mimic::Trial;
use tempfile::tempdir;

use crate::common::{assert_says, files, model, noise, open, reference};
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
        trial("store: what is old is dropped, what is in use stays", old),
        trial("store: the oldest are dropped until the rest fits", large),
        trial(
            "store: what another process uses stays, until it ends",
            leases,
        ),
        trial("store: what is left of fetches is dropped", leftovers),
        trial("store: a look at all finds what is damaged", verify),
    ]
}

const SIZE: usize = 400_000;

fn blob(store: &Path, bytes: &[u8]) -> std::path::PathBuf {
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

/// A store with models that were last used so many seconds ago.
fn filled(folder: &Path, ages: &[(usize, u64)]) -> (Artifacts, Vec<Artifact>) {
    let made: Vec<Artifact> = ages
        .iter()
        .map(|(size, _)| Artifact::model(&format!("size = {size}"), noise(*size), BTreeMap::new()))
        .collect();
    let artifacts = open(folder);
    for (artifact, (size, _)) in made.iter().zip(ages) {
        let layout = reference(format!("oci:{}", folder.join("layout").display()));
        let tag = layout.tagged(&format!("size-{size}")).unwrap();
        artifacts.push(artifact.clone(), &tag).unwrap();
        artifacts.model(&tag).unwrap();
    }
    for (artifact, (_, age)) in made.iter().zip(ages) {
        for bytes in parts(artifact) {
            let used = SystemTime::now() - Duration::from_secs(*age);
            File::open(blob(folder, &bytes))
                .unwrap()
                .set_modified(used)
                .unwrap();
        }
    }
    (artifacts, made)
}

fn parts(artifact: &Artifact) -> [Vec<u8>; 3] {
    [
        artifact.manifest(),
        artifact.config.bytes.clone(),
        artifact.layers[0].bytes.clone(),
    ]
}

fn is_there(folder: &Path, artifact: &Artifact) -> bool {
    let there: Vec<bool> = parts(artifact)
        .iter()
        .map(|bytes| blob(folder, bytes).exists())
        .collect();
    assert!(
        there.iter().all(|one| *one == there[0]),
        "a part of an artifact is gone: {there:?}"
    );
    there[0]
}

fn old() {
    let folder = tempdir().unwrap();
    let (artifacts, made) = filled(folder.path(), &[(1000, 9000), (1001, 9000), (1002, 100)]);
    let keep = Keep {
        max_age: Some(Duration::from_secs(3600)),
        ..Keep::default()
    };
    let in_use = HashSet::from([made[0].digest()]);
    let collected = artifacts.collect(&keep, &in_use).unwrap();
    let there: Vec<bool> = made
        .iter()
        .map(|one| is_there(folder.path(), one))
        .collect();
    assert_eq!(there, [true, false, true]);
    assert_eq!(collected.dropped, 3);
    assert!(
        collected.freed > 1001 && collected.in_use > 1000,
        "{collected:?}"
    );
    // The tag of what was dropped is gone with it, the others are not.
    let tags = files(
        fs::read_dir(folder.path().join("refs/layout"))
            .unwrap()
            .next()
            .map_or_else(
                || folder.path().join("refs"),
                |_| folder.path().join("refs/layout"),
            ),
    );
    let tags: Vec<_> = tags
        .iter()
        .filter_map(|tag| tag.split_once(':'))
        .map(|(_, tag)| tag)
        .collect();
    assert_eq!(tags, ["size-1000", "size-1002"]);
    // Reading is using.
    artifacts
        .model(&reference(format!(
            "oci:{}:size-1000",
            folder.path().join("layout").display()
        )))
        .unwrap();
    artifacts.collect(&keep, &HashSet::new()).unwrap();
    assert!(is_there(folder.path(), &made[0]));
}

fn large() {
    let folder = tempdir().unwrap();
    let (artifacts, made) = filled(
        folder.path(),
        &[(10_000, 5000), (20_000, 4000), (30_000, 3000), (40_000, 1)],
    );
    let keep = Keep {
        max_bytes: Some(75_000),
        ..Keep::default()
    };
    let collected = artifacts.collect(&keep, &HashSet::new()).unwrap();
    let there: Vec<bool> = made
        .iter()
        .map(|one| is_there(folder.path(), one))
        .collect();
    assert_eq!(there, [false, false, true, true]);
    assert!((70_000..75_000).contains(&collected.bytes), "{collected:?}");
    // What was used just now is spared, however little may stay.
    let nothing = Keep {
        max_bytes: Some(0),
        ..keep
    };
    artifacts.collect(&nothing, &HashSet::new()).unwrap();
    let there: Vec<bool> = made
        .iter()
        .map(|one| is_there(folder.path(), one))
        .collect();
    assert_eq!(there, [false, false, false, true]);
    let nothing_spared = Keep {
        spare: Duration::ZERO,
        ..nothing
    };
    let collected = artifacts.collect(&nothing_spared, &HashSet::new()).unwrap();
    assert_eq!((collected.kept, collected.bytes), (0, 0));
}

fn leases() {
    let folder = tempdir().unwrap();
    let (artifacts, made) = filled(folder.path(), &[(1000, 9000), (1001, 9000)]);
    let keep = Keep {
        max_bytes: Some(0),
        ..Keep::default()
    };
    // Another host is another handle: the locks are those of open files.
    let host = open(folder.path());
    let lease = host.hold(&HashSet::from([made[1].digest()])).unwrap();
    artifacts.collect(&keep, &HashSet::new()).unwrap();
    let there: Vec<bool> = made
        .iter()
        .map(|one| is_there(folder.path(), one))
        .collect();
    assert_eq!(there, [false, true]);
    // A host that was killed leaves its list, and no lock on it.
    let list = folder
        .path()
        .join("leases")
        .join(&files(folder.path().join("leases"))[0]);
    let left = fs::read(&list).unwrap();
    drop(lease);
    fs::write(&list, left).unwrap();
    artifacts.collect(&keep, &HashSet::new()).unwrap();
    assert!(!is_there(folder.path(), &made[1]));
    assert_eq!(files(folder.path().join("leases")), [""; 0]);
}

fn leftovers() {
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    for (name, age) in [("old", 9000), ("new", 1)] {
        let path = folder.path().join("partial").join(name);
        fs::write(&path, [0; 500]).unwrap();
        let used = SystemTime::now() - Duration::from_secs(age);
        File::open(&path).unwrap().set_modified(used).unwrap();
    }
    let collected = artifacts
        .collect(&Keep::default(), &HashSet::new())
        .unwrap();
    assert_eq!(collected.freed, 500);
    assert_eq!(files(folder.path().join("partial")), ["new"]);
}

fn verify() {
    let folder = tempdir().unwrap();
    let (artifacts, made) = filled(folder.path(), &[(1000, 1), (1001, 1)]);
    let whole = artifacts.verify_all().unwrap();
    assert_eq!(
        (whole.blobs, whole.damaged.len(), whole.foreign.len()),
        (6, 0, 0)
    );
    let path = blob(folder.path(), &made[0].layers[0].bytes);
    let mut bytes = fs::read(&path).unwrap();
    bytes[500] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::write(folder.path().join("blobs/sha256/note.txt"), "").unwrap();
    let report = artifacts.verify_all().unwrap();
    assert_eq!(report.damaged, [Digest::of(&made[0].layers[0].bytes)]);
    assert_eq!(
        report.foreign,
        [folder.path().join("blobs/sha256/note.txt")]
    );
    assert!(!path.exists());
    assert_eq!(artifacts.verify_all().unwrap().damaged, []);
}
