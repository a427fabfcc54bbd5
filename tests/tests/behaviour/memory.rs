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
    let quarter = || {
        let submit = |client: usize| {
            for number in (client..frames / 4).step_by(2) {
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
    let resident: Vec<u64> = (0..4).map(|_| quarter()).collect();
    let answered = host.metric("footlight_frames_total{pipeline=\"members\",outcome=\"answered\"}");
    assert_eq!(answered, (frames / 4 * 4) as f64);
    let grown = |from: u64, to: u64| to as f64 / from as f64 - 1.0;
    // What leaks does so in every quarter. The allocator keeps a heap for each thread, and one that grows at last
    // is a step in one of them.
    let least = resident
        .windows(2)
        .map(|pair| grown(pair[0], pair[1]))
        .fold(f64::INFINITY, f64::min);
    println!("{frames} frames: {resident:?} bytes after each quarter");
    assert!(least <= 0.01, "{resident:?} bytes after each quarter");
    let all = grown(resident[0], resident[3]);
    assert!(all <= 0.1, "{resident:?} bytes after each quarter");
}
