//! Registries that lie, fail and fall silent.

use std::net::TcpListener;

use footlight_artifacts::{
    Artifact, Artifacts, Blob, Digest, Error, Limits, Options, Origin, media_type,
};
use libtest_mimic::Trial;
use tempfile::tempdir;

use crate::common::{assert_says, component, files, model, noise, open, options, reference, stage};
use crate::server::{Answer, Server};
use crate::trial;

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
        trial("faults: a registry that never answers is given up", silent),
        trial(
            "faults: a registry that takes no connection is given up",
            no_connection,
        ),
        trial(
            "faults: a registry that falls silent in a blob is given up, and gone on with",
            silent_in_blob,
        ),
        trial(
            "faults: a reset midway is gone on with where it was",
            reset_midway,
        ),
        trial("faults: a registry without ranges begins anew", no_ranges),
        trial("faults: resets without end are given up", resets_for_ever),
        trial(
            "faults: 401 says which credentials there were",
            unauthorized,
        ),
        trial("faults: 403 names the repository", forbidden),
        trial("faults: 404 names what is missing", not_found),
        trial("faults: 429 is waited for as the registry asks", too_many),
        trial(
            "faults: 429 for longer than is waited is given up at once",
            too_many_for_long,
        ),
        trial("faults: 500, 502 and 503 are tried again", unavailable),
        trial("faults: 503 for ever is given up", unavailable_for_ever),
        trial(
            "faults: a blob elsewhere is fetched from there, without the password",
            redirected,
        ),
        trial(
            "faults: redirects to nowhere are errors",
            redirected_to_nowhere,
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
        trial(
            "faults: a token that no header can have is refused",
            bad_token,
        ),
        trial(
            "faults: a password is not sent without TLS to another's token server",
            plain_realm,
        ),
        trial(
            "faults: with the registry down, a tag leads where it last led",
            down,
        ),
        trial("faults: a damaged blob is fetched anew, or named", damaged),
    ]
}

/// A model, so that there are two blobs and no component to check.
fn one_model() -> Artifact {
    model(300_000)
}

/// What fetching a model in a fresh store comes to.
fn pull(server: &Server) -> Result<Vec<u8>, Error> {
    let folder = tempdir().unwrap();
    open(folder.path())
        .model(&server.reference("1"))
        .map(|model| model.model)
}

fn model_path(artifact: &Artifact) -> String {
    format!(
        "/v2/test/repository/blobs/{}",
        Digest::of(&artifact.layers[0].bytes)
    )
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

fn silent() {
    let server = Server::new(&[], |_, _| {
        Some(Answer::new(200, vec![0; 9]).silent_after(0))
    });
    let error = pull(&server).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert_says(&error, &["test/repository", "check"]);
    assert_eq!(server.seen().len(), 3);
}

fn no_connection() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let folder = tempdir().unwrap();
    let target = reference(format!("127.0.0.1:{port}/a:1"));
    let error = open(folder.path()).stage(&target).unwrap_err();
    assert_says(&error, &["127.0.0.1", "cannot be reached", "refused"]);
    // A listener whose queue is full lets nobody in, and says nothing.
    let full = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    rustix::net::bind(&full, &any).unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let full = TcpListener::from(full);
    let address = full.local_addr().unwrap();
    let timeout = std::time::Duration::from_millis(200);
    let mut waiting = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, timeout) {
        waiting.push(stream);
    }
    let error = open(folder.path())
        .stage(&reference(format!("{address}/a:1")))
        .unwrap_err();
    assert_says(&error, &["cannot be reached", "no connection came about"]);
}

