//! What a cache gives out, and what it drops.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use common::{file, names, warnings};
use footlight_sealed::Sealed;
use tempfile::tempdir;

const NAME: &str = "component-8f2c-compat77aa";

#[test]
fn an_entry_is_read_as_it_was_written_also_by_the_next_process() {
    let folder = tempdir().unwrap();
    let cache = Sealed::open(folder.path()).unwrap();
    assert_eq!(cache.get(NAME), None);
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n * 7) as u8).collect();
    for bytes in [&b"compiled"[..], &[], &large] {
        let ((), said) = warnings(|| cache.put(NAME, bytes));
        assert_eq!(said, "");
        assert_eq!(cache.get(NAME).as_deref(), Some(bytes));
        let next = Sealed::open(folder.path()).unwrap();
        assert_eq!(next.get(NAME).as_deref(), Some(bytes));
    }
    assert_eq!(
        names(folder.path()),
        [format!("{NAME}.sealed"), "key".to_owned()]
    );
}

/// Puts an entry, has `spoil` change the folder, and reads the entry again with a cache of that folder.
fn spoilt(spoil: impl FnOnce(&Path)) -> String {
    let folder = tempdir().unwrap();
    Sealed::open(folder.path())
        .unwrap()
        .put(NAME, b"the code of this stage");
    spoil(folder.path());
    let cache = Sealed::open(folder.path()).unwrap();
    let (bytes, said) = warnings(|| cache.get(NAME));
    assert_eq!(bytes, None, "{said}");
    assert!(said.contains(NAME), "which entry is missing: {said}");
    assert!(!file(folder.path(), NAME).exists(), "it was left: {said}");
    // And it is as if it had never been.
    cache.put(NAME, b"made anew");
    assert_eq!(cache.get(NAME).as_deref(), Some(&b"made anew"[..]));
    said
}

fn edit(folder: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let path = file(folder, NAME);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn any_flipped_bit_drops_the_entry() {
    let folder = tempdir().unwrap();
    let cache = Sealed::open(folder.path()).unwrap();
    cache.put(NAME, b"code");
    let good = fs::read(file(folder.path(), NAME)).unwrap();
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        fs::write(file(folder.path(), NAME), bad).unwrap();
        let (bytes, said) = warnings(|| cache.get(NAME));
        assert_eq!(bytes, None, "bit {bit}");
        assert!(said.contains("was dropped"), "bit {bit}: {said}");
        assert!(!file(folder.path(), NAME).exists(), "bit {bit}");
    }
}

#[test]
fn a_tampered_entry_is_dropped_with_a_warning() {
    let said = spoilt(|folder| edit(folder, |bytes| *bytes.last_mut().unwrap() ^= 1));
    assert!(said.contains("its seal does not fit"), "{said}");
}

#[test]
fn an_entry_that_was_cut_off_at_any_length_is_dropped() {
    let folder = tempdir().unwrap();
    let cache = Sealed::open(folder.path()).unwrap();
    cache.put(NAME, b"code");
    let good = fs::read(file(folder.path(), NAME)).unwrap();
    for length in 0..good.len() {
        fs::write(file(folder.path(), NAME), &good[..length]).unwrap();
        let (bytes, said) = warnings(|| cache.get(NAME));
        assert_eq!(bytes, None, "{length} bytes");
        assert!(said.contains("was dropped"), "{length} bytes: {said}");
    }
    let said = spoilt(|folder| edit(folder, |bytes| bytes.truncate(bytes.len() - 5)));
    assert!(said.contains("cut off"), "{said}");
}

#[test]
fn an_entry_that_was_added_to_is_dropped() {
    let said = spoilt(|folder| edit(folder, |bytes| bytes.push(0)));
    assert!(said.contains("added to"), "{said}");
}

/// Nothing may be reserved by what an unchecked header says.
#[test]
fn an_entry_with_an_absurd_length_is_dropped() {
    for length in [u64::MAX, u64::MAX - 47, 1 << 62] {
        spoilt(|folder| {
            edit(folder, |bytes| {
                bytes[8..16].copy_from_slice(&length.to_le_bytes());
            });
        });
    }
}

#[test]
fn a_renamed_entry_is_dropped() {
    let said = spoilt(|folder| {
        let other = Sealed::open(folder).unwrap();
        other.put("component-old", b"an older version, with a flaw");
        fs::rename(file(folder, "component-old"), file(folder, NAME)).unwrap();
    });
    assert!(said.contains("renamed"), "{said}");
}

#[test]
fn an_entry_of_another_host_is_dropped() {
    let said = spoilt(|folder| {
        let foreign = tempdir().unwrap();
        Sealed::open(foreign.path())
            .unwrap()
            .put(NAME, b"the code of this stage");
        fs::copy(file(foreign.path(), NAME), file(folder, NAME)).unwrap();
    });
    assert!(said.contains("another key"), "{said}");
}

