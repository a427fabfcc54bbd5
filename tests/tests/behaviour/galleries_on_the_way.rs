//! What may happen to a gallery between two hosts.

use crate::enrolment::{enrol, verdicts};
use crate::galleries::{BIDEN, OBAMA, TwoHosts};
use crate::host::{Host, refused, run};
use crate::needs::{self, trial};
use crate::supply::put;
use crate::{file, photos, places};
use libtest_mimic::Trial;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "galleries: another site's, another model's or pipeline's is refused",
            needs::MEMBERS,
            others,
        ),
        trial(
            "galleries: one that was altered or cut off is refused",
            needs::MEMBERS,
            damaged,
        ),
        trial(
            "galleries: who did not sign is not believed",
            needs::MEMBERS,
            only_signed,
        ),
        trial(
            "galleries: none leaves a host without a key",
            needs::MEMBERS,
            without_a_key,
        ),
        trial(
            "galleries: a newer one is taken, a bad one is not, and the registry may be gone",
            needs::MEMBERS,
            newer,
        ),
    ]
}

#[track_caller]
fn contains(said: &str, words: &[&str]) {
    for words in words {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
}

fn others() {
    let two = TwoHosts::new();
    let first = two.first("site");
    enrol(&first, "obama", &[OBAMA], 201);
    two.push(&first);
    let pipeline = two.site.reference("pipeline");
    contains(
        &refused(two.follow(&pipeline, &[])),
        &["is encrypted", "--site-key"],
    );
    let other = two.key("other");
    let other = ["--site-key", other.to_str().unwrap()];
    contains(
        &refused(two.follow(&pipeline, &other)),
        &["sealed with the key", "get that key"],
    );

    let key = two.key("site");
    let key = ["--site-key", key.to_str().unwrap()];
    let write = |name: &str, from: &str, to: &str| {
        let text = file::members();
        assert!(text.contains(from));
        let path = file::write(&two.site.path("author"), name, &text.replace(from, to));
        path.to_str().unwrap().to_owned()
    };
    let here = |pipeline: &str| {
        let mut command = two.follow(pipeline, &key);
        command
            .env("FOOTLIGHT_CACHE", two.site.path("author"))
            .env("FOOTLIGHT_STAGES", places::stages());
        command
    };
    let model = write(
        "model",
        "made-by = \"fr-feature\"",
        "made-by = \"retinaface\"",
    );
    let of_model = "b7a7acab55e104dce6f32cdfff929bd83946da5cd869b9e2e9bdffafd1b7e4a5";
    contains(
        &refused(here(&model)),
        &[of_model, "enrol the members again"],
    );
    let name = write("name", "name = \"members\"", "name = \"visitors\"");
    contains(
        &refused(here(&name)),
        &["gallery of the pipeline `members`", "`visitors`"],
    );

    // What the command line says is looked at as well.
    let mut command = here(&name);
    command.arg(places::members());
    contains(
        &refused(command),
        &["several pipelines", "--gallery visitors="],
    );
    let mut command = here(places::members().to_str().unwrap());
    command.args(["--gallery", &format!("visitors={}", two.gallery())]);
    contains(&refused(command), &["names the pipeline `visitors`"]);
    let mut command = run(&[places::members()], &two.site.path("own"));
    command.arg("--site-key").arg(places::members());
    contains(&refused(command), &["members.toml", "chmod 600"]);
}

/// The gallery in a layout, as somebody who may write to its repository makes it: an artifact like any other, with
/// another content.
fn exchange(layout: &Path, change: Change) {
    let read = |digest: &Value| {
        let hex = digest.as_str().unwrap().strip_prefix("sha256:").unwrap();
        fs::read(layout.join("blobs/sha256").join(hex)).unwrap()
    };
    let path = layout.join("index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let entry = &mut index["manifests"][0];
    let mut manifest: Value = serde_json::from_slice(&read(&entry["digest"])).unwrap();
    let layer = &mut manifest["layers"][0];
    let mut sealed = read(&layer["digest"]);
    assert!(sealed.starts_with(b"FLSITE1\n"));
    change(&mut sealed);
    describe(layer, &put(layout, "", &sealed));
    describe(entry, &put(layout, "", manifest.to_string().as_bytes()));
    fs::write(&path, index.to_string()).unwrap();
}

/// Has a descriptor be of the content of another.
fn describe(descriptor: &mut Value, other: &Value) {
    for field in ["digest", "size"] {
        descriptor[field] = other[field].clone();
    }
}

type Change = fn(&mut Vec<u8>);

fn damaged() {
    let two = TwoHosts::new();
    let first = two.first("site");
    enrol(&first, "obama", &[OBAMA], 201);
    two.push(&first);
    let key = two.key("site");
    let follow = |gallery: &str| {
        let gallery = format!("members={gallery}");
        let more = ["--gallery", &gallery, "--site-key", key.to_str().unwrap()];
        two.follow(&two.site.reference("pipeline"), &more)
    };
    let changes: [(&str, Change, &str); 3] = [
        (
            "flipped",
            |sealed| *sealed.last_mut().unwrap() ^= 1,
            "was altered after it was sealed",
        ),
        (
            "halved",
            |sealed| sealed.truncate(sealed.len() / 2),
            "bytes of",
        ),
        ("emptied", Vec::clear, "was not sealed with a site's key"),
    ];
    let carried = |name: &str| {
        let folder = two.site.path(name);
        let gallery = format!("oci:{}:current", folder.display());
        let words = ["gallery", "pull", &two.gallery(), "--to", &gallery];
        two.site.author(&words, 0);
        (folder, gallery)
    };
    for (name, change, words) in changes {
        let (folder, gallery) = carried(name);
        exchange(&folder, change);
        contains(&refused(follow(&gallery)), &["[gallery]", words]);
    }
    let (_, gallery) = carried("whole");
    let second = Host::spawn(follow(&gallery), tempfile::tempdir().unwrap());
    second.wait_until_ready();
    assert_eq!(
        verdicts(&second, &photos::bytes(OBAMA)),
        [Some("obama".to_owned())]
    );
}

fn only_signed() {
    let two = TwoHosts::new();
    let first = two.first("site");
    enrol(&first, "obama", &[OBAMA], 201);
    two.push(&first);
    let (pipeline, gallery) = (two.site.reference("pipeline"), two.gallery());
    let name = two.site.path("alice");
    two.site.author(&["keygen", name.to_str().unwrap()], 0);
    let policy = two.site.path("policy.toml");
    let repository = |reference: &str| reference.rsplit_once(':').unwrap().0.to_owned();
    let text = format!(
        "default = \"refuse\"\n[keys]\nalice = \"alice.pub\"\n\n[[rules]]\nrepository = \"{}\"\nkeys = [\"alice\"]\n\
         \n[[rules]]\nrepository = \"{}\"\nkeys = [\"alice\"]\n",
        repository(&pipeline),
        repository(&gallery)
    );
    fs::write(&policy, text).unwrap();
    let alice = two.site.path("alice.key");
    let sign = |reference: &str| {
        let words = ["sign", reference, "--key", alice.to_str().unwrap()];
        two.site.author(&words, 0);
    };
    let key = two.key("site");
    let trusting = || {
        let mut command = two.follow(&pipeline, &["--trust", policy.to_str().unwrap()]);
        command.arg("--site-key").arg(&key);
        command
    };
    sign(&pipeline);
    contains(
        &refused(trusting()),
        &["not trusted", &repository(&gallery)],
    );
    sign(&gallery);
    let second = Host::spawn(trusting(), tempfile::tempdir().unwrap());
    second.wait_until_ready();
    let obama = photos::bytes(OBAMA);
    assert_eq!(verdicts(&second, &obama), [Some("obama".to_owned())]);

    // What is signed a while after it was pushed is taken then, though the tag leads where it led.
    assert_eq!(first.delete("/v1/members/obama").status, 204);
    let digest = two.push(&first);
    let refused = |follows: &Value| {
        let reason = follows["attempts"][0]["reason"].as_str();
        reason.is_some_and(|reason| reason.contains("not trusted"))
    };
    until(&second, refused);
    assert_eq!(verdicts(&second, &obama), [Some("obama".to_owned())]);
    sign(&gallery);
    until(&second, |follows| follows["artifact"] == digest);
    assert_eq!(verdicts(&second, &obama), [None]);
}

fn without_a_key() {
    let two = TwoHosts::new();
    let host = Host::members();
    let detail = host
        .get("/v1/pipelines/members/gallery")
        .refused(403, "no-site-key");
    contains(&detail, &["footlight keygen --site", "--site-key"]);
    let gallery = two.gallery();
    let words = ["gallery", "push", "members", &gallery, "--host", host.url()];
    contains(&two.site.author(&words, 1), &["footlight keygen --site"]);
    let words = ["gallery", "pull", &gallery];
    two.site.author(&words, 1);
}

/// What the second host follows, once it is as wanted.
#[track_caller]
fn until(host: &Host, wanted: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let follows = host.get("/v1/pipelines/members").good()["follows"].clone();
        if wanted(&follows) {
            return follows;
        }
        assert!(Instant::now() < until, "{follows}\n{}", host.log());
        thread::sleep(Duration::from_millis(100));
    }
}

fn newer() {
    let mut two = TwoHosts::new();
    let first = two.first("site");
    enrol(&first, "obama", &[OBAMA], 201);
    let oldest = two.push(&first);
    let second = two.second();
    let biden = photos::bytes(BIDEN);
    assert_eq!(verdicts(&second, &biden), [None]);

    enrol(&first, "biden", &[BIDEN], 201);
    let digest = two.push(&first);
    until(&second, |follows| follows["artifact"] == digest);
    let known = [Some("biden".to_owned())];
    assert_eq!(verdicts(&second, &biden), known);
    assert_eq!(
        second.metric("footlight_members{pipeline=\"members\"}"),
        2.0
    );

    // Somebody else's, under the same tag.
    let stranger = two.first("other");
    enrol(&stranger, "mallory", &[BIDEN], 201);
    two.push(&stranger);
    let follows = until(&second, |follows| {
        follows["attempts"][0]["outcome"] == "refused"
    });
    assert_eq!(follows["artifact"], digest);
    let reason = follows["attempts"][0]["reason"].as_str().unwrap();
    contains(reason, &["sealed with the key", &two.gallery()]);
    let log = second.log();
    assert!(log.contains("the one before it goes on"), "{log}");
    assert_eq!(verdicts(&second, &biden), known);
    let told = two
        .site
        .author(&["pipeline", "list", "--host", second.url()], 0);
    contains(&told, &["last gallery for members was refused"]);

    assert_eq!(first.delete("/v1/members/obama").status, 204);
    let digest = two.push(&first);
    until(&second, |follows| follows["artifact"] == digest);
    assert_eq!(verdicts(&second, &photos::bytes(OBAMA)), [None]);

    // Who is forgotten does not come back with an old gallery, which needs no key to be pushed again.
    let old = format!("{}@{oldest}", two.gallery());
    let words = ["gallery", "pull", &old, "--to", &two.gallery()];
    two.site.author(&words, 0);
    let back = |follows: &Value| {
        let reason = follows["attempts"][0]["reason"].as_str();
        reason.is_some_and(|reason| reason.contains("encrypted before the one that is in place"))
    };
    until(&second, back);
    assert_eq!(verdicts(&second, &photos::bytes(OBAMA)), [None]);
    let digest = two.push(&first);
    until(&second, |follows| follows["artifact"] == digest);
    drop(second);

    two.registry.stop();
    let second = two.second();
    assert_eq!(verdicts(&second, &biden), known);
    let log = second.log();
    assert!(log.contains("taken from the store"), "{log}");
}
