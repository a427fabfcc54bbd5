//! Hosts that fail, and hosts that are strangers.

use crate::apart::{Three, across, enrolled, while_frames_flow};
use crate::file;
use crate::needs::{self, trial};
use crate::photos::{self, gradient, png};
use crate::places;
use crate::site::{self, Member, Plan, Site};
use footlight_tests::authority::{Authority, Good, in_zone};
use libtest_mimic::Trial;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "apart: a host is killed, and every frame is answered by the other",
            needs::MEMBERS,
            killed,
        ),
        trial(
            "apart: a host falls silent, and its frames are answered by the other",
            needs::MEMBERS,
            silent,
        ),
        trial(
            "apart: a stage that nobody runs is said, and frames go on when somebody does",
            needs::MEMBERS,
            nobody,
        ),
        trial(
            "apart: a host of another authority, or of no zone, is not spoken to",
            needs::MEMBERS,
            strangers,
        ),
        trial(
            "apart: a certificate is replaced while frames flow",
            needs::MEMBERS,
            replaced,
        ),
        trial(
            "apart: a new version runs when all hosts have it, and no frame sees two",
            needs::MEMBERS,
            new_version,
        ),
    ]
}

/// Longer than anything here takes, on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// Another host for features.
pub fn second_gpu(site: &Site, cloud: &Member) -> Member {
    let plan = Plan {
        pipeline: across(),
        gallery: &site.place("none"),
        identity: &site.identity("site"),
        only: &["features"],
        peers: std::slice::from_ref(&cloud.address),
        more: &["--node", "gpu-2"],
    };
    let gpu = plan.start();
    gpu.wait_for("verify");
    gpu
}

pub fn edge(site: &Site, peers: &[String]) -> Member {
    let plan = Plan {
        pipeline: across(),
        gallery: &site.place("none"),
        identity: &site.identity("site"),
        only: &["detect"],
        peers,
        more: &["--node", "edge"],
    };
    plan.start()
}

fn killed() {
    let site = Site::new();
    let Three {
        edge: first,
        gpu,
        cloud,
    } = Three::start(&site);
    drop(first);
    let other = second_gpu(&site, &cloud);
    let edge = edge(
        &site,
        &[
            gpu.address.clone(),
            other.address.clone(),
            cloud.address.clone(),
        ],
    );
    edge.wait_for("features");
    let answered = while_frames_flow(&edge, || {
        thread::sleep(Duration::from_secs(2));
        // Nothing is finished, nothing is said.
        drop(gpu);
        thread::sleep(Duration::from_secs(3));
    });
    assert!(answered > 10, "{answered}");
    assert!(
        edge.host.log().contains("a host is away"),
        "{}",
        edge.host.log()
    );
}

fn silent() {
    let site = Site::new();
    let Three {
        edge: first,
        gpu,
        cloud,
    } = Three::start(&site);
    drop(first);
    let other = second_gpu(&site, &cloud);
    let edge = edge(&site, &[gpu.address.clone(), other.address.clone()]);
    edge.wait_for("features");
    let obama = photos::bytes("people/obama2.jpg");
    let both_know = || {
        let peers = edge.host.get("/v1/peers").good();
        let peers = peers["peers"].as_array().unwrap().clone();
        peers.iter().all(|peer| peer["away"].is_null())
    };
    while !both_know() {
        thread::sleep(Duration::from_millis(20));
    }
    // Its connections stay open, and nothing comes over them.
    gpu.host.stand_still(true);
    for _ in 0..6 {
        let answer = edge.host.frame("members", &obama).good();
        assert_eq!(answer["faces"][0]["verdict"]["id"], "obama");
    }
    let peers = edge.host.get("/v1/peers").good();
    let silent = peers["peers"].as_array().unwrap().iter();
    let silent: Vec<_> = silent.filter(|peer| !peer["away"].is_null()).collect();
    assert_eq!(silent.len(), 1, "{peers:#}");
    assert_eq!(silent[0]["address"], gpu.address.as_str());
    gpu.host.stand_still(false);
    while !both_know() {
        edge.host.frame("members", &obama).good();
        thread::sleep(Duration::from_millis(20));
    }
}

fn nobody() {
    let site = Site::new();
    let Three { edge, gpu, cloud } = Three::start(&site);
    let obama = photos::bytes("people/obama2.jpg");
    let (address, nobody) = (cloud.address.clone(), "stage-not-served");
    drop(cloud);
    // The host in between has nobody to send to, and says so to the first.
    let reply = edge.host.frame("members", &obama);
    let detail = reply.refused(503, nobody);
    assert!(detail.contains("verify"), "{detail}");
    assert_eq!(reply.header("retry-after"), "1");
    // A frame without a face has nothing that must go there.
    let answer = edge.host.frame("members", &png(&gradient(320, 240))).good();
    assert_eq!(answer["faces"].as_array().unwrap().len(), 0);

    let members = site.place("members");
    let plan = Plan {
        pipeline: across(),
        gallery: &members,
        identity: &site.identity("cloud"),
        only: &[],
        peers: &[],
        more: &[],
    };
    let _cloud = plan.start_at(&address);
    gpu.wait_for("verify");
    let answer = edge.host.frame("members", &obama).good();
    assert_eq!(answer["faces"][0]["verdict"]["id"], "obama");
}

