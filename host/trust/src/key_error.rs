//! Why a key cannot be used.

use std::io;
use std::path::PathBuf;

/// Why the key of a file cannot be used, or a new one not be kept there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read.
    #[error("the key {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// What is in it is no key that can be used.
    #[error("the key {path} cannot be used: {flaw}")]
    Flawed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        flaw: KeyFlaw,
    },
    /// There is a file already.
    #[error(
        "{path} is there already, and a key is never written over another: name another file, or move it away"
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("the key {path} cannot be written: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why some text is no key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFlaw {
    /// It is not PEM.
    #[error("it is not a key in PEM, which begins with a line such as `{0}`")]
    NotPem(&'static str),
    /// A public key was given where a private one is needed.
    #[error("it is a public key, and to sign takes the private one")]
    Public,
    /// A private key was given where a public one is needed.
    #[error("it is a private key: give the public one, which may be known to all")]
    Private,
    /// PEM of something else.
    #[error(
        "it is a `{0}`: what is needed is a key as `footlight keygen`, `cosign generate-key-pair` or \
         `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes it"
    )]
    OtherKind(String),
    /// A key of another algorithm.
    #[error(
        "it is no ECDSA key on the curve P-256, the only kind that is used: make one with `footlight keygen` or \
         `cosign generate-key-pair`"
    )]
    OtherAlgorithm,
    /// It does not open with this passphrase.
    #[error("it does not open with this passphrase")]
    Passphrase,
    /// It is damaged, or encrypted in a way that is not known.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
}

impl KeyFlaw {
    pub(crate) fn damaged(what: impl ToString) -> KeyFlaw {
        KeyFlaw::Damaged(what.to_string())
    }

    pub(crate) fn random(what: impl ToString) -> KeyFlaw {
        KeyFlaw::Random(what.to_string())
    }
}
