//! A gallery that travels encrypted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{DIMENSION, MODEL, feature, id, in_memory, names, template};
use footlight_gallery::{Gallery, SealedError, SealedGallery};
use footlight_trust::{OpenError, SiteKey};
use sha2::{Digest, Sha256};

fn site() -> SiteKey {
    SiteKey::generate().unwrap()
}

fn enrolled() -> Gallery {
    let gallery = in_memory();
    gallery.put(&id("grace.hopper"), vec![template(3)]).unwrap();
    gallery
        .put(&id("ada"), vec![template(1), template(2)])
        .unwrap();
    gallery
}

fn open(sealed: &SealedGallery, key: &SiteKey) -> Result<Gallery, SealedError> {
    sealed.open(key, "members", MODEL, DIMENSION)
}

#[test]
fn what_is_opened_is_what_was_sealed_and_makes_the_same_model() {
    let (here, key) = (enrolled(), site());
    let there = open(&here.seal(&key, "members", 17).unwrap(), &key).unwrap();
    assert_eq!(there.members().unwrap(), here.members().unwrap());
    assert_eq!(there.model().unwrap(), here.model().unwrap());
    let nobody = in_memory().seal(&key, "members", 17).unwrap();
    assert_eq!(names(&open(&nobody, &key).unwrap()), [""; 0]);
}

#[test]
fn all_may_know_how_many_there_are_and_nobody_who() {
    let (gallery, key) = (enrolled(), site());
    let sealed = gallery.seal(&key, "members", 17).unwrap();
    let about = sealed.about().unwrap();
    assert_eq!((about.members, about.templates), (2, 3));
    assert_eq!(
        (about.made_by.as_str(), about.dimension),
        (MODEL, DIMENSION)
    );
    assert_eq!((about.pipeline.as_str(), about.sealed), ("members", 17));
    assert_eq!(about.site_key, key.id());
    // It is sent as a header.
    assert!(
        sealed
            .about
            .bytes()
            .all(|byte| (b' '..=b'~').contains(&byte))
    );
    let all = [sealed.about.as_bytes(), &sealed.sealed].concat();
    let onnx = gallery.model().unwrap().onnx;
    let first = feature(1, DIMENSION);
    let length = first
        .iter()
        .map(|v| f64::from(*v).powi(2))
        .sum::<f64>()
        .sqrt();
    let first = first.iter().map(|v| (f64::from(*v) / length) as f32);
    let first: Vec<u8> = first.flat_map(f32::to_le_bytes).collect();
    for secret in [&b"grace.hopper"[..], &first[..16]] {
        assert!(has(&onnx, secret) && !has(&all, secret));
    }
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn it_opens_with_the_key_of_its_site_only() {
    let (ours, theirs) = (site(), site());
    let sealed = enrolled().seal(&theirs, "members", 17).unwrap();
    let error = open(&sealed, &ours).unwrap_err().to_string();
    assert!(
        error.contains(&ours.id()) && error.contains(&theirs.id()),
        "{error}"
    );
}

#[test]
fn it_is_taken_for_nothing_else() {
    let key = site();
    let sealed = enrolled().seal(&key, "members", 17).unwrap();
    let refused = |pipeline: &str, model: &str, dimension| {
        let opened = sealed.open(&key, pipeline, model, dimension);
        opened.unwrap_err().to_string()
    };
    for (error, words) in [
        (refused("visitors", MODEL, DIMENSION), "pipeline `members`"),
        (refused("members", "77aa", DIMENSION), "77aa"),
        (refused("members", MODEL, 128), "128 numbers"),
    ] {
        assert!(error.contains(words), "{error}");
    }
    // Who can write to a registry can say anything of it; that it is something else is found out.
    let lies = [
        ("members\"", "visitors\""),
        (MODEL, "77aa"),
        (":16", ":12"),
        (":17", ":18"),
    ];
    for (truth, lie) in lies {
        let about = sealed.about.replacen(truth, lie, 1);
        assert_ne!(about, sealed.about);
        let forged = SealedGallery {
            about,
            ..sealed.clone()
        };
        let about = forged.about().unwrap();
        let opened = forged.open(&key, &about.pipeline, &about.made_by, about.dimension);
        assert!(
            matches!(opened, Err(SealedError::AboutAltered)),
            "{lie}: {opened:?}"
        );
    }
}

#[test]
fn what_was_damaged_does_not_open() {
    let key = site();
    let sealed = enrolled().seal(&key, "members", 17).unwrap();
    let refused = |bytes: Vec<u8>| {
        let damaged = SealedGallery {
            sealed: bytes,
            ..sealed.clone()
        };
        open(&damaged, &key).unwrap_err()
    };
    let mut flipped = sealed.sealed.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert!(matches!(
        refused(flipped),
        SealedError::Unopened(OpenError::Altered)
    ));
    for (length, words) in [(0, "not sealed"), (100, "fetch it again")] {
        let error = refused(sealed.sealed[..length].to_vec()).to_string();
        assert!(error.contains(words), "{error}");
    }
    for about in ["", "{}", "[1]"] {
        let other = SealedGallery {
            about: about.to_owned(),
            ..sealed.clone()
        };
        let error = open(&other, &key).unwrap_err().to_string();
        assert!(error.contains("footlight gallery push"), "{error}");
    }
}

/// As a newer release may make it, or one that errs: sealed with the right key, and no gallery.
#[test]
fn what_opens_and_is_no_gallery_is_refused() {
    let key = site();
    let about = enrolled().seal(&key, "members", 17).unwrap().about;
    let digest: String = Sha256::digest(&about)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let context = format!("footlight gallery, of which is said sha256:{digest}");
    // A member without a record, one with a name that is none, and what is no protobuf.
    let no_record = b"\x0a\x05\x0a\x03ada";
    let no_name = b"\x0a\x05\x0a\x03../";
    for content in [&no_record[..], no_name, b"\xff\xff"] {
        let sealed = key.seal(content, &context).unwrap();
        let about = about.clone();
        let error = open(&SealedGallery { about, sealed }, &key).unwrap_err();
        assert!(matches!(error, SealedError::Content(_)), "{error:?}");
    }
}
