//! Hosts that do what operators ask of them: say where a frame went, stop without a loss, take new certificates, and
//! refuse what is too much.

use crate::apart::{Three, across, while_frames_flow};
use crate::apart_in_trouble::{edge, second_gpu};
use crate::file;
use crate::needs::{self, trial};
use crate::photos;
use crate::site::{self, Member, Plan, Site};
use crate::wasi;
use footlight_tests::authority::{Good, in_zone};
use libtest_mimic::Trial;
use std::thread;
use std::time::{Duration, Instant};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "apart: a frame has one trace on every host, and metrics say what was sent where",
            needs::MEMBERS,
            traced,
        ),
        trial(
            "apart: a host is stopped, and no frame and no work is refused",
            needs::MEMBERS,
            drained,
        ),
        trial(
            "apart: a host whose certificate has expired is refused until it has a new one",
            needs::MEMBERS,
            expired,
        ),
        trial(
            "apart: a host that is sent too much says so, and each frame has one answer",
            needs::HOSTILE,
            too_much,
        ),
    ]
}

/// Longer than anything here takes, on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(60);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn traced() {
    let site = Site::new();
    let three = Three::start(&site);
    let obama = photos::bytes("people/obama2.jpg");
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [("traceparent", parent.as_str()), ("tracestate", "vendor=1")];
    let reply = three.edge.host.frame_with("members", &obama, &headers);
    let faces = reply.good()["faces"].as_array().unwrap().len() as f64;
    let said = reply.header("traceparent");
    assert!(
        said.starts_with(&format!("00-{TRACE}-")) && said != parent,
        "{said}"
    );
    // One that is not as the standard says is as if it were not there.
    let wrong = [("traceparent", "00-4BF92F-00f067aa0ba902b7-01")];
    let reply = three.edge.host.frame_with("members", &obama, &wrong);
    let other = reply
        .header("traceparent")
        .split('-')
        .nth(1)
        .unwrap()
        .to_owned();
    assert!(other.len() == 32 && other != TRACE, "{other}");
    let refused = three
        .edge
        .host
        .frame_with("members", b"no picture", &headers);
    refused.refused(422, "not-an-image");
    assert!(refused.header("traceparent").contains(TRACE));

    // The hosts after the first log what is out of the ordinary only, which this is.
    drop(three.cloud);
    let headers = [("traceparent", parent.as_str())];
    let reply = three.edge.host.frame_with("members", &obama, &headers);
    reply.refused(503, "stage-not-served");
    assert!(reply.header("traceparent").contains(TRACE));

    let lines = |member: &Member, trace: &str| {
        let log = member.host.log();
        log.lines().filter(|line| line.contains(trace)).count()
    };
    assert!(lines(&three.edge, TRACE) >= 2 && lines(&three.edge, &other) == 1);
    assert!(lines(&three.gpu, TRACE) >= 2, "{}", three.gpu.host.log());

    let edge = &three.edge.host;
    let gpu = "zone=\"site\",node=\"gpu\"";
    let errands = |outcome: &str| {
        edge.metric(&format!(
            "footlight_errands_total{{{gpu},outcome=\"{outcome}\"}}"
        ))
    };
    assert_eq!((errands("done"), errands("nobody")), (2.0, 1.0));
    let items = edge.metric(&format!("footlight_errand_items_total{{{gpu}}}"));
    assert_eq!(items, 3.0 * faces);
    let there = format!("footlight_peers{{{gpu},state=\"there\"}}");
    assert_eq!(edge.metric(&there), 1.0);
    let trips = format!("footlight_peer_round_trip_seconds_count{{{gpu}}}");
    assert!(edge.metric(&trips) > 0.0);
    let bytes = |member: &Member, link: &str, direction: &str| {
        let of = format!("link=\"{link}\",direction=\"{direction}\"");
        member
            .host
            .metric(&format!("footlight_peer_bytes_total{{{of}}}"))
    };
    // Crops of 112 x 112 pixels, and not a frame.
    let sent = bytes(&three.edge, "same-zone", "sent");
    let crop = 112.0 * 112.0 * 3.0;
    assert!((items * crop..items * crop * 1.2).contains(&sent), "{sent}");
    assert_eq!(bytes(&three.gpu, "same-zone", "received"), sent);
    // Features of 512 numbers, each of which is a byte.
    let far = bytes(&three.gpu, "other-zone", "sent");
    assert!(
        (2.0 * faces * 512.0..items * 1024.0).contains(&far),
        "{far}"
    );
}

