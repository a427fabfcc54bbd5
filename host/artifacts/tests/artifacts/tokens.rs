//! Registries that want a token of another service, as most on the internet do.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};

use footlight_artifacts::{Artifact, Artifacts, Options, Part, Reference};
use libtest_mimic::Trial;
use tempfile::{TempDir, tempdir};

use crate::common::{assert_says, model, options, reference, stage};
use crate::server::{Answer, Seen, Server};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "tokens: one for each scope, which a password is good for",
            one_a_scope,
        ),
        trial("tokens: one that ends midway is followed by another", ended),
        trial("tokens: a refusal names the account", refused),
        trial("tokens: a service that is busy is waited for", busy),
    ]
}

/// How long a token lives: for so many requests.
type Life = usize;

/// A registry, and the service that gives tokens for it.
struct Site {
    registry: Server,
    tokens: Server,
    docker: TempDir,
}

/// `ada:secret`.
const ADA: &str = "YWRhOnNlY3JldA==";

/// A scope and what its token is good for.
fn scope(seen: &Seen) -> String {
    let (_, rest) = seen.path.split_once("scope=").unwrap();
    let scope = rest.split('&').next().unwrap();
    scope
        .replace("%3A", ":")
        .replace("%2F", "/")
        .replace("%2C", ",")
}