fn strangers() {
    let site = Site::new();
    let members = enrolled(&site, "members");
    let cloud = Plan {
        pipeline: across(),
        gallery: &members,
        identity: &site.identity("cloud"),
        only: &[],
        peers: &[],
        more: &[],
    };
    let cloud = cloud.start();
    let other = site.place("other");
    site::vouch_in(&Authority::new().unwrap(), "site", &other);
    let stranger = Plan {
        pipeline: across(),
        gallery: &site.place("none"),
        identity: &other,
        only: &[],
        peers: std::slice::from_ref(&cloud.address),
        more: &[],
    };
    let stranger = stranger.start();
    let obama = photos::bytes("people/obama2.jpg");
    stranger
        .host
        .frame("members", &obama)
        .refused(503, "stage-not-served");
    let peers = stranger.host.get("/v1/peers").good();
    let away = peers["peers"][0]["away"].as_str().unwrap();
    assert!(away.contains("TLS"), "{away}");

    let lacking = |uris: &[String], words: &str| {
        let folder = site.place("lacking");
        site::vouch(&site.authority, uris, Good::ForLong, &folder);
        let mut command = crate::host::run(&[across()], &site.place("none"));
        command
            .arg("--peer-identity")
            .arg(&folder)
            .args(["--peer-listen", "127.0.0.1:0"]);
        let said = crate::host::refused(command);
        assert!(said.contains(words), "{said}");
    };
    lacking(
        &["spiffe://footlight.test/host/a".to_owned()],
        "names no zone",
    );
    let two = ["site", "cloud"].map(in_zone);
    lacking(&two, "names no zone");
    lacking(&[in_zone("moon")], "there is no zone `moon`");
    std::fs::remove_file(site.place("lacking").join("tls.key")).unwrap();
    let mut command = crate::host::run(&[across()], &site.place("none"));
    command.arg("--peer-identity").arg(site.place("lacking"));
    let said = crate::host::refused(command);
    assert!(
        said.contains("tls.key") && said.contains("ca.crt"),
        "{said}"
    );
}

fn replaced() {
    let site = Site::new();
    let three = Three::start(&site);
    let obama = photos::bytes("people/obama2.jpg");
    // All of a new authority: who has the old certificate is a stranger to who has the new one, until it has both.
    let authority = Authority::new().unwrap();
    for zone in ["site", "cloud"] {
        site::vouch_in(&authority, zone, &site.identity(zone));
    }
    let of_new = |member: &Member| member.host.log().contains("was replaced");
    let until = Instant::now() + PATIENCE;
    let mut answered = 0;
    while ![&three.edge, &three.gpu, &three.cloud]
        .into_iter()
        .all(of_new)
        || answered < 20
    {
        let reply = three.edge.host.frame("members", &obama);
        assert!(Instant::now() < until, "{}", three.edge.host.log());
        // Between the moments at which two hosts look, they may not know each other.
        if reply.status != 200 {
            reply.refused(503, "stage-not-served");
            thread::sleep(Duration::from_millis(50));
            continue;
        }
        answered += 1;
    }
    three.edge.host.frame("members", &obama).good();
    // A certificate of another zone is not taken.
    site::vouch_in(&authority, "cloud", &site.identity("site"));
    while !three.edge.host.log().contains("does not change its zone") {
        assert!(Instant::now() < until, "{}", three.edge.host.log());
        three.edge.host.frame("members", &obama).good();
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(three.edge.host.get("/v1/peers").good()["zone"], "site");
}

fn new_version() {
    let site = Site::new();
    let members = enrolled(&site, "members");
    // Each host has a copy of its own, as on machines of their own.
    let folders = ["edge", "gpu", "cloud"].map(|name| site.place(name));
    let text = |threshold: &str| {
        let text = std::fs::read_to_string(across()).unwrap();
        let models = places::root().join("models");
        text.replace("../models", models.to_str().unwrap())
            .replace("threshold = 0.42", &format!("threshold = {threshold}"))
    };
    let write = |folder: &PathBuf, threshold: &str| {
        std::fs::create_dir_all(folder).unwrap();
        file::write(folder, "members", &text(threshold))
    };
    let [edge_file, gpu_file, cloud_file] = folders.each_ref().map(|folder| write(folder, "0.42"));
    let (at_site, in_cloud, none) = (
        site.identity("site"),
        site.identity("cloud"),
        site.place("none"),
    );
    let start = |pipeline, zone, gallery, only, peers: &[String]| {
        let plan = Plan {
            pipeline,
            gallery,
            identity: zone,
            only,
            peers,
            more: &[],
        };
        plan.start()
    };
    let cloud = start(cloud_file, &in_cloud, &members, &[], &[]);
    let gpu = start(
        gpu_file,
        &at_site,
        &none,
        &["features"],
        std::slice::from_ref(&cloud.address),
    );
    gpu.wait_for("verify");
    let edge = start(
        edge_file,
        &at_site,
        &none,
        &["detect"],
        &[gpu.address.clone(), cloud.address.clone()],
    );
    edge.wait_for("features");

    let obama = photos::bytes("people/obama2.jpg");
    let done = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let answer = edge.host.frame("members", &obama).good();
                let version = answer["version"]["pipeline"].as_str().unwrap().to_owned();
                let threshold = answer["faces"][0]["verdict"]["threshold"].as_f64().unwrap();
                seen.push((version, threshold));
            }
            seen
        });
        // The one that frames enter at is told first, and waits for the others.
        for folder in &folders {
            write(folder, "0.44");
            thread::sleep(Duration::from_millis(2500));
        }
        thread::sleep(Duration::from_millis(1500));
        done.store(true, Ordering::Relaxed);
        sender.join().unwrap()
    });
    let mut versions: Vec<_> = seen.clone();
    versions.dedup();
    assert_eq!(versions.len(), 2, "one before, one after: {versions:?}");
    assert_eq!((versions[0].1, versions[1].1), (0.42, 0.44));
}
