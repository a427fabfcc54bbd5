//! Signatures of cosign and ours, and why others do not count.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use base64ct::{Base64, Encoding};
use common::{
    DIGEST, FILE_DIGEST, REPOSITORY, alice, bob, bundle, bundle_of, public, simple, text,
};
use footlight_trust::{
    Flaw, PAYLOAD_MEDIA_TYPE, SIGNATURE_ANNOTATION, Signature, Unverified, sign, tag, verify,
};
use serde_json::Value;

fn other() -> String {
    DIGEST.replace("1d5f", "0000")
}

/// Checked with both keys, as alice's and bob's are known.
fn check(signature: &Signature, digest: &str) -> Result<String, Flaw> {
    let (alice, bob) = (public("alice.pub"), public("bob.pub"));
    signature
        .verify(&[&bob, &alice], digest)
        .map(|id| match id {
            id if id == alice.id() => "alice".to_owned(),
            id if id == bob.id() => "bob".to_owned(),
            id => panic!("{id}"),
        })
}

#[test]
fn what_cosign_signed_is_accepted() {
    assert_eq!(check(&simple(), DIGEST).unwrap(), "alice");
    assert_eq!(check(&bundle("bundle.json"), DIGEST).unwrap(), "alice");
    assert_eq!(check(&bundle("blob.json"), FILE_DIGEST).unwrap(), "alice");
}

/// Letter by letter, so whatever reads cosign's reads ours.
#[test]
fn what_is_signed_here_is_what_cosign_signs() {
    let ours = sign(&alice(), REPOSITORY, DIGEST).unwrap();
    assert_eq!(ours.payload, simple().payload);
    assert_eq!(ours.media_type, PAYLOAD_MEDIA_TYPE);
    assert_eq!(
        ours.annotations.keys().collect::<Vec<_>>(),
        [SIGNATURE_ANNOTATION]
    );
    assert_eq!(check(&ours, DIGEST).unwrap(), "alice");
    assert_eq!(
        check(&sign(&bob(), REPOSITORY, DIGEST).unwrap(), DIGEST).unwrap(),
        "bob"
    );
}

/// As crane lists it where cosign has signed.
#[test]
fn the_tag_of_signatures_is_cosigns() {
    let tag = tag(DIGEST).unwrap();
    assert_eq!(
        tag,
        "sha256-1d5f3e5407bb71e374bfd86a488ba5f280ebc8469e1e2e93943275a49868c978.sig"
    );
}

#[test]
fn only_a_digest_can_be_signed() {
    for bad in ["latest", "sha256:12", &DIGEST.to_uppercase()] {
        assert!(tag(bad).is_err());
        let error = sign(&alice(), REPOSITORY, bad).unwrap_err();
        assert!(error.to_string().contains(bad), "{error}");
    }
}

#[test]
fn a_signature_of_another_artifact_does_not_count() {
    for signature in [simple(), bundle("bundle.json"), bundle("blob.json")] {
        let flaw = check(&signature, &other()).unwrap_err();
        assert!(matches!(flaw, Flaw::OtherArtifact { .. }), "{flaw:?}");
        assert!(
            flaw.to_string().contains("of another artifact (sha256:"),
            "{flaw}"
        );
    }
}

#[test]
fn a_signature_by_another_key_does_not_count() {
    let bob = public("bob.pub");
    let flaw = simple().verify(&[&bob], DIGEST).unwrap_err();
    assert_eq!(flaw, Flaw::NoKnownKey);
    // A bundle says whose it is.
    let flaw = bundle("bundle.json").verify(&[&bob], DIGEST).unwrap_err();
    let by = public("alice.pub").id().to_string();
    assert_eq!(flaw, Flaw::UnknownKey { by });
    assert!(simple().verify(&[], DIGEST).is_err());
}

