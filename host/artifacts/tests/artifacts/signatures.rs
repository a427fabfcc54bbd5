//! Signatures: where they are kept, and what the judge is asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use footlight_artifacts::{
    Artifact, Artifacts, Blob, Digest, Error, Judge, Judgement, Options, Part, Signature,
    judged_name, media_type,
};
use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::tempdir;

use crate::common::{assert_says, model, open, options, reference, stage};
use crate::server::{Answer, Server};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("signatures: they are kept as cosign keeps them", kept),
        trial(
            "signatures: one that is there is not added again",
            added_once,
        ),
        trial(
            "signatures: one is not added where others would be lost",
            none_lost,
        ),
        trial(
            "signatures: a layout has one name to the judge, also when it is gone",
            one_name,
        ),
        trial("signatures: what is not trusted is not fetched", untrusted),
        trial(
            "signatures: the judge is asked once for a pipeline, and not for its parts",
            asked_once,
        ),
        trial(
            "signatures: those in the store are enough without the registry",
            offline,
        ),
        trial(
            "signatures: a new one is found where the old do not suffice",
            renewed,
        ),
        trial(
            "signatures: they go along when an artifact is copied",
            copied,
        ),
        trial(
            "signatures: they are there before the tag that leads to what they are of",
            before_the_tag,
        ),
        trial(
            "signatures: none are fetched for who does not want any",
            unwanted,
        ),
        trial(
            "signatures: where none could help, the registry is not asked",
            never,
        ),
    ]
}

/// Trusts what has a signature by `wanted`, and remembers what it was asked.
struct Strict {
    wanted: Mutex<&'static str>,
    wants: bool,
    asked: Mutex<Vec<(String, Digest)>>,
}

impl Strict {
    fn new(wanted: &'static str) -> Arc<Self> {
        Arc::new(Self {
            wanted: Mutex::new(wanted),
            wants: true,
            asked: Mutex::default(),
        })
    }
}

impl Judge for Strict {
    fn wants_signatures(&self, repository: &str) -> Result<bool, String> {
        match repository.contains("/retired/") {
            true => Err("nothing from there".to_owned()),
            false => Ok(self.wants),
        }
    }

    fn has_rule(&self, _: &str) -> bool {
        true
    }

    fn judge(
        &self,
        repository: &str,
        digest: &Digest,
        signatures: &[Signature],
    ) -> Result<Judgement, String> {
        self.asked
            .lock()
            .unwrap()
            .push((repository.to_owned(), *digest));
        let wanted = *self.wanted.lock().unwrap();
        if self.wants && !signatures.contains(&signature(wanted, digest)) {
            return Err(format!("{} signatures, none by {wanted}", signatures.len()));
        }
        Ok(Judgement {
            by: vec![wanted.to_owned()],
        })
    }
}

fn signature(by: &str, digest: &Digest) -> Signature {
    let annotations = [
        ("dev.cosignproject.cosign/signature", by),
        ("other", "kept too"),
    ];
    Signature {
        media_type: media_type::SIGNATURE_PAYLOAD.to_owned(),
        payload: format!("{{\"digest\": \"{digest}\"}}").into_bytes(),
        annotations: annotations
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    }
}

fn judged(folder: &std::path::Path, judge: &Arc<Strict>) -> Artifacts {
    let judge: Arc<dyn Judge> = Arc::clone(judge) as Arc<dyn Judge>;
    Artifacts::open(
        folder,
        Options {
            judge: Some(judge),
            ..options()
        },
    )
    .unwrap()
}

/// What rules are compared with, for a layout in this folder.
fn full_name(folder: &std::path::Path, layout: &str) -> String {
    let full = folder.canonicalize().unwrap();
    format!("oci:{}", full.join(layout).display())
}

