//! A gallery that is enrolled on one host and verified with on another.

use crate::enrolment::{enrol, verdicts};
use crate::host::{Host, footlight, run};
use crate::needs::{self, trial};
use crate::published::{Site, said};
use crate::registry::Shelf;
use crate::{photos, places};
use libtest_mimic::Trial;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "galleries: a second host verifies with what the first has enrolled",
            needs::MEMBERS,
            second_host,
        ),
        trial(
            "galleries: no template and no name is anywhere in the clear",
            needs::MEMBERS,
            in_the_clear,
        ),
        trial(
            "galleries: who follows one enrols nobody, and gives none out",
            needs::MEMBERS,
            read_only,
        ),
    ]
}

/// A site with two hosts, a key, and a registry: of the second host there is nothing but the program.
pub struct TwoHosts {
    pub site: Site,
    pub registry: Shelf,
}

impl TwoHosts {
    pub fn new() -> Self {
        let site = Site::new();
        let registry = Shelf::start(&site.path(""));
        let two = Self { site, registry };
        two.key("site");
        two.site.push("pipeline", "0.42");
        two
    }

    /// The file of a new key, or of the one that was made under this name.
    pub fn key(&self, name: &str) -> PathBuf {
        let path = self.site.path(&format!("{name}.key"));
        if !path.exists() {
            let words = ["keygen", "--site", path.to_str().unwrap()];
            self.site.author(&words, 0);
        }
        path
    }

    /// The reference of the gallery.
    pub fn gallery(&self) -> String {
        self.registry.reference("current")
    }

    /// The host on which members are enrolled, with this key.
    pub fn first(&self, key: &str) -> Host {
        let mut command = run(&[places::members()], &self.site.path(&format!("of-{key}")));
        command.arg("--site-key").arg(self.key(key));
        let host = Host::spawn(command, tempfile::tempdir().unwrap());
        host.wait_until_ready();
        host
    }

    /// Has a host push its gallery; the artifact's digest.
    #[track_caller]
    pub fn push(&self, host: &Host) -> String {
        let gallery = self.gallery();
        let words = ["gallery", "push", "members", &gallery, "--json"];
        let pushed = self
            .site
            .author(&[&words[..], &["--host", host.url()]].concat(), 0);
        let pushed: Value = serde_json::from_str(&pushed).unwrap();
        pushed["digest"].as_str().unwrap().to_owned()
    }

    /// The command of a host that follows the gallery.
    pub fn follow(&self, pipeline: &str, more: &[&str]) -> Command {
        let mut command = footlight();
        command
            .env("FOOTLIGHT_CACHE", self.site.path("node"))
            .env("FOOTLIGHT_STAGES", self.site.path("nothing"))
            .env("XDG_STATE_HOME", self.site.path("node"))
            .args(["run", pipeline, "--listen", "127.0.0.1:0"])
            .args(["--gallery", &self.gallery()])
            .args(more);
        command
    }

    /// The second host, when it is ready.
    pub fn second(&self) -> Host {
        let pipeline = self.site.reference("pipeline");
        let mut command = self.follow(&pipeline, &[]);
        command.arg("--site-key").arg(self.key("site"));
        let host = Host::spawn(command, tempfile::tempdir().unwrap());
        host.wait_until_ready();
        host
    }
}

pub const OBAMA: &str = "people/obama.jpg";
pub const BIDEN: &str = "people/biden.jpg";

/// All that is found of a photo, but not how long it took.
fn found(host: &Host, photo: &str) -> (Value, Value) {
    let answer = host.frame("members", &photos::bytes(photo)).good();
    (answer["faces"].clone(), answer["version"]["models"].clone())
}

fn second_host() {
    let two = TwoHosts::new();
    let first = two.first("site");
    enrol(&first, "obama", &[OBAMA, "people/obama3.jpg"], 201);
    enrol(&first, "biden", &[BIDEN], 201);
    let digest = two.push(&first);
    let second = two.second();
    for photo in ["people/obama2.jpg", BIDEN, "others/astronaut.png"] {
        let (here, there) = (found(&first, photo), found(&second, photo));
        assert!(here.1["gallery"].is_string(), "{}", here.1);
        assert_eq!(here, there, "{photo}");
    }
    let known = verdicts(&second, &photos::bytes("people/obama2.jpg"));
    assert_eq!(known, [Some("obama".to_owned())]);
    let members = |host: &Host| host.get("/v1/members").good();
    assert_eq!(members(&first), members(&second));
    assert_eq!(
        second.metric("footlight_members{pipeline=\"members\"}"),
        2.0
    );
    let listed = second.get("/v1/pipelines/members").good();
    assert_eq!(listed["follows"]["source"], two.gallery());
    assert_eq!(listed["follows"]["artifact"], digest);
    let listed = first.get("/v1/pipelines/members").good();
    assert!(listed["follows"].is_null(), "{listed}");

    // It is carried to where there is no network like anything else.
    let carried = format!("oci:{}", two.site.path("carried.tar").display());
    let words = ["gallery", "pull", &two.gallery(), "--to", &carried];
    let told = two.site.author(&words, 0);
    assert!(told.contains("2 members of members, 3 templates"), "{told}");
    let mut command = two.follow(&two.site.reference("pipeline"), &[]);
    command
        .args(["--gallery", &format!("members={carried}"), "--site-key"])
        .arg(two.key("site"));
    let third = Host::spawn(command, tempfile::tempdir().unwrap());
    third.wait_until_ready();
    assert_eq!(members(&first), members(&third));
}

