//! A pipeline's version is changed while it runs; one that does not work is not.

use crate::client::Reply;
use crate::file::{self, LIMITS};
use crate::host::{Host, footlight};
use crate::needs::{self, trial};
use crate::places;
use crate::told::{Told, frame, hostile, listed, said, text, wait_until};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::process::Output;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "versions: what has changed is switched to, and every answer says which it is of",
            needs::HOSTILE,
            by_itself,
        ),
        trial(
            "versions: half a file is refused, and what it becomes is switched to",
            needs::HOSTILE,
            half_a_file,
        ),
        trial("versions: a host is told", needs::HOSTILE, told),
        trial(
            "versions: a host reads no file that its operator did not name",
            needs::HOSTILE,
            not_allowed,
        ),
        trial(
            "versions: one that does not work is refused, and the one before it goes on",
            needs::HOSTILE,
            refused,
        ),
        trial(
            "versions: a host that was never ready is once it is given one that works",
            needs::HOSTILE,
            never_ready,
        ),
        trial("versions: back, and forward again", needs::HOSTILE, back),
        trial(
            "versions: what a version has in common with another is not made again",
            needs::HOSTILE,
            in_common,
        ),
    ]
}

pub fn reload(host: &Host, name: &str) -> Reply {
    host.put_json(&format!("/v1/pipelines/{name}"), &json!({"reload": true}))
}

pub fn roll_back(host: &Host, name: &str) -> Reply {
    let path = format!("/v1/pipelines/{name}/rollback");
    host.post(&path, "application/json", b"")
}

#[track_caller]
fn answer(host: &Host) -> Value {
    host.frame("told", &frame()).good()
}

/// The answer is of the version that says this, and has this digest.
#[track_caller]
fn answers(host: &Host, says: &str, version: &Value) {
    let answer = answer(host);
    assert_eq!(said(&answer), says);
    assert_eq!(answer["version"], *version);
}

fn by_itself() {
    let told = Told::new("a");
    let host = told.serve(true);
    let first = answer(&host)["version"].clone();
    answers(&host, "a", &first);
    for digest in [&first["pipeline"], &first["stages"]["one"]] {
        let hex = digest.as_str().unwrap().strip_prefix("sha256:").unwrap();
        assert!(
            hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()),
            "{first}"
        );
    }

    told.build("one", "another");
    let other = |listed: &Value| listed["version"] != first;
    let second = wait_until(&host, "told", other);
    let (of, attempt) = (&second["version"], &second["attempts"][0]);
    assert_ne!(of["pipeline"], first["pipeline"]);
    assert_ne!(of["stages"]["one"], first["stages"]["one"]);
    assert_eq!(of["stages"]["two"], first["stages"]["two"]);
    assert_eq!(second["previous"], first["pipeline"]);
    assert_eq!(
        (&attempt["outcome"], &attempt["cause"], &attempt["version"]),
        (&json!("switched"), &json!("change"), &of["pipeline"])
    );
    answers(&host, "a", of);

    told.write(&text("b"));
    let third = wait_until(&host, "told", |listed| listed["version"] != *of);
    assert_eq!(third["version"]["stages"], of["stages"]);
    answers(&host, "b", &third["version"]);
    // What was there before has the digest that it had before.
    told.build("one", "a");
    told.write(&text("a"));
    wait_until(&host, "told", |listed| listed["version"] == first);
    answers(&host, "a", &first);
}

fn half_a_file() {
    let told = Told::new("a");
    let host = told.serve(true);
    let first = answer(&host)["version"].clone();
    let whole = text("b");
    told.write(&whole[..whole.len() / 2]);
    let listed = wait_until(&host, "told", |listed| listed["attempts"][0].is_object());
    let attempt = &listed["attempts"][0];
    assert_eq!(attempt["outcome"], "refused");
    let reason = attempt["reason"].as_str().unwrap();
    assert!(reason.contains("told.toml"), "{reason}");
    assert_eq!(host.get("/readyz").good()["status"], "ready");
    answers(&host, "a", &first);
    told.write(&whole);
    let listed = wait_until(&host, "told", |listed| listed["version"] != first);
    assert_eq!(listed["attempts"][0]["outcome"], "switched");
    answers(&host, "b", &listed["version"]);
}