fn kept() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let layout = reference(format!("oci:{}", folder.path().join("layout").display()));
    let digest = artifacts.push(stage("one"), &layout).unwrap().digest;
    assert_eq!(artifacts.signatures(&layout, &digest).unwrap(), []);
    for by in ["ada", "grace"] {
        artifacts
            .attach_signature(&layout, &digest, &signature(by, &digest))
            .unwrap();
    }
    let tag = format!("sha256-{}.sig", digest.hex());
    let (resolved, _) = artifacts.manifest(&layout.tagged(&tag).unwrap()).unwrap();
    let path = folder
        .path()
        .join("layout/blobs/sha256")
        .join(resolved.digest.hex());
    let manifest: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(manifest["mediaType"], media_type::MANIFEST);
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.oci.image.config.v1+json"
    );
    let payload = Digest::of(&signature("", &digest).payload);
    for (layer, by) in [(0, "ada"), (1, "grace")] {
        let layer = &manifest["layers"][layer];
        assert_eq!(
            layer["mediaType"],
            "application/vnd.dev.cosign.simplesigning.v1+json"
        );
        assert_eq!(layer["digest"], payload.to_string());
        assert_eq!(
            layer["annotations"]["dev.cosignproject.cosign/signature"],
            by
        );
    }
    let wanted = ["ada", "grace"].map(|by| signature(by, &digest));
    assert_eq!(artifacts.signatures(&layout, &digest).unwrap(), wanted);
    // They do not make the layout's only artifact one of several.
    assert_eq!(artifacts.stage(&layout).unwrap().about.digest, digest);
}

fn added_once() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let layout = reference(format!("oci:{}", folder.path().join("layout").display()));
    let digest = artifacts.push(stage("one"), &layout).unwrap().digest;
    let attach = || {
        artifacts
            .attach_signature(&layout, &digest, &signature("ada", &digest))
            .unwrap()
    };
    assert_eq!(attach().digest, attach().digest);
    assert_eq!(artifacts.signatures(&layout, &digest).unwrap().len(), 1);
}

fn untrusted() {
    let artifact = stage("one");
    let server = Server::honest(&[("1", &artifact)]);
    let folder = tempdir().unwrap();
    let judge = Strict::new("ada");
    let error = judged(folder.path(), &judge)
        .stage(&server.reference("1"))
        .unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
    assert_says(
        &error,
        &[
            "test/repository",
            &artifact.digest().to_string(),
            "not trusted",
            "0 signatures, none by ada",
        ],
    );
    assert_eq!(server.blobs(), 0);
    assert_eq!(
        judge.asked.lock().unwrap()[0].0,
        format!("{}/test/repository", server.host())
    );
}

fn asked_once() {
    let folder = tempdir().unwrap();
    let layout = reference(format!("oci:{}", folder.path().join("layout").display()));
    let parts = BTreeMap::from([
        ("stages.detect".to_owned(), Part::Made(stage("detect"))),
        ("models.features".to_owned(), Part::Made(model(1000))),
    ]);
    let writer = open(&folder.path().join("writer"));
    let target = layout.tagged("1").unwrap();
    let digest = writer
        .push_pipeline("", parts, BTreeMap::new(), &target)
        .unwrap()
        .digest;
    writer
        .attach_signature(&layout, &digest, &signature("ada", &digest))
        .unwrap();
    let judge = Strict::new("ada");
    let artifacts = judged(&folder.path().join("reader"), &judge);
    // Whichever way leads there.
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("layout"), &link).unwrap();
    let by_link = reference(format!("oci:{}:1", link.display()));
    let pipeline = artifacts.pipeline(&by_link).unwrap();
    assert_eq!(pipeline.about.judgement.as_ref().unwrap().by, ["ada"]);
    let detect = artifacts
        .stage_at(
            pipeline.part("stages.detect").unwrap(),
            std::slice::from_ref(&pipeline.home),
        )
        .unwrap();
    assert_eq!(detect.about.judgement, None);
    artifacts
        .model_at(
            pipeline.part("models.features").unwrap(),
            std::slice::from_ref(&pipeline.home),
        )
        .unwrap();
    assert_eq!(
        *judge.asked.lock().unwrap(),
        [(full_name(folder.path(), "layout"), digest)]
    );
    // The same stage by its own reference has no signature.
    let error = artifacts
        .stage(&layout.at(detect.about.digest))
        .unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
}

