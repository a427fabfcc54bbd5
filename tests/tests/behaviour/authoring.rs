//! `footlight stage new` and `footlight stage build`, as somebody types them who has the binary and nothing else.

use crate::host::{self, Host, footlight};
use crate::languages;
use crate::needs::{Need, trial};
use crate::photos::{gradient, png};
use crate::places;
use libtest_mimic::Trial;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

pub fn trials() -> Vec<Trial> {
    const HOST: &[Need] = &[Need::Host];
    const PYTHON: &[Need] = &[Need::Host, Need::Python];
    const JS: &[Need] = &[Need::Host, Need::JavaScript];
    vec![
        trial(
            "authoring: a new stage in Rust builds and runs",
            HOST,
            || life("rust", &["cargo", "test"]),
        ),
        trial(
            "authoring: a new stage in Python builds and runs",
            PYTHON,
            || life("python", &["python3", "-m", "unittest"]),
        ),
        trial(
            "authoring: a new stage in JavaScript builds and runs",
            JS,
            || life("js", &["node", "--test"]),
        ),
        trial("authoring: what a stage in Python prints", PYTHON, || {
            printed(
                "python",
                (
                    "bright = mean(",
                    "print('into the log')\n        bright = 1 / 0 + mean(",
                ),
                "ZeroDivisionError",
            )
        }),
        trial("authoring: what a stage in JavaScript prints", JS, || {
            printed(
                "js",
                (
                    "const bright = ",
                    "console.log('into the log');\nconst bright = absent + ",
                ),
                "absent is not defined",
            )
        }),
        trial(
            "authoring: names and folders that cannot be",
            HOST,
            cannot_be,
        ),
        trial(
            "authoring: an import that no host grants",
            HOST,
            foreign_import,
        ),
        trial("authoring: Python that does not build", PYTHON, || {
            does_not_build(
                "python",
                "mean.py",
                "raise RuntimeError('of no use')",
                "of no use",
            )
        }),
        trial("authoring: JavaScript that does not build", JS, || {
            does_not_build(
                "js",
                "app.js",
                "export const processing = [;",
                "SyntaxError",
            )
        }),
        trial("authoring: tools that are not there", HOST, no_tools),
        trial("authoring: a mirror that lies", PYTHON, lying_mirror),
    ]
}

/// A folder in which `footlight` is typed.
struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A command as it is typed here. What cargo fetches it has already, as this workspace was built; what it builds
    /// is kept, apart from what it builds of this workspace.
    fn at(&self, mut command: Command) -> Command {
        for name in ["CARGO", "RUSTC", "CARGO_BUILD_BUILD_DIR"] {
            command.env_remove(name);
        }
        command
            .current_dir(self.path())
            .env("CARGO_NET_OFFLINE", "true")
            .env(
                "CARGO_TARGET_DIR",
                places::stages().with_file_name("authored"),
            );
        command
    }

    fn footlight(&self, words: &[&str]) -> Command {
        let mut command = self.at(footlight());
        command.args(words);
        command
    }

    /// What is printed where it succeeds.
    #[track_caller]
    fn good(&self, words: &[&str]) -> String {
        succeeds(self.footlight(words))
    }

    /// What is said where it fails, with its exit code.
    #[track_caller]
    fn bad(&self, words: &[&str], code: i32) -> String {
        fails(self.footlight(words), code)
    }
}

#[track_caller]
fn succeeds(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {said}");
    String::from_utf8(stdout).unwrap()
}

#[track_caller]
fn fails(mut command: Command, code: i32) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(code), "{said}");
    assert_eq!(String::from_utf8_lossy(&stdout), "", "{said}");
    said
}

/// From nothing to an answer, and the stage's own tests.
fn life(language: &str, test: &[&str]) {
    let desk = Desk::new();
    let told = desk.good(&["stage", "new", "glow", "--lang", language]);
    assert!(told.contains("cd glow\n  footlight stage build"), "{told}");
    let folder = desk.path().join("glow");

    let mut tests = desk.at(Command::new(test[0]));
    tests.args(&test[1..]).current_dir(&folder);
    succeeds(tests);

    let mut build = desk.footlight(&["stage", "build"]);
    build.current_dir(&folder);
    let line = succeeds(build);
    let inspected = desk.good(&["stage", "inspect", "glow/glow.wasm", "--json"]);
    let inspected: Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(inspected["fits"], true, "{inspected}");
    let digest = inspected["digest"].as_str().unwrap();
    assert!(
        line.starts_with("glow.wasm  ") && line.contains(digest),
        "{line}"
    );

    let gallery = desk.path().join("gallery");
    let command = host::run(&[folder.join("pipeline.toml")], &gallery);
    let host = Host::spawn(command, tempfile::tempdir().unwrap());
    host.wait_until_ready();
    let picture = |shade: u8| image::RgbImage::from_pixel(64, 48, image::Rgb([shade; 3]));
    for (shade, dark) in [(51, true), (204, false)] {
        let answer = host.frame("glow", &png(&picture(shade))).good();
        let said = &answer["frames"][0]["brightness"];
        let difference = said["mean"].as_f64().unwrap() - f64::from(shade) / 255.0;
        assert!(difference.abs() < 1e-5, "{answer}");
        assert_eq!(said["dark"], dark, "{answer}");
    }
    // Every item finds a fresh instance, however many come.
    for _ in 0..20 {
        host.frame("glow", &png(&gradient(80, 60))).good();
    }
}

