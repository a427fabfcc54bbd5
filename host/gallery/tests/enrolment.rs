//! Who is enrolled, and who is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::sync::Arc;

use common::{at, feature, id, in_memory, names, template, with};
use footlight_gallery::{Candidate, EnrolmentError, Gate, Refusal};
use footlight_media::{Image, Point, Rect};

/// A frontal face of 100 x 120 pixels, sharp.
fn face() -> Candidate {
    let points = [
        (30.0, 50.0),
        (70.0, 50.0),
        (50.0, 70.0),
        (35.0, 90.0),
        (65.0, 90.0),
    ];
    Candidate {
        bounds: Rect {
            x: 10.0,
            y: 10.0,
            width: 100.0,
            height: 120.0,
        },
        landmarks: points.map(|(x, y)| Point { x, y }),
        score: 0.99,
        crop: crop(|x, y| if (x / 4 + y / 4) % 2 == 0 { 60 } else { 180 }),
    }
}

fn crop(grey: impl Fn(u32, u32) -> u8) -> Arc<Image> {
    let rgb = (0..112 * 112)
        .flat_map(|at| [grey(at % 112, at / 112); 3])
        .collect();
    Arc::new(Image::new(112, 112, rgb).unwrap())
}

fn refused(faces: &[Candidate]) -> Refusal {
    Gate::default().quality(faces).unwrap_err()
}

fn says(refusal: &Refusal, reason: &str, words: &[&str]) {
    assert_eq!(refusal.reason(), reason);
    for word in words {
        assert!(
            refusal.to_string().contains(word),
            "{word:?} is missing: {refusal}"
        );
    }
}

#[test]
fn a_good_photo_passes_and_is_measured() {
    let quality = Gate::default().quality(&[face()]).unwrap();
    assert_eq!(
        (quality.face_pixels, quality.turn, quality.score),
        (100.0, 0.0, 0.99)
    );
    assert_eq!(quality.sharpness, face().crop.sharpness());
}

#[test]
fn each_fault_of_a_photo_is_refused_with_what_was_seen_and_what_to_do() {
    says(
        &refused(&[]),
        "no-face",
        &["no face was found", "take a photo"],
    );
    says(
        &refused(&[face(), face()]),
        "several-faces",
        &["2 faces", "the member alone"],
    );
    let unsure = Candidate {
        score: 0.7,
        ..face()
    };
    says(
        &refused(&[unsure]),
        "low-score",
        &["0.70", "0.90", "uncovered"],
    );
    let bounds = Rect {
        width: 41.3,
        ..face().bounds
    };
    says(
        &refused(&[Candidate { bounds, ..face() }]),
        "too-small",
        &["41 pixels", "60", "closer"],
    );
    let mut turned = face();
    turned.landmarks[2].x += 20.0;
    says(
        &refused(&[turned]),
        "too-far-turned",
        &["turn 0.50", "0.40", "towards the camera"],
    );
    let soft = Candidate {
        crop: crop(|x, y| (x + y) as u8),
        ..face()
    };
    says(
        &refused(&[soft]),
        "too-blurred",
        &["sharpness 0", "25", "in focus"],
    );
}

#[test]
fn what_is_no_number_passes_no_limit() {
    says(
        &refused(&[Candidate {
            score: f32::NAN,
            ..face()
        }]),
        "low-score",
        &[],
    );
    let bounds = Rect {
        width: f32::NAN,
        height: f32::NAN,
        ..face().bounds
    };
    says(
        &refused(&[Candidate { bounds, ..face() }]),
        "too-small",
        &[],
    );
}

