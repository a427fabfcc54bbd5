//! What a policy accepts, what it refuses and says, and what is said of its file's mistakes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::fs;

use common::{DIGEST, REPOSITORY, alice, bob, bundle, path, simple};
use footlight_trust::{Judgement, Policy, PolicyError, Refusal, Signature, SigningKey, sign};
use tempfile::{TempDir, tempdir};

/// A folder with the keys of alice and bob and this policy.
fn folder(policy: &str) -> TempDir {
    let folder = tempdir().unwrap();
    for key in ["alice.pub", "bob.pub", "alice.key", "p384.pub"] {
        fs::copy(path(key), folder.path().join(key)).unwrap();
    }
    fs::write(folder.path().join("trust.toml"), policy).unwrap();
    folder
}

fn policy(text: &str) -> Policy {
    let folder = folder(text);
    Policy::read(&folder.path().join("trust.toml")).unwrap_or_else(|error| panic!("{error}"))
}

const KEYS: &str = "[keys]\nalice = \"alice.pub\"\nbob = \"bob.pub\"\n";

fn with_keys(rules: &str) -> Policy {
    policy(&format!("{KEYS}{rules}"))
}

fn by(key: &SigningKey) -> Signature {
    sign(key, REPOSITORY, DIGEST).unwrap()
}

fn accepted(names: &[&str], rule: &str) -> Judgement {
    Judgement {
        by: names.iter().map(ToString::to_string).collect(),
        rule: Some(rule.to_owned()),
    }
}

const RULES: &str = r#"
[[rules]]
repository = "r.example/stages/*"
keys = ["alice"]

[[rules]]
repository = "r.example/*"
keys = ["alice", "bob"]

[[rules]]
repository = "r.example/stages/both"
keys = ["alice", "bob"]
threshold = 2

[[rules]]
repository = "r.example/stages/retired/*"
unsigned = "refuse"

[[rules]]
repository = "localhost:5000/*"
unsigned = "accept"

[[rules]]
repository = "oci:/srv/stages/*"
keys = ["bob"]

[[rules]]
repository = "oci:/opt/footlight/*"
unsigned = "accept"
"#;

#[test]
fn an_artifact_that_a_rules_key_signed_is_accepted() {
    let policy = with_keys(RULES);
    let judge = |repository, signatures: &[Signature]| policy.judge(repository, DIGEST, signatures);
    assert_eq!(
        judge("r.example/stages/a", &[simple()]),
        Ok(accepted(&["alice"], "r.example/stages/*"))
    );
    assert_eq!(
        judge("r.example/a", &[by(&bob())]),
        Ok(accepted(&["bob"], "r.example/*"))
    );
    assert_eq!(
        judge("r.example/a", &[by(&bob()), bundle("bundle.json")]),
        Ok(accepted(&["alice", "bob"], "r.example/*"))
    );
    assert_eq!(
        judge("oci:/srv/stages/a", &[by(&bob())]),
        Ok(accepted(&["bob"], "oci:/srv/stages/*"))
    );
    // Others may have signed as well.
    let stranger = SigningKey::generate().unwrap();
    assert!(judge("r.example/stages/a", &[by(&stranger), by(&bob()), simple()]).is_ok());
}

#[test]
fn where_a_rule_says_so_nothing_needs_a_signature() {
    let policy = with_keys(RULES);
    for (repository, rule) in [
        ("localhost:5000/a/b", "localhost:5000/*"),
        ("oci:/opt/footlight/a", "oci:/opt/footlight/*"),
    ] {
        assert_eq!(
            policy.judge(repository, DIGEST, &[]),
            Ok(accepted(&[], rule))
        );
        assert_eq!(policy.needs_signatures(repository), Ok(false));
    }
    assert_eq!(policy.needs_signatures("r.example/a"), Ok(true));
    assert!(policy.has_rule("r.example/stages/retired/a") && policy.has_rule("R.example/a"));
    assert!(!policy.has_rule("elsewhere.example/a") && !policy.has_rule("r.example/../a"));
}

fn refused(policy: &Policy, repository: &str, signatures: &[Signature], parts: &[&str]) {
    let refusal = policy.judge(repository, DIGEST, signatures).unwrap_err();
    let message = refusal.to_string();
    for part in [repository, "trust.toml"].iter().chain(parts) {
        assert!(message.contains(part), "{part:?} is missing: {message}");
    }
}

