//! The paper's placement, and what goes over the wire between its zones.

use crate::capture::{Capture, Traffic};
use crate::flow::{self, Outcome};
use crate::kubectl;
use crate::machine::{self, Machines};
use crate::members;
use crate::needs::{CannotBeDone, Need, Test, trial};
use crate::objects;
use crate::pods::Pod;
use crate::zones::{self, Zones};
use libtest_mimic::Trial;
use serde_json::Value;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 4] = [
        (
            "cluster: stages are where the paper has them, and the pipeline is said to be ready",
            placed,
        ),
        (
            "cluster: frames enter at the site, at any host of it, and nowhere else",
            entrance,
        ),
        (
            "cluster: who is enrolled at one host is known to all, and nobody can read who",
            enrolled,
        ),
        (
            "cluster: no frame and no face goes over the wire between zones",
            on_the_wire,
        ),
    ];
    let tests = tests.into_iter();
    tests
        .map(|(name, test)| trial(name, &[Need::Cluster], test))
        .collect()
}

/// Frames that are captured.
const FRAMES: usize = 24;
/// A face as the boundary must not let it out: 112 x 112 pixels of three bytes.
const CROP: usize = 112 * 112 * 3;

fn placed() -> Result<(), CannotBeDone> {
    Zones::installed()?;
    let object = objects::ready(zones::NAME);
    for (stage, node) in [("detect", "edge"), ("features", "gpu"), ("verify", "cloud")] {
        let nodes = objects::nodes_of(&object, stage);
        // Another node may have joined.
        assert!(nodes.iter().any(|name| name == node), "{stage}: {nodes:?}");
        assert!(
            stage == "features" || nodes.len() == 1,
            "{stage}: {nodes:?}"
        );
    }
    for kind in ["Accepted", "Placed", "Ready"] {
        let condition = objects::condition(&object, kind).unwrap();
        assert!(condition.holds, "{condition:?}");
        let reason = if kind == "Ready" { "Ready" } else { kind };
        assert_eq!(condition.reason, reason);
    }
    // As a user reads it.
    let said = kubectl::says(&["get", "pipelines"]);
    let mut lines = said
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let (head, line) = (lines.next().unwrap(), lines.next().unwrap());
    assert_eq!(
        head,
        ["NAME", "READY", "REASON", "STAGES", "HOSTS", "AGE"],
        "{said}"
    );
    assert_eq!(line[..4], [zones::NAME, "True", "Ready", "3/3"], "{said}");
    let described = kubectl::says(&["describe", "pipelines", zones::NAME]);
    for word in ["detect", "features", "verify", "edge", "cloud", "Serving"] {
        assert!(described.contains(word), "no `{word}`:\n{described}");
    }
    Ok(())
}

fn entrance() -> Result<(), CannotBeDone> {
    Zones::installed()?;
    for node in ["edge", "gpu"] {
        members::right_verdicts(&zones::host(node)).unwrap();
    }
    let refusal = members::refused(&zones::host("cloud"));
    assert!(
        refusal.contains("enter in `site`, and this host is in `cloud`"),
        "{refusal}"
    );
    Ok(())
}

fn enrolled() -> Result<(), CannotBeDone> {
    let zones = Zones::installed()?;
    let objects = kubectl::items(&["members.footlight.dev"]);
    assert_eq!(objects.len(), members::ENROLLED.len());
    let text = Value::from(objects).to_string();
    for (name, _) in members::ENROLLED {
        assert!(!text.contains(name), "{text}");
    }
    let (edge, gpu) = (zones::host("edge"), zones::host("gpu"));
    let said = members::pipelines(&edge);
    assert!(said.contains("members.footlight.dev"), "{said}");
    // At another host than the one that enrolled them.
    members::forget(&gpu);
    crate::site::until("nobody is known any more", || members::nobody_by_now(&edge));
    assert_eq!(kubectl::items(&["members.footlight.dev"]).len(), 0);
    members::enrol(&gpu);
    crate::site::until("who was enrolled at another host is known", || {
        members::verdicts_by_now(&edge)
    });
    zones.whole();
    Ok(())
}

fn on_the_wire() -> Result<(), CannotBeDone> {
    Machines::here()?;
    Zones::installed()?;
    let (edge, cloud) = (
        address(&zones::host("edge")),
        address(&zones::host("cloud")),
    );
    let photos: Vec<_> = members::shown().collect();
    let bodies: Vec<Vec<u8>> = photos.iter().map(|(body, _)| body.clone()).collect();
    let faces: usize = photos.iter().map(|(_, who)| who.len()).sum();
    let pods = zones::addresses();

    // What hosts say to each other where there are no frames.
    let idle = Duration::from_secs(4);
    let capture = Capture::start("cloud");
    thread::sleep(idle);
    let between = capture.end(&pods);
    let idle_a_second = between.bytes() as f64 / idle.as_secs_f64();

    let capture = Capture::start("cloud");
    let began = std::time::Instant::now();
    for (body, expected) in photos.iter().cycle().take(FRAMES) {
        let outcome = from_the_camera(edge, body, expected);
        assert!(matches!(outcome, Outcome::Right { .. }), "{outcome:?}");
    }
    let took = began.elapsed();
    let traffic = capture.end(&pods);
    assert_eq!(traffic.strangers(), Vec::<String>::new());
    assert_eq!(traffic.pictures(&bodies), Vec::<String>::new());
    let faces = FRAMES * faces / photos.len();
    let of_faces = traffic.bytes() as f64 - idle_a_second * took.as_secs_f64();
    let of_a_face = of_faces / faces as f64;
    eprintln!(
        "      over the wire between zones: {} bytes for {FRAMES} frames with {faces} faces in {:.1} s, {idle_a_second:.0} bytes \
         a second without frames; {of_a_face:.0} bytes a face with all headers, of which a crop has {CROP}",
        traffic.bytes(),
        took.as_secs_f32(),
    );
    assert!(idle_a_second < 50_000.0, "{:#?}", between.connections());
    // Both directions, with the verdict, acknowledgements and all headers. It cannot be looked into, as it is encrypted and
    // hosts give no keys away; but no crop goes through here.
    assert!(
        of_a_face > 512.0,
        "the feature itself is 512 bytes: {of_a_face}"
    );
    assert!(of_a_face < CROP as f64 / 8.0, "{of_a_face} bytes a face");

    // Whoever sends a frame there by mistake is refused; and it shows that one would have been seen.
    let capture = Capture::start("cloud");
    let outcome = from_the_camera(cloud, &bodies[0], &[]);
    let refused = Outcome::Refused {
        status: 403,
        reason: "frames-enter-elsewhere".to_owned(),
    };
    assert_eq!(outcome, refused);
    let mistaken: Traffic = capture.end(&pods);
    assert!(!mistaken.strangers().is_empty());
    let found = mistaken.pictures(&bodies);
    assert!(
        found
            .iter()
            .any(|what| what.starts_with("the first bytes of a JPEG")),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|what| what.starts_with("bytes of a frame")),
        "{found:?}"
    );
    Ok(())
}

/// Where a host takes frames, on the network of the nodes.
pub fn address(pod: &Pod) -> SocketAddr {
    let ip = pod.object.0["status"]["podIP"].as_str().unwrap();
    format!("{ip}:7420").parse().unwrap()
}

/// Sends a frame from the edge node's network.
pub fn from_the_camera(to: SocketAddr, body: &[u8], expected: &[Option<&str>]) -> Outcome {
    thread::scope(|scope| {
        let sent = scope.spawn(|| {
            machine::enter("edge");
            flow::send(to, body, expected)
        });
        sent.join().unwrap()
    })
}
