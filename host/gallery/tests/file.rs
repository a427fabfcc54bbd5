//! Which files are accepted as a gallery, and what is said of the others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::fs;
use std::path::Path;

use common::{DIMENSION, MODEL, id, names, template};
use footlight_gallery::{Error, Gallery};
use redb::{Database, TableDefinition};
use tempfile::tempdir;

fn made(path: &Path) {
    let gallery = Gallery::open(path, MODEL, DIMENSION).unwrap();
    gallery
        .put(&id("ada"), vec![template(1), template(2)])
        .unwrap();
    gallery.put(&id("grace"), vec![template(3)]).unwrap();
}

#[test]
fn a_gallery_of_another_feature_model_is_refused_and_stays_as_it_is() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("g.redb");
    made(&path);
    let error = Gallery::open(&path, "77aa", DIMENSION).unwrap_err();
    assert!(
        matches!(&error, Error::OtherFeatureModel { members: 2, .. }),
        "{error:?}"
    );
    let message = error.to_string();
    for part in [
        "g.redb",
        "8f2c",
        "77aa",
        "put the old model back",
        "enrol the members again",
    ] {
        assert!(message.contains(part), "{part:?} is missing: {message}");
    }
    // With the old model back it works as before.
    assert_eq!(
        names(&Gallery::open(&path, MODEL, DIMENSION).unwrap()),
        ["ada", "grace"]
    );
}

#[test]
fn an_empty_gallery_takes_another_feature_model() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("g.redb");
    made(&path);
    {
        let gallery = Gallery::open(&path, MODEL, DIMENSION).unwrap();
        assert!(gallery.remove(&id("ada")).unwrap() && gallery.remove(&id("grace")).unwrap());
    }
    drop(Gallery::open(&path, "77aa", 128).unwrap());
    let gallery = Gallery::open(&path, "77aa", 128).unwrap();
    assert_eq!(
        (gallery.feature_model(), gallery.dimension()),
        ("77aa", 128)
    );
    drop(gallery);
    // From now on it is one of that model.
    let other = Gallery::open(&path, MODEL, DIMENSION).unwrap();
    assert_eq!(other.feature_model(), MODEL);
}

#[test]
fn a_second_handle_is_refused_and_works_when_the_first_is_gone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("g.redb");
    let first = Gallery::open(&path, MODEL, DIMENSION).unwrap();
    let error = Gallery::open(&path, MODEL, DIMENSION).unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("already open, probably in another running host"),
        "{error}"
    );
    first.put(&id("ada"), vec![template(1)]).unwrap();
    drop(first);
    assert_eq!(
        names(&Gallery::open(&path, MODEL, DIMENSION).unwrap()),
        ["ada"]
    );
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_as_it_is() {
    let folder = tempdir().unwrap();
    for (name, bytes) in [
        ("short", b"x".to_vec()),
        ("text", b"These are my notes.\n".repeat(1000)),
        ("zeros", vec![0; 1 << 20]),
        ("jpeg", [&[0xFF, 0xD8, 0xFF, 0xE0][..], &[7; 5000]].concat()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let error = Gallery::open(&path, MODEL, DIMENSION).unwrap_err();
        assert!(
            matches!(error, Error::NotAGallery { .. }),
            "{name}: {error:?}"
        );
        assert!(
            error
                .to_string()
                .contains("is not a gallery (it is a file of another kind)")
        );
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name}");
    }
    let error = Gallery::open(folder.path(), MODEL, DIMENSION).unwrap_err();
    assert!(error.to_string().contains("it is a folder"), "{error}");
    let below_a_file = folder.path().join("text/g.redb");
    let error = Gallery::open(&below_a_file, MODEL, DIMENSION).unwrap_err();
    assert!(error.to_string().contains("cannot be opened"), "{error}");
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("other.redb");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(TableDefinition::<u64, u64>::new("stars"))
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = Gallery::open(&path, MODEL, DIMENSION).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it is a redb database of another program"),
        "{error}"
    );
}

#[test]
fn a_gallery_of_a_newer_layout_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("g.redb");
    made(&path);
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let about = TableDefinition::<&str, &str>::new("about");
    transaction
        .open_table(about)
        .unwrap()
        .insert("layout", "2")
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = Gallery::open(&path, MODEL, DIMENSION).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Newer {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_record_that_is_no_member_is_called_damage() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("g.redb");
    for (key, value) in [
        ("ada", &b"\xFF\xFF"[..]),
        ("alan", b""),
        ("alan", b"\x0a\x03\x0a\x01x"),
    ] {
        fs::remove_file(&path).ok();
        made(&path);
        let database = Database::create(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        let members = TableDefinition::<&str, &[u8]>::new("members");
        transaction
            .open_table(members)
            .unwrap()
            .insert(key, value)
            .unwrap();
        transaction.commit().unwrap();
        drop(database);
        let gallery = Gallery::open(&path, MODEL, DIMENSION).unwrap();
        let error = gallery.members().unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert!(error.to_string().contains(key), "{error}");
        assert!(gallery.model().is_err());
        // Those who are not concerned can still be told apart.
        assert_eq!(
            gallery
                .member(&id("grace"))
                .unwrap()
                .unwrap()
                .templates
                .len(),
            1
        );
    }
}

#[test]
fn a_damaged_file_is_an_error_and_never_another_gallery() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("g.redb");
    made(&path);
    let whole = fs::read(&path).unwrap();
    let sound = {
        let gallery = Gallery::open(&path, MODEL, DIMENSION).unwrap();
        (gallery.members().unwrap(), gallery.model().unwrap())
    };
    let damaged = folder.path().join("damaged.redb");
    let mut errors = 0;
    let mut tried = 0;
    // What is unused stays zero; one byte of every sixteen others.
    let used = whole
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte != 0)
        .map(|(at, _)| at);
    for at in used.step_by(16) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        fs::write(&damaged, &bytes).unwrap();
        tried += 1;
        // Damage in what is not used, or in what can be made anew, does no harm.
        match Gallery::open(&damaged, MODEL, DIMENSION) {
            Ok(gallery) => {
                let found = (gallery.members().unwrap(), gallery.model().unwrap());
                assert_eq!(found, sound, "byte {at}");
            }
            Err(error) => {
                errors += 1;
                assert!(
                    error.to_string().contains("damaged.redb"),
                    "byte {at}: {error}"
                );
            }
        }
    }
    assert!(tried > 20 && errors > 0, "{errors} errors in {tried}");
    for length in [whole.len() / 2, 5000, 100] {
        fs::write(&damaged, &whole[..length]).unwrap();
        let error = Gallery::open(&damaged, MODEL, DIMENSION).unwrap_err();
        assert!(
            matches!(error, Error::Damaged { .. } | Error::NotAGallery { .. }),
            "{error:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    let path = folder.path().join("g.redb");
    made(&path);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
