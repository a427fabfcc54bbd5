//! The world `stage` belongs to no language: member verification in Python and in JavaScript answers as ours does.

use crate::backends;
use crate::file;
use crate::host::{Host, run};
use crate::needs::{Need, trial};
use crate::photos;
use crate::places;
use libtest_mimic::Trial;
use serde_json::Value;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const OURS: &str = "component = \"member-verification.wasm\"";

pub fn trials() -> Vec<Trial> {
    use Need::{Faces, Host, JavaScript, Models, Photos, Python, Stages};
    const PYTHON: &[Need] = &[Host, Stages, Models, Photos, Python];
    const PYTHON_FACES: &[Need] = &[Host, Stages, Models, Faces, Python];
    const JS: &[Need] = &[Host, Stages, Models, Photos, JavaScript];
    const JS_FACES: &[Need] = &[Host, Stages, Models, Faces, JavaScript];
    vec![
        trial(
            "languages: verdicts in Python, sample photos",
            PYTHON,
            || same_on_photos("member-verification-python"),
        ),
        trial(
            "languages: verdicts in Python, 100 photos of 10 people",
            PYTHON_FACES,
            || same_on_faces("member-verification-python"),
        ),
        trial("languages: what fails in Python is said", PYTHON, || {
            failures_are_said("member-verification-python")
        }),
        trial(
            "languages: verdicts in JavaScript, sample photos",
            JS,
            || same_on_photos("member-verification-js"),
        ),
        trial(
            "languages: verdicts in JavaScript, 100 photos of 10 people",
            JS_FACES,
            || same_on_faces("member-verification-js"),
        ),
        trial("languages: what fails in JavaScript is said", JS, || {
            failures_are_said("member-verification-js")
        }),
    ]
}

/// The pipeline of members with this stage as the last, and with changes to its text.
fn pipeline(name: &str, changes: &[(&str, &str)]) -> String {
    let component = places::stages().join(format!("languages/{name}.wasm"));
    let other = format!("component = \"{}\"", component.display());
    // Here a photo becomes a member of its own, whoever is on it.
    let open = ("max-similarity = 0.42", "max-similarity = 1.0");
    let mut text = file::members();
    for (from, to) in [(OURS, other.as_str()), open].iter().chain(changes) {
        assert!(text.contains(from), "no {from} in {text}");
        text = text.replace(from, to);
    }
    text
}

/// A host with this pipeline, and the gallery that is in the folder.
fn serve(folder: &Path, text: &str) -> Host {
    let pipeline = file::write(folder, "members", text);
    let command = run(&[pipeline], &folder.join("gallery"));
    Host::spawn(command, tempfile::tempdir().unwrap())
}

fn same_on_photos(name: &str) {
    let photo = |path: &str| (path.to_owned(), photos::bytes(path));
    let members = [photo("people/obama.jpg"), photo("people/biden.jpg")];
    let frames = [
        "people/obama2.jpg",
        "people/obama3.jpg",
        "people/biden.jpg",
        "others/astronaut.png",
        "others/coffee.png",
    ];
    let frames = frames.map(photo);
    let verdicts = same(name, &members, &frames);
    assert_eq!(verdicts, (3, 1));
}

fn same_on_faces(name: &str) {
    let photos = backends::people();
    let members: Vec<_> = photos.iter().step_by(4).cloned().collect();
    let (members, strangers) = same(name, &members, &photos);
    assert!(members > 50 && strangers > 5, "{members}, {strangers}");
}

/// Frames are answered the same by our stage and by the other, which has the same members; how many faces were members'
/// and how many were not.
fn same(name: &str, members: &[(String, Vec<u8>)], frames: &[(String, Vec<u8>)]) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let answers = |host: &Host| -> Vec<Value> {
        let answer = |(_, photo): &(String, Vec<u8>)| host.frame("members", photo).good();
        frames.iter().map(answer).collect()
    };
    let theirs = pipeline(name, &[]);
    let ours = theirs.replace(&format!("languages/{name}"), "member-verification");
    assert_ne!(ours, theirs);

    let host = serve(folder.path(), &ours);
    host.wait_until_ready();
    for (index, (_, photo)) in members.iter().enumerate() {
        // Some show several faces, and are refused.
        host.enrol(&format!("person-{index}"), &[("photo", photo)]);
    }
    let expected = answers(&host);
    drop(host);
    let host = serve(folder.path(), &theirs);
    host.wait_until_ready();
    let answers = answers(&host);

    let mut counts = (0, 0);
    for ((photo, _), (answer, expected)) in frames.iter().zip(answers.iter().zip(&expected)) {
        let faces = |answer: &Value| answer["faces"].as_array().unwrap().clone();
        assert_eq!(faces(answer).len(), faces(expected).len(), "{photo}");
        for (face, expected) in faces(answer).iter().zip(&faces(expected)) {
            compare(photo, &face["verdict"], &expected["verdict"]);
            if expected["verdict"]["member"] == true {
                counts.0 += 1;
            } else {
                counts.1 += 1;
            }
        }
    }
    counts
}

/// The same fields, with the same words, and numbers that are the same but for their last digits.
#[track_caller]
fn compare(photo: &str, verdict: &Value, expected: &Value) {
    let (fields, others) = (verdict.as_object().unwrap(), expected.as_object().unwrap());
    assert!(
        fields.keys().eq(others.keys()),
        "{photo}: {verdict}, ours {expected}"
    );
    for (key, value) in fields {
        let same = match (value.as_f64(), others[key].as_f64()) {
            (Some(number), Some(other)) => (number - other).abs() < 1e-6,
            _ => *value == others[key],
        };
        assert!(same, "{photo}: {verdict}, ours {expected}");
    }
}

/// A failure reaches whoever waits for the host in the stage's words, as one of a stage in Rust does.
fn failures_are_said(name: &str) {
    let says = |change: (&str, &str), words: &str| {
        let folder = tempfile::tempdir().unwrap();
        let host = serve(folder.path(), &pipeline(name, &[change]));
        let said = why_not_ready(&host);
        assert!(said.contains(words), "{said}");
    };
    says(
        ("threshold = 0.42", ""),
        "the setting `threshold` is missing",
    );
    says(
        ("threshold = 0.42", "threshold = 42"),
        "must be from 0 to 1, but it is 42",
    );
    says(
        (
            "models = { gallery = \"gallery\" }",
            "models = { members = \"gallery\" }",
        ),
        "graph `gallery`",
    );
}

/// Why a host whose probe fails is not ready.
pub fn why_not_ready(host: &Host) -> String {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let said = host.get("/readyz").refused(503, "not-ready");
        if !said.contains("have not run a probe item yet") {
            return said;
        }
        assert!(Instant::now() < until, "{said}");
        thread::sleep(Duration::from_millis(20));
    }
}
