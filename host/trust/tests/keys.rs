//! Keys of cosign, of OpenSSL and of ours, and what is said of files that are none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64ct::{Base64, Encoding};
use common::{PASSPHRASE, alice, path, public, text};
use footlight_trust::{KeyError, KeyFlaw, PublicKey, SigningKey};
use tempfile::tempdir;

#[test]
fn keys_of_cosign_and_openssl_are_read() {
    for (private, passphrase, public_half) in [
        ("alice.key", PASSPHRASE, "alice.pub"),
        ("bob.key", b"", "bob.pub"),
        ("plain.pem", b"", "plain.pub"),
    ] {
        let key = SigningKey::read(&path(private), passphrase).unwrap();
        assert_eq!(key.public(), public(public_half), "{private}");
        // Letter by letter what the other program wrote.
        assert_eq!(key.public().to_pem(), text(public_half), "{private}");
    }
}

#[test]
fn only_an_encrypted_key_asks_for_a_passphrase() {
    assert!(SigningKey::needs_passphrase(&text("alice.key")));
    assert!(SigningKey::needs_passphrase(&text("bob.key")));
    for other in ["plain.pem", "alice.pub", "simple.json"] {
        assert!(!SigningKey::needs_passphrase(&text(other)), "{other}");
    }
}

#[test]
fn the_key_of_cosign_1_is_read() {
    let older = text("alice.key").replace("SIGSTORE", "COSIGN");
    assert!(SigningKey::needs_passphrase(&older));
    let key = SigningKey::from_pem(&older, PASSPHRASE).unwrap();
    assert_eq!(key.public(), public("alice.pub"));
}

#[test]
fn line_ends_and_space_around_a_key_do_not_matter() {
    let windows = format!("\n{}\n\n", text("alice.key")).replace('\n', "\r\n");
    assert_eq!(
        SigningKey::from_pem(&windows, PASSPHRASE).unwrap().public(),
        public("alice.pub")
    );
    let windows = format!("\n{}\n\n", text("alice.pub")).replace('\n', "\r\n");
    assert_eq!(PublicKey::from_pem(&windows).unwrap(), public("alice.pub"));
}

/// cosign 3 writes this digest of its key into a bundle.
#[test]
fn a_key_is_known_by_the_digest_that_cosign_knows_it_by() {
    let bundle: serde_json::Value = serde_json::from_str(&text("bundle.json")).unwrap();
    let hint = bundle["verificationMaterial"]["publicKey"]["hint"]
        .as_str()
        .unwrap();
    let digest = Base64::decode_vec(hint).unwrap();
    let id = public("alice.pub").id();
    assert_eq!(id.to_hex(), base16ct::lower::encode_string(&digest));
    assert_eq!(id.to_string(), id.to_hex()[..16]);
    assert_ne!(id, public("bob.pub").id());
}

#[test]
fn a_new_key_is_written_encrypted_and_read_again() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for passphrase in [&b"a long one"[..], b""] {
        let key = SigningKey::generate().unwrap();
        let (private, open) = (at("stage.key"), at("stage.pub"));
        key.write_pair(&private, passphrase, &open).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&private), mode(&open)), (0o600, 0o644));
        let text = fs::read_to_string(&private).unwrap();
        assert!(
            text.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"),
            "{text}"
        );
        let again = SigningKey::read(&private, passphrase).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(PublicKey::read(&open).unwrap(), key.public());
        let error = SigningKey::read(&private, b"another").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("does not open with this passphrase"),
            "{error}"
        );
        fs::remove_file(private).unwrap();
        fs::remove_file(open).unwrap();
    }
    let two = [
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    ];
    assert_ne!(two[0].public(), two[1].public());
}

#[test]
fn no_key_is_written_over_another_file() {
    let folder = tempdir().unwrap();
    let (private, open) = (folder.path().join("k.key"), folder.path().join("k.pub"));
    for there in [&private, &open] {
        fs::write(there, "precious").unwrap();
        let error = alice().write_pair(&private, b"", &open).unwrap_err();
        assert!(
            matches!(&error, KeyError::Exists { path } if path == there),
            "{error:?}"
        );
        assert!(error.to_string().contains("name another file"), "{error}");
        assert_eq!(fs::read_to_string(there).unwrap(), "precious");
        // Nor is half a pair left.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::remove_file(there).unwrap();
    }
}

