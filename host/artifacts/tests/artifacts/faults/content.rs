//! Registries that give something else than was asked for.

use super::*;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("faults: a blob with another content is refused", other_blob),
        trial(
            "faults: a manifest with another content is refused",
            other_manifest,
        ),
        trial(
            "faults: a tag whose digest is not its content's is refused",
            false_header,
        ),
        trial(
            "faults: a tag that moves between resolve and pull changes nothing",
            moved_tag,
        ),
        trial(
            "faults: a large layer is refused before it is fetched",
            oversized,
        ),
        trial(
            "faults: a body longer than its descriptor is cut off",
            too_long,
        ),
        trial(
            "faults: a manifest without end is cut off",
            endless_manifest,
        ),
        trial("faults: what is no manifest is refused", no_manifest),
        trial("faults: an artifact of another kind is refused", other_kind),
        trial(
            "faults: a layer that is no component is refused",
            no_component,
        ),
        trial("faults: a damaged blob is fetched anew, or named", damaged),
    ]
}

fn other_blob() {
    let artifact = one_model();
    let path = model_path(&artifact);
    let server = Server::new(&[("1", &artifact)], move |seen, _| {
        (seen.path == path).then(|| Answer::new(200, vec![7; 300_000]))
    });
    let folder = tempdir().unwrap();
    let error = open(folder.path())
        .model(&server.reference("1"))
        .unwrap_err();
    assert!(matches!(error, Error::WrongDigest { .. }), "{error}");
    let wanted = Digest::of(&artifact.layers[0].bytes);
    assert_says(
        &error,
        &["test/repository", &wanted.to_string(), "not used"],
    );
    // Nothing of it stays, under its name or any other.
    let found = Digest::of(&[7; 300_000]).hex();
    let blobs = files(folder.path().join("blobs/sha256"));
    assert!(
        !blobs.contains(&wanted.hex()) && !blobs.contains(&found),
        "{blobs:?}"
    );
    assert_eq!(files(folder.path().join("partial")), [""; 0]);
}

fn other_manifest() {
    let (wanted, other) = (one_model(), model(10));
    let lie = other.manifest();
    let server = Server::new(&[("1", &wanted)], move |seen, _| {
        seen.is_manifest().then(|| Answer::new(200, lie.clone()))
    });
    let folder = tempdir().unwrap();
    let pinned = server.reference("1").pinned(wanted.digest());
    let error = open(folder.path()).model(&pinned).unwrap_err();
    assert!(matches!(error, Error::WrongDigest { .. }), "{error}");
    assert_eq!(server.blobs(), 0);
}

fn false_header() {
    let artifact = one_model();
    let manifest = artifact.manifest();
    let server = Server::new(&[("1", &artifact)], move |seen, _| {
        seen.is_manifest().then(|| {
            Answer::new(200, manifest.clone()).header("docker-content-digest", Digest::of(b"x"))
        })
    });
    let error = pull(&server).unwrap_err();
    assert!(matches!(error, Error::WrongDigest { .. }), "{error}");
}

fn moved_tag() {
    let (before, after) = (stage("before"), stage("after"));
    let moved = after.manifest();
    let server = Server::new(&[("1", &before), ("2", &after)], move |seen, times| {
        (seen.path.ends_with("/manifests/1") && times > 0).then(|| Answer::new(200, moved.clone()))
    });
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    let tag = server.reference("1");
    let resolved = artifacts.resolve(&tag).unwrap();
    assert_eq!(resolved.origin, Origin::Repository);
    assert_eq!(resolved.digest, before.digest());
    let pulled = artifacts.stage(&tag.pinned(resolved.digest)).unwrap();
    assert_eq!(pulled.component, component("before"));
    // Only who follows the tag once more gets what it means now.
    assert_eq!(artifacts.stage(&tag).unwrap().component, component("after"));
}

fn oversized() {
    let artifact = one_model();
    let server = Server::honest(&[("1", &artifact)]);
    let folder = tempdir().unwrap();
    let limits = Limits {
        model: 299_999,
        ..Limits::default()
    };
    let artifacts = Artifacts::open(
        folder.path(),
        Options {
            limits,
            ..options()
        },
    )
    .unwrap();
    let error = artifacts.model(&server.reference("1")).unwrap_err();
    assert_says(
        &error,
        &[
            "300000 bytes",
            "at most 299999",
            "nothing of it was fetched",
        ],
    );
    let path = model_path(&artifact);
    assert!(!server.seen().iter().any(|seen| seen.path == path));
}

fn too_long() {
    let artifact = one_model();
    let (path, mut bytes) = (model_path(&artifact), artifact.layers[0].bytes.clone());
    bytes.push(0);
    let server = Server::new(&[("1", &artifact)], move |seen, _| {
        (seen.path == path).then(|| Answer::new(200, bytes.clone()))
    });
    let folder = tempdir().unwrap();
    let error = open(folder.path())
        .model(&server.reference("1"))
        .unwrap_err();
    assert!(
        matches!(error, Error::TooLong { size: 300_000, .. }),
        "{error}"
    );
    assert_eq!(files(folder.path().join("partial")), [""; 0]);
}

