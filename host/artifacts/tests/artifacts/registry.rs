//! A real registry, Debian's docker-registry, and other people's tools on what we push there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use footlight_artifacts::{Artifact, Artifacts, Options, Part, Reference, Signature, media_type};
use libtest_mimic::Trial;
use tempfile::tempdir;

use crate::common::{CARD, assert_says, component, model, noise, open, options, reference, stage};
use crate::docker_registry::{Registry, program, run, with, with_skopeo};
use crate::process::{ROOT, pull, said};
use crate::trial_with;

pub fn trials() -> Vec<Trial> {
    vec![
        trial_with(
            "registry: all kinds are pushed and pulled",
            program,
            all_kinds,
        ),
        trial_with(
            "registry: parts of a pipeline are taken over from their repositories",
            program,
            taken_over,
        ),
        trial_with(
            "registry: signatures are attached and found",
            program,
            signatures,
        ),
        trial_with(
            "registry: a pipeline goes to a layout's tar and to another registry",
            program,
            by_tar,
        ),
        trial_with(
            "registry: TLS and a password of docker's configuration",
            program,
            tls_and_password,
        ),
        trial_with(
            "registry: a password of a credential helper",
            program,
            credential_helper,
        ),
        trial_with("registry: oras pulls a stage", || with("oras"), oras),
        trial_with(
            "registry: crane mirrors a pipeline whole",
            || with("crane"),
            crane,
        ),
        trial_with(
            "registry: skopeo mirrors a pipeline whole",
            with_skopeo,
            skopeo,
        ),
    ]
}

fn parts(other: Part) -> BTreeMap<String, Part> {
    BTreeMap::from([
        ("stages.detect".to_owned(), Part::Made(stage("detect"))),
        ("stages.verify".to_owned(), other),
        ("models.features".to_owned(), Part::Made(model(2_000_000))),
    ])
}

const FILE: &str = "name = \"test\"\n";

/// Pulls the pipeline of [`parts`] into a fresh store, and looks at all of it.
fn assert_whole(home: &Reference) {
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    let pipeline = artifacts.pipeline(home).unwrap();
    assert_eq!(pipeline.file, FILE);
    assert_eq!(pipeline.parts.len(), 3);
    let home = [pipeline.home.clone()];
    for name in ["detect", "verify"] {
        let digest = pipeline.part(&format!("stages.{name}")).unwrap();
        assert_eq!(
            artifacts.stage_at(digest, &home).unwrap().component,
            component(name)
        );
    }
    let digest = pipeline.part("models.features").unwrap();
    assert_eq!(
        artifacts.model_at(digest, &home).unwrap().model,
        noise(2_000_000)
    );
}

fn all_kinds(program: PathBuf) {
    let registry = Registry::plain(&program);
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("writer"));
    let pushed = artifacts
        .push(stage("one"), &registry.reference("stages/one:1"))
        .unwrap();
    assert!(pushed.bytes_sent > 0);
    let again = artifacts
        .push(stage("one"), &registry.reference("stages/one:2"))
        .unwrap();
    assert_eq!((again.bytes_sent, again.digest), (0, pushed.digest));
    artifacts
        .push(model(3_000_000), &registry.reference("models/one"))
        .unwrap();
    let gallery = Artifact::gallery("{}", noise(500), BTreeMap::new());
    artifacts
        .push(gallery, &registry.reference("galleries/one:1"))
        .unwrap();
    let home = registry.reference("pipelines/one:1");
    let parts = parts(Part::Made(stage("verify")));
    let pipeline = artifacts
        .push_pipeline(FILE, parts, BTreeMap::new(), &home)
        .unwrap();

    let reader = open(&folder.path().join("reader"));
    let pulled = reader.stage(&registry.reference("stages/one:2")).unwrap();
    assert_eq!(
        (pulled.component, pulled.about.digest),
        (component("one"), pushed.digest)
    );
    let pulled = reader
        .model(&registry.reference("models/one:latest"))
        .unwrap();
    assert_eq!(
        (pulled.card.as_str(), pulled.model),
        (CARD, noise(3_000_000))
    );
    let pulled = reader
        .gallery(&registry.reference("galleries/one:1"))
        .unwrap();
    assert_eq!(pulled.sealed, noise(500));
    assert_whole(&home);
    assert_whole(&pipeline.reference);
    let error = reader
        .stage(&registry.reference("stages/one:3"))
        .unwrap_err();
    assert_says(&error, &["stages/one has no manifest `3`"]);
    let error = reader
        .stage(&registry.reference("stages/none:1"))
        .unwrap_err();
    assert_says(&error, &["stages/none has no manifest `1`"]);
}

