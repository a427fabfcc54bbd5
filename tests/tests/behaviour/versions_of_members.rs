//! Versions of a pipeline share its gallery: nobody is lost, and templates of another model are refused.

use crate::file;
use crate::host::{Host, run};
use crate::jpeg;
use crate::needs::{self, trial};
use crate::photos;
use crate::versions::{reload, roll_back};
use libtest_mimic::Trial;
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "versions: members are those of the pipeline, whichever version enrolled them",
            needs::MEMBERS,
            shared,
        ),
        trial(
            "versions: nobody is lost who is enrolled while versions change",
            needs::MEMBERS,
            nobody_is_lost,
        ),
        trial(
            "versions: one whose templates are of another model is refused",
            needs::MEMBERS,
            another_model,
        ),
    ]
}

fn serve(folder: &Path) -> Host {
    let gallery = tempfile::tempdir().unwrap();
    let path = file::write(folder, "members", &file::members());
    let mut command = run(&[path], &gallery.path().join("gallery"));
    command.arg("--no-watch");
    let host = Host::spawn(command, gallery);
    host.wait_until_ready();
    host
}

/// Switches to a version with another threshold; its digest.
#[track_caller]
fn switch(host: &Host, folder: &Path, threshold: &str) -> Value {
    let text = file::members().replace("threshold = 0.42", threshold);
    file::write(folder, "members", &text);
    let attempt = reload(host, "members").good();
    assert_eq!(attempt["outcome"], "switched", "{attempt}");
    attempt["version"].clone()
}

#[track_caller]
fn verdict(host: &Host, picture: &[u8]) -> (Value, Value) {
    let answer = host.frame("members", picture).good();
    (
        answer["faces"][0]["verdict"].clone(),
        answer["version"].clone(),
    )
}

fn shared() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let obama = photos::bytes("people/obama.jpg");
    let other_obama = jpeg::jpeg(&photos::picture("people/obama2.jpg", 400));
    let biden = jpeg::jpeg(&photos::face());
    let host = serve(folder);
    let (_, empty) = verdict(&host, &biden);
    assert_eq!(host.enrol("obama", &[("a.jpg", &obama)]).status, 201);
    let (_, first) = verdict(&host, &other_obama);
    // The gallery is another with every member, and no other digest is.
    assert_ne!(first["models"]["gallery"], empty["models"]["gallery"]);
    assert_eq!(first["pipeline"], empty["pipeline"]);
    assert_eq!(first["models"]["retinaface"], empty["models"]["retinaface"]);

    let second = switch(&host, folder, "threshold = 0.43");
    let (of_obama, version) = verdict(&host, &other_obama);
    assert_eq!(
        (&of_obama["id"], &of_obama["threshold"]),
        (&"obama".into(), &0.43.into())
    );
    assert_eq!(version["pipeline"], second);
    assert_eq!(version["models"], first["models"]);
    // The version before sees who is enrolled by this one.
    assert_eq!(host.enrol("biden", &[("b.jpg", &biden)]).status, 201);
    let (of_biden, version) = verdict(&host, &biden);
    assert_eq!(of_biden["id"], "biden");
    roll_back(&host, "members").good();
    let (again, back) = verdict(&host, &biden);
    assert_eq!(
        (&again["id"], &again["threshold"]),
        (&"biden".into(), &0.42.into())
    );
    assert_eq!(back["models"], version["models"]);
    assert_eq!(back["pipeline"], first["pipeline"]);
    assert_eq!(host.delete("/v1/members/obama").status, 204);
    roll_back(&host, "members").good();
    assert_eq!(verdict(&host, &other_obama).0["member"], false);
    assert_eq!(host.metric("footlight_members{pipeline=\"members\"}"), 1.0);
    // Models are read and compiled once, however many versions use them.
    let log = host.log();
    let ready = |name: &str| {
        let lines = log.lines().filter(|line| line.contains("model ready"));
        lines.filter(|line| line.contains(name)).count()
    };
    assert_eq!((ready("retinaface"), ready("fr-feature")), (1, 1), "{log}");
}

fn nobody_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let faces = [
        jpeg::jpeg(&photos::face()),
        photos::bytes("people/obama.jpg"),
    ];
    let host = serve(folder);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let swaps = scope.spawn(|| {
            let mut swaps = 0;
            while !done.load(Ordering::Relaxed) {
                switch(&host, folder, &format!("threshold = 0.4{}", swaps % 2 + 3));
                swaps += 1;
            }
            swaps
        });
        let enrolling = thread::Builder::new().spawn_scoped(scope, || {
            for _ in 0..8 {
                for (name, face) in ["biden", "obama"].iter().zip(&faces) {
                    assert_eq!(host.enrol(name, &[("a.jpg", face)]).status, 201);
                    assert_eq!(verdict(&host, face).0["id"], *name);
                }
                for (name, face) in ["biden", "obama"].iter().zip(&faces) {
                    assert_eq!(host.delete(&format!("/v1/members/{name}")).status, 204);
                    assert_eq!(verdict(&host, face).0["member"], false);
                }
            }
        });
        let enrolled = enrolling.unwrap().join();
        done.store(true, Ordering::Relaxed);
        assert!(swaps.join().unwrap() > 8);
        enrolled.unwrap();
    });
}

fn another_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let face = jpeg::jpeg(&photos::face());
    let host = serve(folder);
    assert_eq!(host.enrol("biden", &[("a.jpg", &face)]).status, 201);
    let (_, before) = verdict(&host, &face);
    let other = file::members().replace("made-by = \"fr-feature\"", "made-by = \"retinaface\"");
    file::write(folder, "members", &other);
    let detail = reload(&host, "members").refused(422, "version-refused");
    for words in [
        "[gallery]",
        "templates of another model mean nothing",
        "goes on",
    ] {
        assert!(detail.contains(words), "{detail}");
    }
    let (verdict, after) = verdict(&host, &face);
    assert_eq!(verdict["id"], "biden");
    assert_eq!(after, before);
    // Without a gallery and back: it is the same one.
    let mut none = file::members();
    let (start, end) = (
        none.find("[gallery]").unwrap(),
        none.find("[stages.detect]").unwrap(),
    );
    none.replace_range(start..end, "");
    let start = none.find("[stages.verify]").unwrap();
    let end = none.find("[answer]").unwrap();
    none.replace_range(start..end, "");
    file::write(folder, "members", &none);
    assert_eq!(reload(&host, "members").good()["outcome"], "switched");
    host.get("/v1/members").refused(404, "no-gallery");
    file::write(folder, "members", &file::members());
    assert_eq!(reload(&host, "members").good()["outcome"], "switched");
    assert_eq!(self::verdict(&host, &face).0["id"], "biden");
}
