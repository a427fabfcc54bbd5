//! The page "publish your stage", word for word: what is in its blocks is written and typed, in two empty folders.
//! Only the registry's port is another one, and a host's own address.

use crate::host::{Host, footlight};
use crate::needs::{Need, trial};
use crate::photos::{gradient, png};
use crate::places;
use crate::registry::Registry;
use libtest_mimic::Trial;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const PAGE: &str = include_str!("../../../docs/publish-your-stage.md");
/// Where the page has its registry.
const THERE: &str = "localhost:5000";

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "page: publish your stage, from two empty folders",
        &[Need::Host, Need::Registry],
        publish,
    )]
}

/// A block of the page: its language, and its text.
struct Block {
    language: &'static str,
    text: String,
}

/// The blocks of a section, with the registry that is there.
fn blocks(section: &str, registry: &str) -> Vec<Block> {
    let (_, after) = PAGE.split_once(&format!("\n## {section}\n")).unwrap();
    let text = after.split("\n## ").next().unwrap();
    // What is between fences stands at the odd places.
    let fenced = text.split("```").skip(1).step_by(2);
    let blocks = fenced.map(|block| {
        let (language, text) = block.split_once('\n').unwrap();
        let text = text.replace(THERE, registry);
        Block { language, text }
    });
    blocks.collect()
}

/// Somebody with an empty folder, and `footlight`.
struct Person {
    folder: TempDir,
    home: TempDir,
}

impl Person {
    fn new() -> Self {
        let [folder, home] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        symlink(places::program(), home.path().join("footlight")).unwrap();
        let runtime = home.path().join("cache/runtime");
        fs::create_dir(home.path().join("cache")).unwrap();
        symlink(places::cache().join("runtime"), runtime).unwrap();
        Self { folder, home }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command of the page. What cargo needs it has, as this workspace was built with it.
    fn shell(&self, words: &str) -> Command {
        let inherited = footlight();
        let mut command = Command::new("sh");
        for (name, value) in inherited.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        for name in [
            "CARGO",
            "RUSTC",
            "CARGO_BUILD_BUILD_DIR",
            "FOOTLIGHT_STAGES",
        ] {
            command.env_remove(name);
        }
        let path = std::env::var("PATH").unwrap();
        command
            .args(["-e", "-c", words])
            .current_dir(self.path())
            .env("PATH", format!("{}:{path}", self.home.path().display()))
            .env("FOOTLIGHT_CACHE", self.home.path().join("cache"))
            .env("FOOTLIGHT_PASSWORD", "sesame")
            .env("CARGO_NET_OFFLINE", "true")
            .env(
                "CARGO_TARGET_DIR",
                places::stages().with_file_name("authored"),
            );
        command
    }

    #[track_caller]
    fn types(&self, words: &str) {
        let output = self.shell(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}: {said}");
    }

    /// Types all lines but the last, which starts a host.
    #[track_caller]
    fn serves(&self, words: &str) -> Host {
        let (before, run) = words.trim_end().rsplit_once('\n').unwrap();
        assert!(run.starts_with("footlight run "), "{run}");
        self.types(before);
        let command = self.shell(&format!("exec {run} --listen 127.0.0.1:0"));
        let host = Host::spawn(command, tempfile::tempdir().unwrap());
        host.wait_until_ready();
        host
    }
}

fn publish() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::start(folder.path());
    let of = |section| blocks(section, &registry.host);
    let (author, runner) = (Person::new(), Person::new());

    let typed = of("The author");
    assert_eq!(typed.len(), 1);
    author.types(&typed[0].text);

    fs::copy(author.path().join("me.pub"), runner.path().join("me.pub")).unwrap();
    let mut files = ["trust.toml", "pipeline.toml"].into_iter();
    let mut hosts = 0;
    for block in of("Whoever runs it").iter().chain(&of("A whole pipeline")) {
        if block.language == "toml" {
            fs::write(runner.path().join(files.next().unwrap()), &block.text).unwrap();
            continue;
        }
        let host = runner.serves(&block.text);
        hosts += 1;
        let answer = host.frame("brightness", &png(&gradient(80, 60))).good();
        let said = &answer["frames"][0]["brightness"];
        assert!(
            said["mean"].as_f64().is_some_and(|mean| mean > 0.0),
            "{answer}"
        );
        assert!(
            answer["version"]["stages"]["measure"].is_string(),
            "{answer}"
        );
    }
    assert_eq!((files.next(), hosts), (None, 2));
    let locked = fs::read_to_string(runner.path().join("pipeline.toml")).unwrap();
    assert!(locked.contains("@sha256:"), "{locked}");

    // It is the signature that lets it run.
    author.types(&format!(
        "footlight stage push brightness/brightness.wasm {}/me/unsigned:1.0",
        registry.host
    ));
    let unsigned = locked.replace("/me/brightness", "/me/unsigned");
    fs::write(runner.path().join("pipeline.toml"), unsigned).unwrap();
    let refused = runner.shell("footlight run pipeline.toml --trust trust.toml");
    let said = crate::host::refused(refused);
    assert!(said.contains("not trusted"), "{said}");
}
