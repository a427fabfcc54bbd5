//! Who signed what: policies, and cosign on what was signed here, and the other way.

use crate::host::footlight;
use crate::needs::{self, HOSTILE, trial};
use crate::places;
use crate::published::Site;
use crate::registry::Registry;
use libtest_mimic::Trial;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "signed: no way around a policy's rule for a folder",
            HOSTILE,
            by_a_link,
        ),
        trial(
            "signed: verify asks who is to have signed before it asks a registry",
            HOSTILE,
            asked_first,
        ),
        needs::with(
            "signed: cosign accepts what was signed here, in a registry",
            "cosign",
            to_cosign,
        ),
        needs::with(
            "signed: a bundle that cosign keeps beside an artifact is accepted",
            "cosign",
            from_cosign,
        ),
    ]
}

fn by_a_link() {
    let site = Site::new();
    let component = places::stages().join("hostile/wasi-stage.wasm");
    let component = component.to_str().unwrap();
    site.author(&["stage", "push", component, &site.reference("1")], 0);
    let policy = site.path("policy.toml");
    let registry = site.path("registry").canonicalize().unwrap();
    let text = format!(
        "default = \"accept\"\n[[rules]]\nrepository = \"oci:{}\"\nunsigned = \"refuse\"\n",
        registry.display()
    );
    fs::write(&policy, text).unwrap();
    let policy = policy.to_str().unwrap();
    symlink(&registry, site.path("link")).unwrap();
    for way in ["registry", "link", "./author/../link"] {
        let reference = format!("oci:{}:1", site.path(way).display());
        let said = site.author(&["stage", "pull", &reference, "--trust", policy], 1);
        assert!(said.contains("accepts nothing from there"), "{said}");
    }
    // What the rule is not for is taken.
    let copied = format!("oci:{}:1", site.path("elsewhere").display());
    fs::create_dir(site.path("elsewhere")).unwrap();
    site.author(&["stage", "push", component, &copied], 0);
    site.author(&["stage", "pull", &copied, "--trust", policy], 0);
}

fn asked_first() {
    let mut command = footlight();
    command.env_remove("FOOTLIGHT_TRUST");
    // Nothing answers there.
    let output = command
        .args(["verify", "127.0.0.1:1/members:1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--key") && said.contains("--trust"), "{said}");
    assert!(!said.contains("reached"), "{said}");
}

/// A stage in a registry, and a key to sign it with; the stage's reference with its digest.
fn in_registry(site: &Site, registry: &Registry) -> String {
    site.author(&["keygen", site.path("alice").to_str().unwrap()], 0);
    let component = places::stages().join("hostile/wasi-stage.wasm");
    let reference = format!("{}/stages/one:1", registry.host);
    let said = site.author(
        &["stage", "push", component.to_str().unwrap(), &reference],
        0,
    );
    let (_, digest) = said.trim().rsplit_once('@').unwrap();
    format!("{}/stages/one@{digest}", registry.host)
}

/// What cosign says, with the keys of the site and without the internet.
#[track_caller]
fn cosign(program: &Path, site: &Site, words: &[&str], good: bool) -> String {
    let output = Command::new(program)
        .current_dir(site.path(""))
        .env("HOME", site.path(""))
        .env("COSIGN_PASSWORD", "sesame")
        .args(words)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.success(), good, "{words:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &said
}

fn to_cosign(program: &Path) {
    let site = Site::new();
    let registry = Registry::start(&site.path(""));
    let stage = in_registry(&site, &registry);
    let verify = [
        "verify",
        "--key",
        "alice.pub",
        "--insecure-ignore-tlog=true",
        &stage,
    ];
    cosign(program, &site, &verify, false);
    let key = site.path("alice.key");
    site.author(&["sign", &stage, "--key", key.to_str().unwrap()], 0);
    cosign(program, &site, &verify, true);
    // A second signature is beside the first.
    site.author(&["keygen", site.path("bob").to_str().unwrap()], 0);
    let key = site.path("bob.key");
    site.author(&["sign", &stage, "--key", key.to_str().unwrap()], 0);
    cosign(program, &site, &verify, true);
}

fn from_cosign(program: &Path) {
    let site = Site::new();
    let registry = Registry::start(&site.path(""));
    let stage = in_registry(&site, &registry);
    let policy = |name: &str| {
        let path = site.path(&format!("{name}.toml"));
        let rule = format!(
            "[keys]\n{name} = \"{name}.pub\"\n[[rules]]\nrepository = \"{}/*\"\nkeys = [\"{name}\"]\n",
            registry.host
        );
        fs::write(&path, rule).unwrap();
        path.to_str().unwrap().to_owned()
    };
    site.author(&["keygen", site.path("bob").to_str().unwrap()], 0);
    let (alice, bob) = (policy("alice"), policy("bob"));
    let pull =
        |policy: &str, code| site.author(&["stage", "pull", &stage, "--trust", policy], code);
    assert!(pull(&alice, 1).contains("no signature"));
    let help = cosign(program, &site, &["sign", "--help"], true);
    let common = ["--yes", "--tlog-upload=false", "--key", "alice.key"];
    let words: Vec<&str> = if help.contains("--use-signing-config") {
        [&["sign", "--use-signing-config=false"], &common[..]].concat()
    } else {
        // cosign 2 can write the statement and the manifest that 3 does.
        fs::write(site.path("predicate.json"), "{}").unwrap();
        let statement = [
            "attest",
            "--new-bundle-format",
            "--predicate",
            "predicate.json",
            "--type",
            "https://sigstore.dev/cosign/sign/v1",
        ];
        [&statement, &common[..]].concat()
    };
    cosign(program, &site, &[&words[..], &[&stage]].concat(), true);
    pull(&alice, 0);
    let said = pull(&bob, 1);
    assert!(said.contains("not known") && said.contains("bob"), "{said}");
    let key = site.path("alice.pub");
    let said = site.author(&["verify", &stage, "--key", key.to_str().unwrap()], 0);
    assert!(said.contains("signed by"), "{said}");

    // What the store has of it is enough where there is no registry.
    drop(registry);
    pull(&alice, 0);
}
