//! What the file keeps.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};

use common::{DIMENSION, MODEL, feature, id, in_memory, names, quality, template};
use footlight_gallery::{Error, Gallery, MAX_TEMPLATES, Template};
use tempfile::tempdir;

#[test]
fn members_are_there_again_when_the_file_is_opened_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a/new/folder/gallery.redb");
    let before = {
        let gallery = Gallery::open(&path, MODEL, DIMENSION).unwrap();
        gallery
            .put(&id("grace"), vec![template(1), template(2)])
            .unwrap();
        gallery.put(&id("ada"), vec![template(3)]).unwrap();
        (gallery.members().unwrap(), gallery.model().unwrap())
    };
    let gallery = Gallery::open(&path, MODEL, DIMENSION).unwrap();
    assert_eq!(
        (gallery.members().unwrap(), gallery.model().unwrap()),
        before
    );
    assert_eq!(names(&gallery), ["ada", "grace"]);
    let grace = gallery.member(&id("grace")).unwrap().unwrap();
    assert_eq!(grace.templates.len(), 2);
    assert_eq!(grace.templates[1].quality, quality());
    assert_eq!(grace.templates[1].enrolled, 1_700_000_002);
    assert_ne!(grace.templates[0].digest, grace.templates[1].digest);
    assert_eq!(gallery.member(&id("nobody")).unwrap(), None);
}

#[test]
fn what_was_stored_is_there_after_a_host_was_killed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("gallery.redb");
    let gallery = Gallery::open(&path, MODEL, DIMENSION).unwrap();
    for round in 0..20 {
        gallery
            .put(&id(&format!("m{round:02}")), vec![template(round)])
            .unwrap();
        // A copy of the file while it is open is what a host leaves that is killed at this moment.
        let left = folder.path().join(format!("left{round}.redb"));
        std::fs::copy(&path, &left).unwrap();
        let reopened = Gallery::open(&left, MODEL, DIMENSION).unwrap();
        assert_eq!(reopened.members().unwrap(), gallery.members().unwrap());
        assert_eq!(reopened.model().unwrap(), gallery.model().unwrap());
    }
}

#[test]
fn a_member_is_replaced_and_removed() {
    let gallery = in_memory();
    gallery
        .put(&id("ada"), vec![template(1), template(2)])
        .unwrap();
    gallery.put(&id("ada"), vec![template(3)]).unwrap();
    let ada = gallery.member(&id("ada")).unwrap().unwrap();
    assert_eq!(
        ada.templates.iter().map(|t| t.enrolled).collect::<Vec<_>>(),
        [1_700_000_003]
    );
    assert!(gallery.remove(&id("ada")).unwrap());
    assert!(!gallery.remove(&id("ada")).unwrap());
    assert_eq!(gallery.member(&id("ada")).unwrap(), None);
    assert_eq!(names(&gallery), [""; 0]);
}

#[test]
fn what_is_no_template_is_refused_and_changes_nothing() {
    let gallery = in_memory();
    gallery.put(&id("ada"), vec![template(1)]).unwrap();
    let before = gallery.members().unwrap();
    let bad = |feature: Vec<f32>| {
        let template = Template {
            feature,
            ..template(2)
        };
        gallery
            .put(&id("ada"), vec![template])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        bad(feature(2, 12)),
        "a feature of this gallery has 16 numbers, this one has 12"
    );
    assert!(bad(vec![0.0; DIMENSION]).contains("all zeros"));
    assert!(bad([vec![f32::NAN], vec![1.0; DIMENSION - 1]].concat()).contains("not finite"));
    for count in [0, MAX_TEMPLATES + 1] {
        let error = gallery
            .put(&id("ada"), vec![template(1); count])
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("a member has 1 to 32 templates, not {count}")
        );
    }
    assert_eq!(gallery.members().unwrap(), before);
}