fn drained() {
    let site = Site::new();
    let Three {
        edge: first,
        gpu,
        cloud,
    } = Three::start(&site);
    drop((first, gpu));
    let plan = Plan {
        pipeline: across(),
        gallery: &site.place("none"),
        identity: &site.identity("site"),
        only: &["features"],
        peers: std::slice::from_ref(&cloud.address),
        more: &["--node", "gpu", "--drain", "3s"],
    };
    let mut gpu = plan.start();
    gpu.wait_for("verify");
    let other = second_gpu(&site, &cloud);
    let edge = edge(&site, &[gpu.address.clone(), other.address.clone()]);
    edge.wait_for("features");
    let answered = while_frames_flow(&edge, || {
        thread::sleep(Duration::from_secs(1));
        gpu.host.terminate();
        // The host that sends hears of it while the other still takes work, and from then on sends it nothing.
        let until = Instant::now() + PATIENCE;
        let stopping = "footlight_peers{zone=\"site\",node=\"gpu\",state=\"stopping\"}";
        while edge.host.metric(stopping) != 1.0 {
            assert!(Instant::now() < until, "{}", edge.host.log());
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_millis(200));
        let items = "footlight_errand_items_total{zone=\"site\",node=\"gpu\"}";
        let before = edge.host.metric(items);
        let (status, log) = gpu.host.wait();
        assert_eq!(edge.host.metric(items), before);
        assert_eq!(status.code(), Some(0), "{log}");
        thread::sleep(Duration::from_secs(1));
    });
    assert!(answered > 5, "{answered}");
    // Not one was sent to it in vain.
    for outcome in ["busy", "gone", "not-here", "late", "failed", "nobody"] {
        let of = format!("zone=\"site\",node=\"gpu\",outcome=\"{outcome}\"");
        let name = format!("footlight_errands_total{{{of}}}");
        assert_eq!(edge.host.metric(&name), 0.0, "{name}");
    }
}

fn expired() {
    let site = Site::new();
    let three = Three::start(&site);
    let obama = photos::bytes("people/obama2.jpg");
    three.edge.host.frame("members", &obama).good();
    drop(three.edge);
    let folder = site.place("expired");
    let (zone, authority) = ([in_zone("site")], &site.authority);
    site::vouch(authority, &zone, Good::Expired, &folder);
    let plan = Plan {
        pipeline: across(),
        gallery: &site.place("none"),
        identity: &folder,
        only: &["detect"],
        peers: std::slice::from_ref(&three.gpu.address),
        more: &["--node", "edge"],
    };
    let edge = plan.start();
    let detail = edge
        .host
        .frame("members", &obama)
        .refused(503, "stage-not-served");
    assert!(
        detail.contains("this host's own certificate is not right: the certificate has expired"),
        "{detail}"
    );
    // It tries again and again, and each of the two says so once.
    thread::sleep(Duration::from_secs(5));
    let lines = |member: &Member, words: &str| {
        let log = member.host.log();
        let count = log.lines().filter(|line| line.contains(words)).count();
        assert_eq!(count, 1, "{words} in\n{log}");
    };
    lines(&three.gpu, "a host is refused");
    lines(
        &three.gpu,
        "TLS: the certificate has expired: it ended at Thu, 31 Dec 2020",
    );
    lines(&edge, "other hosts do not speak with this one");
    lines(&edge, "a host is away");
    // A frame that needs nobody is answered.
    assert_eq!(edge.host.get("/readyz").status, 200);

    site::vouch(authority, &zone, Good::ForLong, &folder);
    edge.wait_for("features");
    let answer = edge.host.frame("members", &obama).good();
    assert_eq!(answer["faces"][0]["verdict"]["id"], "obama");
    lines(&edge, "the certificate for other hosts is right again");
}

const NAPS: &str = r#"
name = "naps"
source = "frame"
[classes.frame]
kind = "image"
[classes.note]
kind = "document"
[answer]
notes = "note"
[stages.here]
component = "wasi-stage.wasm"
input = "frame"
yields = ["note"]
settings = { act = "sleep", milliseconds = 1, at-width = 100000 }
[stages.there]
component = "wasi-stage.wasm"
input = "frame"
yields = ["note"]
settings = { act = "sleep", milliseconds = 150, at-width = AT_WIDTH }
[zones]
names = ["site"]
frames = ["site"]
"#;

fn too_much() {
    let site = Site::new();
    let text = NAPS.replace("AT_WIDTH", &file::AT_WIDTH.to_string());
    let pipeline = file::write(site.folder.path(), "naps", &text);
    let start = |only: &str, workers: &str, peers: &[String]| {
        let plan = Plan {
            pipeline: pipeline.clone(),
            gallery: &site.place("none"),
            identity: &site.identity("site"),
            only: &[only],
            peers,
            more: &["--workers", workers, "--node", only],
        };
        plan.start()
    };
    let there = start("there", "1", &[]);
    let here = start("here", "40", std::slice::from_ref(&there.address));
    here.wait_for("there");
    // One is worked on there, and 32 wait: of 60 at once some are too many.
    let frame = wasi::frame();
    let replies: Vec<_> = thread::scope(|scope| {
        let send = |_| scope.spawn(|| here.host.frame("naps", &frame));
        let senders: Vec<_> = (0..60).map(send).collect();
        let replies = senders.into_iter().map(|sender| sender.join().unwrap());
        replies.collect()
    });
    let good = replies.iter().filter(|reply| reply.status == 200).count();
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        let detail = reply.refused(503, "stage-busy-elsewhere");
        assert!(detail.contains("32 more requests wait"), "{detail}");
        assert_eq!(reply.header("retry-after"), "1");
    }
    assert!((33..60).contains(&good), "{good}");
    let count = |outcome: &str| {
        let of = format!("zone=\"site\",node=\"there\",outcome=\"{outcome}\"");
        here.host
            .metric(&format!("footlight_errands_total{{{of}}}"))
    };
    assert_eq!(
        (count("done"), count("busy")),
        (good as f64, 60.0 - good as f64)
    );
    // And it takes work again.
    here.host.frame("naps", &frame).good();
}
