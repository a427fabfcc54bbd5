//! What is no picture, or not one that can be taken on: a clear refusal, and the next frame is served.

use crate::file::{AT_WIDTH, LIMITS, OneStage};
use crate::host::{self, Host, MEMBERS};
use crate::jpeg;
use crate::needs::{self, trial};
use crate::photos::{self, gradient, png};
use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("bad input: an empty body", needs::MEMBERS, || {
            refused(b"", 400, "empty-body", "0 bytes")
        }),
        trial("bad input: text", needs::MEMBERS, || {
            refused(b"a letter", 422, "not-an-image", "send a JPEG or a PNG");
        }),
        trial("bad input: a truncated JPEG", needs::MEMBERS, truncated),
        trial("bad input: a truncated PNG", needs::MEMBERS, || {
            let whole = png(&photos::face());
            refused(
                &whole[..whole.len() / 2],
                422,
                "truncated-image",
                "send the whole file",
            );
        }),
        trial("bad input: a JPEG bomb", needs::MEMBERS, bomb),
        trial("bad input: a picture of 1 x 1", needs::MEMBERS, tiny),
        trial("bad input: another media type", needs::MEMBERS, media_type),
        trial(
            "bad input: an unknown pipeline",
            needs::MEMBERS,
            unknown_pipeline,
        ),
        trial(
            "bad input: a body over the limit",
            needs::HOSTILE,
            over_the_limit,
        ),
    ]
}

/// A body is refused, and a good frame after it is not.
#[track_caller]
fn refused(body: &[u8], status: u16, reason: &str, words: &str) {
    MEMBERS.with(|host| {
        let detail = host.frame("members", body).refused(status, reason);
        assert!(detail.contains(words), "{detail}");
        served(host);
    });
}

#[track_caller]
fn served(host: &Host) {
    let answer = host.frame("members", &jpeg::jpeg(&photos::face())).good();
    assert_eq!(answer["faces"].as_array().unwrap().len(), 1);
}

/// At every tenth of it, the header included.
fn truncated() {
    let whole = photos::bytes("people/biden.jpg");
    MEMBERS.with(|host| {
        for tenth in 1..10 {
            let detail = host
                .frame("members", &whole[..whole.len() * tenth / 10])
                .refused(422, "truncated-image");
            assert!(
                detail.contains("cut off") && detail.contains("send the whole file"),
                "{detail}"
            );
        }
        let head = host.frame("members", &whole[..3]);
        assert_eq!(head.status, 422, "{}", head.text());
        served(host);
    });
}

/// It is refused by its header, without room being made for 13 GB.
fn bomb() {
    let bomb = jpeg::bomb();
    MEMBERS.with(|host| {
        served(host);
        let before = host.resident();
        for _ in 0..10 {
            let detail = host.frame("members", &bomb).refused(413, "image-too-large");
            assert!(
                detail.contains("65500 x 65500") && detail.contains("40000000"),
                "{detail}"
            );
        }
        let after = host.resident();
        assert!(
            after < before + (16 << 20),
            "{before} bytes before, {after} after"
        );
        served(host);
    });
}

fn tiny() {
    MEMBERS.with(|host| {
        for picture in [
            png(&gradient(1, 1)),
            jpeg::jpeg(&gradient(1, 1)),
            png(&gradient(2000, 1)),
        ] {
            let answer = host.frame("members", &picture).good();
            assert_eq!(answer["faces"], serde_json::json!([]));
            assert_eq!(answer["height"], 1);
        }
        served(host);
    });
}

fn media_type() {
    MEMBERS.with(|host| {
        let frames = "/v1/pipelines/members/frames";
        let detail = host
            .post(frames, "text/plain", b"a letter")
            .refused(415, "unsupported-media-type");
        assert!(detail.contains("image/jpeg or image/png"), "{detail}");
        host.post(frames, "image/gif", b"GIF89a")
            .refused(415, "unsupported-media-type");
        // The picture itself says what it is.
        assert_eq!(
            host.post(frames, "image/png", &jpeg::jpeg(&photos::face()))
                .status,
            200
        );
    });
}

fn unknown_pipeline() {
    MEMBERS.with(|host| {
        let detail = host
            .frame("memberz", &png(&gradient(8, 8)))
            .refused(404, "unknown-pipeline");
        assert!(
            detail.contains("\"memberz\"") && detail.contains("there is `members`"),
            "{detail}"
        );
    });
}

fn over_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("act = \"trap\", at-width = {AT_WIDTH}");
    let file = OneStage {
        settings: &settings,
        limits: LIMITS,
        ..OneStage::HOSTILE
    }
    .write(folder.path());
    let mut command = host::run(&[file], &folder.path().join("gallery"));
    command.args(["--max-body", "100000"]);
    let host = Host::spawn(command, folder);
    host.wait_until_ready();
    let picture = png(&gradient(160, 120));
    let mut padded = picture.clone();
    padded.resize(100_000, 0);
    // What follows a PNG's end is not looked at.
    assert_eq!(host.frame("trap", &padded).status, 200);
    padded.push(0);
    let detail = host.frame("trap", &padded).refused(413, "body-too-large");
    assert!(detail.contains("100000 bytes"), "{detail}");
    padded.resize(5_000_000, 0);
    host.frame("trap", &padded).refused(413, "body-too-large");
    assert_eq!(host.frame("trap", &picture).status, 200);
}