fn silent_in_blob() {
    let artifact = one_model();
    let (path, bytes) = (model_path(&artifact), artifact.layers[0].bytes.clone());
    let server = Server::new(&[("1", &artifact)], move |seen, times| {
        (seen.path == path && times == 0)
            .then(|| Answer::new(200, bytes.clone()).silent_after(100_000))
    });
    assert_eq!(pull(&server).unwrap(), artifact.layers[0].bytes);
    let from: Vec<_> = server
        .seen()
        .iter()
        .filter_map(|seen| seen.from())
        .collect();
    assert_eq!(from, [100_000]);
    let path = model_path(&artifact);
    let bytes = artifact.layers[0].bytes.clone();
    let server = Server::new(&[("1", &artifact)], move |seen, _| {
        (seen.path == path).then(|| Answer::new(200, bytes.clone()).silent_after(1000))
    });
    let error = pull(&server).unwrap_err();
    assert_says(&error, &["test/repository", "1000 of 300000 bytes"]);
}

fn reset_midway() {
    let artifact = one_model();
    let (path, bytes) = (model_path(&artifact), artifact.layers[0].bytes.clone());
    let server = Server::new(&[("1", &artifact)], move |seen, times| {
        if seen.path != path {
            return None;
        }
        let from = seen.from().unwrap_or(0);
        let rest = Answer::new(if from > 0 { 206 } else { 200 }, &bytes[from..]).header(
            "content-range",
            format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()),
        );
        Some(if times < 2 {
            rest.reset_after(90_000)
        } else {
            return None;
        })
    });
    assert_eq!(pull(&server).unwrap(), artifact.layers[0].bytes);
    let from: Vec<_> = server
        .seen()
        .iter()
        .filter_map(|seen| seen.from())
        .collect();
    assert_eq!(from, [90_000, 180_000]);
}

fn no_ranges() {
    let artifact = one_model();
    let (path, bytes) = (model_path(&artifact), artifact.layers[0].bytes.clone());
    let server = Server::new(&[("1", &artifact)], move |seen, times| {
        let whole = Answer::new(200, bytes.clone());
        (seen.path == path).then(|| {
            if times == 0 {
                whole.reset_after(9000)
            } else {
                whole
            }
        })
    });
    assert_eq!(pull(&server).unwrap(), artifact.layers[0].bytes);
}

fn resets_for_ever() {
    let artifact = one_model();
    let path = model_path(&artifact);
    let server = Server::new(&[("1", &artifact)], move |seen, _| {
        (seen.path == path).then(|| Answer::new(200, noise(300_000)).reset_after(5000))
    });
    let error = pull(&server).unwrap_err();
    assert_says(&error, &["5000 of 300000 bytes"]);
    let path = model_path(&artifact);
    let asked = server
        .seen()
        .iter()
        .filter(|seen| seen.path == path)
        .count();
    assert_eq!(asked, 3);
}

fn unauthorized() {
    let refuse = |challenge: &'static str| {
        Server::new(&[], move |_, _| {
            Some(Answer::new(401, "").header("www-authenticate", challenge))
        })
    };
    let server = refuse("Basic realm=\"test\"");
    let error = pull(&server).unwrap_err();
    assert_says(
        &error,
        &[
            "401",
            "without credentials, as there is no /nonexistent/config.json",
            "docker login 127.0.0.1",
        ],
    );
    let docker = tempdir().unwrap();
    let account = r#"{"auths": {"HOST": {"auth": "YWRhOnNlY3JldA=="}}}"#;
    std::fs::write(
        docker.path().join("config.json"),
        account.replace("HOST", &server.host()),
    )
    .unwrap();
    let folder = tempdir().unwrap();
    let options = Options {
        docker_config: Some(docker.path().to_owned()),
        ..options()
    };
    let artifacts = Artifacts::open(folder.path(), options.clone()).unwrap();
    let error = artifacts.model(&server.reference("1")).unwrap_err();
    assert_says(&error, &["401", "as `ada` of", "docker login"]);
    assert!(!error.to_string().contains("secret"));
    let sent: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.headers.get("authorization").cloned())
        .collect();
    assert!(
        sent.contains(&Some("Basic YWRhOnNlY3JldA==".to_owned())),
        "{sent:?}"
    );
    // A configuration that cannot be used is said to be one, and is not taken for none.
    std::fs::write(docker.path().join("config.json"), "{").unwrap();
    let artifacts = Artifacts::open(folder.path(), options).unwrap();
    let error = artifacts.model(&server.reference("1")).unwrap_err();
    assert_says(&error, &["credentials", "config.json", "cannot be used"]);
}