#[test]
fn what_a_rule_does_not_accept_is_refused_with_what_to_do() {
    let policy = with_keys(RULES);
    let stranger = SigningKey::generate().unwrap();
    let other = sign(&alice(), REPOSITORY, &DIGEST.replace("1d5f", "0000")).unwrap();
    let mut broken = simple();
    broken.payload.clear();
    for (repository, signatures, parts) in [
        (
            "r.example/stages/a",
            vec![],
            vec![
                DIGEST,
                "no signature",
                "a signature by alice;",
                "cosign sign",
            ],
        ),
        ("r.example/a", vec![], vec!["a signature by alice or bob"]),
        (
            "r.example/stages/a",
            vec![by(&bob())],
            vec!["bob, who signed, may not sign for it", "r.example/stages/*"],
        ),
        (
            "r.example/stages/a",
            vec![by(&stranger)],
            vec!["not known", "add it to the policy"],
        ),
        (
            "r.example/stages/a",
            vec![other],
            vec!["of another artifact", "0000"],
        ),
        ("r.example/stages/a", vec![broken], vec!["damaged"]),
        (
            "r.example/stages/both",
            vec![simple()],
            vec!["signatures by alice and bob", "only alice has signed"],
        ),
        (
            "r.example/stages/both",
            vec![],
            vec!["no signature", "signatures by alice and bob"],
        ),
    ] {
        refused(&policy, repository, &signatures, &parts);
    }
}

#[test]
fn one_key_that_signs_twice_is_one() {
    let policy = with_keys(RULES);
    let twice = [simple(), bundle("bundle.json"), by(&alice())];
    refused(
        &policy,
        "r.example/stages/both",
        &twice,
        &["only alice has signed"],
    );
    let both = [simple(), by(&bob())];
    assert_eq!(
        policy.judge("r.example/stages/both", DIGEST, &both),
        Ok(accepted(&["alice", "bob"], "r.example/stages/both"))
    );
}

#[test]
fn a_rule_may_refuse_whoever_signed() {
    let policy = with_keys(RULES);
    let all = [simple(), by(&bob())];
    refused(
        &policy,
        "r.example/stages/retired/a",
        &all,
        &["accepts nothing from there"],
    );
    assert!(matches!(
        policy.needs_signatures("r.example/stages/retired/a"),
        Err(Refusal::Rule { .. })
    ));
}

/// In whatever order they stand in the file.
#[test]
fn the_most_specific_rule_is_the_one_that_counts() {
    let sections: Vec<&str> = RULES.trim().split("\n\n").collect();
    for turn in 0..sections.len() {
        let mut turned = sections.clone();
        turned.rotate_left(turn);
        let policy = with_keys(&turned.join("\n\n"));
        for (repository, rule) in [
            ("r.example/a", "r.example/*"),
            ("r.example/stages/a", "r.example/stages/*"),
            ("R.EXAMPLE/stages/a", "r.example/stages/*"),
        ] {
            let judged = policy.judge(repository, DIGEST, &[simple()]).unwrap();
            assert_eq!(judged.rule.as_deref(), Some(rule));
        }
        assert!(
            policy
                .judge("r.example/stages/both", DIGEST, &[simple()])
                .is_err()
        );
    }
    // One that names the repository counts before a longer beginning could.
    let policy = with_keys(
        "[[rules]]\nrepository = \"r.example/ab\"\nkeys = [\"bob\"]\n[[rules]]\nrepository = \"r.example/ab*\"\nunsigned = \"accept\"\n",
    );
    assert!(policy.judge("r.example/ab", DIGEST, &[]).is_err());
    assert!(policy.judge("r.example/abc", DIGEST, &[]).is_ok());
}

#[test]
fn what_no_rule_is_for_is_refused_unless_the_policy_says_otherwise() {
    for text in ["", "default = \"refuse\"\n", RULES] {
        let policy = policy(&match text {
            RULES => format!("{KEYS}{RULES}"),
            _ => text.to_owned(),
        });
        refused(
            &policy,
            "elsewhere.example/a",
            &[simple()],
            &["no rule", "add one"],
        );
    }
    let open = policy(&format!("default = \"accept\"\n{KEYS}{RULES}"));
    let judgement = open.judge("elsewhere.example/a", DIGEST, &[]).unwrap();
    let none = Judgement {
        by: vec![],
        rule: None,
    };
    assert_eq!(judgement, none);
    assert!(open.judge("r.example/a", DIGEST, &[]).is_err());
}

