//! Which folders and keys are accepted, and what is said of the others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use common::{names, warnings};
use footlight_sealed::{Error, Sealed};
use tempfile::tempdir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_new_folder_and_its_key_are_the_owners_alone() {
    let folder = tempdir().unwrap();
    let cache = folder.path().join("a/b");
    Sealed::open(&cache).unwrap();
    assert_eq!(mode(&cache), 0o700);
    assert_eq!(mode(&cache.join("key")), 0o600);
    let key = fs::read(cache.join("key")).unwrap();
    assert_eq!(key.len(), 32);
    let other = folder.path().join("other");
    Sealed::open(&other).unwrap();
    assert_ne!(key, fs::read(other.join("key")).unwrap());
    // The next time it is the same.
    Sealed::open(&cache).unwrap();
    assert_eq!(key, fs::read(cache.join("key")).unwrap());
}

#[test]
fn a_key_that_others_may_read_or_write_is_refused() {
    let folder = tempdir().unwrap();
    Sealed::open(folder.path()).unwrap();
    let key = folder.path().join("key");
    for open in [0o644, 0o640, 0o602, 0o610] {
        fs::set_permissions(&key, Permissions::from_mode(open)).unwrap();
        let error = Sealed::open(folder.path()).unwrap_err();
        assert!(
            matches!(error, Error::OpenKey { mode, .. } if mode == open),
            "{error:?}"
        );
        let message = error.to_string();
        for part in [&format!("{open:04o}"), "chmod 600", key.to_str().unwrap()] {
            assert!(message.contains(part), "{part:?} is missing: {message}");
        }
    }
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    Sealed::open(folder.path()).unwrap();
}

#[test]
fn a_damaged_key_is_refused_and_stays() {
    let folder = tempdir().unwrap();
    Sealed::open(folder.path()).unwrap();
    let key = folder.path().join("key");
    for bytes in [&[][..], &[1; 31], &[1; 33]] {
        fs::write(&key, bytes).unwrap();
        let error = Sealed::open(folder.path()).unwrap_err();
        assert!(matches!(error, Error::DamagedKey { .. }), "{error:?}");
        assert!(error.to_string().contains("remove it"), "{error}");
        assert_eq!(fs::read(&key).unwrap(), bytes);
    }
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    assert!(matches!(
        Sealed::open(folder.path()),
        Err(Error::DamagedKey { .. })
    ));
}

#[test]
fn with_a_new_key_all_entries_are_dropped() {
    let folder = tempdir().unwrap();
    Sealed::open(folder.path()).unwrap().put("stage", b"code");
    fs::remove_file(folder.path().join("key")).unwrap();
    let cache = Sealed::open(folder.path()).unwrap();
    let (bytes, said) = warnings(|| cache.get("stage"));
    assert_eq!(bytes, None);
    assert!(said.contains("another key"), "{said}");
    assert_eq!(names(folder.path()), ["key"]);
}

#[test]
fn where_no_folder_can_be_made_the_error_says_so() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for bad in [&file, &file.join("cache")] {
        let error = Sealed::open(bad).unwrap_err();
        assert!(matches!(error, Error::Folder { .. }), "{error:?}");
        assert!(error.to_string().contains("name one that"), "{error}");
    }
}

/// What a process that was killed while it wrote has left.
#[test]
fn a_leftover_is_removed_when_the_folder_is_opened_and_what_is_being_written_is_not() {
    let folder = tempdir().unwrap();
    Sealed::open(folder.path()).unwrap();
    for name in [".writing-left", ".key-left"] {
        fs::write(folder.path().join(name), "half").unwrap();
    }
    // Another process has just made this one, and will lock it in a moment.
    File::create(folder.path().join(".writing-new")).unwrap();
    let old = File::create(folder.path().join(".writing-old")).unwrap();
    old.set_modified(SystemTime::now() - Duration::from_secs(3600))
        .unwrap();
    drop(old);
    let busy = File::create(folder.path().join(".writing-busy")).unwrap();
    busy.lock().unwrap();
    fs::write(folder.path().join(".writing-busy"), "half").unwrap();
    Sealed::open(folder.path()).unwrap();
    assert_eq!(
        names(folder.path()),
        [".writing-busy", ".writing-new", "key"]
    );
    drop(busy);
    Sealed::open(folder.path()).unwrap();
    assert_eq!(names(folder.path()), [".writing-new", "key"]);
}
