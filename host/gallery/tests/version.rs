//! The digest of the gallery's model: the gallery's version.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{DIMENSION, MODEL, id, in_memory, template};
use footlight_gallery::{Gallery, Quality, Template};
use tempfile::tempdir;

fn digest(members: &[(&str, &[u64])]) -> String {
    let gallery = in_memory();
    for (name, seeds) in members {
        let templates = seeds.iter().map(|seed| template(*seed)).collect();
        gallery.put(&id(name), templates).unwrap();
    }
    gallery.model().unwrap().digest
}

#[test]
fn it_stays_across_opening_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("g.redb");
    let digests: Vec<String> = (0..3)
        .map(|round| {
            let gallery = Gallery::open(&path, MODEL, DIMENSION).unwrap();
            if round == 0 {
                gallery
                    .put(&id("ada"), vec![template(1), template(2)])
                    .unwrap();
            }
            gallery.model().unwrap().digest
        })
        .collect();
    assert_eq!(digests, vec![digest(&[("ada", &[1, 2])]); 3]);
    assert_eq!(digests[0].len(), 64);
}

#[test]
fn it_does_not_depend_on_who_came_first_nor_on_who_came_and_went() {
    let wanted = digest(&[("ada", &[1, 2]), ("grace", &[3]), ("alan", &[4])]);
    assert_eq!(
        digest(&[("alan", &[4]), ("grace", &[3]), ("ada", &[1, 2])]),
        wanted
    );
    assert_eq!(
        digest(&[
            ("alan", &[9]),
            ("grace", &[3]),
            ("ada", &[1, 2]),
            ("alan", &[4])
        ]),
        wanted
    );
    let gallery = in_memory();
    for (name, seeds) in [
        ("ada", &[1, 2][..]),
        ("eve", &[5]),
        ("grace", &[3]),
        ("alan", &[4]),
    ] {
        gallery
            .put(
                &id(name),
                seeds.iter().map(|seed| template(*seed)).collect(),
            )
            .unwrap();
    }
    assert!(gallery.remove(&id("eve")).unwrap());
    assert_eq!(gallery.model().unwrap().digest, wanted);
}

#[test]
fn every_change_that_a_verdict_could_show_changes_it() {
    let mut all = vec![
        digest(&[]),
        digest(&[("ada", &[1])]),
        digest(&[("ada", &[2])]),
        digest(&[("ada", &[1, 2])]),
        digest(&[("eda", &[1])]),
        digest(&[("ada", &[1]), ("grace", &[2])]),
        digest(&[("ada", &[2]), ("grace", &[1])]),
        Gallery::in_memory("77aa", DIMENSION)
            .unwrap()
            .model()
            .unwrap()
            .digest,
    ];
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn when_and_from_what_photo_a_template_came_does_not_change_it() {
    let gallery = in_memory();
    let quality = Quality {
        face_pixels: 1.0,
        turn: 1.0,
        sharpness: 1.0,
        score: 1.0,
    };
    gallery
        .put(
            &id("ada"),
            vec![Template {
                quality,
                enrolled: 5,
                ..template(1)
            }],
        )
        .unwrap();
    assert_eq!(gallery.model().unwrap().digest, digest(&[("ada", &[1])]));
}

#[test]
fn labels_are_the_ids_in_their_order() {
    let gallery = in_memory();
    assert_eq!(gallery.model().unwrap().labels, [""; 0]);
    for name in ["b", "a", "C", "a.1"] {
        gallery.put(&id(name), vec![template(1)]).unwrap();
    }
    assert_eq!(gallery.model().unwrap().labels, ["C", "a", "a.1", "b"]);
}
