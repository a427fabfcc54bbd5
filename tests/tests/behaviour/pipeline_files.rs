//! Pipeline files with errors: the host does not start, and says what is wrong and what to do.

use crate::file::{self, LIMITS, OneStage, features};
use crate::host::{refused, run};
use crate::needs::{self, Need, trial};
use crate::places;
use libtest_mimic::Trial;
use std::fs;
use std::path::Path;

const WITH_MODEL: &[Need] = &[Need::Host, Need::Hostile, Need::Models];

pub fn trials() -> Vec<Trial> {
    vec![
        trial("pipeline file: a wrong key", needs::HOSTILE, wrong_key),
        trial(
            "pipeline file: a limit without a unit",
            needs::HOSTILE,
            wrong_limit,
        ),
        trial(
            "pipeline file: a missing model",
            needs::HOSTILE,
            missing_model,
        ),
        trial(
            "pipeline file: a model that was not fetched",
            needs::HOSTILE,
            not_fetched,
        ),
        trial(
            "pipeline file: a model with a wrong hash",
            WITH_MODEL,
            wrong_hash,
        ),
        trial(
            "pipeline file: a stage with a wrong hash",
            needs::HOSTILE,
            wrong_stage_hash,
        ),
        trial(
            "pipeline file: a device that is none",
            needs::HOSTILE,
            no_device,
        ),
        trial("pipeline file: a cycle", needs::HOSTILE, cycle),
        trial(
            "pipeline file: a component that is no stage",
            needs::HOSTILE,
            no_stage,
        ),
        trial(
            "pipeline file: a component that is not there",
            needs::HOSTILE,
            no_component,
        ),
        trial("pipeline file: none", needs::HOSTILE, none),
    ]
}

/// The error of a host that is given this pipeline file names it, and has these words.
#[track_caller]
fn says(text: &str, words: &[&str]) {
    says_with(text, words, &places::cache());
}

#[track_caller]
fn says_with(text: &str, words: &[&str], cache: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let path = file::write(folder.path(), "wrong", text);
    let mut command = run(&[path], &folder.path().join("gallery"));
    command
        .env("FOOTLIGHT_CACHE", cache)
        .arg("--openvino")
        .arg(places::runtime());
    let said = refused(command);
    let last = said
        .lines()
        .position(|line| line.starts_with("footlight: "));
    let last = said
        .lines()
        .skip(last.unwrap_or_else(|| panic!("{said}")))
        .collect::<Vec<_>>()
        .join("\n");
    for word in ["wrong.toml"].iter().chain(words) {
        assert!(last.contains(word), "no {word:?} in {last}");
    }
}

fn stage(more: &str) -> String {
    OneStage {
        settings: "act = \"trap\", at-width = 200",
        more,
        ..OneStage::HOSTILE
    }
    .text()
}

fn wrong_key() {
    says(
        &stage("alow-load = true"),
        &["alow-load", "unknown field", "line"],
    );
    says(
        &format!("stagess = 1\n{}", stage("")),
        &["stagess", "line 1"],
    );
}

fn wrong_limit() {
    let limits = LIMITS.replace("32 MiB", "32");
    says(
        &OneStage {
            limits: &limits,
            ..OneStage::HOSTILE
        }
        .text(),
        &["`32` is not a size", "64 MiB"],
    );
}

fn missing_model() {
    let missing = stage("models = { features = \"fr\" }");
    says(&missing, &["[stages.guest]", "`fr`", "add [models.fr]"]);
    let no_card = stage("models = { features = \"fr\" }\n[models.fr]\ncard = \"nowhere.toml\"");
    says(&no_card, &["[models.fr]", "nowhere.toml"]);
}

fn not_fetched() {
    let empty = tempfile::tempdir().unwrap();
    says_with(
        &stage(&features()),
        &[
            "[models.fr-feature]",
            "is not at",
            "`cargo xtask demo` fetches it",
        ],
        empty.path(),
    );
}

fn wrong_hash() {
    let cache = tempfile::tempdir().unwrap();
    let models = cache.path().join("models");
    fs::create_dir(&models).unwrap();
    for model in fs::read_dir(places::cache().join("models")).unwrap() {
        let model = model.unwrap();
        let mut bytes = fs::read(model.path()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(models.join(model.file_name()), bytes).unwrap();
    }
    says_with(
        &stage(&features()),
        &[
            "[models.fr-feature]",
            "is not the model",
            "delete it and fetch it again",
        ],
        cache.path(),
    );
}

fn wrong_stage_hash() {
    let wrong = "0".repeat(64);
    says(
        &stage(&format!("sha256 = \"{wrong}\"")),
        &["[stages.guest]", "hostile.wasm", &wrong, "correct `sha256`"],
    );
}

fn no_device() {
    let other = format!("{}device = \"quantum\"", features());
    says(
        &stage(&other),
        &["`quantum` is not a device", "`cuda:N`", "line", "device ="],
    );
    let fallback = format!("{}fallback = [\"cpu\", \"gpu:1\"]", features());
    says(
        &stage(&fallback),
        &["`gpu:1` is not a device", "`gpu.N`", "line"],
    );
}

fn cycle() {
    let second = r#"[stages.again]
component = "hostile.wasm"
input = "note"
yields = ["crop"]
[stages.back]
component = "hostile.wasm"
input = "crop"
yields = ["note"]"#;
    says(&stage(second), &["`again`, `back`", "cycle"]);
}

fn no_stage() {
    let with = |component: &str| {
        OneStage {
            component,
            ..OneStage::HOSTILE
        }
        .text()
    };
    says(
        &with("not-a-stage.wasm"),
        &[
            "[stages.guest]",
            "not-a-stage.wasm",
            "does not export `footlight:stage/processing`",
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        with(path.to_str().unwrap())
    };
    says(
        &written("text.wasm", b"a letter"),
        &["text.wasm: the file is not WebAssembly"],
    );
    says(
        &written("module.wasm", b"\0asm\x01\0\0\0"),
        &["a core WebAssembly module", "wasm-tools component new"],
    );
    let whole = fs::read(places::stages().join("hostile/hostile.wasm")).unwrap();
    says(
        &written("cut.wasm", &whole[..whole.len() / 2]),
        &["cut.wasm: the component is not valid"],
    );
}

fn no_component() {
    let absent = OneStage {
        component: "absent.wasm",
        ..OneStage::HOSTILE
    };
    says(
        &absent.text(),
        &[
            "[stages.guest] the component is not there",
            "absent.wasm",
            "--stages",
        ],
    );
}

fn none() {
    let folder = tempfile::tempdir().unwrap();
    let said = refused(run(&[folder.path().join("absent.toml")], folder.path()));
    assert!(
        said.contains("absent.toml: the pipeline file cannot be read"),
        "{said}"
    );
}
