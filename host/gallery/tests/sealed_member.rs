//! Members who are sealed one by one, and kept where several hosts see them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{DIMENSION, MODEL, at, id, in_memory, names, template, with};
use footlight_gallery::{
    Enrolled, EnrolmentError, Gallery, Gate, Quality, Refusal, SealedMember, UnopenedMember,
};
use footlight_trust::{OpenError, SiteKey};

fn site() -> SiteKey {
    SiteKey::generate().unwrap()
}

fn ada(gallery: &Gallery, key: &SiteKey) -> SealedMember {
    let enrolled = gallery
        .admit(&id("ada.lovelace"), &[template(1)], &Gate::default())
        .unwrap();
    gallery
        .seal_member(&enrolled, key, "members", Some("site"), 17)
        .unwrap()
}

fn open(sealed: &SealedMember, key: &SiteKey) -> Result<Enrolled, UnopenedMember> {
    sealed.open(key, "members", MODEL, DIMENSION)
}

#[test]
fn what_is_opened_makes_the_same_gallery_as_enrolling() {
    let (key, here, there) = (site(), in_memory(), in_memory());
    let sealed = ada(&here, &key);
    assert_eq!(names(&here), [""; 0], "not stored before it is kept");
    let enrolled = open(&sealed, &key).unwrap();
    assert_eq!(enrolled.member().id, id("ada.lovelace"));
    there.apply([enrolled], &[]).unwrap();
    here.enrol(&id("ada.lovelace"), vec![template(1)], &Gate::default())
        .unwrap();
    assert_eq!(there.model().unwrap(), here.model().unwrap());
    there
        .apply([], &[id("ada.lovelace"), id("nobody")])
        .unwrap();
    assert_eq!(names(&there), [""; 0]);
}

#[test]
fn it_is_checked_as_an_enrolment_is() {
    let gallery = in_memory();
    gallery.put(&id("bob"), vec![with(at(1.0, 1))]).unwrap();
    let refused = gallery.admit(&id("ada"), &[with(at(0.9, 2))], &Gate::default());
    assert!(matches!(
        refused.unwrap_err(),
        EnrolmentError::Refused(Refusal::TooLikeAnother { .. })
    ));
    // Who is enrolled anew is like themselves.
    gallery
        .admit(&id("bob"), &[with(at(0.9, 2))], &Gate::default())
        .unwrap();
}

#[test]
fn all_may_know_how_many_templates_and_nobody_whose() {
    let key = site();
    let sealed = ada(&in_memory(), &key);
    let about = sealed.about().unwrap();
    assert_eq!((about.templates, about.sealed), (1, 17));
    assert_eq!(about.zone.as_deref(), Some("site"));
    let all = [
        sealed.name.as_bytes(),
        sealed.about.as_bytes(),
        &sealed.sealed,
    ]
    .concat();
    assert!(!all.windows(3).any(|part| part == b"ada"));
    assert_eq!(
        sealed.name,
        SealedMember::name_of(&key, "members", &id("ada.lovelace"))
    );
    assert_ne!(
        sealed.name,
        SealedMember::name_of(&site(), "members", &id("ada.lovelace"))
    );
}

#[test]
fn nothing_of_it_can_be_altered() {
    let key = site();
    let sealed = ada(&in_memory(), &key);
    let refused = |sealed: SealedMember| open(&sealed, &key).unwrap_err();
    let altered = refused(SealedMember {
        about: sealed.about.replace("\"site\"", "\"cloud\""),
        ..sealed.clone()
    });
    assert!(matches!(altered, UnopenedMember::AboutAltered));
    // Kept under another's name it would live on when it is forgotten.
    let moved = refused(SealedMember {
        name: SealedMember::name_of(&key, "members", &id("bob")),
        ..sealed.clone()
    });
    assert!(matches!(moved, UnopenedMember::AboutAltered));
    let mut bytes = sealed.sealed.clone();
    *bytes.last_mut().unwrap() ^= 1;
    let flipped = refused(SealedMember {
        sealed: bytes,
        ..sealed.clone()
    });
    assert!(matches!(
        flipped,
        UnopenedMember::Unopened(OpenError::Altered)
    ));
    let theirs = open(&sealed, &site()).unwrap_err();
    assert!(matches!(
        theirs,
        UnopenedMember::Unopened(OpenError::OtherKey { .. })
    ));
    for (pipeline, model, dimension, words) in [
        ("visitors", MODEL, DIMENSION, "not of `visitors`"),
        ("members", "77aa", DIMENSION, "model 77aa"),
        ("members", MODEL, 8, "8 numbers"),
    ] {
        let error = sealed.open(&key, pipeline, model, dimension).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_whole_gallery_is_no_member() {
    let key = site();
    let gallery = in_memory();
    gallery.put(&id("ada"), vec![template(1)]).unwrap();
    let travels = gallery.seal(&key, "members", 17).unwrap();
    let posing = SealedMember {
        name: SealedMember::name_of(&key, "members", &id("ada")),
        about: travels.about,
        sealed: travels.sealed,
    };
    assert!(matches!(
        open(&posing, &key).unwrap_err(),
        UnopenedMember::AboutAltered
    ));
}

#[test]
fn a_rounded_quality_has_few_choices() {
    let quality = Quality {
        face_pixels: 93.7,
        turn: 0.123_4,
        sharpness: 160.5,
        score: 0.998_7,
    };
    let rounded = quality.rounded();
    assert_eq!((rounded.face_pixels, rounded.sharpness), (94.0, 161.0));
    assert_eq!((rounded.turn, rounded.score), (0.12, 1.0));
    let wild = Quality {
        face_pixels: f32::INFINITY,
        turn: -0.001,
        sharpness: 1e30,
        score: f32::from_bits(0x7fc1_2345),
    };
    let bits = |value: f32| value.to_bits();
    assert_eq!(wild.rounded().face_pixels, 9999.0);
    assert_eq!(wild.rounded().sharpness, 9999.0);
    assert_eq!(bits(wild.rounded().turn), 0);
    assert_eq!(bits(wild.rounded().score), 0);
}
