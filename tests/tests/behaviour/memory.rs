//! A host that runs for long does not grow.

use crate::host::Host;
use crate::jpeg;
use crate::needs::{self, trial};
use crate::photos;
use libtest_mimic::Trial;
use std::thread;

/// How many frames a host is given in all; the variable FOOTLIGHT_SOAK says otherwise.
const FRAMES: usize = 2000;

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "memory: 2,000 frames through one host",
        needs::MEMBERS,
        soak,
    )]
}

fn soak() {
    let frames = std::env::var("FOOTLIGHT_SOAK")
        .ok()
        .map_or(FRAMES, |text| text.parse().unwrap());
    let host = Host::members();
    let obama = photos::bytes("people/obama.jpg");
    assert_eq!(host.enrol("obama", &[("a.jpg", &obama)]).status, 201);
    // What cameras send: a member, a stranger, nobody, two people.
    let (member, stranger) = (
        photos::picture("people/obama2.jpg", 250),
        photos::picture("people/biden.jpg", 250),
    );
    let nobody = photos::picture("others/coffee.png", 250);
    let both = photos::beside(&member, &stranger);
    let kinds = [(member, 1), (stranger, 1), (nobody, 0), (both, 2)]
        .map(|(picture, faces)| (jpeg::jpeg(&picture), faces));
    let half = || {
        let submit = |client: usize| {
            for number in (client..frames / 2).step_by(2) {
                let (picture, faces) = &kinds[number / 2 % kinds.len()];
                let answer = host.frame("members", picture).good();
                assert_eq!(
                    answer["faces"].as_array().unwrap().len(),
                    *faces,
                    "{answer}"
                );
            }
        };
        thread::scope(|scope| {
            let other = scope.spawn(|| submit(1));
            submit(0);
            other.join().unwrap();
        });
        assert_eq!(
            host.metric("footlight_host_memory_bytes{pipeline=\"members\"}"),
            0.0
        );
        assert_eq!(
            host.metric("footlight_instances{pipeline=\"members\"}"),
            0.0
        );
        host.resident()
    };
    let first = half();
    let second = half();
    let answered = host.metric("footlight_frames_total{pipeline=\"members\",outcome=\"answered\"}");
    assert_eq!(answered, (frames / 2 * 2) as f64);
    let growth = second as f64 / first as f64 - 1.0;
    println!(
        "{frames} frames: {first} bytes after the first half, {second} after the second ({:+.2} %)",
        growth * 100.0
    );
    assert!(
        growth.abs() <= 0.02,
        "{first} bytes after the first half, {second} after the second"
    );
}
