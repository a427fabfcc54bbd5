//! The commands that speak to a host, as typed.

use crate::host::{MEMBERS, footlight};
use crate::needs::{self, trial};
use crate::photos::{self, png};
use crate::places;
use libtest_mimic::Trial;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "command line: enroll, members, submit, forget",
            needs::MEMBERS,
            life,
        ),
        trial("command line: no host answers", needs::HOSTILE, nobody),
    ]
}

/// What a command wrote, and how it ended.
#[track_caller]
fn typed(url: &str, words: &[&str], paths: &[&Path], code: i32) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = footlight()
        .args(words)
        .args(paths)
        .args(["--host", url])
        .output()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout).into_owned(),
        String::from_utf8_lossy(&stderr),
    );
    assert_eq!(status.code(), Some(code), "{words:?}: {stdout}{stderr}");
    stdout + &stderr
}

fn life() {
    let people = places::cache().join("photos/people");
    let photo = |name: &str| people.join(name);
    let folder = tempfile::tempdir().unwrap();
    let cup = folder.path().join("cup.png");
    std::fs::write(&cup, png(&photos::picture("others/coffee.png", 400))).unwrap();
    let other = folder.path().join("other.png");
    let plain = photos::picture("people/obama3.jpg", 800);
    std::fs::write(&other, png(&plain)).unwrap();
    let annotated = folder.path().join("annotated");
    MEMBERS.with(|host| {
        let url = host.url();
        assert!(typed(url, &["members"], &[], 0).contains("no members"));
        let said = typed(
            url,
            &["enroll", "obama"],
            &[&photo("obama.jpg"), &photo("obama2.jpg")],
            0,
        );
        assert!(
            said.contains("obama is a member, known from 2 photos"),
            "{said}"
        );
        let said = typed(url, &["enroll", "cup"], &[&cup], 1);
        assert!(said.contains("cup.png: no face was found"), "{said}");
        assert!(typed(url, &["members"], &[], 0).contains("obama"));

        let submit = [
            "submit",
            "--json",
            "--annotate",
            annotated.to_str().unwrap(),
        ];
        let said = typed(url, &submit, &[&other, &cup], 0);
        let answers: Value =
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error} in {said}"));
        assert_eq!(
            answers[0]["answer"]["faces"][0]["verdict"]["id"], "obama",
            "{said}"
        );
        assert_eq!(answers[1]["answer"]["faces"], serde_json::json!([]));
        let drawn = image::open(annotated.join("other.png")).unwrap().to_rgb8();
        assert_eq!(plain.dimensions(), drawn.dimensions());
        assert!(plain != drawn, "nothing was drawn");

        assert!(typed(url, &["forget", "obama"], &[], 0).contains("obama is forgotten"));
        assert!(typed(url, &["forget", "obama"], &[], 1).contains("there is no member `obama`"));
    });
}

fn nobody() {
    let said = typed("http://127.0.0.1:9", &["members"], &[], 3);
    assert!(
        said.contains("no host answers at http://127.0.0.1:9") && said.contains("footlight run"),
        "{said}"
    );
}
