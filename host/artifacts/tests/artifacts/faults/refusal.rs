//! Registries that say no, or not now.

use super::*;

pub fn trials() -> Vec<Trial> {
    vec![
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
        trial(
            "faults: 503 is waited for as the registry asks",
            unavailable_for_a_while,
        ),
        trial("faults: 503 for ever is given up", unavailable_for_ever),
        trial(
            "faults: a token that no header can have is refused",
            bad_token,
        ),
        trial(
            "faults: a password is not sent without TLS to another's token server",
            plain_realm,
        ),
    ]
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

fn unavailable_for_a_while() {
    // Longer than is waited: it is not asked again, where without that word it would be.
    let server = Server::new(&[], |_, _| {
        Some(Answer::new(503, "").header("retry-after", 86_400))
    });
    assert_says(&pull(&server).unwrap_err(), &["503", "test/repository"]);
    assert_eq!(server.seen().len(), 1);
    let artifact = one_model();
    let server = Server::new(&[("1", &artifact)], |_, times| {
        (times == 0).then(|| Answer::new(503, "").header("retry-after", 1))
    });
    assert_eq!(pull(&server).unwrap(), artifact.layers[0].bytes);
}

fn unavailable_for_ever() {
    let server = Server::new(&[], |_, _| Some(Answer::new(503, "")));
    assert_says(
        &pull(&server).unwrap_err(),
        &["503", "test/repository", "try again later"],
    );
    assert_eq!(server.seen().len(), 3);
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
