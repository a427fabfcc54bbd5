//! Pipelines that were published run elsewhere by their digest, if they are trusted. An OCI layout stands for the
//! registry; a real one is spoken to by the tests of `footlight-artifacts`, of tags and of hosts that are killed.

use crate::host::{Host, footlight, refused};
use crate::needs::{self, trial};
use crate::registry::Shelf;
use crate::{file, jpeg, photos, places};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub fn trials() -> Vec<Trial> {
    let of_members: [(&str, fn()); 6] = [
        (
            "published: a pipeline runs by its digest, and every answer says so",
            by_digest,
        ),
        (
            "published: what is in the store runs with the registry gone",
            from_the_store,
        ),
        ("published: who did not sign does not run", only_signed),
        (
            "published: a new version is switched to between two frames",
            new_version,
        ),
        ("published: parts of a pipeline file are pinned", pinned),
        (
            "published: a damaged blob is fetched anew, or named",
            damaged,
        ),
    ];
    let mut trials: Vec<Trial> = of_members
        .into_iter()
        .map(|(name, test)| trial(name, needs::MEMBERS, test))
        .collect();
    trials.push(trial(
        "published: what no host runs is not pushed",
        needs::HOSTILE,
        no_stage,
    ));
    trials
}

/// A registry, a machine that publishes to it, and one that runs what is there.
pub struct Site {
    /// Where there is one; else a layout stands for it.
    shelf: Option<Shelf>,
    folder: TempDir,
}

impl Site {
    pub fn new() -> Self {
        let site = Self {
            shelf: None,
            folder: tempfile::tempdir().unwrap(),
        };
        // The models are the author's, and the machine that runs has only the inference library.
        let (author, node) = (site.path("author"), site.path("node"));
        for folder in [&author, &node] {
            fs::create_dir(folder).unwrap();
            symlink(places::cache().join("runtime"), folder.join("runtime")).unwrap();
        }
        symlink(places::cache().join("models"), author.join("models")).unwrap();
        site
    }