#[test]
fn an_altered_document_does_not_count() {
    // The digest of another artifact under a good signature of this one.
    let mut forged = simple();
    forged.payload = text("simple.json").replace(DIGEST, &other()).into_bytes();
    assert_eq!(check(&forged, &other()), Err(Flaw::NoKnownKey));
    // Whatever byte is changed.
    for at in 0..simple().payload.len() {
        let mut altered = simple();
        altered.payload[at] ^= 1;
        assert!(check(&altered, DIGEST).is_err(), "byte {at}");
    }
    let longer = text("simple.json").replace("null", "{\"approved\":true}");
    let mut altered = simple();
    altered.payload = longer.into_bytes();
    assert_eq!(check(&altered, DIGEST), Err(Flaw::NoKnownKey));
}

fn edited(name: &str, edit: impl FnOnce(&mut Value)) -> Signature {
    let mut value = serde_json::from_str(&text(name)).unwrap();
    edit(&mut value);
    bundle_of(&value.to_string())
}

#[test]
fn an_altered_bundle_does_not_count() {
    let by = public("alice.pub").id();
    let statement = |edit: &dyn Fn(&str) -> String| {
        edited("bundle.json", |v| {
            let payload = v["dsseEnvelope"]["payload"].as_str().unwrap();
            let text = String::from_utf8(Base64::decode_vec(payload).unwrap()).unwrap();
            v["dsseEnvelope"]["payload"] = Base64::encode_string(edit(&text).as_bytes()).into();
        })
    };
    assert_eq!(check(&statement(&str::to_owned), DIGEST).unwrap(), "alice");
    let forged = statement(&|text| text.replace(&DIGEST[7..], &other()[7..]));
    assert_eq!(check(&forged, &other()), Err(Flaw::Altered { by }));
    let more = statement(&|text| text.replace("{}}", "{\"more\":1}}"));
    assert_eq!(check(&more, DIGEST), Err(Flaw::Altered { by }));
    let without = statement(&|text| text.replace("sha256", "sha512"));
    assert!(matches!(
        check(&without, DIGEST),
        Err(Flaw::OtherArtifact { .. })
    ));
    // A file's signature under the digest of another file.
    let file = edited("blob.json", |v| {
        let digest = base16ct::lower::decode_vec(&DIGEST[7..]).unwrap();
        v["messageSignature"]["messageDigest"]["digest"] = Base64::encode_string(&digest).into();
    });
    assert_eq!(check(&file, DIGEST), Err(Flaw::Altered { by }));
    // What a bundle says of its key is not what decides.
    let anonymous = edited("bundle.json", |v| {
        v["verificationMaterial"]["publicKey"] = Value::Null
    });
    assert_eq!(check(&anonymous, DIGEST).unwrap(), "alice");
}

/// Whoever says how an artifact was built does not say that it may run.
#[test]
fn a_statement_of_another_kind_does_not_count() {
    let flaw = check(&bundle("attestation.json"), DIGEST).unwrap_err();
    assert!(
        matches!(&flaw, Flaw::OtherKind(kind) if kind.contains("cosign.sigstore.dev")),
        "{flaw:?}"
    );
    let statement = edited("bundle.json", |v| {
        let payload = v["dsseEnvelope"]["payload"].as_str().unwrap();
        let text = String::from_utf8(Base64::decode_vec(payload).unwrap()).unwrap();
        let other = text.replace(
            "https://sigstore.dev/cosign/sign/v1",
            "https://slsa.dev/provenance/v1",
        );
        v["dsseEnvelope"]["payload"] = Base64::encode_string(other.as_bytes()).into();
    });
    let flaw = check(&statement, DIGEST).unwrap_err();
    assert_eq!(
        flaw,
        Flaw::OtherKind("https://slsa.dev/provenance/v1".to_owned())
    );
    let mut document = simple();
    document.payload = text("simple.json")
        .replace("container image", "attestation")
        .into_bytes();
    let flaw = check(&document, DIGEST).unwrap_err();
    assert_eq!(
        flaw,
        Flaw::OtherKind("cosign attestation signature".to_owned())
    );
    let mut of_other_type = simple();
    of_other_type.media_type = "application/vnd.example".to_owned();
    let flaw = check(&of_other_type, DIGEST).unwrap_err();
    assert_eq!(flaw, Flaw::OtherKind("application/vnd.example".to_owned()));
}