fn forbidden() {
    let denied = r#"{"errors":[{"code":"DENIED","message":"only for members"}]}"#;
    let server = Server::new(&[], move |_, _| Some(Answer::new(403, denied)));
    let error = pull(&server).unwrap_err();
    assert_says(
        &error,
        &[
            "403",
            "test/repository",
            "only for members",
            "without credentials",
        ],
    );
    assert_eq!(server.seen().len(), 1);
}

fn not_found() {
    let artifact = one_model();
    let path = model_path(&artifact);
    let server = Server::new(&[("1", &artifact)], move |seen, _| {
        (seen.path == path).then(|| Answer::new(404, ""))
    });
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    let error = artifacts.model(&server.reference("2")).unwrap_err();
    assert_says(&error, &["test/repository has no manifest `2`", "push"]);
    let error = artifacts.model(&server.reference("1")).unwrap_err();
    assert_says(&error, &["test/repository has no blob sha256:"]);
}

fn too_many() {
    let artifact = one_model();
    let server = Server::new(&[("1", &artifact)], |_, times| {
        (times == 0).then(|| Answer::new(429, "").header("retry-after", 1))
    });
    assert_eq!(pull(&server).unwrap(), artifact.layers[0].bytes);
}

fn too_many_for_long() {
    let server = Server::new(&[], |_, _| {
        Some(Answer::new(429, "").header("retry-after", 86_400))
    });
    let error = pull(&server).unwrap_err();
    assert_says(
        &error,
        &["429", "test/repository", "wait 86400 s", "docker login"],
    );
    assert_eq!(server.seen().len(), 1);
    // A date is a form of it too.
    let date = "Fri, 31 Dec 9999 23:59:59 GMT";
    let server = Server::new(&[], move |_, _| {
        Some(Answer::new(429, "").header("retry-after", date))
    });
    assert_says(&pull(&server).unwrap_err(), &["429", "asks to wait"]);
    assert_eq!(server.seen().len(), 1);
}

fn unavailable() {
    let artifact = one_model();
    for status in [500, 502, 503] {
        let server = Server::new(&[("1", &artifact)], move |_, times| {
            (times < 2).then(|| Answer::new(status, "<html>sorry</html>"))
        });
        assert_eq!(pull(&server).unwrap(), artifact.layers[0].bytes, "{status}");
    }
}

fn unavailable_for_ever() {
    let server = Server::new(&[], |_, _| Some(Answer::new(503, "")));
    assert_says(
        &pull(&server).unwrap_err(),
        &["503", "test/repository", "try again later"],
    );
    assert_eq!(server.seen().len(), 3);
}

fn redirected() {
    let artifact = one_model();
    let storage = Server::honest(&[("1", &artifact)]);
    let host = storage.host();
    let server = Server::new(&[("1", &artifact)], move |seen, _| {
        if !seen.headers.contains_key("authorization") {
            return Some(Answer::new(401, "").header("www-authenticate", "Basic realm=\"test\""));
        }
        let elsewhere = format!("http://{host}{}", seen.path);
        seen.is_blob()
            .then(|| Answer::new(307, "").header("location", elsewhere))
    });
    let docker = tempdir().unwrap();
    let account = r#"{"auths": {"HOST": {"auth": "YWRhOnNlY3JldA=="}}}"#;
    std::fs::write(
        docker.path().join("config.json"),
        account.replace("HOST", &server.host()),
    )
    .unwrap();
    let folder = tempdir().unwrap();
    let options = Options {
        docker_config: Some(docker.path().to_owned()),
        ..options()
    };
    let artifacts = Artifacts::open(folder.path(), options).unwrap();
    let pulled = artifacts.model(&server.reference("1")).unwrap();
    assert_eq!(pulled.model, artifact.layers[0].bytes);
    assert_eq!(storage.blobs(), 2);
    for seen in storage.seen() {
        assert!(!seen.headers.contains_key("authorization"), "{seen:?}");
    }
}