    /// One with a registry that is spoken to over HTTP, where there is a program of one.
    pub fn with_registry() -> Self {
        let site = Self::new();
        Self {
            shelf: Some(Shelf::start(&site.path(""))),
            ..site
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The reference of something there.
    pub fn reference(&self, tag: &str) -> String {
        match &self.shelf {
            Some(shelf) => shelf.reference(tag),
            None => format!("oci:{}:{tag}", self.path("registry").display()),
        }
    }

    /// What a command of the author prints.
    #[track_caller]
    pub fn author(&self, words: &[&str], code: i32) -> String {
        let mut command = footlight();
        command.env("FOOTLIGHT_CACHE", self.path("author"));
        said(
            command.env("FOOTLIGHT_PASSWORD", "sesame").args(words),
            code,
        )
    }

    /// Makes a key of this name.
    #[track_caller]
    pub fn keygen(&self, name: &str) {
        self.author(&["keygen", self.path(name).to_str().unwrap()], 0);
    }

    /// Signs what a reference leads to.
    #[track_caller]
    pub fn sign(&self, reference: &str, name: &str) {
        let key = self.path(&format!("{name}.key"));
        self.author(&["sign", reference, "--key", key.to_str().unwrap()], 0);
    }

    /// A policy that knows these keys, and by which nothing is taken but what one of them has signed in the layout.
    pub fn policy(&self, known: &[&str], trusted: &str) -> PathBuf {
        let keys: String = known
            .iter()
            .map(|name| format!("{name} = \"{name}.pub\"\n"))
            .collect();
        let registry = self.path("registry").canonicalize().unwrap();
        let text = format!(
            "default = \"refuse\"\n[keys]\n{keys}[[rules]]\nrepository = \"oci:{}\"\nkeys = [\"{trusted}\"]\n",
            registry.display()
        );
        let policy = self.path("policy.toml");
        fs::write(&policy, text).unwrap();
        policy
    }

    /// Pushes the pipeline of members with this threshold; its digest.
    #[track_caller]
    pub fn push(&self, tag: &str, threshold: &str) -> String {
        self.push_with(tag, threshold, &[])
    }

    /// The same with more words.
    #[track_caller]
    pub fn push_with(&self, tag: &str, threshold: &str, more: &[&str]) -> String {
        let text = file::members().replace("threshold = 0.42", &format!("threshold = {threshold}"));
        let path = file::write(&self.path("author"), "members", &text);
        let words = [
            "pipeline",
            "push",
            path.to_str().unwrap(),
            &self.reference(tag),
            "--json",
        ];
        let words = [&words[..], more].concat();
        let pushed: Value = serde_json::from_str(&self.author(&words, 0)).unwrap();
        pushed["digest"].as_str().unwrap().to_owned()
    }

    /// The command that runs something on the node, which has no stages and no models.
    pub fn run(&self, pipeline: &str, more: &[&str]) -> Command {
        let mut command = footlight();
        command
            .env("FOOTLIGHT_CACHE", self.path("node"))
            .env("FOOTLIGHT_STAGES", self.path("nothing"))
            .args(["run", pipeline, "--listen", "127.0.0.1:0", "--gallery"])
            .arg(self.path("gallery"))
            .args(more);
        command
    }

    /// A host that runs something, when it is ready.
    pub fn start(&self, pipeline: &str, more: &[&str]) -> Host {
        let host = Host::spawn(self.run(pipeline, more), tempfile::tempdir().unwrap());
        host.wait_until_ready();
        host
    }
}

#[track_caller]
pub fn said(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(code), "{command:?}: {out}{err}");
    format!("{out}{err}")
}

/// The answer to a photo of one face.
pub fn answer(host: &Host) -> Value {
    host.frame("members", &jpeg::jpeg(&photos::face())).good()
}

fn by_digest() {
    let site = Site::new();
    let digest = site.push("1.0", "0.42");
    // The same again is the same.
    assert_eq!(site.push("again", "0.42"), digest);
    assert_ne!(site.push("other", "0.43"), digest);
    let inspected = site.author(&["pipeline", "inspect", &site.reference("1.0")], 0);
    for part in [
        "stages.detect",
        "stages.verify",
        "models.fr-feature",
        &digest,
    ] {
        assert!(inspected.contains(part), "{inspected}");
    }

    let pinned = format!("{}@{digest}", site.reference("1.0"));
    let host = site.start(&pinned, &[]);
    let answer = answer(&host);
    assert_eq!(answer["faces"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["version"]["pipeline"], digest);
    let listed = host.get("/v1/pipelines/members").good();
    assert_eq!(listed["source"], pinned, "{listed}");
}

fn from_the_store() {
    let site = Site::new();
    let digest = site.push("1.0", "0.42");
    drop(site.start(&site.reference("1.0"), &[]));
    fs::rename(site.path("registry"), site.path("gone")).unwrap();
    let host = site.start(&site.reference("1.0"), &[]);
    assert_eq!(answer(&host)["version"]["pipeline"], digest);
    let log = host.log();
    let warned = |line: &str| line.contains("WARN") && line.contains("taken from the store");
    assert!(log.lines().any(warned), "{log}");
    drop(host);
    let said = refused(site.run(&site.reference("2.0"), &[]));
    assert!(said.contains("registry"), "{said}");
}

fn only_signed() {
    let site = Site::new();
    site.push("1.0", "0.42");
    let reference = site.reference("1.0");
    for name in ["alice", "bob"] {
        site.keygen(name);
    }
    let policy = site.policy(&["alice", "bob"], "alice");
    let trust = ["--trust", policy.to_str().unwrap()];

    let unsigned = refused(site.run(&reference, &trust));
    assert!(unsigned.contains("not trusted"), "{unsigned}");
    assert!(unsigned.contains("footlight sign"), "{unsigned}");
    site.sign(&reference, "bob");
    let by_another = refused(site.run(&reference, &trust));
    assert!(
        by_another.contains("bob") && by_another.contains("alice"),
        "{by_another}"
    );
    site.sign(&reference, "alice");
    let verified = site.author(&["verify", &reference, trust[0], trust[1]], 0);
    assert!(verified.contains("signed by alice"), "{verified}");
    drop(site.start(&reference, &trust));
    // With the registry gone the signatures in the store are judged.
    fs::rename(site.path("registry"), site.path("gone")).unwrap();
    drop(site.start(&reference, &trust));
    fs::rename(site.path("gone"), site.path("registry")).unwrap();

    // Signed is what has this digest, and not what the tag leads to now.
    site.push("1.0", "0.43");
    let moved = refused(site.run(&reference, &trust));
    assert!(moved.contains("not trusted"), "{moved}");
}

fn new_version() {
    let site = Site::new();
    let first = site.push("1.0", "0.42");
    let host = site.start(&format!("{}@{first}", site.reference("1.0")), &[]);
    let second = site.push("2.0", "0.43");
    let put = |source: &str| host.put_json("/v1/pipelines/members", &json!({ "source": source }));
    let attempt = put(&site.reference("2.0")).good();
    assert_eq!(attempt["version"], second, "{attempt}");
    let changed = answer(&host);
    assert_eq!(changed["version"]["pipeline"], second);
    assert_eq!(changed["faces"][0]["verdict"]["threshold"], 0.43);

    // A caller cannot have the host read other places, nor run what is not there.
    let elsewhere = put("oci:/elsewhere:1.0").refused(403, "source-not-allowed");
    assert!(elsewhere.contains("--trust"), "{elsewhere}");
    put(&site.reference("3.0")).refused(422, "version-refused");
    assert_eq!(answer(&host)["version"]["pipeline"], second);
    host.post("/v1/pipelines/members/rollback", "application/json", b"")
        .good();
    assert_eq!(answer(&host)["version"]["pipeline"], first);
}

fn pinned() {
    let site = Site::new();
    let component = places::stages().join("face-detection.wasm");
    let reference = site.reference("detection");
    let pushed = site.author(
        &["stage", "push", component.to_str().unwrap(), &reference],
        0,
    );
    let digest = pushed.trim().rsplit_once('@').unwrap().1.to_owned();
    let inspected = site.author(&["stage", "inspect", &reference], 0);
    assert!(
        inspected.contains(&digest) && inspected.contains("no network"),
        "{inspected}"
    );
    let text = file::members().replace("face-detection.wasm", &reference);
    let path = file::write(&site.path("author"), "members", &text);
    let path = path.to_str().unwrap();

    let loose = site.author(&["lock", path, "--check"], 1);
    assert!(
        loose.contains("stages.detect") && loose.contains("footlight lock"),
        "{loose}"
    );
    site.author(&["lock", path], 0);
    site.author(&["lock", path, "--check"], 0);
    let locked = fs::read_to_string(path).unwrap();
    assert_eq!(
        locked,
        text.replace(&reference, &format!("{reference}@{digest}"))
    );

    // The file with its reference runs where its own folder has no such component.
    let pulled = site.path("pulled.wasm");
    let words = [
        "stage",
        "pull",
        &reference,
        "--output",
        pulled.to_str().unwrap(),
    ];
    site.author(&words, 0);
    assert_eq!(fs::read(pulled).unwrap(), fs::read(component).unwrap());
}

fn damaged() {
    let site = Site::new();
    let digest = site.push("1.0", "0.42");
    let reference = format!("{}@{digest}", site.reference("1.0"));
    drop(site.start(&reference, &[]));
    let store = site.path("node").join("store");
    let flip = || {
        let blobs = fs::read_dir(store.join("blobs/sha256")).unwrap();
        let largest = blobs
            .map(|blob| blob.unwrap().path())
            .max_by_key(|path| fs::metadata(path).unwrap().len());
        let path = largest.unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let _ = fs::remove_file(&path);
        fs::write(&path, bytes).unwrap();
        path.file_name().unwrap().to_str().unwrap().to_owned()
    };
    let blob = flip();
    let host = site.start(&reference, &[]);
    assert!(host.log().contains(&blob), "{}", host.log());
    drop(host);
    let check = ["store", "check", "--store", store.to_str().unwrap()];
    site.author(&check, 0);

    let blob = flip();
    fs::rename(site.path("registry"), site.path("gone")).unwrap();
    let said = refused(site.run(&reference, &[]));
    assert!(said.contains(&blob), "{said}");
    assert!(!Path::new(&store.join("blobs/sha256").join(blob)).exists());
}

fn no_stage() {
    let site = Site::new();
    let component = places::stages().join("hostile/not-a-stage.wasm");
    let said = site.author(
        &[
            "stage",
            "push",
            component.to_str().unwrap(),
            &site.reference("1"),
        ],
        1,
    );
    assert!(said.contains("was not pushed"), "{said}");
    assert!(!site.path("registry").exists());
    let text = site.path("readme");
    fs::write(&text, "not WebAssembly").unwrap();
    let said = site.author(
        &[
            "stage",
            "push",
            text.to_str().unwrap(),
            &site.reference("1"),
        ],
        1,
    );
    assert!(said.contains("not WebAssembly"), "{said}");
}
