//! Private keys.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{self, DerSignature};
use p256::elliptic_curve::Generate;
use p256::pkcs8::der::pem;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use zeroize::Zeroizing;

use crate::{KeyError, KeyFlaw, PublicKey, encrypted, file};

/// What a file of a private key begins with, if it is cosign's.
const BEGIN: &str = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----";

/// A key that signs. What it is made of is wiped when it is dropped.
#[derive(Clone)]
pub struct SigningKey(ecdsa::SigningKey);

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    ///
    /// [`KeyFlaw::Random`].
    pub fn generate() -> Result<SigningKey, KeyFlaw> {
        ecdsa::SigningKey::try_generate()
            .map(SigningKey)
            .map_err(KeyFlaw::random)
    }

    /// A key in PEM: one that `cosign generate-key-pair` made, with its passphrase, or one in PKCS #8 that is
    /// not encrypted, for which there is none.
    ///
    /// # Errors
    ///
    /// All of [`KeyFlaw`] but [`KeyFlaw::Private`].
    pub fn from_pem(text: &str, passphrase: &[u8]) -> Result<SigningKey, KeyFlaw> {
        let (label, bytes) =
            pem::decode_vec(text.trim().as_bytes()).map_err(|_| KeyFlaw::NotPem(BEGIN))?;
        let bytes = Zeroizing::new(bytes);
        let document = match label {
            _ if encrypted::LABELS.contains(&label) => encrypted::open(&bytes, passphrase)?,
            "PRIVATE KEY" => bytes,
            "PUBLIC KEY" => return Err(KeyFlaw::Public),
            other => return Err(KeyFlaw::OtherKind(other.to_owned())),
        };
        ecdsa::SigningKey::from_pkcs8_der(&document)
            .map(SigningKey)
            .map_err(|_| KeyFlaw::OtherAlgorithm)
    }

    /// Whether a key in PEM is one that a passphrase is asked for. The passphrase may be empty all the same.
    pub fn needs_passphrase(text: &str) -> bool {
        pem::decode_label(text.trim().as_bytes())
            .is_ok_and(|label| encrypted::LABELS.contains(&label))
    }

    /// The key in PEM, encrypted with a passphrase as cosign does it. It may be empty, for keys that a machine
    /// uses; then the file is the secret.
    ///
    /// # Errors
    ///
    /// [`KeyFlaw::Random`].
    pub fn to_pem(&self, passphrase: &[u8]) -> Result<String, KeyFlaw> {
        let document = self.0.to_pkcs8_der().map_err(KeyFlaw::damaged)?;
        let bytes = encrypted::seal(document.as_bytes(), passphrase)?;
        pem::encode_string(encrypted::LABEL, pem::LineEnding::LF, &bytes).map_err(KeyFlaw::damaged)
    }

    /// The key of a file, as [`SigningKey::from_pem`] reads it.
    ///
    /// # Errors
    ///
    /// [`KeyError::Read`], [`KeyError::Flawed`].
    pub fn read(path: &Path, passphrase: &[u8]) -> Result<SigningKey, KeyError> {
        let text = read_text(path)?;
        SigningKey::from_pem(&text, passphrase).map_err(|flaw| flawed(path, flaw))
    }

    /// Writes the key to one new file, encrypted and for its owner only, and its public half to another. No
    /// file is written over; if one cannot be written, neither is.
    ///
    /// # Errors
    ///
    /// [`KeyError::Exists`], [`KeyError::Write`], [`KeyError::Flawed`].
    pub fn write_pair(
        &self,
        private: &Path,
        passphrase: &[u8],
        public: &Path,
    ) -> Result<(), KeyError> {
        let text = self
            .to_pem(passphrase)
            .map_err(|flaw| flawed(private, flaw))?;
        // The public half first: alone it is of no use to anybody, and no secret that would have to be wiped.
        self.public().write(public)?;
        write_new(private, text.as_bytes(), 0o600).inspect_err(|_| {
            let _ = fs::remove_file(public);
        })
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::new(*self.0.verifying_key())
    }

    /// Signs the SHA-256 digest of some bytes. In ASN.1, as cosign has it.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.0.sign(bytes);
        signature.as_bytes().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public().id())
    }
}

/// The text of a key's file.
pub(crate) fn read_text(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let bytes = file::read(path).map_err(|source| KeyError::Read {
        path: path.to_owned(),
        source,
    })?;
    match str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(flawed(path, KeyFlaw::NotPem(BEGIN))),
    }
}

pub(crate) fn flawed(path: &Path, flaw: KeyFlaw) -> KeyError {
    let path = path.to_owned();
    KeyError::Flawed { path, flaw }
}

/// Writes a key to a new file.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyError> {
    file::write_new(path, bytes, mode).map_err(|source| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists { path },
            _ => KeyError::Write { path, source },
        }
    })
}
