//! Members: who is enrolled is known in other photos, and nobody else is.

use crate::host::{Host, MEMBERS};
use crate::jpeg;
use crate::needs::{self, trial};
use crate::photos::{self, beside, picture, png};
use libtest_mimic::Trial;
use serde_json::Value;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "enrolment: a member is known in another photo, a stranger is not",
            needs::MEMBERS,
            known,
        ),
        trial(
            "enrolment: a member is replaced and forgotten",
            needs::MEMBERS,
            replaced,
        ),
        trial(
            "enrolment: photos that are not good enough are refused with the reason",
            needs::MEMBERS,
            refusals,
        ),
        trial(
            "enrolment: requests that are not right",
            needs::MEMBERS,
            requests,
        ),
    ]
}

/// The verdicts on the faces of a photo, from left to right: the member's id, or none.
#[track_caller]
pub fn verdicts(host: &Host, photo: &[u8]) -> Vec<Option<String>> {
    let answer = host.frame("members", photo).good();
    let mut faces = answer["faces"].as_array().unwrap().clone();
    faces.sort_by(|a, b| {
        a["box"]["x"]
            .as_f64()
            .unwrap()
            .total_cmp(&b["box"]["x"].as_f64().unwrap())
    });
    faces.iter().map(|face| verdict(&face["verdict"])).collect()
}

fn verdict(verdict: &Value) -> Option<String> {
    let (similarity, threshold) = (
        verdict["similarity"].as_f64().unwrap(),
        verdict["threshold"].as_f64().unwrap(),
    );
    assert_eq!(verdict["member"], similarity >= threshold, "{verdict}");
    assert_eq!(
        verdict["member"],
        verdict.get("id").is_some_and(Value::is_string),
        "{verdict}"
    );
    verdict["member"]
        .as_bool()
        .unwrap()
        .then(|| verdict["id"].as_str().unwrap().to_owned())
}

#[track_caller]
pub fn enrol(host: &Host, id: &str, photos: &[&str], status: u16) -> Value {
    let photos: Vec<_> = photos
        .iter()
        .map(|name| (*name, photos::bytes(name)))
        .collect();
    let photos: Vec<_> = photos
        .iter()
        .map(|(name, bytes)| (*name, &bytes[..]))
        .collect();
    let reply = host.enrol(id, &photos);
    assert_eq!(reply.status, status, "{}", reply.text());
    reply.json()
}

fn forget(host: &Host, id: &str) {
    assert_eq!(host.delete(&format!("/v1/members/{id}")).status, 204);
}

fn gallery(host: &Host) -> Value {
    let models = host.get("/v1/models").good();
    let models = models["models"].as_array().unwrap();
    models
        .iter()
        .find(|model| model["name"] == "gallery")
        .unwrap()
        .clone()
}

const OBAMA: &str = "people/obama.jpg";
const BIDEN: &str = "people/biden.jpg";

fn known() {
    let obama = photos::bytes("people/obama2.jpg");
    let both = png(&beside(
        &picture("people/obama3.jpg", 500),
        &picture(BIDEN, 500),
    ));
    MEMBERS.with(|host| {
        assert_eq!(verdicts(host, &obama), [None]);
        let empty = gallery(host);
        let member = enrol(host, "obama", &[OBAMA], 201);
        assert_eq!(
            (&member["id"], member["templates"].as_array().unwrap().len()),
            (&"obama".into(), 1)
        );
        assert_eq!(verdicts(host, &obama), [Some("obama".to_owned())]);
        assert_eq!(
            verdicts(host, &photos::bytes("others/astronaut.png")),
            [None]
        );
        assert_eq!(verdicts(host, &both), [Some("obama".to_owned()), None]);
        assert_eq!(verdicts(host, &png(&picture("others/coffee.png", 400))), []);

        enrol(host, "biden", &[BIDEN], 201);
        assert_eq!(
            verdicts(host, &both),
            [Some("obama".to_owned()), Some("biden".to_owned())]
        );
        assert_eq!(host.metric("footlight_members{pipeline=\"members\"}"), 2.0);
        let full = gallery(host);
        assert_eq!((&empty["labels"], &full["labels"]), (&0.into(), &2.into()));
        assert_ne!(empty["digest"], full["digest"]);

        forget(host, "obama");
        forget(host, "biden");
        assert_eq!(gallery(host)["digest"], empty["digest"]);
    });
}