fn redirected_to_nowhere() {
    for nowhere in [
        "",
        "//",
        "https://",
        "ftp://a/b",
        "http://[",
        "http://a b/",
        "\u{1}",
    ] {
        let artifact = one_model();
        let server = Server::new(&[("1", &artifact)], move |seen, _| {
            seen.is_blob()
                .then(|| Answer::new(307, "").header("location", nowhere))
        });
        assert!(pull(&server).is_err(), "{nowhere}");
    }
    let artifact = one_model();
    let server = Server::new(&[("1", &artifact)], |seen, _| {
        seen.is_blob()
            .then(|| Answer::new(307, "").header("location", &seen.path))
    });
    assert_says(&pull(&server).unwrap_err(), &["redirects"]);
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
        (b"hello".to_vec(), "no WebAssembly component"),
        (
            b"\0asm\x01\0\0\0".to_vec(),
            "a WebAssembly module and no component",
        ),
        (component("one")[..200].to_vec(), "no WebAssembly component"),
        (Vec::new(), "no WebAssembly component"),
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

fn bad_token() {
    for token in ["{\"token\": \"a\\nb\"}", "{}", "", "[]"] {
        let server = Server::new(&[], move |seen, _| {
            let realm = format!("Bearer realm=\"http://{}/token\"", seen.headers["host"]);
            Some(if seen.path.starts_with("/token") {
                Answer::new(200, token)
            } else {
                Answer::new(401, "").header("www-authenticate", realm)
            })
        });
        let error = pull(&server).unwrap_err();
        assert_says(&error, &["test/repository", "token"]);
    }
}

fn plain_realm() {
    // The registry speaks TLS, as far as its name goes; nothing is asked of it, as it cannot be reached.
    let tokens = Server::new(&[], |_, _| Some(Answer::new(200, "{\"token\": \"t\"}")));
    let realm = format!("Bearer realm=\"ftp://{}/token\"", tokens.host());
    let server = Server::new(&[], move |_, _| {
        Some(Answer::new(401, "").header("www-authenticate", &realm))
    });
    let error = pull(&server).unwrap_err();
    assert_says(&error, &["unencrypted", "ftp://"]);
    assert_eq!(tokens.seen().len(), 0);
}

fn down() {
    let artifact = stage("one");
    let folder = tempdir().unwrap();
    let artifacts = open(folder.path());
    let server = Server::new(&[("1", &artifact)], |_, times| {
        (times > 0).then(|| Answer::new(503, ""))
    });
    let tag = server.reference("1");
    assert_eq!(
        artifacts.stage(&tag).unwrap().about.origin,
        Origin::Repository
    );
    let again = artifacts.stage(&tag).unwrap();
    assert_eq!(again.component, component("one"));
    let Origin::Store(reason) = again.about.origin else {
        panic!("{:?}", again.about.origin)
    };
    assert_says(&reason, &["503"]);
    // Another tag was never asked for.
    assert_says(
        &artifacts.stage(&server.reference("2")).unwrap_err(),
        &["no manifest `2`"],
    );
    // A registry that says no is not down.
    let gone = Server::new(&[("1", &artifact)], |_, times| {
        (times > 0).then(|| Answer::new(404, ""))
    });
    let tag = gone.reference("1");
    artifacts.stage(&tag).unwrap();
    assert_says(
        &artifacts.stage(&tag).unwrap_err(),
        &["has no manifest `1`"],
    );
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
