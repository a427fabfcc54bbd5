//! With cosign itself: what it makes of our keys and signatures, and we of its. `FOOTLIGHT_TEST_COSIGN` names
//! the program where it is not in the path.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{DIGEST, FILE_DIGEST, REPOSITORY, bundle_of, path};
use footlight_trust::{SIGNATURE_ANNOTATION, SigningKey, sign};
use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::tempdir;

const PASSPHRASE: &str = "a passphrase";

fn main() {
    let arguments = Arguments::from_args();
    let cosign = env::var_os("FOOTLIGHT_TEST_COSIGN").unwrap_or("cosign".into());
    let found = Command::new(&cosign).arg("version").output();
    let missing = !found.is_ok_and(|output| output.status.success());
    let tests: [(&str, Test); 4] = [
        ("cosign_accepts_a_signature_made_here", accepts),
        (
            "cosign_refuses_a_signature_made_here_under_another_key",
            refuses,
        ),
        ("cosign_signs_with_a_key_made_here", signs),
        ("a_key_made_by_cosign_signs_here", made_there),
    ];
    let trials = tests.map(|(name, run)| {
        let cosign = Cosign(cosign.clone());
        let name = match missing {
            true => format!("{name} (no cosign in the path or in FOOTLIGHT_TEST_COSIGN)"),
            false => name.to_owned(),
        };
        let trial = Trial::test(name, move || {
            run(&cosign);
            Ok::<(), Failed>(())
        });
        trial.with_ignored_flag(missing)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

type Test = fn(&Cosign);

struct Cosign(OsString);

impl Cosign {
    fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.0);
        command
            .args(arguments)
            .current_dir(folder)
            .env("HOME", folder);
        command.env("COSIGN_PASSWORD", PASSPHRASE).output().unwrap()
    }

    fn ok(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.run(folder, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// A folder with a new key and, in two files, what it signed and the signature.
fn signed() -> (tempfile::TempDir, SigningKey) {
    let folder = tempdir().unwrap();
    let key = SigningKey::generate().unwrap();
    let at = |name: &str| folder.path().join(name);
    key.write_pair(&at("k.key"), PASSPHRASE.as_bytes(), &at("k.pub"))
        .unwrap();
    let signature = sign(&key, REPOSITORY, DIGEST).unwrap();
    fs::write(at("payload"), &signature.payload).unwrap();
    fs::write(
        at("signature"),
        &signature.annotations[SIGNATURE_ANNOTATION],
    )
    .unwrap();
    (folder, key)
}

/// As `cosign verify` does, once it has fetched both.
const VERIFY: [&str; 7] = [
    "verify-blob",
    "--insecure-ignore-tlog",
    "--key",
    "k.pub",
    "--signature",
    "signature",
    "payload",
];

fn accepts(cosign: &Cosign) {
    let (folder, _) = signed();
    cosign.ok(folder.path(), &VERIFY);
}

fn refuses(cosign: &Cosign) {
    let (folder, _) = signed();
    fs::copy(path("bob.pub"), folder.path().join("k.pub")).unwrap();
    let output = cosign.run(folder.path(), &VERIFY);
    assert!(!output.status.success());
}

fn signs(cosign: &Cosign) {
    let (folder, key) = signed();
    let public = cosign.ok(folder.path(), &["public-key", "--key", "k.key"]);
    assert_eq!(public.trim(), key.public().to_pem().trim());
    fs::copy(path("stage.wasm"), folder.path().join("stage.wasm")).unwrap();
    // cosign 2 has to be told what cosign 3 does, and 3 not to ask a service on the internet.
    let help = cosign.ok(folder.path(), &["sign-blob", "--help"]);
    let offline = match help.contains("--use-signing-config") {
        true => "--use-signing-config=false",
        false => "--new-bundle-format",
    };
    let bundle = [
        "--yes",
        "--tlog-upload=false",
        offline,
        "--bundle",
        "bundle",
        "--key",
        "k.key",
    ];
    cosign.ok(
        folder.path(),
        &[&["sign-blob"], &bundle[..], &["stage.wasm"]].concat(),
    );
    let bundle = bundle_of(&fs::read_to_string(folder.path().join("bundle")).unwrap());
    assert_eq!(
        bundle.verify(&[&key.public()], FILE_DIGEST).unwrap(),
        key.public().id()
    );
}

fn made_there(cosign: &Cosign) {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    cosign.ok(
        folder.path(),
        &["generate-key-pair", "--output-key-prefix", "k"],
    );
    let key = SigningKey::read(&at("k.key"), PASSPHRASE.as_bytes()).unwrap();
    assert_eq!(
        fs::read_to_string(at("k.pub")).unwrap(),
        key.public().to_pem()
    );
    let signature = sign(&key, REPOSITORY, DIGEST).unwrap();
    fs::write(at("payload"), &signature.payload).unwrap();
    fs::write(
        at("signature"),
        &signature.annotations[SIGNATURE_ANNOTATION],
    )
    .unwrap();
    cosign.ok(folder.path(), &VERIFY);
}
