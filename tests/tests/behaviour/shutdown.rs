//! SIGTERM: the host finishes what it holds, and ends well.

use crate::host::Host;
use crate::needs::{self, trial};
use crate::wasi;
use libtest_mimic::Trial;
use std::thread;
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "shutdown: a frame in flight is answered, and the host ends with 0",
            needs::HOSTILE,
            in_flight,
        ),
        trial("shutdown: an idle host ends with 0", needs::HOSTILE, idle),
    ]
}

fn serve() -> Host {
    let folder = tempfile::tempdir().unwrap();
    let settings = "act = \"sleep\", milliseconds = 2000";
    let host = Host::start(&[wasi::pipeline(folder.path(), "nap", settings, "30 s")]);
    host.wait_until_ready();
    host
}

fn in_flight() {
    let mut host = serve();
    thread::scope(|scope| {
        let frames: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| host.frame("nap", &wasi::frame())))
            .collect();
        while host.metric("footlight_instances{pipeline=\"nap\"}") == 0.0 {
            thread::sleep(Duration::from_millis(10));
        }
        // The others are in the queue, or about to be; one is at work for sure.
        thread::sleep(Duration::from_millis(500));
        host.terminate();
        for frame in frames {
            assert_eq!(frame.join().unwrap().good()["notes"][0]["did"], "sleep");
        }
    });
    let (status, log) = host.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("SIGTERM") && log.contains("stopped"), "{log}");
    assert!(host.try_get("/healthz").is_err(), "it still listens");
}

fn idle() {
    let mut host = serve();
    host.terminate();
    let (status, log) = host.wait();
    assert_eq!(status.code(), Some(0), "{log}");
}
