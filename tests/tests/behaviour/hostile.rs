//! Stages that misbehave: each ends with one clear error for that frame, the next frame is served, and the
//! host's memory is as before.

use crate::file::{AT_WIDTH, LIMITS, OneStage, features};
use crate::host::{HOSTILE, Host};
use crate::needs::{self, Need, trial};
use crate::photos::{gradient, png};
use libtest_mimic::Trial;
use std::path::{Path, PathBuf};

/// What an act ends with: its name, the status, the reason, and words that the user is told.
type Act = (&'static str, u16, &'static str, &'static str);

#[rustfmt::skip]
static ACTS: [Act; 24] = [
    ("trap", 500, "stage-trapped", "`unreachable` instruction executed"),
    ("panic", 500, "stage-trapped", "it crashed"),
    ("overflow-stack", 500, "stage-trapped", "it crashed"),
    ("loop", 500, "stage-timed-out", "the stage's `time` limit"),
    ("ask-without-end", 500, "stage-timed-out", "longer than the 1s"),
    ("eat-memory", 500, "stage-out-of-memory", "`guest-memory` limit of 33554432 bytes"),
    ("ask-for-huge-tensor", 500, "stage-failed", "120000000000 bytes more"),
    ("keep-views", 500, "stage-failed", "`host-memory` limit of 67108864 bytes"),
    ("keep-handles", 500, "stage-trapped", "resource table"),
    ("hoard-tensors", 500, "stage-host-memory", "`host-memory` limit of 67108864 bytes"),
    ("name-unknown-graph", 500, "stage-failed", "there is no graph `nowhere`: the pipeline file gives this stage no graphs"),
    ("load-bytes", 500, "stage-failed", "does not say `allow-load = true`"),
    ("find-unsuitable", 422, "unsuitable-item", "this frame has the wrong width"),
    ("yield-too-many", 500, "stage-yielded-too-much", "10000 items from one, more than its `items` limit of 16"),
    ("yield-huge-item", 500, "stage-yielded-too-much", "`item-bytes` limit of 4194304"),
    ("yield-face-as-feature", 500, "class-mismatch", "an image of 200 x 120 pixels as class `feature`"),
    ("yield-other-class", 500, "class-mismatch", "class `crop`, and the pipeline file lets it yield only `note`, `feature`"),
    ("yield-other-shape", 500, "class-mismatch", "a tensor of f32 [1, 511]"),
    ("yield-short-tensor", 500, "stage-yielded-invalid-item", "a tensor of class `feature`"),
    ("yield-endless-shape", 500, "stage-yielded-invalid-item", "a tensor of class `feature`"),
    ("yield-no-json", 500, "stage-yielded-invalid-item", "the field `text`"),
    ("yield-no-number", 500, "stage-yielded-invalid-item", "the field `score`"),
    ("yield-name-twice", 500, "stage-yielded-invalid-item", "score"),
    ("yield-bad-name", 500, "stage-yielded-invalid-item", "a-z"),
];

/// Acts that call the model of features with what it does not take.
#[rustfmt::skip]
const CALLS: [Act; 5] = [
    ("compute-short-tensor", 500, "stage-failed", "needs 150528 bytes, and has 100"),
    ("compute-other-type", 500, "stage-failed", "input `input` was given as u8 [1, 3, 112, 112]; the model takes f32"),
    ("compute-other-name", 500, "stage-failed", "inputt"),
    ("load-bytes", 500, "stage-failed", "the model is not an ONNX file"),
    ("load-for-tpu", 500, "stage-failed", "no library of this host runs models on a TPU"),
];

pub fn trials() -> Vec<Trial> {
    const WITH_MODEL: &[Need] = &[Need::Host, Need::Hostile, Need::Models];
    let acts = ACTS.iter().map(|act| {
        let name = format!(
            "hostile: {} is one error, and the next frame is served",
            act.0
        );
        let test = || HOSTILE.with(|host| each(host, std::slice::from_ref(act)));
        trial(&name, needs::HOSTILE, test)
    });
    let others = [
        trial(
            "hostile: a model is called with what it does not take",
            WITH_MODEL,
            calls,
        ),
        trial(
            "hostile: every frame finds a fresh instance",
            needs::HOSTILE,
            fresh,
        ),
        trial("hostile: a flood of messages is cut", needs::HOSTILE, flood),
        trial(
            "hostile: the host's memory is as before",
            needs::HOSTILE,
            memory,
        ),
        trial(
            "hostile: frames at the same time do not disturb each other",
            needs::HOSTILE,
            together,
        ),
    ];
    acts.chain(others).collect()
}

/// A host with a pipeline for each act.
pub fn start() -> Host {
    let acts = ACTS.iter().map(|act| act.0).chain(["flood-log"]);
    serve(acts, LIMITS, "")
}

fn serve(acts: impl Iterator<Item = &'static str>, limits: &str, more: &str) -> Host {
    let folder = tempfile::tempdir().unwrap();
    let pipelines: Vec<_> = acts
        .map(|act| pipeline(folder.path(), act, limits, more))
        .collect();
    let host = Host::start(&pipelines);
    host.wait_until_ready();
    host
}

fn pipeline(folder: &Path, act: &str, limits: &str, more: &str) -> PathBuf {
    let settings = format!("act = \"{act}\", at-width = {AT_WIDTH}");
    OneStage {
        name: act,
        settings: &settings,
        limits,
        more,
        ..OneStage::HOSTILE
    }
    .write(folder)
}

fn bad() -> Vec<u8> {
    png(&gradient(AT_WIDTH, 120))
}

fn good() -> Vec<u8> {
    png(&gradient(160, 120))
}

/// The frame that a stage answers as it should.
#[track_caller]
fn served(host: &Host, act: &str) {
    let answer = host.frame(act, &good()).good();
    assert_eq!(answer["notes"], serde_json::json!([{"seen": 1}]), "{act}");
    assert_eq!(answer["width"], 160);
}

/// Nothing is held for the stages of a pipeline.
#[track_caller]
fn holds_nothing(host: &Host, act: &str) {
    assert_eq!(
        host.metric(&format!(
            "footlight_host_memory_bytes{{pipeline=\"{act}\"}}"
        )),
        0.0,
        "{act}"
    );
    assert_eq!(
        host.metric(&format!("footlight_instances{{pipeline=\"{act}\"}}")),
        0.0,
        "{act}"
    );
}

fn each(host: &Host, acts: &[Act]) {
    for &(act, status, reason, words) in acts {
        served(host, act);
        let refusals = format!("footlight_refusals_total{{reason=\"{reason}\"}}");
        let before = host.metric(&refusals);
        let reply = host.frame(act, &bad());
        let detail = reply.refused(status, reason);
        assert!(
            detail.starts_with("stage `guest`: ") && detail.contains(words),
            "{act}: {detail}"
        );
        let problem = reply.json();
        assert_eq!(problem["stage"], "guest", "{act}");
        assert_eq!(problem["frame"], reply.header("footlight-frame"), "{act}");
        let kind = if status == 422 {
            "/problems/unsuitable-item"
        } else {
            "/problems/stage-failed"
        };
        assert_eq!(problem["type"], kind, "{act}");
        assert_eq!(host.metric(&refusals), before + 1.0, "{act}");
        let outcome = if status == 422 { "refused" } else { "failed" };
        let frames = format!("footlight_frames_total{{pipeline=\"{act}\",outcome=\"{outcome}\"}}");
        assert!(host.metric(&frames) >= 1.0, "{act}");
        served(host, act);
        holds_nothing(host, act);
    }
}

fn calls() {
    let limits = LIMITS.replace("\"1 s\"", "\"10 s\"");
    let more = format!("allow-load = true\n{}", features());
    let host = serve(CALLS.iter().map(|act| act.0), &limits, &more);
    each(&host, &CALLS);
}

fn fresh() {
    HOSTILE.with(|host| (0..20).for_each(|_| served(host, "trap")));
}

fn flood() {
    HOSTILE.with(|host| {
        let answer = host.frame("flood-log", &bad()).good();
        assert_eq!(answer["notes"][0]["seen"], 1);
        let log = host.log();
        let flood: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("flood xxx"))
            .collect();
        assert_eq!(flood.len(), 100);
        assert!(
            flood
                .iter()
                .all(|line| line.len() < 5000 && line.contains("guest")),
            "{}",
            flood[0]
        );
        assert!(
            !log.lines().any(|line| line.starts_with("ERROR not a line")),
            "a message made a line of its own"
        );
    });
}