fn one_name() {
    let folder = tempdir().unwrap();
    let at = |path: &str| {
        judged_name(&reference(format!(
            "oci:{}",
            folder.path().join(path).display()
        )))
    };
    std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("a"), folder.path().join("link")).unwrap();
    for way in ["a/b", "link/b", "link/../a/b", "a/./b/"] {
        assert_eq!(at(way), full_name(folder.path(), "a/b"), "{way}");
    }
    for way in ["a/gone/stages.tar", "link/gone/stages.tar"] {
        assert_eq!(
            at(way),
            full_name(folder.path(), "a/gone/stages.tar"),
            "{way}"
        );
    }
    // Nothing says what this would lead to: no rule is for it.
    assert!(at("gone/../a/b").contains("/../"));
    assert_eq!(judged_name(&reference("r.example/a:1")), "r.example/a");
}

fn offline() {
    let folder = tempdir().unwrap();
    let layout = reference(format!("oci:{}", folder.path().join("layout").display()));
    let writer = open(&folder.path().join("writer"));
    let digest = writer
        .push(stage("one"), &layout.tagged("1").unwrap())
        .unwrap()
        .digest;
    writer
        .attach_signature(&layout, &digest, &signature("ada", &digest))
        .unwrap();
    let judge = Strict::new("ada");
    let artifacts = judged(&folder.path().join("reader"), &judge);
    artifacts.stage(&layout.tagged("1").unwrap()).unwrap();
    std::fs::remove_dir_all(folder.path().join("layout")).unwrap();
    let stage = artifacts.stage(&layout.tagged("1").unwrap()).unwrap();
    assert_eq!(stage.about.judgement.unwrap().by, ["ada"]);
    // A collection keeps them with what they sign.
    let keep = footlight_artifacts::Keep {
        max_bytes: Some(0),
        spare: std::time::Duration::ZERO,
        ..Default::default()
    };
    artifacts.collect(&keep, &[digest].into()).unwrap();
    artifacts.stage(&layout.tagged("1").unwrap()).unwrap();
}

fn renewed() {
    let folder = tempdir().unwrap();
    let layout = reference(format!("oci:{}", folder.path().join("layout").display()));
    let tag = layout.tagged("1").unwrap();
    let writer = open(&folder.path().join("writer"));
    let digest = writer.push(stage("one"), &tag).unwrap().digest;
    let sign = |by| {
        writer
            .attach_signature(&layout, &digest, &signature(by, &digest))
            .unwrap()
    };
    sign("ada");
    let judge = Strict::new("ada");
    let artifacts = judged(&folder.path().join("reader"), &judge);
    artifacts.stage(&tag).unwrap();
    *judge.wanted.lock().unwrap() = "grace";
    assert_says(
        &artifacts.stage(&tag).unwrap_err(),
        &["1 signatures, none by grace"],
    );
    sign("grace");
    assert_eq!(
        artifacts.stage(&tag).unwrap().about.judgement.unwrap().by,
        ["grace"]
    );
}

fn copied() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let at = |name: &str| reference(format!("oci:{}:1", folder.path().join(name).display()));
    let digest = artifacts.push(stage("one"), &at("from")).unwrap().digest;
    artifacts
        .attach_signature(&at("from"), &digest, &signature("ada", &digest))
        .unwrap();
    artifacts.copy(&at("from"), &at("to.tar")).unwrap();
    let reader = open(&folder.path().join("reader"));
    assert_eq!(
        reader.signatures(&at("to.tar"), &digest).unwrap(),
        [signature("ada", &digest)]
    );
}

