//! A pipeline whose stages are apart: detection and features at the site, on two hosts; verification in the cloud.

use crate::host::{Host, run};
use crate::needs::{self, trial};
use crate::photos;
use crate::places;
use crate::site::{Member, Plan, Site};
use libtest_mimic::Trial;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "apart: three hosts in two zones give the verdicts of one",
            needs::MEMBERS,
            verdicts,
        ),
        trial(
            "apart: frames enter where they may and nowhere else",
            needs::MEMBERS,
            entrance,
        ),
    ]
}

pub fn across() -> PathBuf {
    places::root().join("guests/members-across-zones.toml")
}

/// Enrols a member on a host that runs all by itself, which leaves a gallery at that place.
pub fn enrolled(site: &Site, gallery: &str) -> PathBuf {
    let gallery = site.place(gallery);
    let host = Host::spawn(run(&[across()], &gallery), tempfile::tempdir().unwrap());
    host.wait_until_ready();
    let obama = photos::bytes("people/obama.jpg");
    assert_eq!(host.enrol("obama", &[("a.jpg", &obama)]).status, 201);
    gallery
}

/// The hosts of the example: cloud, GPU and edge, each of which knows those that it sends to.
pub struct Three {
    pub edge: Member,
    pub gpu: Member,
    pub cloud: Member,
}

impl Three {
    pub fn start(site: &Site) -> Self {
        let members = enrolled(site, "members");
        let (at_site, in_cloud) = (site.identity("site"), site.identity("cloud"));
        let none = site.place("none");
        let cloud = Plan {
            pipeline: across(),
            gallery: &members,
            identity: &in_cloud,
            only: &[],
            peers: &[],
            more: &[],
        };
        let cloud = cloud.start();
        let gpu = Plan {
            pipeline: across(),
            gallery: &none,
            identity: &at_site,
            only: &["features"],
            peers: std::slice::from_ref(&cloud.address),
            more: &["--node", "gpu"],
        };
        let gpu = gpu.start();
        gpu.wait_for("verify");
        let edge = Plan {
            pipeline: across(),
            gallery: &none,
            identity: &at_site,
            only: &["detect"],
            peers: &[gpu.address.clone(), cloud.address.clone()],
            more: &["--node", "edge"],
        };
        let edge = edge.start();
        edge.wait_for("features");
        Self { edge, gpu, cloud }
    }
}

/// Has two clients send frames of one member to a host, one after the other, while something happens to others. Each must be
/// answered right; how many were.
pub fn while_frames_flow(edge: &Member, happens: impl FnOnce()) -> u32 {
    let obama = photos::bytes("people/obama2.jpg");
    let done = AtomicBool::new(false);
    let send = || {
        let mut answered = 0;
        while !done.load(Ordering::Relaxed) {
            let answer = edge.host.frame("members", &obama).good();
            assert_eq!(answer["faces"][0]["verdict"]["id"], "obama");
            answered += 1;
        }
        answered
    };
    thread::scope(|scope| {
        let senders = [scope.spawn(send), scope.spawn(send)];
        let happened = catch_unwind(AssertUnwindSafe(happens));
        // Also where that failed: or they would send for ever.
        done.store(true, Ordering::Relaxed);
        happened.unwrap_or_else(|panic| resume_unwind(panic));
        let answered = senders.map(|sender| sender.join().unwrap());
        answered.iter().sum()
    })
}

/// What is told of each face: whose it is, and how similar.
fn told(answer: &Value) -> Vec<(bool, Value, f64)> {
    let faces = answer["faces"].as_array().unwrap();
    let verdict = |face: &Value| {
        let verdict = &face["verdict"];
        (
            verdict["member"].as_bool().unwrap(),
            verdict["id"].clone(),
            verdict["similarity"].as_f64().unwrap(),
        )
    };
    faces.iter().map(verdict).collect()
}

