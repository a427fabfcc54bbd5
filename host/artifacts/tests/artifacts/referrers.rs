//! Signatures that refer to what they sign, as cosign 3 keeps them.

use std::collections::BTreeMap;
use std::path::Path;

use footlight_artifacts::{
    Artifact, Blob, Descriptor, Digest, Keep, Reference, Signature, media_type,
};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::common::{files, open, reference, stage};
use crate::server::{Answer, Server};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("referrers: a registry's list gives the signatures", listed),
        trial("referrers: a list of several pages is read", pages),
        trial("referrers: of very many only some are read", many),
        trial("referrers: a registry without lists has a tag", by_tag),
        trial(
            "referrers: what cosign's library writes under that tag is understood",
            by_cosigns_tag,
        ),
        trial(
            "referrers: signatures go along to a layout and its tar, and stay in the store",
            travelled,
        ),
    ]
}

const PREDICATE: &str = "dev.sigstore.bundle.predicateType";
const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// An artifact as cosign writes it, about another one.
fn about(subject: &Artifact, bundle: &str, predicate: &str) -> Artifact {
    Artifact {
        artifact_type: Some(media_type::BUNDLE.to_owned()),
        config: Blob::empty(),
        layers: vec![Blob::new(media_type::BUNDLE, bundle)],
        annotations: [
            ("dev.sigstore.bundle.content", "dsse-envelope"),
            (PREDICATE, predicate),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        subject: Some(Descriptor::of(media_type::MANIFEST, &subject.manifest())),
    }
}

fn bundle(text: &str) -> Signature {
    Signature {
        media_type: media_type::BUNDLE.to_owned(),
        payload: text.as_bytes().to_vec(),
        annotations: BTreeMap::new(),
    }
}

/// An entry of a list.
fn entry(artifact: &Artifact) -> Value {
    json!({
        "mediaType": media_type::MANIFEST,
        "digest": artifact.digest(),
        "size": artifact.manifest().len(),
        "artifactType": artifact.artifact_type,
        "annotations": artifact.annotations,
    })
}

fn list(entries: &[Value]) -> String {
    json!({"schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": entries}).to_string()
}

/// The signatures that are found with a fresh store.
fn found(reference: &Reference, digest: &Digest) -> Vec<Signature> {
    let folder = tempdir().unwrap();
    open(folder.path()).signatures(reference, digest).unwrap()
}

fn listed() {
    let one = stage("one");
    let signed = about(&one, "by ada", SIGN);
    let built = about(&one, "how it was made", "https://slsa.dev/provenance/v1");
    // In the list, but about another, or not there at all.
    let other = about(&stage("two"), "of another", SIGN);
    let gone = about(&one, "gone", SIGN);
    let mut image = entry(&signed);
    image["artifactType"] = json!("application/vnd.example.sbom.v1");
    let mut entries = [&signed, &built, &other, &gone].map(entry).to_vec();
    entries.push(image);
    let answer = list(&entries);
    let artifacts = [("1", &one), ("s", &signed), ("b", &built), ("o", &other)];
    let server = Server::new(&artifacts, move |seen, _| {
        seen.path
            .contains("/referrers/")
            .then(|| Answer::new(200, answer.as_str()))
    });
    let digest = one.digest();
    assert_eq!(found(&server.reference("1"), &digest), [bundle("by ada")]);
    let asked: Vec<_> = server.seen().into_iter().map(|seen| seen.path).collect();
    let wanted = format!(
        "/v2/test/repository/referrers/{digest}?artifactType=application%2Fvnd.dev.sigstore.bundle.v0.3%2Bjson"
    );
    assert!(asked.contains(&wanted), "{asked:?}");
    // What is said there not to be a signature is not fetched.
    let of_built = built.digest().to_string();
    assert!(!asked.iter().any(|path| path.ends_with(&of_built)));
}

fn pages() {
    let one = stage("one");
    let [ada, grace] = ["ada", "grace"].map(|by| about(&one, by, SIGN));
    let (first, second) = (list(&[entry(&ada)]), list(&[entry(&grace)]));
    let server = Server::new(&[("a", &ada), ("g", &grace)], move |seen, _| {
        let next = seen.path.replace("?", "?last=1&");
        if seen.path.contains("last=1") {
            return Some(Answer::new(200, second.as_str()));
        }
        let link = format!("<{next}>; rel=\"next\"");
        seen.path
            .contains("/referrers/")
            .then(|| Answer::new(200, first.as_str()).header("link", link))
    });
    let found = found(&server.reference("1"), &one.digest());
    assert_eq!(found, [bundle("ada"), bundle("grace")]);
    // One that leads elsewhere, or on without an end, is not followed.
    for link in ["</v2/other/referrers/x>", "<http://127.0.0.1:1/v2/x>", "<>"] {
        let answer = list(&[entry(&ada)]);
        let server = Server::new(&[("a", &ada)], move |seen, _| {
            let link = format!("{link}; rel=\"next\"");
            seen.path
                .contains("/referrers/")
                .then(|| Answer::new(200, answer.as_str()).header("link", link))
        });
        let found = self::found(&server.reference("1"), &one.digest());
        assert_eq!(found, [bundle("ada")], "{link}");
    }
    let endless = Server::new(&[], |seen, _| {
        let link = format!("<{}>; rel=\"next\"", seen.path);
        seen.path
            .contains("/referrers/")
            .then(|| Answer::new(200, list(&[])).header("link", link))
    });
    assert_eq!(self::found(&endless.reference("1"), &one.digest()), []);
}

fn many() {
    let one = stage("one");
    let bundles: Vec<Artifact> = (0..40)
        .map(|number| about(&one, &number.to_string(), SIGN))
        .collect();
    let answer = list(&bundles.iter().map(entry).collect::<Vec<_>>());
    let named: Vec<_> = bundles.iter().map(|bundle| ("b", bundle)).collect();
    let server = Server::new(&named, move |seen, _| {
        seen.path
            .contains("/referrers/")
            .then(|| Answer::new(200, answer.as_str()))
    });
    assert_eq!(found(&server.reference("1"), &one.digest()).len(), 16);
    assert_eq!(server.blobs(), 16);
}

fn by_tag() {
    let one = stage("one");
    let server = Server::honest(&[("1", &one)]);
    let folder = tempdir().unwrap();
    let writer = open(folder.path());
    assert_eq!(found(&server.reference("1"), &one.digest()), []);
    for by in ["ada", "grace"] {
        let signed = about(&one, by, SIGN);
        writer.push(signed, &server.reference(by)).unwrap();
    }
    let found = found(&server.reference("1"), &one.digest());
    assert_eq!(found, [bundle("ada"), bundle("grace")]);
}

fn by_cosigns_tag() {
    let one = stage("one");
    let signed = about(&one, "ada", SIGN);
    let built = about(&one, "built", "https://slsa.dev/provenance/v1");
    let entries = [&signed, &built].map(|artifact| {
        let mut entry = entry(artifact);
        entry["artifactType"] = json!("application/vnd.oci.empty.v1+json");
        entry["annotations"] = json!({});
        entry
    });
    let answer = list(&entries);
    let tag = format!("sha256-{}", one.digest().hex());
    let server = Server::new(&[("s", &signed), ("b", &built)], move |seen, _| {
        seen.path
            .ends_with(&tag)
            .then(|| Answer::new(200, answer.as_str()))
    });
    let found = found(&server.reference("1"), &one.digest());
    assert_eq!(found, [bundle("ada")]);
}

fn travelled() {
    let one = stage("one");
    let signed = about(&one, "ada", SIGN);
    let server = Server::honest(&[("1", &one)]);
    let folder = tempdir().unwrap();
    let artifacts = open(&folder.path().join("store"));
    artifacts.push(signed, &server.reference("s")).unwrap();
    let at = |name: &str| reference(format!("oci:{}", folder.path().join(name).display()));
    let tagged = |name: &str| at(name).tagged("1").unwrap();
    artifacts
        .copy(&server.reference("1"), &tagged("a"))
        .unwrap();
    artifacts.copy(&tagged("a"), &tagged("b.tar")).unwrap();
    artifacts.copy(&tagged("b.tar"), &tagged("c")).unwrap();
    for name in ["a", "b.tar", "c"] {
        assert_eq!(found(&at(name), &one.digest()), [bundle("ada")], "{name}");
        // It is still the only artifact there that is one by itself.
        let reader = open(&folder.path().join("reader"));
        assert_eq!(reader.stage(&at(name)).unwrap().about.digest, one.digest());
    }
    // Copied again, it is there once.
    artifacts
        .copy(&server.reference("1"), &tagged("a"))
        .unwrap();
    let index = std::fs::read(folder.path().join("a/index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2, "{index}");
    kept(folder.path(), &at("c"), &one.digest());
}

/// A collection keeps the bundles of what is in use.
fn kept(folder: &Path, layout: &Reference, digest: &Digest) {
    let store = folder.join("kept");
    let artifacts = open(&store);
    artifacts.stage(&layout.at(*digest)).unwrap();
    artifacts.signatures(layout, digest).unwrap();
    let keep = Keep {
        max_bytes: Some(0),
        spare: std::time::Duration::ZERO,
        ..Keep::default()
    };
    let blobs = files(store.join("blobs/sha256"));
    artifacts.collect(&keep, &[*digest].into()).unwrap();
    assert_eq!(files(store.join("blobs/sha256")), blobs);
    assert!(blobs.contains(&Digest::of(b"ada").hex()));
    artifacts.collect(&keep, &Default::default()).unwrap();
    assert_eq!(files(store.join("blobs/sha256")), [""; 0]);
}