/// It is in the host's log, with the stage's name, and so is the exception that ended the stage.
fn printed(language: &str, (from, to): (&str, &str), exception: &str) {
    let desk = Desk::new();
    desk.good(&["stage", "new", "glow", "--lang", language]);
    let folder = desk.path().join("glow");
    let app = folder.join(if language == "js" { "app.js" } else { "app.py" });
    let text = fs::read_to_string(&app).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(app, text.replacen(from, to, 1)).unwrap();
    desk.good(&["stage", "build", "glow"]);
    let gallery = desk.path().join("gallery");
    let command = host::run(&[folder.join("pipeline.toml")], &gallery);
    let host = Host::spawn(command, tempfile::tempdir().unwrap());
    let said = languages::why_not_ready(&host);
    assert!(said.contains("stage `measure`"), "{said}");
    let log = host.log();
    let of_the_stage = |words: &str| {
        let mut lines = log.lines();
        lines.any(|line| line.contains(words) && line.contains("stage=\"measure\""))
    };
    assert!(
        of_the_stage("into the log") && of_the_stage(exception),
        "{log}"
    );
}

fn cannot_be() {
    let desk = Desk::new();
    for name in ["Glow", "1st", "a_b", "footlight-stage"] {
        let said = desk.bad(&["stage", "new", name], 1);
        assert!(said.contains(&format!("`{name}` is")), "{said}");
    }
    let said = desk.bad(&["stage", "new", "nowhere/glow"], 1);
    assert!(said.contains("there is no folder nowhere"), "{said}");
    let said = desk.bad(&["stage", "new", "glow", "--lang", "cobol"], 2);
    assert!(said.contains("rust, python or js"), "{said}");
    assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 0);

    desk.good(&["stage", "new", "glow", "--lang", "js"]);
    let said = desk.bad(&["stage", "new", "glow"], 1);
    assert!(said.contains("glow is there already"), "{said}");
    assert!(!desk.path().join("glow/Cargo.toml").exists());

    let said = desk.bad(&["stage", "build"], 1);
    assert!(
        said.contains("`footlight stage new NAME` makes one"),
        "{said}"
    );
    fs::write(desk.path().join("glow/Cargo.toml"), "").unwrap();
    let said = desk.bad(&["stage", "build", "glow"], 1);
    assert!(said.contains("has several"), "{said}");
}

/// A stage that was built against a contract of its own making.
fn foreign_import() {
    let desk = Desk::new();
    desk.good(&["stage", "new", "glow"]);
    let folder = desk.path().join("glow");
    let change = |path: &str, from: &str, to: &str| {
        let path = folder.join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    change(
        "wit/stage.wit",
        "world stage {",
        "interface network { send: func(); }\nworld stage {\n  import network;",
    );
    let call = "footlight_stage::bindings::footlight::stage::network::send();";
    change(
        "src/lib.rs",
        "let mean = mean(",
        &format!("{call}\n        let mean = mean("),
    );
    let said = desk.bad(&["stage", "build", "glow", "-o", "out/glow.wasm"], 1);
    assert!(
        said.contains("no host runs it") && said.contains("`footlight:stage/network@0.1.0`"),
        "{said}"
    );
    assert!(!desk.path().join("out").exists());
}

fn does_not_build(language: &str, file: &str, source: &str, words: &str) {
    let desk = Desk::new();
    desk.good(&["stage", "new", "glow", "--lang", language]);
    fs::write(desk.path().join("glow").join(file), source).unwrap();
    let said = desk.bad(&["stage", "build", "glow"], 1);
    for words in ["glow does not build", file, words] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    fs::remove_dir_all(desk.path().join("glow/wit")).unwrap();
    let said = desk.bad(&["stage", "build", "glow"], 1);
    assert!(said.contains("glow/wit is not there"), "{said}");
    assert!(!desk.path().join("glow/glow.wasm").exists());
}

fn no_tools() {
    for (language, words) in [
        ("rust", "install Rust from https://rustup.rs"),
        ("python", "`apt-get install python3-pip`"),
        ("js", "`apt-get install nodejs npm`"),
    ] {
        let desk = Desk::new();
        desk.good(&["stage", "new", "glow", "--lang", language]);
        let mut build = desk.footlight(&["stage", "build", "glow"]);
        build
            .env("PATH", desk.path())
            .env("FOOTLIGHT_CACHE", desk.path().join("cache"));
        let said = fails(build, 1);
        assert!(said.contains(words), "{said}");
    }
}

/// pip is given another file under the name of the tool.
fn lying_mirror() {
    let desk = Desk::new();
    desk.good(&["stage", "new", "glow", "--lang", "python"]);
    let wheel = "componentize_py-0.25.1-cp39-abi3-manylinux_2_28_x86_64.whl";
    fs::write(desk.path().join(wheel), "not the tool").unwrap();
    let mut build = desk.footlight(&["stage", "build", "glow"]);
    let cache = desk.path().join("cache");
    build
        .env("PIP_NO_INDEX", "1")
        .env("PIP_FIND_LINKS", desk.path())
        .env("FOOTLIGHT_CACHE", &cache);
    let said = fails(build, 1);
    assert!(
        said.contains("componentize-py 0.25.1 cannot be installed") && said.contains("sha256"),
        "{said}"
    );
    assert!(!cache.join("tools").exists());
}
