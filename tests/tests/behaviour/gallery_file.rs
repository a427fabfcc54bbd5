//! The gallery outlives the host, and belongs to the model that made it.

use crate::file;
use crate::host::{Host, refused, run};
use crate::needs::{self, trial};
use crate::photos;
use libtest_mimic::Trial;
use std::path::Path;
use tempfile::TempDir;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "gallery: members are kept, for one host at a time, and for one model",
            needs::MEMBERS,
            kept,
        ),
        trial(
            "gallery: a file that is something else is left alone",
            needs::MEMBERS,
            other_file,
        ),
    ]
}

fn serve(pipeline: &Path, gallery: &TempDir) -> Host {
    let host = Host::spawn(
        run(&[pipeline.to_owned()], gallery.path()),
        tempfile::tempdir().unwrap(),
    );
    host.wait_until_ready();
    host
}

fn kept() {
    let (folder, gallery) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let text = file::members();
    let pipeline = file::write(folder.path(), "members", &text);
    let mut host = serve(&pipeline, &gallery);
    let obama = photos::bytes("people/obama.jpg");
    assert_eq!(host.enrol("obama", &[("a.jpg", &obama)]).status, 201);

    let said = refused(run(std::slice::from_ref(&pipeline), gallery.path()));
    assert!(
        said.contains("already open, probably in another running host: stop that host"),
        "{said}"
    );

    // Killed, not stopped: what was answered is kept.
    drop(host);
    host = serve(&pipeline, &gallery);
    let answer = host
        .frame("members", &photos::bytes("people/obama2.jpg"))
        .good();
    assert_eq!(answer["faces"][0]["verdict"]["id"], "obama", "{answer}");
    assert_eq!(host.metric("footlight_members{pipeline=\"members\"}"), 1.0);
    drop(host);

    let other = text.replace("made-by = \"fr-feature\"", "made-by = \"retinaface\"");
    assert_ne!(other, text);
    let other = file::write(folder.path(), "other", &other);
    let said = refused(run(&[other], gallery.path()));
    let digest = "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581";
    for words in [
        digest,
        "1 members",
        "put the old model back, or name a new gallery and enrol the members again",
    ] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    // Nothing was changed by being refused.
    drop(serve(&pipeline, &gallery));
}

fn other_file() {
    let (folder, gallery) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let pipeline = file::write(folder.path(), "members", &file::members());
    let path = gallery.path().join("gallery.redb");
    std::fs::write(&path, b"a letter").unwrap();
    let said = refused(run(&[pipeline], gallery.path()));
    assert!(said.contains("gallery.redb is not a gallery"), "{said}");
    assert_eq!(std::fs::read(path).unwrap(), b"a letter");
}
