//! A pipeline whose version can be told from its answers: two stages, each of which tells what it was set to.

use crate::file;
use crate::host::{Host, run};
use crate::photos::{gradient, png};
use crate::places;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than a host takes to see that a file has changed, and to switch to what is in it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of the pipeline `told`, as somebody edits it while a host serves it.
pub struct Told(TempDir);

impl Told {
    /// With a first version that says this.
    pub fn new(says: &str) -> Self {
        let told = Self(tempfile::tempdir().unwrap());
        told.build("one", says);
        told.build("two", says);
        told.write(&text(says));
        told
    }

    pub fn file(&self) -> PathBuf {
        self.0.path().join("told.toml")
    }

    /// Writes the pipeline file.
    pub fn write(&self, text: &str) {
        put(&self.file(), text.as_bytes());
    }

    /// Writes the component of a stage.
    pub fn component(&self, stage: &str, bytes: &[u8]) {
        put(&self.0.path().join(format!("{stage}.wasm")), bytes);
    }

    /// Another build of a stage's component: it does the same and has a digest of its own.
    pub fn build(&self, stage: &str, build: &str) {
        self.component(stage, &built(build));
    }

    /// A host that serves it, and looks for changes or not.
    pub fn serve(&self, watch: bool) -> Host {
        let folder = tempfile::tempdir().unwrap();
        let mut command = run(&[self.file()], &folder.path().join("gallery"));
        if !watch {
            command.arg("--no-watch");
        }
        let host = Host::spawn(command, folder);
        host.wait_until_ready();
        host
    }
}

/// Moves a file to its place, so that nobody sees half of it.
fn put(path: &Path, bytes: &[u8]) {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes).unwrap();
    fs::rename(&beside, path).unwrap();
}

/// The component of the stage that tells, with a note of its own, which changes nothing but its digest.
pub fn built(build: &str) -> Vec<u8> {
    let mut component = hostile("teller");
    let name = "build";
    let section = [&[name.len() as u8], name.as_bytes(), build.as_bytes()].concat();
    assert!(section.len() < 128, "its length is one byte");
    component.extend([0, section.len() as u8]);
    component.extend(section);
    component
}

/// A component of these tests.
pub fn hostile(name: &str) -> Vec<u8> {
    fs::read(places::stages().join(format!("hostile/{name}.wasm"))).unwrap()
}

/// The pipeline file of a version that says this, twice.
pub fn text(says: &str) -> String {
    let stage = |name: &str, input: &str, yields: &str| {
        format!(
            "[stages.{name}]\ncomponent = \"{name}.wasm\"\ninput = \"{input}\"\nyields = [\"{yields}\"]\n\
             settings = {{ yields = \"{yields}\", says = \"{says}\" }}\nlimits = {{ {} }}\n",
            file::LIMITS
        )
    };
    format!(
        "name = \"told\"\nsource = \"frame\"\n[classes.frame]\nkind = \"image\"\n\
         [classes.first]\nkind = \"document\"\n[classes.second]\nkind = \"document\"\n\
         [answer]\nfirsts = \"first\"\n{}{}",
        stage("one", "frame", "first"),
        stage("two", "first", "second")
    )
}

/// A frame that it answers.
pub fn frame() -> Vec<u8> {
    png(&gradient(16, 16))
}

/// What an answer says, which both stages must say.
#[track_caller]
pub fn said(answer: &Value) -> String {
    let first = &answer["firsts"][0];
    assert_eq!(first["says"], first["second"]["says"], "{answer}");
    first["says"].as_str().unwrap().to_owned()
}

/// What the host says of a pipeline.
pub fn listed(host: &Host, name: &str) -> Value {
    host.get(&format!("/v1/pipelines/{name}")).good()
}

/// What the host says of a pipeline, once that is as it should be.
#[track_caller]
pub fn wait_until(host: &Host, name: &str, right: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let listed = listed(host, name);
        if right(&listed) {
            return listed;
        }
        assert!(Instant::now() < until, "{listed}\n{}", host.log());
        thread::sleep(Duration::from_millis(20));
    }
}
