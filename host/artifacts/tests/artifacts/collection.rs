//! What the store drops and what it keeps.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use footlight_artifacts::{Artifact, Artifacts, Digest, Keep};
use libtest_mimic::Trial;
use tempfile::tempdir;

use crate::common::{files, noise, open, reference};
use crate::store::blob;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
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