impl Site {
    /// With these artifacts, and tokens that live so long.
    fn new(artifacts: &[(&str, &Artifact)], life: Life) -> Self {
        // By token: what for, and how many requests it is still good for.
        let given: Arc<Mutex<HashMap<String, (String, Life)>>> = Arc::default();
        let known = Arc::clone(&given);
        let tokens = Server::new(&[], move |seen, _| {
            let account = seen.headers.get("authorization");
            if account != Some(&format!("Basic {ADA}")) {
                return Some(Answer::new(401, r#"{"details": "wrong password"}"#));
            }
            assert!(seen.path.contains("service=the-registry"), "{}", seen.path);
            let mut given = given.lock().unwrap();
            let token = format!("token-{}", given.len());
            given.insert(token.clone(), (scope(seen), life));
            let answer = format!(r#"{{"token": "{token}", "expires_in": 60}}"#);
            Some(Answer::new(200, answer))
        });
        let realm = format!("http://{}/token", tokens.host());
        let registry = Server::new(artifacts, move |seen, _| {
            let right = match seen.method.as_str() {
                "GET" => "pull",
                _ => "pull,push",
            };
            let path = seen.path.strip_prefix("/v2/").unwrap();
            let end = ["/blobs/", "/manifests/", "/referrers/"]
                .iter()
                .find_map(|it| path.find(it));
            let wanted = format!("repository:{}:{right}", &path[..end.unwrap()]);
            let sent = seen.headers.get("authorization");
            let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
            let mut known = known.lock().unwrap();
            let good = token
                .and_then(|token| known.get_mut(token))
                .filter(|(scope, left)| {
                    (*scope == wanted || scope.replace("pull,push", "pull") == wanted) && *left > 0
                });
            match good {
                Some((_, left)) => {
                    *left -= 1;
                    None
                }
                None => Some(Answer::new(401, "").header(
                    "www-authenticate",
                    format!("Bearer realm=\"{realm}\",service=\"the-registry\",scope=\"{wanted}\""),
                )),
            }
        });
        let site = Self {
            registry,
            tokens,
            docker: tempdir().unwrap(),
        };
        site.account(ADA);
        site
    }

    /// The account in docker's configuration.
    fn account(&self, account: &str) {
        let host = self.registry.host();
        let config = format!(r#"{{"auths": {{"{host}": {{"auth": "{account}"}}}}}}"#);
        std::fs::write(self.docker.path().join("config.json"), config).unwrap();
    }

    fn open(&self, folder: &Path) -> Artifacts {
        let options = Options {
            docker_config: Some(self.docker.path().to_owned()),
            ..options()
        };
        Artifacts::open(folder, options).unwrap()
    }

    fn at(&self, name: &str) -> Reference {
        reference(format!("{}/test/{name}", self.registry.host()))
    }

    /// The scopes that tokens were asked for, each as often as it was.
    fn asked(&self) -> Vec<String> {
        self.tokens.seen().iter().map(scope).collect()
    }
}

fn one_a_scope() {
    let site = Site::new(&[], Life::MAX);
    let folder = tempdir().unwrap();
    let writer = site.open(&folder.path().join("writer"));
    writer.push(model(100_000), &site.at("one:1")).unwrap();
    writer.push(model(200_000), &site.at("one:2")).unwrap();
    assert_eq!(site.asked(), ["repository:test/one:pull,push"]);
    let reader = site.open(&folder.path().join("reader"));
    for tag in ["one:1", "one:2"] {
        reader.model(&site.at(tag)).unwrap();
    }
    assert_eq!(site.asked()[1..], ["repository:test/one:pull"]);
    // Nobody but the token's service is told the password.
    let sent = site.registry.seen();
    let sent = sent
        .iter()
        .filter_map(|seen| seen.headers.get("authorization"));
    assert!(sent.clone().count() > 0 && sent.clone().all(|sent| sent.starts_with("Bearer ")));
}

fn ended() {
    let site = Site::new(&[], 3);
    let folder = tempdir().unwrap();
    let writer = site.open(&folder.path().join("writer"));
    let parts = BTreeMap::from([
        ("stages.detect".to_owned(), Part::Made(stage("detect"))),
        ("models.features".to_owned(), Part::Made(model(1_000_000))),
    ]);
    let home = site.at("one:1");
    writer
        .push_pipeline("", parts, BTreeMap::new(), &home)
        .unwrap();
    let while_pushed = site.asked().len();
    assert!(while_pushed > 2, "{while_pushed}");
    let reader = site.open(&folder.path().join("reader"));
    let pipeline = reader.pipeline(&home).unwrap();
    let part = |name| *pipeline.part(name).unwrap();
    let at_home = [pipeline.home.clone()];
    reader.stage_at(&part("stages.detect"), &at_home).unwrap();
    let found = reader.model_at(&part("models.features"), &at_home).unwrap();
    assert_eq!(found.model, model(1_000_000).layers[0].bytes);
    assert!(site.asked().len() > while_pushed + 1);
}

fn refused() {
    let artifact = model(1000);
    let site = Site::new(&[("1", &artifact)], Life::MAX);
    // `eve:guess`
    site.account("ZXZlOmd1ZXNz");
    let folder = tempdir().unwrap();
    let error = site
        .open(folder.path())
        .model(&site.at("repository:1"))
        .unwrap_err();
    assert_says(
        &error,
        &["401", "test/repository", "as `eve` of", "docker login"],
    );
    assert!(!error.to_string().contains("guess"), "{error}");
    // Once, and not again and again: accounts are closed for that.
    assert_eq!(site.tokens.seen().len(), 1);

    // One that the registry does not take, though it was given.
    let site = Site::new(&[("1", &artifact)], 0);
    let error = site
        .open(folder.path())
        .model(&site.at("repository:1"))
        .unwrap_err();
    assert_says(&error, &["401", "test/repository", "as `ada` of"]);
    assert_eq!(site.tokens.seen().len(), 1);
}

fn busy() {
    let artifact = model(1000);
    let tokens = Server::new(&[], |_, times| {
        Some(match times {
            0 => Answer::new(503, ""),
            _ => Answer::new(200, r#"{"access_token": "t"}"#),
        })
    });
    let realm = format!("Bearer realm=\"http://{}/token\"", tokens.host());
    let server = Server::new(&[("1", &artifact)], move |seen, _| {
        let sent = seen.headers.get("authorization").map(String::as_str);
        (sent != Some("Bearer t")).then(|| Answer::new(401, "").header("www-authenticate", &realm))
    });
    let folder = tempdir().unwrap();
    let found = crate::common::open(folder.path())
        .model(&server.reference("1"))
        .unwrap();
    assert_eq!(found.model, artifact.layers[0].bytes);
    assert_eq!(tokens.seen().len(), 2);
}
