//! What the tests share: keys and signatures that cosign made.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use footlight_trust::{
    BUNDLE_MEDIA_TYPE, PAYLOAD_MEDIA_TYPE, PublicKey, SIGNATURE_ANNOTATION, Signature, SigningKey,
};

/// The artifact that the fixtures are signatures of.
pub const DIGEST: &str = "sha256:1d5f3e5407bb71e374bfd86a488ba5f280ebc8469e1e2e93943275a49868c978";
pub const REPOSITORY: &str = "localhost:5000/footlight/stage";

/// The file that one of them is a signature of.
pub const FILE_DIGEST: &str =
    "sha256:be64adb52ee58dc731a15683944c1b8057e8276eca07930f0063a5e852641151";

/// The passphrase of alice's key; bob's has none.
pub const PASSPHRASE: &[u8] = b"correct horse";

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

pub fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

pub fn alice() -> SigningKey {
    SigningKey::read(&path("alice.key"), PASSPHRASE).unwrap()
}

pub fn bob() -> SigningKey {
    SigningKey::read(&path("bob.key"), b"").unwrap()
}

pub fn public(name: &str) -> PublicKey {
    PublicKey::read(&path(name)).unwrap()
}

/// Made by cosign 2.
pub fn simple() -> Signature {
    let signature = text("simple.sig").trim().to_owned();
    Signature {
        media_type: PAYLOAD_MEDIA_TYPE.to_owned(),
        payload: text("simple.json").into_bytes(),
        annotations: BTreeMap::from([(SIGNATURE_ANNOTATION.to_owned(), signature)]),
    }
}

/// Made by cosign 3.
pub fn bundle(name: &str) -> Signature {
    bundle_of(&text(name))
}

pub fn bundle_of(text: &str) -> Signature {
    Signature {
        media_type: BUNDLE_MEDIA_TYPE.to_owned(),
        payload: text.as_bytes().to_vec(),
        annotations: BTreeMap::new(),
    }
}
