//! Whether a host is well: health, readiness, metrics.

use crate::file::{LIMITS, OneStage};
use crate::host::{Host, MEMBERS};
use crate::needs::{self, trial};
use crate::photos::{self, gradient, png};
use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "operation: a stage that fails on its probe item keeps the host from being ready",
            needs::HOSTILE,
            probe,
        ),
        trial(
            "operation: metrics count what happens",
            needs::MEMBERS,
            metrics,
        ),
        trial(
            "operation: every frame has an id of its own, by which the log names it",
            needs::HOSTILE,
            ids,
        ),
    ]
}

fn probe() {
    // Probe images are 128 pixels wide.
    let folder = tempfile::tempdir().unwrap();
    let stage = OneStage {
        settings: "act = \"trap\", at-width = 128",
        ..OneStage::HOSTILE
    };
    let host = Host::start(&[stage.write(folder.path())]);
    assert_eq!(host.get("/healthz").good()["status"], "ok");
    // At first it says that nothing was probed, then what went wrong.
    let mut detail = String::new();
    for _ in 0..1000 {
        detail = host.get("/readyz").refused(503, "not-ready");
        if detail.contains("it crashed") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(
        detail.contains("pipeline `trap`") && detail.contains("stage `guest`: it crashed"),
        "{detail}"
    );
    let reply = host.frame("trap", &png(&gradient(160, 120)));
    reply.refused(503, "not-ready");
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(
        host.get("/v1/pipelines").good()["pipelines"][0]["ready"],
        false
    );
}

fn metrics() {
    let of = "{pipeline=\"members\"}";
    let stage = |name: &str| format!("{{pipeline=\"members\",stage=\"{name}\"}}");
    let names = [
        "footlight_frames_total{pipeline=\"members\",outcome=\"answered\"}".to_owned(),
        "footlight_frames_total{pipeline=\"members\",outcome=\"refused\"}".to_owned(),
        "footlight_refusals_total{reason=\"not-an-image\"}".to_owned(),
        format!("footlight_frame_seconds_count{of}"),
        format!("footlight_items_total{}", stage("detect")),
        format!("footlight_items_total{}", stage("features")),
        format!("footlight_items_total{}", stage("verify")),
        format!("footlight_stage_seconds_count{}", stage("detect")),
        "footlight_stage_seconds_bucket{le=\"+Inf\",pipeline=\"members\",stage=\"verify\"}"
            .to_owned(),
    ];
    MEMBERS.with(|host| {
        let all = || names.each_ref().map(|name| host.metric(name));
        let before = all();
        let two = photos::beside(&photos::face(), &photos::picture("people/obama.jpg", 400));
        assert_eq!(
            host.frame("members", &png(&two)).good()["faces"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        host.frame("members", b"no picture")
            .refused(422, "not-an-image");
        let after = all();
        let moved: Vec<f64> = after
            .iter()
            .zip(before)
            .map(|(after, before)| after - before)
            .collect();
        assert_eq!(
            moved,
            [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 1.0, 1.0],
            "{names:?}"
        );
        for idle in [
            "footlight_instances",
            "footlight_host_memory_bytes",
            "footlight_members",
        ] {
            assert_eq!(host.metric(&format!("{idle}{of}")), 0.0, "{idle}");
        }
        assert_eq!(host.metric("footlight_queue_length"), 0.0);
        assert!(
            host.get("/metrics")
                .header("content-type")
                .starts_with("application/openmetrics-text")
        );
    });
}

fn ids() {
    let folder = tempfile::tempdir().unwrap();
    let stage = OneStage {
        settings: "act = \"trap\", at-width = 200",
        limits: LIMITS,
        ..OneStage::HOSTILE
    };
    let host = Host::start(&[stage.write(folder.path())]);
    host.wait_until_ready();
    let first = host.frame("trap", &png(&gradient(160, 120)));
    assert_eq!(first.good()["frame"], first.header("footlight-frame"));
    let second = host.frame("trap", &png(&gradient(200, 120)));
    second.refused(500, "stage-trapped");
    assert_ne!(
        first.header("footlight-frame"),
        second.header("footlight-frame")
    );
    let log = host.log();
    let line = log
        .lines()
        .find(|line| line.contains("a frame failed"))
        .unwrap_or_else(|| panic!("{log}"));
    assert!(
        line.contains(second.header("footlight-frame")) && line.contains("stage-trapped"),
        "{line}"
    );
}