/// What an act leaves behind it would leave each time, and that many times over is far more than what the
/// allocator keeps: glibc has a heap for each thread, and each may keep what the largest act had in it.
fn memory() {
    const AGAIN: usize = 40;
    const LEFT: u64 = 160 << 20;
    HOSTILE.with(|host| {
        for act in [
            "eat-memory",
            "keep-views",
            "hoard-tensors",
            "ask-for-huge-tensor",
            "yield-huge-item",
            "keep-handles",
        ] {
            let disturb = || {
                assert_ne!(host.frame(act, &bad()).status, 200);
                served(host, act);
            };
            // Once before: what is kept for the next, such as a thread's own heap, is made only once.
            disturb();
            disturb();
            let before = host.resident();
            (0..AGAIN).for_each(|_| disturb());
            let after = host.resident();
            holds_nothing(host, act);
            assert!(
                after < before + LEFT,
                "{act}: {before} bytes before, {after} bytes after {AGAIN} times"
            );
        }
    });
}

fn together() {
    HOSTILE.with(|host| {
        std::thread::scope(|scope| {
            let looping = scope.spawn(|| host.frame("loop", &bad()));
            for _ in 0..20 {
                served(host, "trap");
                host.frame("eat-memory", &bad())
                    .refused(500, "stage-out-of-memory");
            }
            looping.join().unwrap().refused(500, "stage-timed-out");
        });
        holds_nothing(host, "loop");
    });
}
