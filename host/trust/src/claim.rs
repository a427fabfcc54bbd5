//! What a signature says, whichever way it is written.

use p256::ecdsa::DerSignature;

use crate::{Flaw, KeyId, PublicKey};

/// Who is said to have signed what. Nothing of it is true before it is checked.
pub(crate) struct Claim {
    /// The digests of what was signed.
    pub(crate) digests: Vec<String>,
    /// What the signature is of.
    pub(crate) message: Message,
    /// The signature.
    pub(crate) signature: DerSignature,
    /// The key that signed, where it is written there.
    pub(crate) by: Option<KeyId>,
}

/// What a signature is of.
pub(crate) enum Message {
    /// The SHA-256 digest of these bytes.
    Bytes(Vec<u8>),
    /// This SHA-256 digest.
    Digest([u8; 32]),
}

impl Claim {
    /// Which of the keys signed the artifact with this digest.
    pub(crate) fn check(&self, keys: &[&PublicKey], digest: &str) -> Result<KeyId, Flaw> {
        if !self.digests.iter().any(|signed| signed == digest) {
            return Err(Flaw::OtherArtifact {
                digests: brief(&self.digests.join(", ")),
            });
        }
        let signed = |key: &&&PublicKey| match &self.message {
            Message::Bytes(bytes) => key.verifies(bytes, &self.signature),
            Message::Digest(digest) => key.verifies_digest(digest, &self.signature),
        };
        if let Some(key) = keys.iter().find(signed) {
            return Ok(key.id());
        }
        match self.by {
            Some(by) if keys.iter().any(|key| key.id() == by) => Err(Flaw::Altered { by }),
            Some(by) => Err(Flaw::UnknownKey { by: by.to_string() }),
            None => Err(Flaw::NoKnownKey),
        }
    }
}

/// A signature in base64.
pub(crate) fn signature(text: &str) -> Result<DerSignature, Flaw> {
    let bytes = decode("the signature", text)?;
    DerSignature::try_from(bytes.as_slice()).map_err(|_| {
        Flaw::Broken("the signature is no ECDSA signature on the curve P-256".to_owned())
    })
}

/// Bytes in base64.
pub(crate) fn decode(what: &str, text: &str) -> Result<Vec<u8>, Flaw> {
    use base64ct::{Base64, Encoding};
    Base64::decode_vec(text).map_err(|error| Flaw::Broken(format!("{what} is no base64: {error}")))
}

/// A document in JSON.
pub(crate) fn json<'a, T: serde::Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, Flaw> {
    serde_json::from_slice(bytes)
        .map_err(|error| Flaw::Broken(format!("{what} is not what it should be: {error}")))
}

/// What someone wrote, as a message may have it: on one line and not too long.
pub(crate) fn brief(text: &str) -> String {
    text.chars()
        .take(160)
        .flat_map(char::escape_debug)
        .collect()
}