#[test]
fn a_key_that_cannot_be_written_or_read_names_its_file() {
    let folder = tempdir().unwrap();
    let nowhere = folder.path().join("no/such.key");
    let error = alice().write_pair(&nowhere, b"", &nowhere).unwrap_err();
    assert!(matches!(error, KeyError::Write { .. }), "{error:?}");
    let errors = [
        SigningKey::read(&nowhere, b"").unwrap_err(),
        PublicKey::read(&nowhere).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, KeyError::Read { .. }), "{error:?}");
        assert!(error.to_string().contains("no/such.key"), "{error}");
    }
    let large = folder.path().join("large");
    fs::write(&large, vec![b'a'; (1 << 20) + 1]).unwrap();
    assert!(matches!(
        PublicKey::read(&large),
        Err(KeyError::Read { .. })
    ));
}

#[test]
fn a_file_that_is_no_such_key_is_named_for_what_it_is() {
    let private =
        |name: &str, passphrase: &[u8]| SigningKey::from_pem(&text(name), passphrase).unwrap_err();
    let open = |name: &str| PublicKey::from_pem(&text(name)).unwrap_err();
    assert_eq!(private("alice.key", b"wrong"), KeyFlaw::Passphrase);
    assert_eq!(private("alice.key", b""), KeyFlaw::Passphrase);
    assert_eq!(private("alice.pub", b""), KeyFlaw::Public);
    assert_eq!(private("p384.pem", b""), KeyFlaw::OtherAlgorithm);
    assert!(matches!(private("simple.json", b""), KeyFlaw::NotPem(_)));
    assert_eq!(open("p384.pub"), KeyFlaw::OtherAlgorithm);
    for name in ["alice.key", "plain.pem"] {
        assert_eq!(open(name), KeyFlaw::Private);
    }
    assert!(matches!(open("simple.json"), KeyFlaw::NotPem(_)));
    let other = text("alice.pub").replace("PUBLIC KEY", "CERTIFICATE");
    for flaw in [
        PublicKey::from_pem(&other).unwrap_err(),
        SigningKey::from_pem(&other, b"").unwrap_err(),
    ] {
        assert_eq!(flaw, KeyFlaw::OtherKind("CERTIFICATE".to_owned()));
        assert!(flaw.to_string().contains("footlight keygen"), "{flaw}");
    }
}

/// The document within alice's key, changed and wrapped again.
fn changed(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let pem = text("alice.key");
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    let mut value = serde_json::from_slice(&Base64::decode_vec(&body).unwrap()).unwrap();
    change(&mut value);
    let body = Base64::encode_string(value.to_string().as_bytes());
    let lines: Vec<&str> = (0..body.len())
        .step_by(64)
        .map(|at| &body[at..body.len().min(at + 64)])
        .collect();
    let label = "ENCRYPTED SIGSTORE PRIVATE KEY";
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[test]
fn a_damaged_or_hostile_key_is_refused_at_once() {
    let same = changed(|_| ());
    assert_eq!(
        SigningKey::from_pem(&same, PASSPHRASE).unwrap().public(),
        public("alice.pub")
    );
    let refused = |change: &dyn Fn(&mut serde_json::Value), part: &str| {
        let flaw = SigningKey::from_pem(&changed(change), PASSPHRASE).unwrap_err();
        assert!(matches!(flaw, KeyFlaw::Damaged(_)), "{flaw:?}");
        assert!(flaw.to_string().contains(part), "{part} is missing: {flaw}");
    };
    // Would take 8 TiB of memory, or an hour.
    refused(
        &|v| v["kdf"]["params"]["N"] = (1_u64 << 33).into(),
        "8589934592",
    );
    refused(&|v| v["kdf"]["params"]["N"] = u64::MAX.into(), "scrypt");
    refused(&|v| v["kdf"]["params"]["N"] = 0.into(), "scrypt");
    refused(&|v| v["kdf"]["params"]["N"] = 65535.into(), "scrypt");
    refused(&|v| v["kdf"]["params"]["r"] = 1_000_000.into(), "scrypt");
    refused(&|v| v["kdf"]["params"]["p"] = 1_000_000.into(), "scrypt");
    refused(&|v| v["kdf"]["name"] = "argon2".into(), "argon2");
    refused(&|v| v["cipher"]["name"] = "aes".into(), "aes");
    refused(&|v| v["cipher"]["nonce"] = "AAAA".into(), "nonce");
    refused(&|v| v["ciphertext"] = "!".into(), "damaged");
    refused(&|v| v["kdf"] = 1.into(), "damaged");
    // An attacker who may write the file can do no more than have it refused.
    let flaw = SigningKey::from_pem(&changed(|v| v["ciphertext"] = "AAAA".into()), PASSPHRASE);
    assert_eq!(flaw.unwrap_err(), KeyFlaw::Passphrase);
}

#[test]
fn a_key_is_not_printed() {
    let key = alice();
    assert_eq!(
        format!("{key:?}"),
        format!("SigningKey({})", key.public().id())
    );
}
