//! The key of a site: its text and file, and what is sealed with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use footlight_trust::{OpenError, SiteKey, SiteKeyError};
use tempfile::tempdir;

const CONTEXT: &str = "gallery of sha256:8f2c";

fn key() -> SiteKey {
    SiteKey::generate().unwrap()
}

#[test]
fn what_is_sealed_opens_with_the_key_in_its_context() {
    let key = key();
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| (n * 31) as u8).collect();
    for bytes in [&b"templates"[..], &[], &large] {
        let sealed = key.seal(bytes, CONTEXT).unwrap();
        assert_eq!(*key.open(&sealed, CONTEXT).unwrap(), bytes);
        // The same again is sealed otherwise.
        assert_ne!(sealed, key.seal(bytes, CONTEXT).unwrap());
    }
    let sealed = key.seal(b"the features of ada", CONTEXT).unwrap();
    for secret in [&b"features"[..], CONTEXT.as_bytes()] {
        assert!(!sealed.windows(secret.len()).any(|part| part == secret));
    }
}

#[test]
fn with_another_key_it_says_which_one_sealed_it() {
    let (here, there) = (key(), key());
    let sealed = there.seal(b"templates", CONTEXT).unwrap();
    let error = here.open(&sealed, CONTEXT).unwrap_err();
    let (found, own) = (there.id(), here.id());
    assert_eq!(
        error,
        OpenError::OtherKey {
            found: found.clone(),
            own: own.clone()
        }
    );
    let message = error.to_string();
    assert!(
        message.contains(&found) && message.contains(&own),
        "{message}"
    );
}

#[test]
fn in_another_context_it_does_not_open() {
    let key = key();
    let sealed = key.seal(b"templates", CONTEXT).unwrap();
    let error = key.open(&sealed, "gallery of sha256:77aa").unwrap_err();
    assert!(matches!(error, OpenError::OtherContext { .. }), "{error:?}");
    assert!(error.to_string().contains("77aa"), "{error}");
}

#[test]
fn any_flipped_bit_is_found() {
    let key = key();
    let sealed = key.seal(b"templates", CONTEXT).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let error = key.open(&altered, CONTEXT).unwrap_err();
        let expected = match bit / 8 {
            0..8 => matches!(error, OpenError::NotSealed),
            8..16 => matches!(error, OpenError::OtherKey { .. }),
            16..24 => matches!(error, OpenError::OtherContext { .. }),
            24..32 => matches!(error, OpenError::Length { .. }),
            _ => error == OpenError::Altered,
        };
        assert!(expected, "bit {bit}: {error:?}");
    }
}

/// The marks in the header are for messages; what opens does not depend on them.
#[test]
fn with_forged_marks_it_does_not_open_either() {
    let (here, there) = (key(), key());
    let mine = here.seal(b"mine", CONTEXT).unwrap();
    let mut theirs = there.seal(b"them", CONTEXT).unwrap();
    theirs[..24].copy_from_slice(&mine[..24]);
    assert_eq!(here.open(&theirs, CONTEXT), Err(OpenError::Altered));
    let mut other = here.seal(b"them", "another").unwrap();
    other[..24].copy_from_slice(&mine[..24]);
    assert_eq!(here.open(&other, CONTEXT), Err(OpenError::Altered));
}

#[test]
fn cut_off_or_added_to_it_does_not_open() {
    let key = key();
    let sealed = key.seal(b"templates", CONTEXT).unwrap();
    for length in 0..sealed.len() {
        let error = key.open(&sealed[..length], CONTEXT).unwrap_err();
        match length {
            0..32 => assert_eq!(error, OpenError::NotSealed),
            _ => assert!(matches!(error, OpenError::Length { .. }), "{error:?}"),
        }
    }
    let longer = [sealed.as_slice(), &[0]].concat();
    assert!(matches!(
        key.open(&longer, CONTEXT),
        Err(OpenError::Length { .. })
    ));
    assert_eq!(
        key.open(b"an onnx model that was never sealed", CONTEXT),
        Err(OpenError::NotSealed)
    );
}

#[test]
fn the_text_of_a_key_is_read_again_and_a_mistyped_one_is_not() {
    let key = key();
    let text = key.to_text();
    assert!(
        text.starts_with("footlight-site-key-1-") && text.len() == 21 + 72,
        "{}",
        text.len()
    );
    assert_eq!(SiteKey::from_text(&format!(" {}\r\n", *text)).unwrap(), key);
    for at in 0..text.len() {
        let mut typo = text.as_bytes().to_vec();
        typo[at] = if typo[at] == b'7' { b'8' } else { b'7' };
        let error = SiteKey::from_text(str::from_utf8(&typo).unwrap()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("72 digits"), "{message}");
        // A message may be logged, and a mistyped key is nearly the key.
        assert!(!message.contains(&text[30..60]), "{message}");
    }
    for bad in [
        "",
        "footlight-site-key-1-",
        &text[..text.len() - 1],
        &text[..60],
        &format!("{}00", *text),
        &text.to_uppercase(),
    ] {
        assert!(SiteKey::from_text(bad).is_err());
    }
}

#[test]
fn a_key_is_not_printed() {
    let key = key();
    let printed = format!("{key:?} {}", key.id());
    let text = key.to_text();
    assert!(!printed.contains(&text[21..31]), "{printed}");
    assert_eq!(key.id().len(), 16);
}

#[test]
fn the_file_of_a_key_is_its_owners_and_never_written_over() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("site.key");
    let key = key();
    key.write(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(SiteKey::read(&path).unwrap(), key);
    let error = SiteKey::generate().unwrap().write(&path).unwrap_err();
    assert!(matches!(error, SiteKeyError::Exists { .. }), "{error:?}");
    assert_eq!(SiteKey::read(&path).unwrap(), key);

    for (mode, fine) in [
        (0o400, true),
        (0o440, true),
        (0o640, true),
        (0o644, false),
        (0o660, false),
        (0o604, false),
    ] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        match SiteKey::read(&path) {
            Ok(_) => assert!(fine, "{mode:o}"),
            Err(error) => {
                assert!(!fine, "{mode:o}: {error}");
                assert!(error.to_string().contains("chmod 600"), "{error}");
            }
        }
    }
}

#[test]
fn a_file_that_has_no_key_is_named() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("site.key");
    let missing = SiteKey::read(&path).unwrap_err();
    assert!(matches!(missing, SiteKeyError::Read { .. }), "{missing:?}");
    for bytes in [&b""[..], b"password", &[0xff; 40]] {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let error = SiteKey::read(&path).unwrap_err();
        assert!(matches!(error, SiteKeyError::Flawed { .. }), "{error:?}");
        assert!(error.to_string().contains("site.key"), "{error}");
    }
    let error = key().write(&folder.path().join("no/such")).unwrap_err();
    assert!(matches!(error, SiteKeyError::Write { .. }), "{error:?}");
}

#[test]
fn a_name_stands_for_one_thing_and_only_on_this_site() {
    let (ours, theirs) = (key(), SiteKey::generate().unwrap());
    let name = ours.name_for("member ada of members");
    assert_eq!(name.len(), 32);
    assert!(name.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let again = SiteKey::from_text(&ours.to_text()).unwrap();
    assert_eq!(again.name_for("member ada of members"), name);
    assert_ne!(ours.name_for("member bob of members"), name);
    assert_ne!(theirs.name_for("member ada of members"), name);
}
