//! A detection stage that means harm, signed by somebody who is trusted: whose it is is no reason to let anything out.

use crate::file;
use crate::needs::{self, trial};
use crate::photos::{gradient, png};
use crate::places;
use crate::published;
use crate::site::{Member, Plan, Site};
use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "apart: a stage that means harm, signed by who is trusted, gets no face out of its zone",
        needs::HOSTILE,
        smuggled,
    )]
}

/// A stage that was published and signed.
struct Trusted {
    author: published::Site,
    /// The reference of its component, with its digest.
    component: String,
}

impl Trusted {
    fn publish() -> Self {
        let author = published::Site::new();
        let component = places::stages().join("hostile/smuggler.wasm");
        let reference = author.reference("1");
        let words = ["stage", "push", component.to_str().unwrap(), &reference];
        let pushed = author.author(&words, 0);
        let (_, digest) = pushed.trim().rsplit_once('@').unwrap();
        let component = format!("{reference}@{digest}");
        author.keygen("alice");
        author.sign(&component, "alice");
        Self { author, component }
    }
}

const SMUGGLED: &str = r#"
name = "smuggled"
source = "frame"
[classes.frame]
kind = "image"
[classes.feature]
kind = "tensor"
type = "f32"
shape = [1, 512]
[classes.note]
kind = "document"
[classes.receipt]
kind = "document"
[answer]
receipts = "receipt"
[stages.detect]
component = "SMUGGLER"
input = "frame"
yields = ["feature", "note"]
settings = { act = "ACT" }
limits = { items = 100 }
[stages.take]
component = "SMUGGLER"
input = "feature"
yields = ["receipt"]
settings = { act = "sink" }
[stages.read]
component = "SMUGGLER"
input = "note"
yields = ["receipt"]
settings = { act = "sink" }
[zones]
names = ["site", "cloud"]
frames = ["site"]
[placement]
detect = ["site"]
take = ["cloud"]
read = ["cloud"]
[boundary.feature]
from = ["site"]
to = ["cloud"]
per-frame = 16
per-second = PER_SECOND
quantise = "i8"
[boundary.note]
from = ["site"]
to = ["cloud"]
per-frame = 16
per-second = 100
[boundary.note.fields]
score = { kind = "number", min = 0.0, max = 1.0, steps = 100 }
id = { kind = "label", model = "gallery", at-most = 10 }
[boundary.receipt]
from = ["cloud"]
to = ["site"]
per-frame = 16
per-second = 1000
[boundary.receipt.fields]
got = { kind = "flag" }
"#;

fn smuggled() {
    let frame = png(&gradient(112, 112));
    let trusted = Trusted::publish();
    let policy = trusted.author.policy(&["alice"], "alice");
    let policy = policy.to_str().unwrap();
    for (act, status, reason) in [
        // A right one, so that what is refused is refused for what it is.
        ("feature", 200, ""),
        ("picture-as-feature", 500, "class-mismatch"),
        ("long-feature", 500, "class-mismatch"),
        ("pieces", 500, "boundary-per-frame"),
        ("piece", 503, "boundary-per-second"),
        ("not-numbers", 500, "boundary-form"),
        ("text", 500, "boundary-form"),
        ("field", 500, "boundary-form"),
        ("attribute", 200, ""),
    ] {
        let site = Site::new();
        // One a frame; where it is about how many there may be in a second, few enough for any machine to send more.
        let per_second = if act == "piece" { "1" } else { "20" };
        let text = SMUGGLED
            .replace("SMUGGLER", &trusted.component)
            .replace("PER_SECOND", per_second)
            .replace("ACT", act);
        let pipeline = file::write(site.folder.path(), "smuggled", &text);
        let none = site.place("none");
        let start = |zone: &str, peers: &[String]| {
            let plan = Plan {
                pipeline: pipeline.clone(),
                gallery: &none,
                identity: &site.identity(zone),
                only: &[],
                peers,
                more: &["--trust", policy],
            };
            let mut command = plan.command("127.0.0.1:0");
            command.env("FOOTLIGHT_CACHE", trusted.author.path("node"));
            Member::start(command)
        };
        let cloud = start("cloud", &[]);
        let edge = start("site", std::slice::from_ref(&cloud.address));
        edge.wait_for("take");
        if act == "piece" {
            // Faster than they may leave, after as many as may leave at once.
            let replies: Vec<_> = (0..60)
                .map(|_| edge.host.frame("smuggled", &frame))
                .collect();
            let refused = replies.iter().filter(|reply| reply.status != 200);
            let refused = refused
                .inspect(|reply| drop(reply.refused(status, reason)))
                .count();
            assert!(refused >= 10, "{refused} of 60");
        } else if status == 200 {
            let answer = edge.host.frame("smuggled", &frame).good();
            assert_eq!(answer["receipts"][0]["got"], true, "{act}: {answer}");
        } else {
            edge.host.frame("smuggled", &frame).refused(status, reason);
        }
        // Each refusal is in the log of the host that it did not leave, and nothing of it is anywhere else.
        let (log, far) = (edge.host.log(), cloud.host.log());
        if reason.starts_with("boundary") {
            assert!(
                log.contains("footlight::audit") && log.contains(reason),
                "{act}:\n{log}"
            );
        } else if status != 200 {
            assert!(log.contains(reason), "{act}:\n{log}");
        }
        assert!(!far.contains("footlight::audit"), "{act}:\n{far}");
    }
}