fn told() {
    let told = Told::new("a");
    let host = told.serve(false);
    let metric = |outcome: &str| {
        host.metric(&format!(
            "footlight_swaps_total{{pipeline=\"told\",outcome=\"{outcome}\"}}"
        ))
    };
    let first = answer(&host)["version"].clone();
    let same = reload(&host, "told").good();
    assert_eq!(
        (&same["outcome"], &same["version"]),
        (&json!("unchanged"), &first["pipeline"])
    );
    told.write(&text("b"));
    answers(&host, "a", &first);
    let attempt = reload(&host, "told").good();
    assert_eq!(
        (&attempt["outcome"], &attempt["cause"]),
        (&json!("switched"), &json!("request"))
    );
    let second = listed(&host, "told");
    assert_eq!(second["version"]["pipeline"], attempt["version"]);
    assert_eq!(second["attempts"], json!([attempt, same]));
    assert_eq!(second["watched"], false);
    answers(&host, "b", &second["version"]);
    assert_eq!(
        (metric("switched"), metric("unchanged"), metric("refused")),
        (1.0, 1.0, 0.0)
    );
    let info = |version: &Value| {
        let version = version.as_str().unwrap();
        host.metric(&format!(
            "footlight_pipeline_info{{pipeline=\"told\",version=\"{version}\"}}"
        ))
    };
    assert_eq!(
        (info(&first["pipeline"]), info(&attempt["version"])),
        (0.0, 1.0)
    );
}

fn not_allowed() {
    let told = Told::new("a");
    let host = told.serve(false);
    let first = answer(&host)["version"].clone();
    let other = Told::new("b");
    let change = |name: &str, body: Value| host.put_json(&format!("/v1/pipelines/{name}"), &body);
    for named in [
        other.file().to_str().unwrap(),
        "/etc/passwd",
        "../told.toml",
        "",
    ] {
        let detail = change("told", json!({"source": named})).refused(403, "source-not-allowed");
        let words = ["operator", told.file().to_str().unwrap()].map(|word| detail.contains(word));
        assert_eq!(words, [true, true], "{detail}");
        assert!(!detail.contains("root:"), "{detail}");
    }
    answers(&host, "a", &first);
    told.write(&text("c"));
    let own = change("told", json!({"source": told.file()})).good();
    assert_eq!(own["outcome"], "switched");
    assert_eq!(said(&answer(&host)), "c");
    change("told", json!({})).refused(400, "malformed-body");
    change("told", json!({"reload": true, "files": []})).refused(400, "malformed-body");
    change("other", json!({"reload": true})).refused(404, "unknown-pipeline");
    roll_back(&host, "other").refused(404, "unknown-pipeline");
}

fn refused() {
    let told = Told::new("a");
    let host = told.serve(false);
    let first = answer(&host)["version"].clone();
    let trap = text("b").replace(
        "settings = { yields = \"second\"",
        "settings = { act = \"yield-other-class\", at-width = 0, yields = \"second\"",
    );
    let trap = trap.replace("\"first\"\nyields", "\"frame\"\nyields");
    let nothing: &[u8] = b"";
    let teller = hostile("teller");
    let cases: [(&str, String, &[u8], &[&str]); 8] = [
        (
            "no TOML",
            "name = ".to_owned(),
            &teller,
            &["told.toml", "line 1"],
        ),
        (
            "a wrong key",
            format!("stagess = 1\n{}", text("b")),
            &teller,
            &["stagess"],
        ),
        (
            "another name",
            text("b").replace("\"told\"", "\"tale\""),
            &teller,
            &["`tale`", "`told`"],
        ),
        (
            "a name that answers have",
            text("b").replace("firsts =", "version ="),
            &teller,
            &["`version`"],
        ),
        (
            "a stage that is none",
            text("b"),
            &hostile("not-a-stage"),
            &["[stages.two]", "two.wasm"],
        ),
        (
            "no component",
            text("b"),
            nothing,
            &["[stages.two]", "not WebAssembly"],
        ),
        (
            "half a component",
            text("b"),
            &teller[..teller.len() / 2],
            &["[stages.two]", "not valid"],
        ),
        (
            "a stage that fails its probe",
            trap,
            &hostile("hostile"),
            &["probe item", "stage `two`"],
        ),
    ];
    for (count, (what, text, component, words)) in cases.into_iter().enumerate() {
        told.component("two", component);
        told.write(&text);
        let detail = reload(&host, "told").refused(422, "version-refused");
        let listed = listed(&host, "told");
        let attempt = &listed["attempts"][0];
        assert_eq!(attempt["outcome"], "refused", "{what}");
        let log = host.log();
        for word in words {
            for place in [&detail, attempt["reason"].as_str().unwrap(), &log] {
                assert!(place.contains(word), "{what}: no {word:?} in {place}");
            }
        }
        assert_eq!(listed["version"], first, "{what}");
        assert_eq!(listed.get("previous"), None, "{what}");
        assert_eq!(listed["ready"], true, "{what}");
        answers(&host, "a", &first);
        let refusals = "footlight_swaps_total{pipeline=\"told\",outcome=\"refused\"}";
        assert_eq!(host.metric(refusals), count as f64 + 1.0, "{what}");
        // Nothing of it is kept.
        assert_eq!(
            host.metric("footlight_versions_open{pipeline=\"told\"}"),
            1.0,
            "{what}"
        );
    }
    told.build("two", "b");
    told.write(&text("b"));
    assert_eq!(reload(&host, "told").good()["outcome"], "switched");
    assert_eq!(said(&answer(&host)), "b");
}

