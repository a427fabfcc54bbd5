//! What the tests push and pull, and how long they wait.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use footlight_artifacts::{Artifact, Artifacts, Options, Patience, Reference};

/// A component that imports `test:host/log` and exports the function `run`.
pub fn component(text: &str) -> Vec<u8> {
    let mut component = wat::parse_str(
        r#"(component
            (import "test:host/log" (instance (export "log" (func (param "line" string)))))
            (core module $code (func (export "run")))
            (core instance $made (instantiate $code))
            (func $run (canon lift (core func $made "run")))
            (export "run" (func $run)))"#,
    )
    .unwrap();
    // A custom section, so that components can be told apart: id, length, length of the name, name, content.
    let name = b"text";
    component.push(0);
    leb(&mut component, 1 + name.len() + text.len());
    component.push(name.len() as u8);
    component.extend_from_slice(name);
    component.extend_from_slice(text.as_bytes());
    component
}

fn leb(to: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// Bytes that do not repeat.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

pub const CARD: &str = "name = \"test\"\n";

pub fn model(length: usize) -> Artifact {
    Artifact::model(CARD, noise(length), BTreeMap::new())
}

pub fn stage(text: &str) -> Artifact {
    Artifact::stage(component(text), BTreeMap::new()).unwrap()
}

pub fn options() -> Options {
    Options {
        // Nobody's accounts.
        docker_config: Some("/nonexistent".into()),
        patience: Patience {
            connect: Duration::from_millis(500),
            idle: Duration::from_millis(500),
            tries: 3,
            pause: Duration::from_millis(1),
            longest_pause: Duration::from_secs(3),
        },
        ..Options::default()
    }
}

pub fn open(folder: &Path) -> Artifacts {
    Artifacts::open(folder, options()).unwrap()
}

pub fn reference(text: impl AsRef<str>) -> Reference {
    text.as_ref().parse().unwrap()
}

/// The names of the files in a folder.
pub fn files(folder: impl AsRef<Path>) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[track_caller]
pub fn assert_says(error: &impl ToString, words: &[&str]) {
    let error = error.to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}
