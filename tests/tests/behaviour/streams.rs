//! A host with too much to do: of a live stream the newest frame waits, and an upload is never dropped.

use crate::client::{Client, Reply};
use crate::host::{Host, run};
use crate::needs::{self, trial};
use crate::wasi;
use libtest_mimic::Trial;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "streams: the newest frame of a live stream takes the turn of the one that waits, and uploads stay",
            needs::HOSTILE,
            newest_first,
        ),
        trial(
            "streams: each of many frames ends in one answer, and is counted once",
            needs::HOSTILE,
            one_answer_each,
        ),
    ]
}

const PATIENCE: Duration = Duration::from_secs(60);

/// A host with one worker, which a frame keeps for that many milliseconds.
fn serve(milliseconds: u32) -> Host {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("act = \"sleep\", milliseconds = {milliseconds}");
    let pipeline = wasi::pipeline(folder.path(), "nap", &settings, "30 s");
    let mut command = run(&[pipeline], &folder.path().join("gallery"));
    command.args(["--workers", "1"]);
    let host = Host::spawn(command, folder);
    host.wait_until_ready();
    host
}

fn live(client: &Client, stream: &str) -> Reply {
    let path = format!("/v1/pipelines/nap/frames?stream={stream}");
    client.post(&path, "image/png", &wasi::frame())
}

fn waiting(host: &Host, expected: f64) {
    let until = Instant::now() + PATIENCE;
    while host.metric("footlight_queue_length") != expected {
        assert!(Instant::now() < until, "{expected} never wait");
        thread::sleep(Duration::from_millis(5));
    }
}

fn ended(host: &Host, outcome: &str) -> f64 {
    host.metric(&format!(
        "footlight_frames_total{{pipeline=\"nap\",outcome=\"{outcome}\"}}"
    ))
}

fn newest_first() {
    let served = serve(3000);
    let host = &served;
    thread::scope(|scope| {
        let upload = || scope.spawn(move || (host.frame("nap", &wasi::frame()), Instant::now()));
        let of = |stream| scope.spawn(move || (live(host, stream), Instant::now()));
        let ended_by = |frame: ScopedJoinHandle<'_, (Reply, Instant)>| frame.join().unwrap();
        let working = upload();
        while host.metric("footlight_instances{pipeline=\"nap\"}") == 0.0 {
            thread::sleep(Duration::from_millis(5));
        }
        let first = of("door");
        waiting(host, 1.0);
        let upload = upload();
        waiting(host, 2.0);
        let other = of("yard");
        waiting(host, 3.0);
        let second = of("door");
        let (reply, at) = ended_by(first);
        reply.refused(503, "superseded");
        assert_eq!(reply.json()["type"], "/problems/superseded");
        assert_eq!(
            reply.header("retry-after"),
            "",
            "it is not to be sent again"
        );
        // At once, and not when its turn would have come.
        assert!(!working.is_finished(), "the worker was done before");
        let third = of("door");
        ended_by(second).0.refused(503, "superseded");
        waiting(host, 3.0);
        ended_by(working).0.good();
        // It has the turn of the first, and so comes before what came after that one.
        let (door, door_at) = ended_by(third);
        let (upload, upload_at) = ended_by(upload);
        let (yard, yard_at) = ended_by(other);
        for reply in [&door, &upload, &yard] {
            assert_eq!(reply.good()["notes"][0]["did"], "sleep");
        }
        assert!(at < door_at && door_at < upload_at && upload_at < yard_at);
    });
    assert_eq!(
        (ended(host, "superseded"), ended(host, "answered")),
        (2.0, 4.0)
    );
    let reason = "footlight_refusals_total{reason=\"superseded\"}";
    assert_eq!(host.metric(reason), 2.0);
    for wrong in ["", "a%20b", &"x".repeat(65), "a&stream=b", "a&camera=b"] {
        live(host, wrong).refused(400, "malformed-query");
    }
}

fn one_answer_each() {
    let host = serve(40);
    let (mut good, mut superseded, mut full) = (0.0, 0.0, 0.0);
    let replies: Vec<(bool, Reply)> = thread::scope(|scope| {
        let senders: Vec<_> = (0..12)
            .map(|sender| {
                let host = &host;
                scope.spawn(move || {
                    let stream = ["door", "yard", "lane"].get(sender).copied();
                    let send = |_| match stream {
                        Some(stream) => (true, live(host, stream)),
                        None => (false, host.frame("nap", &wasi::frame())),
                    };
                    (0..20).map(send).collect::<Vec<_>>()
                })
            })
            // A stream that several send to at once.
            .chain((0..3).map(|_| {
                let host = &host;
                scope.spawn(move || (0..40).map(|_| (true, live(host, "door"))).collect())
            }))
            .collect();
        let replies = senders.into_iter().map(|sender| sender.join().unwrap());
        replies.flatten().collect()
    });
    for (live, reply) in &replies {
        match reply.status {
            200 => good += 1.0,
            _ if reply.json()["reason"] == "superseded" => {
                assert!(live, "an upload was dropped");
                superseded += 1.0;
            }
            _ => {
                reply.refused(503, "queue-full");
                full += 1.0;
            }
        }
    }
    assert!(superseded > 0.0);
    assert_eq!(good + superseded + full, replies.len() as f64);
    let counted = ["answered", "superseded", "refused"].map(|outcome| ended(&host, outcome));
    assert_eq!(counted, [good, superseded, full]);
    assert_eq!(host.metric("footlight_queue_length"), 0.0);
}