fn never_ready() {
    let folder = tempfile::tempdir().unwrap();
    let stage = |settings| file::OneStage {
        settings,
        limits: LIMITS,
        ..file::OneStage::HOSTILE
    };
    // Probe images are 128 pixels wide.
    let path = stage("act = \"trap\", at-width = 128").write(folder.path());
    let host = Host::start(&[path]);
    wait_until(&host, "trap", |_| {
        let detail = host.get("/readyz").refused(503, "not-ready");
        detail.contains("it crashed")
    });
    stage("act = \"trap\", at-width = 200").write(folder.path());
    host.wait_until_ready();
    assert_eq!(host.frame("trap", &frame()).good()["notes"][0]["seen"], 1);
    // The one before never worked, so there is no way back to it.
    let detail = roll_back(&host, "trap").refused(422, "version-refused");
    assert!(detail.contains("it crashed"), "{detail}");
    assert_eq!(host.frame("trap", &frame()).good()["notes"][0]["seen"], 1);
}

fn back() {
    let told = Told::new("a");
    let host = told.serve(true);
    let first = answer(&host)["version"].clone();
    let detail = roll_back(&host, "told").refused(409, "no-previous-version");
    assert!(detail.contains("`told`"), "{detail}");
    told.write(&text("b"));
    let second = wait_until(&host, "told", |listed| listed["version"] != first);
    let second = second["version"].clone();
    for (says, now, before) in [
        ("a", &first, &second),
        ("b", &second, &first),
        ("a", &first, &second),
    ] {
        let attempt = roll_back(&host, "told").good();
        assert_eq!(
            (&attempt["outcome"], &attempt["cause"], &attempt["version"]),
            (&json!("switched"), &json!("rollback"), &now["pipeline"])
        );
        assert_eq!(listed(&host, "told")["previous"], before["pipeline"]);
        answers(&host, says, now);
    }
    // As typed; the file still has the other.
    let typed = |words: &[&str], code: i32| {
        let Output {
            status,
            stdout,
            stderr,
        } = footlight()
            .arg("pipeline")
            .args(words)
            .args(["--host", host.url()])
            .output()
            .unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert_eq!(status.code(), Some(code), "{words:?}: {said}");
        said
    };
    let short = |version: &Value| version["pipeline"].as_str().unwrap()[7..19].to_owned();
    let all = typed(&["list"], 0);
    for word in [
        "told",
        "yes",
        &short(&first),
        &short(&second),
        "switched by rollback",
    ] {
        assert!(all.contains(word), "no {word:?} in {all}");
    }
    let said = typed(&["reload", "told"], 0);
    assert!(
        said.contains(&format!("told runs {} from ", short(&second))),
        "{said}"
    );
    answers(&host, "b", &second);
    assert!(typed(&["reload", "told"], 0).contains("already"));
    typed(&["rollback", "told"], 0);
    answers(&host, "a", &first);
    let used = typed(&["use", "told", told.file().to_str().unwrap(), "--json"], 0);
    let used: Value = serde_json::from_str(&used).unwrap();
    assert_eq!(used["version"], second["pipeline"]);
    let said = typed(&["use", "told", places::members().to_str().unwrap()], 1);
    assert!(said.contains("operator"), "{said}");
    told.write("");
    let said = typed(&["reload", "told"], 1);
    assert!(
        said.contains("told.toml") && said.contains("goes on"),
        "{said}"
    );
    let said = typed(&["list"], 0);
    assert!(
        said.contains("the last version of told was refused"),
        "{said}"
    );
    assert!(typed(&["rollback", "tale"], 1).contains("no pipeline \"tale\""));
}

fn in_common() {
    let told = Told::new("a");
    let host = told.serve(false);
    let made = || host.log().matches("component ready").count();
    // The two are of one build, and made at the same time.
    let before = made();
    told.build("one", "b");
    assert_eq!(reload(&host, "told").good()["outcome"], "switched");
    assert_eq!(made(), before + 1);
    told.write(&text("b"));
    assert_eq!(reload(&host, "told").good()["outcome"], "switched");
    told.build("one", "a");
    told.write(&text("a"));
    assert_eq!(reload(&host, "told").good()["outcome"], "switched");
    assert_eq!(made(), before + 1);
}
