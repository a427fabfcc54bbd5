//! Registries that break off, fall silent, lead elsewhere or are not there.

use super::*;

pub fn trials() -> Vec<Trial> {
    vec![
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
            "faults: a blob elsewhere is fetched from there, without the password",
            redirected,
        ),
        trial(
            "faults: redirects to nowhere are errors",
            redirected_to_nowhere,
        ),
        trial(
            "faults: with the registry down, a tag leads where it last led",
            down,
        ),
    ]
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