fn replaced() {
    MEMBERS.with(|host| {
        enrol(host, "president", &[OBAMA], 201);
        let first = host.get("/v1/members/president").good();
        enrol(host, "president", &[BIDEN, BIDEN], 200);
        let second = host.get("/v1/members/president").good();
        assert_eq!(second["templates"].as_array().unwrap().len(), 2);
        assert_ne!(
            first["templates"][0]["digest"],
            second["templates"][0]["digest"]
        );
        assert_eq!(verdicts(host, &photos::bytes(OBAMA)), [None]);
        assert_eq!(
            verdicts(host, &photos::bytes(BIDEN)),
            [Some("president".to_owned())]
        );

        let quality = &second["templates"][0]["quality"];
        assert!(
            quality["face-pixels"].as_f64().unwrap() > 60.0
                && quality["score"].as_f64().unwrap() > 0.9,
            "{quality}"
        );
        let text = second.to_string();
        assert!(!text.contains("feature"), "features are given out: {text}");

        forget(host, "president");
        assert_eq!(verdicts(host, &photos::bytes(BIDEN)), [None]);
        host.get("/v1/members/president")
            .refused(404, "unknown-member");
        host.delete("/v1/members/president")
            .refused(404, "unknown-member");
        assert_eq!(
            host.get("/v1/members").good()["members"],
            serde_json::json!([])
        );
    });
}

/// What is said of the first photo that is refused.
#[track_caller]
fn refused(host: &Host, photos: &[(&str, &[u8])], name: &str, reason: &str, words: &str) {
    let reply = host.enrol("candidate", photos);
    let detail = reply.refused(422, "enrolment-refused");
    let photo = &reply.json()["photos"][0];
    assert_eq!(
        (&photo["name"], &photo["reason"]),
        (&name.into(), &reason.into()),
        "{photo}"
    );
    let said = photo["detail"].as_str().unwrap();
    assert!(said.contains(words) && detail.contains(said), "{detail}");
    host.get("/v1/members/candidate")
        .refused(404, "unknown-member");
}

fn refusals() {
    let biden = photos::bytes(BIDEN);
    let blurred = image::imageops::blur(&photos::face(), 3.0);
    let cases: [(&str, Vec<u8>, &str, &str); 6] = [
        (
            "cup.png",
            png(&picture("others/coffee.png", 400)),
            "no-face",
            "shows the whole face",
        ),
        (
            "both.png",
            png(&beside(&photos::face(), &picture(OBAMA, 400))),
            "several-faces",
            "2 faces were found",
        ),
        (
            "far.png",
            png(&picture(BIDEN, 120)),
            "too-small",
            "at least 60 are needed",
        ),
        ("soft.png", png(&blurred), "too-blurred", "in focus"),
        (
            "letter.txt",
            b"a letter".to_vec(),
            "not-an-image",
            "send a JPEG or a PNG",
        ),
        ("nothing.jpg", Vec::new(), "empty-body", "0 bytes"),
    ];
    MEMBERS.with(|host| {
        for (name, photo, reason, words) in &cases {
            refused(host, &[(name, photo)], name, reason, words);
            // All or nothing: a good photo beside it changes nothing.
            refused(
                host,
                &[("good.jpg", &biden), (name, photo)],
                name,
                reason,
                words,
            );
        }
        let astronaut = photos::bytes("others/astronaut.png");
        let two = [
            ("a.jpg", &biden[..]),
            ("b.jpg", &biden[..]),
            ("c.png", &astronaut[..]),
        ];
        refused(
            host,
            &two,
            "c.png",
            "unlike-the-others",
            "check that all photos show the same person",
        );

        enrol(host, "obama", &[OBAMA], 201);
        let again = photos::bytes("people/obama2.jpg");
        refused(
            host,
            &[("again.jpg", &again)],
            "again.jpg",
            "too-like-another",
            "that of member obama",
        );
        // A member may be like the photos that are replaced.
        enrol(host, "obama", &["people/obama2.jpg"], 200);
        forget(host, "obama");
    });
}

fn requests() {
    let face = jpeg::jpeg(&photos::face());
    MEMBERS.with(|host| {
        let detail = host
            .enrol("a%2Fb", &[("a.jpg", &face)])
            .refused(400, "malformed-id");
        assert!(detail.contains("a-z"), "{detail}");
        host.enrol(&"a".repeat(65), &[("a.jpg", &face)])
            .refused(400, "malformed-id");
        host.enrol("anna", &[]).refused(400, "no-photos");
        host.get("/v1/members?pipeline=other")
            .refused(404, "unknown-pipeline");
        assert_eq!(
            host.get("/v1/members").good()["members"],
            serde_json::json!([])
        );
    });
}
