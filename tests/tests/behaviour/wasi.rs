//! A stage built for WASI 0.2 finds clocks and randomness behind it, and an empty world.

use crate::file::{AT_WIDTH, OneStage};
use crate::host::Host;
use crate::needs::{self, trial};
use crate::photos::{gradient, png};
use libtest_mimic::Trial;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "wasi: a stage sees an empty world, a clock and randomness",
            needs::HOSTILE,
            report,
        ),
        trial(
            "wasi: who sleeps for an hour is woken by the limit",
            needs::HOSTILE,
            sleep,
        ),
    ]
}

/// A pipeline of the stage that imports WASI.
pub fn pipeline(folder: &Path, name: &str, settings: &str, time: &str) -> PathBuf {
    let settings = format!("at-width = {AT_WIDTH}, {settings}");
    let limits = format!("time = \"{time}\"");
    OneStage {
        name,
        component: "wasi-stage.wasm",
        settings: &settings,
        limits: &limits,
        more: "",
    }
    .write(folder)
}

/// A frame that makes it act.
pub fn frame() -> Vec<u8> {
    png(&gradient(AT_WIDTH, 120))
}

fn serve(settings: &str, time: &str) -> Host {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(&[pipeline(folder.path(), "wasi", settings, time)]);
    host.wait_until_ready();
    host
}

fn report() {
    let host = serve("act = \"report\"", "5 s");
    let report = |answer: serde_json::Value| answer["notes"][0].clone();
    let (first, second) = (
        report(host.frame("wasi", &frame()).good()),
        report(host.frame("wasi", &frame()).good()),
    );
    for said in [&first, &second] {
        for empty in ["variables", "arguments", "folders"] {
            assert_eq!(said[empty], 0, "{said}");
        }
        assert_eq!(
            (&said["folder"], &said["looks-up-names"]),
            (&"".into(), &false.into()),
            "{said}"
        );
        assert_eq!(said["clock-runs"], true, "{said}");
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        assert!(
            now.abs_diff(said["seconds"].as_u64().unwrap()) < 600,
            "{said}"
        );
        assert_eq!(said["random"].as_str().unwrap().len(), 64);
    }
    assert_ne!(first["random"], second["random"]);
    let stages = host.get("/v1/stages").good();
    let imports = stages["stages"][0]["imports"].as_array().unwrap();
    let meaning = |name: &str| {
        let import = imports
            .iter()
            .find(|import| import["name"].as_str().unwrap().starts_with(name));
        import.unwrap_or_else(|| panic!("no {name} in {imports:?}"))["meaning"].clone()
    };
    assert_eq!(meaning("wasi:filesystem/preopens@"), "sees no files");
    assert_eq!(
        meaning("wasi:sockets/ip-name-lookup@"),
        "reaches no network"
    );
}

fn sleep() {
    let host = serve("act = \"sleep\", milliseconds = 3600000", "1 s");
    host.frame("wasi", &frame()).refused(500, "stage-timed-out");
    let answer = host.frame("wasi", &png(&gradient(100, 100))).good();
    assert_eq!(answer["notes"][0]["did"], "nothing");
    assert_eq!(host.metric("footlight_instances{pipeline=\"wasi\"}"), 0.0);
}