fn taken_over(program: PathBuf) {
    let registry = Registry::plain(&program);
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    let verify = registry.reference("stages/verify:1");
    artifacts.push(stage("verify"), &verify).unwrap();
    let home = registry.reference("pipelines/one:1");
    let parts = parts(Part::From(verify));
    let pushed = artifacts
        .push_pipeline(FILE, parts, BTreeMap::new(), &home)
        .unwrap();
    assert!(
        pushed.bytes_there >= component("verify").len() as u64,
        "{pushed:?}"
    );
    assert_whole(&home);
    let copied = artifacts
        .copy(&home, &registry.reference("mirror/one:1"))
        .unwrap();
    assert_eq!((copied.bytes_sent, copied.digest), (0, pushed.digest));
    assert_whole(&copied.reference);
}

fn signatures(program: PathBuf) {
    let registry = Registry::plain(&program);
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    let target = registry.reference("stages/one:1");
    let digest = artifacts.push(stage("one"), &target).unwrap().digest;
    assert_eq!(artifacts.signatures(&target, &digest).unwrap(), []);
    let signature = Signature {
        media_type: media_type::SIGNATURE_PAYLOAD.to_owned(),
        payload: b"{}".to_vec(),
        annotations: BTreeMap::from([(
            "dev.cosignproject.cosign/signature".to_owned(),
            "c2ln".to_owned(),
        )]),
    };
    artifacts
        .attach_signature(&target, &digest, &signature)
        .unwrap();
    assert_eq!(artifacts.signatures(&target, &digest).unwrap(), [signature]);
}

fn by_tar(program: PathBuf) {
    let [here, there] = [Registry::plain(&program), Registry::plain(&program)];
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("here"));
    let home = here.reference("pipelines/one:1");
    artifacts
        .push_pipeline(
            FILE,
            parts(Part::Made(stage("verify"))),
            BTreeMap::new(),
            &home,
        )
        .unwrap();
    let tar = reference(format!(
        "oci:{}:1",
        folder.path().join("site.tar").display()
    ));
    artifacts.copy(&home, &tar).unwrap();
    drop(here);
    assert_whole(&tar);
    let site = there.reference("site/one:1");
    open(&folder.path().join("there"))
        .copy(&tar, &site)
        .unwrap();
    assert_whole(&site);
}

fn tls_and_password(program: PathBuf) {
    let registry = Registry::guarded(&program);
    let folder = tempdir().unwrap();
    let docker = folder.path().join("docker");
    fs::create_dir(&docker).unwrap();
    let store = folder.path().join("store");
    let target = registry.reference("stages/one:1");
    let push = |options: &Options| {
        let artifacts = Artifacts::open(&store, options.clone()).unwrap();
        let pushed = artifacts.push(stage("one"), &target)?;
        assert_eq!(artifacts.stage(&target)?.about.digest, pushed.digest);
        Ok::<_, footlight_artifacts::Error>(())
    };
    let mut options = Options {
        docker_config: Some(docker.clone()),
        ..options()
    };
    assert_says(
        &push(&options).unwrap_err(),
        &["127.0.0.2", "none that is trusted", "extra root"],
    );
    options.extra_root_certificates.push(registry.certificate());
    assert_says(
        &push(&options).unwrap_err(),
        &["401", "without credentials", "docker login 127.0.0.2"],
    );
    let account = |password: &str| {
        // ada:password, ada:sesame
        let auth = if password == "sesame" {
            "YWRhOnNlc2FtZQ=="
        } else {
            "YWRhOnBhc3N3b3Jk"
        };
        let config = format!(
            r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#,
            registry.host
        );
        fs::write(docker.join("config.json"), config).unwrap();
    };
    account("password");
    assert_says(&push(&options).unwrap_err(), &["401", "as `ada` of"]);
    account("sesame");
    push(&options).unwrap();
    // What is no certificate is found before anything is asked.
    options.extra_root_certificates = vec![docker.join("config.json")];
    assert_says(
        &push(&options).unwrap_err(),
        &["config.json", "no certificate"],
    );
}

