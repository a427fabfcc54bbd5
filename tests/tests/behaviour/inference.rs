//! What inferences mean for the rest of the host, and for each other.

use crate::file;
use crate::host::{Host, MEMBERS, footlight, run};
use crate::jpeg::jpeg;
use crate::needs::{self, trial};
use crate::{photos, places};
use libtest_mimic::Trial;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "inference: while more are at work than there are cores, the host answers",
            needs::MEMBERS,
            answers_meanwhile,
        ),
        trial(
            "inference: models are read once; their files may go",
            needs::MEMBERS,
            files_gone,
        ),
        trial(
            "inference: faces of a frame share one where the pipeline file says so, and verdicts are the same",
            needs::MEMBERS,
            shared,
        ),
        trial(
            "inference: pixels are written once, and none goes into a guest",
            needs::MEMBERS,
            moved,
        ),
    ]
}

/// The metric of all instances that are alive.
const INSTANCES: &str = "footlight_instances{pipeline=\"members\"}";

fn answers_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let text = file::members();
    // A hundred times the work of a frame's usual inference.
    let slow = text.replace("sizes = [320, 320]", "sizes = [3200, 3200]");
    assert_ne!(slow, text);
    let slow = slow.replace("host-memory = \"256 MiB\"", "host-memory = \"1 GiB\"");
    let slow = slow.replace("time = \"5 s\"", "time = \"100 s\"");
    let pipeline = file::write(folder.path(), "members", &slow);
    let cores = thread::available_parallelism().unwrap().get();
    let workers = cores + 1;
    let mut command = run(&[pipeline], &folder.path().join("gallery"));
    command.args(["--workers", &workers.to_string()]);
    let host = Host::spawn(command, tempfile::tempdir().unwrap());
    host.wait_until_ready();

    let frame = jpeg(&photos::face());
    let done = AtomicUsize::new(0);
    let mut most: f64 = 0.0;
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                host.frame("members", &frame).good();
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        // Asked and answered before any of them is done.
        while done.load(Ordering::SeqCst) == 0 {
            let health = host.get("/healthz").good();
            let at_work = host.metric(INSTANCES);
            if done.load(Ordering::SeqCst) == 0 {
                assert_eq!(health["status"], "ok");
                most = most.max(at_work);
            }
        }
    });
    assert!(
        most > cores as f64,
        "the host answered with {most} instances at work, and there are {cores} cores"
    );
}

fn files_gone() {
    let cache = tempfile::tempdir().unwrap();
    symlink(
        places::cache().join("runtime"),
        cache.path().join("runtime"),
    )
    .unwrap();
    let models = cache.path().join("models");
    fs::create_dir(&models).unwrap();
    for entry in fs::read_dir(places::cache().join("models")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, models.join(path.file_name().unwrap())).unwrap();
    }
    let mut command = run(&[places::members()], &cache.path().join("gallery"));
    command.env("FOOTLIGHT_CACHE", cache.path());
    let host = Host::spawn(command, tempfile::tempdir().unwrap());
    host.wait_until_ready();
    fs::remove_dir_all(&models).unwrap();
    // Without its files no host starts, so this one has not gone back to them.
    let mut another = footlight();
    another.arg("run").arg(places::members());
    another.args(["--listen", "127.0.0.1:0", "--gallery"]);
    another.arg(cache.path().join("another"));
    another.env("FOOTLIGHT_CACHE", cache.path());
    let said = crate::host::refused(another);
    assert!(said.contains("is not at"), "{said}");

    let obama = photos::bytes("people/obama.jpg");
    assert_eq!(host.enrol("obama", &[("a.jpg", &obama)]).status, 201);
    for _ in 0..3 {
        let answer = host.frame("members", &photos::bytes("people/obama2.jpg"));
        let answer = answer.good();
        assert_eq!(answer["faces"][0]["verdict"]["id"], "obama", "{answer}");
    }
}

fn shared() {
    let folder = tempfile::tempdir().unwrap();
    let text = file::members();
    let card = "fr-feature.toml\"\ndevice = \"cpu\"";
    assert!(text.contains(card));
    let text = text.replace(
        card,
        &format!("{card}\nbatch = {{ max = 4, wait = \"2 s\" }}"),
    );
    let host = Host::start(&[file::write(folder.path(), "members", &text)]);
    host.wait_until_ready();
    let counted = |name: &str| host.metric(&format!("footlight_{name}{OF_FEATURES}"));
    let count = || {
        [
            "batch_inferences_total",
            "batch_rows_total",
            "batch_callers_total",
        ]
        .map(counted)
    };

    let obama = photos::bytes("people/obama.jpg");
    assert_eq!(host.enrol("obama", &[("a.jpg", &obama)]).status, 201);
    let face = photos::face();
    let two = photos::beside(&face, &photos::picture("people/obama2.jpg", 400));
    let four = jpeg(&photos::beside(&two, &two));
    let before = count();
    let answer = host.frame("members", &four).good();
    let after = count();
    let faces = answer["faces"].as_array().unwrap();
    assert_eq!(faces.len(), 4, "{answer}");
    let mut ids: Vec<_> = faces
        .iter()
        .map(|face| face["verdict"]["id"].as_str())
        .collect();
    ids.sort();
    assert_eq!(ids, [None, None, Some("obama"), Some("obama")], "{answer}");
    let more: Vec<f64> = after
        .iter()
        .zip(before)
        .map(|(after, before)| after - before)
        .collect();
    assert_eq!(more, [1.0, 4.0, 4.0], "inferences, rows, callers");
    assert!(counted("batch_waited_seconds_total") > 0.0);

    // The same faces one by one, on a host that does not put them together.
    MEMBERS.with(|alone| {
        assert_eq!(alone.enrol("obama", &[("a.jpg", &obama)]).status, 201);
        let expected = alone.frame("members", &four).good();
        alone.delete("/v1/members/obama");
        for (face, expected) in faces.iter().zip(expected["faces"].as_array().unwrap()) {
            let of = |face: &serde_json::Value| face["verdict"]["similarity"].as_f64().unwrap();
            assert!((of(face) - of(expected)).abs() < 1e-4, "{face}, {expected}");
        }
    });
}

const OF_FEATURES: &str = "{pipeline=\"members\",model=\"fr-feature\"}";

fn moved() {
    MEMBERS.with(|host| {
        let ways = ["written", "pixels-to-guest"];
        let count = || {
            ways.map(|way| {
                host.metric(&format!(
                    "footlight_moved_bytes_total{{pipeline=\"members\",way=\"{way}\"}}"
                ))
            })
        };
        let before = count();
        let answer = host.frame("members", &jpeg(&photos::face())).good();
        assert_eq!(answer["faces"].as_array().unwrap().len(), 1);
        let after = count();
        // The detector's input of 320 x 320 and the feature model's of 112 x 112, three colours, four bytes each.
        let inputs = f64::from((320 * 320 + 112 * 112) * 3 * 4);
        assert_eq!([after[0] - before[0], after[1]], [inputs, 0.0]);
    });
}