#[test]
fn a_gate_is_read_from_a_file_with_defaults_and_refuses_nonsense() {
    let gate: Gate = serde_json::from_str(r#"{"min-face": 80}"#).unwrap();
    assert_eq!(
        gate,
        Gate {
            min_face: 80.0,
            ..Gate::default()
        }
    );
    for (wrong, word) in [
        (r#"{"min-fase": 80}"#, "unknown field `min-fase`"),
        (r#"{"min-face": -1}"#, "give a number of 0 or more"),
        (r#"{"max-similarity": 42}"#, "give a number from -1 to 1"),
        (r#"{"min-agreement": "much"}"#, "invalid type"),
    ] {
        let error = serde_json::from_str::<Gate>(wrong).unwrap_err().to_string();
        assert!(error.contains(word), "{wrong}: {error}");
    }
}

#[test]
fn photos_of_one_person_hang_together() {
    let gate = Gate {
        min_agreement: 0.5,
        ..Gate::default()
    };
    // The ends of a row need not be alike; the length of a feature does not matter.
    let row = [
        at(0.9, 1),
        at(1.0, 2),
        at(0.6, 3).iter().map(|v| v * 7.0).collect(),
    ];
    let row: Vec<&[f32]> = row.iter().map(Vec::as_slice).collect();
    assert_eq!(gate.agreement(&row), Ok(()));
    assert_eq!(gate.agreement(&row[..1]), Ok(()));
    assert_eq!(gate.agreement(&[]), Ok(()));
}

#[test]
fn a_photo_of_somebody_else_is_named() {
    let gate = Gate {
        min_agreement: 0.5,
        ..Gate::default()
    };
    let photos = [at(0.3, 1), at(0.9, 2), at(0.9, 3)];
    let photos: Vec<&[f32]> = photos.iter().map(Vec::as_slice).collect();
    let refusal = gate.agreement(&photos).unwrap_err();
    assert_eq!(refusal.photo(), Some(0));
    says(
        &refusal,
        "unlike-the-others",
        &["similarity 0.27", "0.50", "the same person"],
    );
    // Two of one person and two of another: each has one that it agrees with, still they are two.
    let [a, b, c, d] = [at(0.9, 1), at(1.0, 2), at(0.0, 4), at(0.1, 4)];
    let refusal = gate.agreement(&[&a, &b, &c, &d]).unwrap_err();
    assert_eq!(refusal.photo(), Some(2));
}

#[test]
fn enrolment_stores_all_or_nothing() {
    let gallery = in_memory();
    let gate = Gate::default();
    gallery
        .enrol(&id("ada"), vec![with(at(0.9, 1)), with(at(0.9, 2))], &gate)
        .unwrap();
    let before = gallery.members().unwrap();
    // Nobody can be enrolled with photos of two people, nor under a second name.
    let mixed = vec![with(at(0.0, 5)), with(at(0.0, 6))];
    let alike = vec![with(at(0.1, 5)), with(at(0.9, 5))];
    for (id, templates, reason, photo) in [
        (id("ada"), mixed, "unlike-the-others", 1),
        (id("grace"), alike, "too-like-another", 1),
    ] {
        match gallery.enrol(&id, templates, &gate).unwrap_err() {
            EnrolmentError::Refused(refusal) => {
                assert_eq!(
                    (refusal.reason(), refusal.photo()),
                    (reason, Some(photo)),
                    "{refusal}"
                );
            }
            other => panic!("{other}"),
        }
        assert_eq!(gallery.members().unwrap(), before);
    }
    // The same face under the same name takes the place of the old templates.
    let member = gallery
        .enrol(&id("ada"), vec![with(at(1.0, 1))], &gate)
        .unwrap();
    assert_eq!(member.templates.len(), 1);
    assert_eq!(gallery.members().unwrap(), [member]);
}

#[test]
fn a_face_too_like_anothers_is_refused_with_the_way_out() {
    let gallery = in_memory();
    gallery.put(&id("ada"), vec![with(at(1.0, 1))]).unwrap();
    let error = gallery
        .enrol(&id("eve"), vec![with(at(0.5, 1))], &Gate::default())
        .unwrap_err();
    for word in [
        "member ada",
        "0.50",
        "0.42",
        "enrol under ada or forget ada first",
    ] {
        assert!(
            error.to_string().contains(word),
            "{word:?} is missing: {error}"
        );
    }
    gallery
        .enrol(&id("eve"), vec![with(at(0.4, 1))], &Gate::default())
        .unwrap();
    assert_eq!(names(&gallery), ["ada", "eve"]);
}

#[test]
fn of_many_who_bring_the_same_face_at_once_one_is_enrolled() {
    let gallery = in_memory();
    let enrolled: usize = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|n| {
                let gallery = &gallery;
                scope.spawn(move || {
                    let same = vec![template(1)];
                    gallery
                        .enrol(&id(&format!("m{n}")), same, &Gate::default())
                        .is_ok()
                })
            })
            .collect();
        all.into_iter()
            .map(|one| usize::from(one.join().unwrap()))
            .sum()
    });
    assert_eq!((enrolled, names(&gallery).len()), (1, 1));
    assert!(
        gallery
            .nearest_other(&id("other"), &feature(1, 16))
            .unwrap()
            .unwrap()
            .1
            > 0.99
    );
}