fn endless_manifest() {
    let server = Server::new(&[], |seen, _| {
        seen.is_manifest()
            .then(|| Answer::new(200, vec![b' '; 5 << 20]))
    });
    let error = pull(&server).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLong {
                size: 4_194_304,
                ..
            }
        ),
        "{error}"
    );
}

fn no_manifest() {
    let descriptor = |kind: &str| {
        format!(
            r#"{{"mediaType":"{kind}","digest":"{}","size":2}}"#,
            Digest::of(b"{}")
        )
    };
    let config = descriptor(media_type::MODEL_CARD);
    let head = format!(
        r#""schemaVersion":2,"artifactType":"{}""#,
        media_type::MODEL
    );
    let layer = descriptor("text/plain");
    for (body, words) in [
        ("<html>hello</html>".to_owned(), "no manifest of OCI's"),
        ("{}".to_owned(), "neither a config nor manifests"),
        (format!(r#"{{{head},"config":{config}}}"#), "0 layers"),
        (
            format!(r#"{{{head},"config":{config},"layers":[{layer}]}}"#),
            "`text/plain`",
        ),
        (
            format!(r#"{{{head},"config":{config},"manifests":[]}}"#),
            "at once",
        ),
        (
            format!(r#"{{{head},"mediaType":"text/plain","config":{config}}}"#),
            "its media type is `text/plain`",
        ),
        (
            format!(
                r#"{{{head},"config":{{"mediaType":"a","digest":"sha256:../../x","size":1}}}}"#
            ),
            "not a digest",
        ),
    ] {
        let server = Server::new(&[], move |_, _| Some(Answer::new(200, body.clone())));
        let error = pull(&server).unwrap_err();
        assert!(matches!(error, Error::Manifest { .. }), "{error}");
        assert_says(&error, &["test/repository", words]);
    }
}

fn other_kind() {
    let (a_stage, a_model) = (stage("one"), one_model());
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#,
        media_type::INDEX
    );
    let server = Server::new(
        &[("stage", &a_stage), ("model", &a_model)],
        move |seen, _| {
            seen.path
                .ends_with("/index")
                .then(|| Answer::new(200, index.clone()))
        },
    );
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    let error = artifacts.stage(&server.reference("model")).unwrap_err();
    assert_says(
        &error,
        &["test/repository is a model; a stage was expected"],
    );
    let error = artifacts.model(&server.reference("stage")).unwrap_err();
    assert_says(&error, &["is a stage; a model was expected"]);
    let error = artifacts.stage(&server.reference("index")).unwrap_err();
    assert_says(
        &error,
        &["is an index of container images; a stage was expected"],
    );
    let error = artifacts.pipeline(&server.reference("stage")).unwrap_err();
    assert_says(&error, &["is a stage; a pipeline was expected"]);
    assert_eq!(server.blobs(), 0);
}

fn no_component() {
    let mut artifact = stage("one");
    for (layer, words) in [
        (b"hello".to_vec(), "it is not WebAssembly"),
        (
            b"\0asm\x01\0\0\0".to_vec(),
            "a WebAssembly module and no component",
        ),
        (component("one")[..200].to_vec(), "no WebAssembly component"),
        (Vec::new(), "it is not WebAssembly"),
    ] {
        artifact.layers = vec![Blob::new(media_type::WASM, layer.clone())];
        let server = Server::honest(&[("1", &artifact)]);
        let folder = tempdir().unwrap();
        let error = open(folder.path())
            .stage(&server.reference("1"))
            .unwrap_err();
        assert_says(&error, &["test/repository", words]);
        // It does not come to that with what is pushed here.
        let error = Artifact::stage(layer, Default::default()).unwrap_err();
        assert_says(&error, &[words]);
    }
}

fn damaged() {
    let artifact = one_model();
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    let server = Server::new(&[("1", &artifact)], |seen, times| {
        (seen.is_blob() && times > 1).then(|| Answer::new(404, ""))
    });
    let pinned = server.reference("1").pinned(artifact.digest());
    let digest = Digest::of(&artifact.layers[0].bytes);
    let path = folder.path().join("blobs/sha256").join(digest.hex());
    let flip = || {
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[150_000] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    };
    artifacts.model(&pinned).unwrap();
    flip();
    assert_eq!(
        artifacts.model(&pinned).unwrap().model,
        artifact.layers[0].bytes
    );
    flip();
    let error = artifacts.model(&pinned).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert_says(&error, &[&digest.to_string(), "damaged", "has no blob"]);
    assert!(!path.exists());
}