#[test]
fn a_damaged_signature_is_named_as_such() {
    let with = |signature: &str| {
        let mut broken = simple();
        broken
            .annotations
            .insert(SIGNATURE_ANNOTATION.to_owned(), signature.to_owned());
        broken
    };
    let mut bare = simple();
    bare.annotations.clear();
    let mut no_document = simple();
    no_document.payload = b"{}".to_vec();
    let good = text("simple.sig");
    for (broken, part) in [
        (bare, "annotation"),
        (no_document, "missing field"),
        (with(""), "no ECDSA signature"),
        (with("AAAA"), "no ECDSA signature"),
        (with("not base64"), "no base64"),
        (
            with(&good.trim()[..good.trim().len() - 8]),
            "no ECDSA signature",
        ),
        (bundle_of("{"), "the bundle"),
        (bundle_of("[]"), "the bundle"),
        (
            edited("bundle.json", |v| v["dsseEnvelope"]["payload"] = "?".into()),
            "no base64",
        ),
        (
            edited("bundle.json", |v| {
                v["dsseEnvelope"]["payload"] = "e30=".into()
            }),
            "the statement",
        ),
        (
            edited("bundle.json", |v| {
                v["dsseEnvelope"]["signatures"] = Value::Array(vec![])
            }),
            "0 signatures",
        ),
        (
            edited("bundle.json", |v| v["dsseEnvelope"] = Value::Null),
            "neither",
        ),
        (
            edited("blob.json", |v| {
                v["messageSignature"]["messageDigest"]["digest"] = "AAAA".into()
            }),
            "32 bytes",
        ),
    ] {
        let flaw = check(&broken, DIGEST).unwrap_err();
        assert!(matches!(flaw, Flaw::Broken(_)), "{flaw:?}");
        assert!(flaw.to_string().contains(part), "{part} is missing: {flaw}");
    }
}

#[test]
fn of_all_signatures_those_that_count_are_named_and_else_why_none_does() {
    let (alice_key, bob_key) = (public("alice.pub"), public("bob.pub"));
    let both = [
        simple(),
        bundle("attestation.json"),
        sign(&bob(), "r", DIGEST).unwrap(),
    ];
    let by = verify(&both, &[&alice_key, &bob_key], DIGEST).unwrap();
    assert_eq!(by.into_iter().collect::<Vec<_>>().len(), 2);
    let by = verify(&both, &[&bob_key], DIGEST).unwrap();
    assert_eq!(by.into_iter().collect::<Vec<_>>(), [bob_key.id()]);

    let none = verify(&[], &[&bob_key], DIGEST).unwrap_err();
    assert_eq!(none, Unverified::Unsigned(DIGEST.to_owned()));
    assert!(none.to_string().contains("footlight sign"), "{none}");
    let error = verify(&both[..2], &[&bob_key], DIGEST).unwrap_err();
    let message = error.to_string();
    for part in [DIGEST, "not known", "another kind"] {
        assert!(message.contains(part), "{part} is missing: {message}");
    }
    assert!(matches!(
        verify(&both, &[&bob_key], "latest"),
        Err(Unverified::Digest(_))
    ));
}

/// A message is one line, whatever somebody has written into a signature.
#[test]
fn what_others_wrote_does_not_spoil_a_message() {
    let hostile =
        text("simple.json").replace(DIGEST, &format!("\\n\\u001b[2J{}", "x".repeat(9999)));
    let mut signature = simple();
    signature.payload = hostile.into_bytes();
    let message = check(&signature, DIGEST).unwrap_err().to_string();
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(message.len() < 400, "{}", message.len());
}