#[test]
fn the_nearest_other_member_is_found_whatever_the_length_of_the_feature() {
    let gallery = in_memory();
    assert_eq!(
        gallery
            .nearest_other(&id("ada"), &feature(1, DIMENSION))
            .unwrap(),
        None
    );
    gallery.put(&id("ada"), vec![template(1)]).unwrap();
    assert_eq!(
        gallery
            .nearest_other(&id("ada"), &feature(1, DIMENSION))
            .unwrap(),
        None
    );
    gallery
        .put(&id("grace"), vec![template(2), template(3)])
        .unwrap();
    gallery.put(&id("alan"), vec![template(4)]).unwrap();
    let tripled: Vec<f32> = feature(3, DIMENSION).iter().map(|v| v * 3.0).collect();
    let (nearest, similarity) = gallery
        .nearest_other(&id("ada"), &tripled)
        .unwrap()
        .unwrap();
    assert_eq!(nearest, id("grace"));
    assert!((similarity - 1.0).abs() < 1e-5, "{similarity}");
    let (nearest, similarity) = gallery
        .nearest_other(&id("grace"), &tripled)
        .unwrap()
        .unwrap();
    assert!(
        nearest != id("grace") && similarity < 0.9,
        "{nearest} {similarity}"
    );
    let error = gallery.nearest_other(&id("ada"), &[1.0]).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Dimension {
                wanted: DIMENSION,
                found: 1
            }
        ),
        "{error}"
    );
}

#[test]
fn what_is_told_of_a_member_holds_no_feature() {
    let gallery = in_memory();
    gallery.put(&id("ada"), vec![template(1)]).unwrap();
    let member = gallery.member(&id("ada")).unwrap().unwrap();
    let digest = member.templates[0].digest.clone();
    assert_eq!(digest.len(), 64);
    let wanted = serde_json::json!({"id": "ada", "templates": [{
        "quality": {"face-pixels": 94.0, "turn": 0.125, "sharpness": 160.5, "score": 0.75},
        "enrolled": 1_700_000_001, "digest": digest,
    }]});
    assert_eq!(serde_json::to_value(&member).unwrap(), wanted);
}

#[test]
fn reading_goes_on_while_members_are_written_and_sees_whole_changes_only() {
    let folder = tempdir().unwrap();
    let gallery = Gallery::open(&folder.path().join("g.redb"), MODEL, DIMENSION).unwrap();
    let [one, three] = [
        vec![template(1)],
        vec![template(2), template(3), template(4)],
    ];
    gallery.put(&id("ada"), one.clone()).unwrap();
    let digests: Vec<String> = [&one, &three]
        .map(|templates| {
            let alone = in_memory();
            alone.put(&id("ada"), templates.clone()).unwrap();
            alone.model().unwrap().digest
        })
        .to_vec();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut reads = 0;
                    while !done.load(Ordering::Relaxed) || reads == 0 {
                        let model = gallery.model().unwrap();
                        assert!(digests.contains(&model.digest));
                        let templates = gallery.member(&id("ada")).unwrap().unwrap().templates;
                        assert!(matches!(templates.len(), 1 | 3), "{}", templates.len());
                        reads += 1;
                    }
                })
            })
            .collect();
        for round in 0..100 {
            let templates = if round % 2 == 0 {
                three.clone()
            } else {
                one.clone()
            };
            gallery.put(&id("ada"), templates).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    assert_eq!(gallery.model().unwrap().digest, digests[0]);
}

#[test]
fn many_members_are_stored_together_or_not_at_all() {
    let gallery = in_memory();
    let all: Vec<_> = (0..50)
        .map(|n| (id(&format!("member-{n}")), vec![template(n)]))
        .collect();
    gallery.put_all(all.clone()).unwrap();
    assert_eq!(gallery.members().unwrap().len(), 50);
    let with_a_bad_one = all
        .into_iter()
        .map(|(_, templates)| (id("other"), templates))
        .take(1)
        .chain([(id("bad"), Vec::new())]);
    assert!(gallery.put_all(with_a_bad_one).is_err());
    assert_eq!(gallery.members().unwrap().len(), 50);
}
