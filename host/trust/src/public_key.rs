//! Public keys, and what a key is known by.

use std::fmt;
use std::path::Path;

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::pkcs8::der::pem;
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use sha2::{Digest, Sha256};

use crate::key::{flawed, read_text, write_new};
use crate::{KeyError, KeyFlaw};

/// What a public key is in PEM.
const LABEL: &str = "PUBLIC KEY";

/// What a key is known by: the SHA-256 digest of its public half (of the DER that PEM has in it).
///
/// It is shown as its first 16 hexadecimal digits, enough for people to tell keys apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

impl KeyId {
    pub(crate) fn new(digest: [u8; 32]) -> KeyId {
        KeyId(digest)
    }

    /// All 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        base16ct::lower::encode_string(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .take(8)
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A key that signatures are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    id: KeyId,
    pem: String,
}

impl PublicKey {
    pub(crate) fn new(key: VerifyingKey) -> PublicKey {
        // Of a point on the curve there is always this encoding; an empty one belongs to no key.
        let der = key
            .to_public_key_der()
            .map(|document| document.into_vec())
            .unwrap_or_default();
        let pem = pem::encode_string(LABEL, pem::LineEnding::LF, &der).unwrap_or_default();
        PublicKey {
            key,
            id: KeyId(Sha256::digest(&der).into()),
            pem,
        }
    }

    /// A key in PEM.
    ///
    /// # Errors
    ///
    /// [`KeyFlaw::NotPem`], [`KeyFlaw::Private`], [`KeyFlaw::OtherKind`], [`KeyFlaw::OtherAlgorithm`].
    pub fn from_pem(text: &str) -> Result<PublicKey, KeyFlaw> {
        let (label, der) = pem::decode_vec(text.trim().as_bytes())
            .map_err(|_| KeyFlaw::NotPem("-----BEGIN PUBLIC KEY-----"))?;
        match label {
            LABEL => VerifyingKey::from_public_key_der(&der)
                .map(PublicKey::new)
                .map_err(|_| KeyFlaw::OtherAlgorithm),
            private if private.ends_with("PRIVATE KEY") => Err(KeyFlaw::Private),
            other => Err(KeyFlaw::OtherKind(other.to_owned())),
        }
    }

    /// The key of a file.
    ///
    /// # Errors
    ///
    /// [`KeyError::Read`], [`KeyError::Flawed`].
    pub fn read(path: &Path) -> Result<PublicKey, KeyError> {
        PublicKey::from_pem(&read_text(path)?).map_err(|flaw| flawed(path, flaw))
    }

    /// Writes the key to a new file that everybody may read.
    ///
    /// # Errors
    ///
    /// [`KeyError::Exists`], [`KeyError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        write_new(path, self.to_pem().as_bytes(), 0o644)
    }

    /// The key in PEM.
    pub fn to_pem(&self) -> &str {
        &self.pem
    }

    /// What it is known by.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Whether a signature in ASN.1 is one of this key, of the SHA-256 digest of some bytes.
    pub(crate) fn verifies(&self, bytes: &[u8], signature: &DerSignature) -> bool {
        self.key.verify(bytes, signature).is_ok()
    }

    /// Whether a signature in ASN.1 is one of this key, of a SHA-256 digest.
    pub(crate) fn verifies_digest(&self, digest: &[u8; 32], signature: &DerSignature) -> bool {
        self.key.verify_prehash(digest, signature).is_ok()
    }
}