fn verdicts() {
    let site = Site::new();
    let three = Three::start(&site);
    let alone = Host::spawn(
        run(&[across()], &site.place("alone")),
        tempfile::tempdir().unwrap(),
    );
    alone.wait_until_ready();
    let obama = photos::bytes("people/obama.jpg");
    assert_eq!(alone.enrol("obama", &[("a.jpg", &obama)]).status, 201);
    for photo in ["people/obama2.jpg", "people/biden.jpg", "people/obama3.jpg"] {
        let photo = photos::bytes(photo);
        let (apart, together) = (
            three.edge.host.frame("members", &photo).good(),
            alone.frame("members", &photo).good(),
        );
        let (found, expected) = (told(&apart), told(&together));
        assert!(!found.is_empty());
        assert_eq!(found.len(), expected.len());
        for (one, other) in found.iter().zip(&expected) {
            assert_eq!((one.0, &one.1), (other.0, &other.1));
            // Each number of a feature is rounded to 8 bits on its way.
            assert!((one.2 - other.2).abs() < 0.02, "{one:?} {other:?}");
        }
        let faces = |answer: &Value| {
            let faces = answer["faces"].as_array().unwrap().iter();
            faces.map(|face| face["box"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(faces(&apart), faces(&together));
        // Every stage and model that had part in it, wherever it ran.
        let version = &apart["version"];
        assert_eq!(version["pipeline"], together["version"]["pipeline"]);
        assert_eq!(version["stages"], together["version"]["stages"]);
        let models = |answer: &Value| answer["version"]["models"].as_object().unwrap().clone();
        assert_eq!(
            models(&apart).keys().collect::<Vec<_>>(),
            models(&together).keys().collect::<Vec<_>>()
        );
        for stage in ["detect", "features", "verify"] {
            assert!(apart["milliseconds"][stage].is_number(), "{apart}");
        }
    }
    // Each runs what is its own, and nothing else.
    let stages = |member: &Member| {
        let stages = member.host.get("/v1/stages").good();
        let stages = stages["stages"].as_array().unwrap().iter();
        stages
            .map(|stage| stage["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(stages(&three.edge), ["detect"]);
    assert_eq!(stages(&three.gpu), ["features"]);
    assert_eq!(stages(&three.cloud), ["verify"]);
    let models = |member: &Member| {
        let models = member.host.get("/v1/models").good();
        let models = models["models"].as_array().unwrap().iter();
        models
            .map(|model| model["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(models(&three.edge), ["retinaface"]);
    assert_eq!(models(&three.gpu), ["fr-feature"]);
    assert_eq!(models(&three.cloud), ["gallery"]);
    let peers = three.edge.host.get("/v1/peers").good();
    assert_eq!(
        (&peers["zone"], &peers["node"]),
        (&"site".into(), &"edge".into())
    );
    let zones = peers["peers"].as_array().unwrap().iter();
    let zones: Vec<_> = zones.map(|peer| peer["zone"].as_str()).collect();
    assert!(
        zones.contains(&Some("cloud")) && zones.contains(&Some("site")),
        "{peers}"
    );
}

fn entrance() {
    let site = Site::new();
    let three = Three::start(&site);
    let obama = photos::bytes("people/obama2.jpg");
    let refusal = three
        .cloud
        .host
        .frame("members", &obama)
        .refused(403, "frames-enter-elsewhere");
    assert!(
        refusal.contains("enter in `site`") && refusal.contains("in `cloud`"),
        "{refusal}"
    );
    three
        .cloud
        .host
        .enrol("biden", &[("a.jpg", &obama)])
        .refused(403, "frames-enter-elsewhere");
    // Where no gallery is, nobody is enrolled.
    three
        .edge
        .host
        .enrol("biden", &[("a.jpg", &obama)])
        .refused(404, "no-gallery");
    // A host that does not detect itself has another do it.
    let answer = three.gpu.host.frame("members", &obama);
    answer.refused(503, "stage-not-served");
}