fn none_lost() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let layout = reference(format!("oci:{}:1", folder.path().join("layout").display()));
    let digest = artifacts.push(stage("one"), &layout).unwrap().digest;
    let tag = layout
        .tagged(&format!("sha256-{}.sig", digest.hex()))
        .unwrap();
    let sign = |by: &str| artifacts.attach_signature(&layout, &digest, &signature(by, &digest));
    let layers = |layers: Vec<Blob>| {
        let artifact = Artifact {
            artifact_type: None,
            config: Blob::new(media_type::IMAGE_CONFIG, "{}"),
            layers,
            annotations: BTreeMap::new(),
            subject: None,
        };
        artifacts.push(artifact, &tag).unwrap().digest
    };
    let layer = |by: &str| {
        let Signature {
            media_type,
            payload,
            annotations,
        } = signature(by, &digest);
        Blob {
            annotations,
            ..Blob::new(&media_type, payload)
        }
    };
    let unknown = Blob::new("application/vnd.example.later", "of another kind");
    let before = layers(vec![layer("ada"), unknown]);
    assert_says(&sign("grace").unwrap_err(), &["1 layers", "would be lost"]);
    assert_eq!(artifacts.resolve(&tag).unwrap().digest, before);

    let many: Vec<String> = (0..65).map(|n| format!("signer {n}")).collect();
    let all = || many.iter().map(|by| layer(by));
    layers(all().collect());
    assert_says(&sign("grace").unwrap_err(), &["past the first 64"]);
    layers(all().take(64).collect());
    assert_says(&sign("grace").unwrap_err(), &["64 signatures"]);
    layers(all().take(63).collect());
    sign("grace").unwrap();
    let found = artifacts.signatures(&layout, &digest).unwrap();
    assert_eq!(found.len(), 64);
}

/// Who watches the tag looks at it at any moment.
fn before_the_tag() {
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    let from = reference(format!("oci:{}:1", folder.path().join("from").display()));
    let digest = artifacts.push(stage("one"), &from).unwrap().digest;
    artifacts
        .attach_signature(&from, &digest, &signature("ada", &digest))
        .unwrap();
    let server = Server::honest(&[]);
    artifacts.copy(&from, &server.reference("1")).unwrap();
    let seen = server.seen();
    let put = seen
        .iter()
        .filter(|seen| seen.method == "PUT" && seen.is_manifest())
        .map(|seen| seen.path.rsplit('/').next().unwrap());
    let names: Vec<&str> = put.collect();
    let signatures = format!("sha256-{}", digest.hex());
    // And the list of what is about it, which this registry does not keep itself.
    assert_eq!(names, [&format!("{signatures}.sig"), &*signatures, "1"]);
}

fn unwanted() {
    let artifact = stage("one");
    let server = Server::new(&[("1", &artifact)], |seen, _| {
        seen.path.ends_with(".sig").then(|| Answer::new(500, ""))
    });
    let folder = tempdir().unwrap();
    let judge = Arc::new(Strict {
        wants: false,
        wanted: Mutex::new("nobody"),
        asked: Mutex::default(),
    });
    judged(folder.path(), &judge)
        .stage(&server.reference("1"))
        .unwrap();
    assert_eq!(judge.asked.lock().unwrap().len(), 1);
    // Where they are wanted and the registry cannot give them, that is said.
    let error = judged(folder.path(), &Strict::new("ada"))
        .stage(&server.reference("1"))
        .unwrap_err();
    assert_says(&error, &["none by ada", "cannot be fetched", "500"]);
}

fn never() {
    let artifact = stage("one");
    let server = Server::honest(&[("1", &artifact)]);
    let folder = tempdir().unwrap();
    let judge = Strict::new("ada");
    let artifacts = judged(folder.path(), &judge);
    let retired = reference(format!("{}/retired/stage:1", server.host()));
    let file = BTreeMap::from([("stages.one".to_owned(), Part::From(retired.clone()))]);
    let to = reference(format!("oci:{}:1", folder.path().join("to").display()));
    for error in [
        artifacts.stage(&retired).unwrap_err(),
        artifacts.pipeline(&retired).unwrap_err(),
        artifacts
            .push_pipeline("", file, BTreeMap::new(), &to)
            .unwrap_err(),
    ] {
        assert_says(&error, &["not trusted", "nothing from there"]);
        assert!(!error.may_pass());
    }
    assert_eq!(server.seen().len(), 0);
}