fn credential_helper(program: PathBuf) {
    let registry = Registry::guarded(&program);
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let auth = format!(
        r#"{{"auths": {{"{}": {{"auth": "YWRhOnNlc2FtZQ=="}}}}}}"#,
        registry.host
    );
    fs::write(at("config.json"), auth).unwrap();
    let pusher = Options {
        docker_config: Some(folder.path().to_owned()),
        extra_root_certificates: vec![registry.certificate()],
        ..options()
    };
    let target = registry.reference("models/one:1");
    Artifacts::open(&at("writer"), pusher)
        .unwrap()
        .push(model(1000), &target)
        .unwrap();

    let config = format!(r#"{{"credHelpers": {{"{}": "test"}}}}"#, registry.host);
    fs::write(at("config.json"), config).unwrap();
    let helper = at("docker-credential-test");
    let attempt = |script: Option<&str>| {
        let _ = fs::remove_file(&helper);
        if let Some(script) = script {
            fs::write(&helper, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let mut command = pull(&at("reader"), &target);
        command
            .env("PATH", path)
            .env("DOCKER_CONFIG", folder.path())
            .env(ROOT, registry.certificate());
        said(&command.output().unwrap())
    };
    assert_says(
        &attempt(None).unwrap_err(),
        &["config.json", "credential helper", "docker-credential-NAME"],
    );
    let error = attempt(Some("read host; echo 'the vault is locked'; exit 1")).unwrap_err();
    assert_says(&error, &["docker-credential-test", "the vault is locked"]);
    let error = attempt(Some(
        "read host; echo 'credentials not found in native keychain'; exit 1",
    ))
    .unwrap_err();
    assert_says(
        &error,
        &["401", "docker-credential-test has none", "docker login"],
    );
    let answer = format!(
        r#"read host; test "$1-$host" = "get-{}" && echo '{{"Username": "ada", "Secret": "sesame"}}'"#,
        registry.host
    );
    assert_eq!(attempt(Some(&answer)), Ok("1000 bytes".to_owned()));
}

fn oras((program, tool): (PathBuf, PathBuf)) {
    let registry = Registry::plain(&program);
    let folder = tempdir().unwrap();
    let title = (
        "org.opencontainers.image.title".to_owned(),
        "one".to_owned(),
    );
    let artifact = Artifact::stage(component("one"), BTreeMap::from([title])).unwrap();
    let target = registry.reference("stages/one:1");
    open(&folder.path().join("store"))
        .push(artifact, &target)
        .unwrap();
    run(
        &tool,
        &["pull", "--plain-http", &target.to_string()],
        folder.path(),
    );
    assert_eq!(
        fs::read(folder.path().join("one.wasm")).unwrap(),
        component("one")
    );
}

/// A registry with a pipeline, and where it and its mirror are.
fn mirrored(program: &Path, mirror: impl FnOnce(&Path, &str, &str)) {
    let registry = Registry::plain(program);
    let folder = tempdir().unwrap();
    let [home, copy] = ["pipelines/one:1", "mirror/one:1"].map(|name| registry.reference(name));
    open(&folder.path().join("store"))
        .push_pipeline(
            FILE,
            parts(Part::Made(stage("verify"))),
            BTreeMap::new(),
            &home,
        )
        .unwrap();
    mirror(folder.path(), &home.to_string(), &copy.to_string());
    assert_whole(&copy);
}

fn crane((program, tool): (PathBuf, PathBuf)) {
    mirrored(&program, |folder, from, to| {
        run(&tool, &["copy", "--insecure", from, to], folder);
    });
}

fn skopeo((program, tool): (PathBuf, PathBuf)) {
    mirrored(&program, |folder, from, to| {
        let [from, to] = [from, to].map(|name| format!("docker://{name}"));
        let tls = ["--src-tls-verify=false", "--dest-tls-verify=false"];
        let arguments = [
            "--insecure-policy",
            "copy",
            "--all",
            "--preserve-digests",
            tls[0],
            tls[1],
            &from,
            &to,
        ];
        run(&tool, &arguments, folder);
    });
}