#[test]
fn a_file_of_another_kind_is_dropped() {
    let said = spoilt(|folder| {
        fs::write(file(folder, NAME), [7; 4096]).unwrap();
    });
    assert!(said.contains("no entry"), "{said}");
}

#[test]
fn a_link_to_a_good_entry_is_not_followed() {
    let said = spoilt(|folder| {
        let elsewhere = folder.join("elsewhere");
        fs::rename(file(folder, NAME), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, file(folder, NAME)).unwrap();
    });
    assert!(said.contains("no entry"), "{said}");
}

#[test]
fn a_folder_in_the_place_of_an_entry_is_a_warning() {
    let folder = tempdir().unwrap();
    let cache = Sealed::open(folder.path()).unwrap();
    fs::create_dir(file(folder.path(), NAME)).unwrap();
    let (bytes, said) = warnings(|| cache.get(NAME));
    assert_eq!(bytes, None);
    assert!(said.contains("cannot be removed"), "{said}");
    let ((), said) = warnings(|| cache.put(NAME, b"code"));
    assert!(said.contains("not cached"), "{said}");
}

#[test]
fn names_that_lead_out_of_the_folder_or_are_no_file_names_have_no_entries() {
    let folder = tempdir().unwrap();
    let cache = Sealed::open(&folder.path().join("cache")).unwrap();
    let long = "x".repeat(201);
    for name in [
        "",
        "../key",
        "a/b",
        ".writing-1",
        "..",
        "a b",
        "a\0",
        "ä",
        &long,
    ] {
        let ((), said) = warnings(|| cache.put(name, b"code"));
        assert!(said.contains("cannot have that name"), "{name:?}: {said}");
        assert_eq!(cache.get(name), None, "{name:?}");
    }
    assert_eq!(names(folder.path()), ["cache"]);
    assert_eq!(names(&folder.path().join("cache")), ["key"]);
    cache.put(&long[..200], b"code");
    assert!(cache.get(&long[..200]).is_some());
}

/// Has an entry be used so many hours ago.
fn age(folder: &Path, name: &str, hours: u64) {
    let file = File::options()
        .write(true)
        .open(file(folder, name))
        .unwrap();
    let then = SystemTime::now() - Duration::from_secs(hours * 3600);
    file.set_modified(then).unwrap();
}

#[test]
fn beyond_the_limit_the_entries_used_longest_ago_are_dropped() {
    let folder = tempdir().unwrap();
    let first = Sealed::open(folder.path()).unwrap();
    for (name, hours) in [("a", 4), ("b", 3), ("c", 2), ("d", 1)] {
        first.put(name, &[0; 1000]);
        age(folder.path(), name, hours);
    }
    // Reading is using.
    assert!(first.get("b").is_some());
    let cache = Sealed::open(folder.path()).unwrap().with_limit(3500);
    cache.put("e", &[0; 1000]);
    let left = |name: &&str| file(folder.path(), name).exists();
    let all = ["a", "b", "c", "d", "e"];
    assert_eq!(
        all.into_iter().filter(left).collect::<Vec<_>>(),
        ["b", "d", "e"]
    );
}

#[test]
fn what_this_process_has_used_is_never_dropped() {
    let folder = tempdir().unwrap();
    let before = Sealed::open(folder.path()).unwrap();
    for name in ["read", "untouched"] {
        before.put(name, &[0; 1000]);
    }
    let cache = Sealed::open(folder.path()).unwrap().with_limit(1500);
    assert!(cache.get("read").is_some());
    for name in ["written", "written-too"] {
        cache.put(name, &[0; 1000]);
    }
    for name in ["read", "written", "written-too"] {
        age(folder.path(), name, 1000);
    }
    cache.put("last", &[0; 1000]);
    for name in ["read", "written", "written-too", "last"] {
        assert!(cache.get(name).is_some(), "{name} was dropped");
    }
    assert_eq!(cache.get("untouched"), None);
}

#[test]
fn what_is_larger_than_the_limit_is_not_kept_and_drops_nothing() {
    let folder = tempdir().unwrap();
    let cache = Sealed::open(folder.path()).unwrap().with_limit(1500);
    Sealed::open(folder.path())
        .unwrap()
        .put("small", &[0; 1000]);
    let ((), said) = warnings(|| cache.put("large", &[0; 1501]));
    assert!(said.contains("not cached"), "{said}");
    assert_eq!(cache.get("large"), None);
    assert!(cache.get("small").is_some());
}

/// So that nobody can have a host read more than it would ever have written.
#[test]
fn an_entry_larger_than_the_limit_is_dropped() {
    let folder = tempdir().unwrap();
    Sealed::open(folder.path()).unwrap().put(NAME, &[0; 1001]);
    let cache = Sealed::open(folder.path()).unwrap().with_limit(1000);
    let (bytes, said) = warnings(|| cache.get(NAME));
    assert_eq!(bytes, None);
    assert!(said.contains("larger than the whole cache"), "{said}");
}
