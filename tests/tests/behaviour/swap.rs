//! The gallery's graph is swapped between two frames, and none is lost.

use crate::host::{Host, MEMBERS};
use crate::jpeg;
use crate::needs::{self, trial};
use crate::photos;
use libtest_mimic::Trial;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "swap: members come and go under load, and no frame is lost",
        needs::MEMBERS,
        under_load,
    )]
}

fn under_load() {
    let obama = photos::bytes("people/obama.jpg");
    let frame = jpeg::jpeg(&photos::picture("people/obama2.jpg", 400));
    let biden = jpeg::jpeg(&photos::face());
    let done = AtomicBool::new(false);
    let submit = |host: &Host| {
        let mut answered = 0;
        while !done.load(Ordering::Relaxed) {
            let answer = host.frame("members", &frame).good();
            assert_eq!(answer["faces"][0]["verdict"]["id"], "obama", "{answer}");
            answered += 1;
        }
        answered
    };
    MEMBERS.with(|host| {
        assert_eq!(host.enrol("obama", &[("a.jpg", &obama)]).status, 201);
        thread::scope(|scope| {
            let clients: Vec<_> = (0..3).map(|_| scope.spawn(|| submit(host))).collect();
            let changes = thread::Builder::new().spawn_scoped(scope, || {
                for _ in 0..10 {
                    assert_eq!(host.enrol("biden", &[("b.jpg", &biden)]).status, 201);
                    let answer = host.frame("members", &biden).good();
                    assert_eq!(answer["faces"][0]["verdict"]["id"], "biden", "{answer}");
                    assert_eq!(host.delete("/v1/members/biden").status, 204);
                    let answer = host.frame("members", &biden).good();
                    assert_eq!(answer["faces"][0]["verdict"]["member"], false, "{answer}");
                }
            });
            let changed = changes.unwrap().join();
            done.store(true, Ordering::Relaxed);
            for client in clients {
                assert!(client.join().unwrap() > 0);
            }
            changed.unwrap();
        });
        assert_eq!(host.delete("/v1/members/obama").status, 204);
    });
}