#[test]
fn a_name_that_could_be_written_in_another_way_is_refused() {
    let policy = policy("default = \"accept\"\n");
    for name in [
        "oci:/srv/stages/../evil",
        "oci:stages",
        "r.example/a:1",
        "r.example/a@sha256:0",
        "",
    ] {
        let refusal = policy.judge(name, DIGEST, &[]).unwrap_err();
        assert!(matches!(refusal, Refusal::Name { .. }), "{refusal:?}");
    }
    let refusal = policy.judge("r.example/a", "latest", &[]).unwrap_err();
    assert!(matches!(refusal, Refusal::Digest(_)), "{refusal:?}");
}

#[test]
fn each_mistake_in_the_file_is_named() {
    let rule = |lines: &str| format!("{KEYS}[[rules]]\nrepository = \"r.example/*\"\n{lines}\n");
    for (text, parts) in [
        (
            "defualt = \"accept\"".to_owned(),
            vec!["unknown field `defualt`", "line 1"],
        ),
        ("default = \"maybe\"".to_owned(), vec!["maybe", "accept"]),
        ("default = ".to_owned(), vec!["line 1"]),
        (rule("key = [\"alice\"]"), vec!["unknown field `key`"]),
        (rule("keys = \"alice\""), vec!["expected a sequence"]),
        (
            rule(""),
            vec!["the rule for `r.example/*`", "it says nothing"],
        ),
        (rule("keys = []"), vec!["is empty", "unsigned = \"refuse\""]),
        (
            rule("keys = [\"carol\"]"),
            vec!["no key `carol`", "only alice, bob"],
        ),
        (rule("keys = [\"alice\", \"alice\"]"), vec!["`alice` twice"]),
        (
            rule("keys = [\"alice\"]\nunsigned = \"accept\""),
            vec!["leave one of them out"],
        ),
        (
            rule("keys = [\"alice\"]\nthreshold = 2"),
            vec!["`threshold` is 2", "1"],
        ),
        (
            rule("keys = [\"alice\"]\nthreshold = 0"),
            vec!["`threshold` is 0"],
        ),
        (
            rule("keys = [\"alice\"]\nthreshold = -1"),
            vec!["threshold"],
        ),
        (
            rule("unsigned = \"accept\"\nthreshold = 1"),
            vec!["there are none"],
        ),
        (
            format!(
                "{}{}",
                rule("keys = [\"alice\"]"),
                "[[rules]]\nrepository = \"R.example/*\"\nunsigned = \"accept\"\n"
            ),
            vec!["two rules"],
        ),
        (
            rule("keys = [\"alice\"]").replace("r.example/*", "r.*/a"),
            vec!["`r.*/a`", "only stand at its end"],
        ),
        (
            rule("keys = [\"alice\"]").replace("r.example/*", "r.example*"),
            vec!["other registries"],
        ),
        (
            rule("keys = [\"alice\"]").replace("r.example/*", "r.example/a:1"),
            vec!["tag"],
        ),
        (
            rule("keys = [\"alice\"]").replace("r.example/*", "oci:stages"),
            vec!["in full"],
        ),
        (
            "[[rules]]\nrepository = \"a/*\"\nkeys = [\"alice\"]\n".to_owned(),
            vec!["add it to [keys]"],
        ),
        (
            "[keys]\na = \"alice.pub\"\nb = \"alice.pub\"\n".to_owned(),
            vec!["`a` and `b` are the same key"],
        ),
        (
            "[keys]\na = \"missing.pub\"\n".to_owned(),
            vec!["the key `a`", "missing.pub", "cannot be read"],
        ),
        (
            "[keys]\na = \"alice.key\"\n".to_owned(),
            vec!["the key `a`", "private key"],
        ),
        (
            "[keys]\na = \"p384.pub\"\n".to_owned(),
            vec!["the key `a`", "P-256"],
        ),
        (
            "[keys]\na = \"trust.toml\"\n".to_owned(),
            vec!["the key `a`", "PEM"],
        ),
    ] {
        let folder = folder(&text);
        let error = Policy::read(&folder.path().join("trust.toml"));
        let error = error.expect_err(&text).to_string();
        for part in ["trust.toml cannot be used"].iter().chain(&parts) {
            assert!(error.contains(part), "{part:?} is missing: {error}");
        }
    }
}

#[test]
fn a_policy_that_is_not_there_is_an_error() {
    let folder = tempdir().unwrap();
    let error = Policy::read(&folder.path().join("trust.toml")).unwrap_err();
    assert!(matches!(error, PolicyError::Read { .. }), "{error:?}");
    assert!(
        error.to_string().contains("trust.toml cannot be read"),
        "{error}"
    );
}