/// Templates are the first field of their records: 512 numbers, which are together of length 1.
fn templates(file: &[u8]) -> Vec<&[u8]> {
    let starts = (0..file.len()).filter(|at| file[*at..].starts_with(b"\x0a\x80\x10"));
    let templates = starts.filter_map(|at| file.get(at + 3..at + 3 + 2048));
    let is_one = |bytes: &&[u8]| {
        let numbers = bytes.chunks_exact(4);
        let numbers = numbers.map(|number| f32::from_le_bytes(number.try_into().unwrap()));
        (numbers.map(|number| number * number).sum::<f32>() - 1.0).abs() < 1e-3
    };
    templates.filter(is_one).collect()
}

/// Every file below a folder, but not what links lead to.
fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let (path, kind) = entry
            .map(|entry| (entry.path(), entry.file_type().unwrap()))
            .unwrap();
        if kind.is_dir() {
            files(&path, all);
        } else if kind.is_file() {
            all.push(path);
        }
    }
}

fn in_the_clear() {
    let two = TwoHosts::new();
    let first = two.first("site");
    enrol(&first, "grace.hopper", &[OBAMA], 201);
    enrol(&first, "ada.lovelace", &[BIDEN], 201);
    two.push(&first);
    let second = two.second();
    assert_eq!(
        verdicts(&second, &photos::bytes(BIDEN)),
        [Some("ada.lovelace".to_owned())]
    );
    let sent = first.get("/v1/pipelines/members/gallery");
    drop(second);

    let own = fs::read(two.site.path("of-site/gallery.redb")).unwrap();
    let templates = templates(&own);
    assert!(templates.len() >= 2, "{} templates", templates.len());
    let mut secrets: Vec<&[u8]> = templates.iter().map(|bytes| &bytes[1000..1016]).collect();
    secrets.extend([&b"grace.hopper"[..], b"ada.lovelace"]);
    let has = |bytes: &[u8], secret: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
    assert!(secrets.iter().all(|secret| has(&own, secret)));

    let mut elsewhere = Vec::new();
    files(&two.registry.data, &mut elsewhere);
    files(&two.site.path("node"), &mut elsewhere);
    files(&two.site.path("author"), &mut elsewhere);
    // Parts of the models are larger than all else and were there before: they have none of it, and take long to search.
    let small = |path: &PathBuf| fs::metadata(path).unwrap().len() < 300_000;
    elsewhere.retain(small);
    assert!(elsewhere.len() > 10, "{elsewhere:?}");
    let of_header = sent.header("footlight-gallery").as_bytes().to_vec();
    assert!(has(&of_header, b"\"members\":2"));
    let bytes = elsewhere
        .iter()
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()));
    let wire = [
        ("the body".to_owned(), sent.body),
        ("the header".to_owned(), of_header),
    ];
    for (place, bytes) in bytes.chain(wire) {
        for secret in &secrets {
            assert!(!has(&bytes, secret), "{place} has {secret:?}");
        }
    }
}

fn read_only() {
    let two = TwoHosts::new();
    let first = two.first("site");
    enrol(&first, "obama", &[OBAMA], 201);
    two.push(&first);
    let second = two.second();
    let biden = photos::bytes(BIDEN);
    let enrolled = second.enrol("biden", &[("a.jpg", &biden)]);
    let removed = second.delete("/v1/members/obama");
    // Sealed anew, what may be an old gallery would be the newest to all who follow.
    let sealed = second.get("/v1/pipelines/members/gallery");
    for reply in [enrolled, removed, sealed] {
        let detail = reply.refused(409, "gallery-followed");
        assert!(
            detail.contains(&two.gallery()) && detail.contains("footlight gallery push"),
            "{detail}"
        );
    }
    assert_eq!(
        second.get("/v1/members").good()["members"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let mut command = footlight();
    command.args(["forget", "obama", "--host", second.url()]);
    let told = said(&mut command, 1);
    assert!(told.contains("enrolled elsewhere"), "{told}");
}
