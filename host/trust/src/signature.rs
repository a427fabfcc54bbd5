//! Signatures: making them, and finding out whose they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::claim::brief;
use crate::{InvalidDigest, KeyId, PublicKey, SigningKey, bundle, simple_signing};

/// A signature, as the layer of an artifact: cosign's is an artifact of its own beside the one that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The layer's media type: [`PAYLOAD_MEDIA_TYPE`](crate::PAYLOAD_MEDIA_TYPE) or
    /// [`BUNDLE_MEDIA_TYPE`](crate::BUNDLE_MEDIA_TYPE).
    pub media_type: String,
    /// The layer's bytes.
    pub payload: Vec<u8>,
    /// The layer's annotations; a bundle needs none.
    pub annotations: BTreeMap<String, String>,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// It names another artifact: it was copied from there.
    #[error("a signature is of another artifact ({digests})")]
    OtherArtifact {
        /// What it names.
        digests: String,
    },
    /// It names the key that made it, and that is none of the known ones.
    #[error("a signature is by the key {by}, which is not known")]
    UnknownKey {
        /// The key.
        by: String,
    },
    /// It was made with none of the known keys. Signatures that do not name their key tell no more.
    #[error("a signature is by a key that is not known, or was altered")]
    NoKnownKey,
    /// It names a known key, but that has not signed this.
    #[error("a signature said to be by the key {by} was altered")]
    Altered {
        /// The key.
        by: KeyId,
    },
    /// It is a statement of another kind, such as how the artifact was built.
    #[error("a signed statement is of another kind (`{0}`)")]
    OtherKind(String),
    /// It is damaged.
    #[error("a signature is damaged: {0}")]
    Broken(String),
}

/// Why an artifact is not signed by any of some keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unverified {
    /// What was asked for is no digest.
    #[error(transparent)]
    Digest(#[from] InvalidDigest),
    /// There is no signature at all.
    #[error("{0} has no signature: sign it with `footlight sign`, or with `cosign sign --key`")]
    Unsigned(String),
    /// There are signatures, but none counts.
    #[error("{digest} is not signed by a known key: {}", list(.flaws))]
    NotBy {
        /// The artifact.
        digest: String,
        /// What was found, each once.
        flaws: Vec<Flaw>,
    },
}

/// Signs the artifact with this digest, as `cosign sign --key` does. `repository` is written into what is
/// signed, for people to read: the name without tag or digest.
///
/// # Errors
///
/// [`InvalidDigest`].
pub fn sign(key: &SigningKey, repository: &str, digest: &str) -> Result<Signature, InvalidDigest> {
    simple_signing::sign(key, repository, digest)
}

/// The tag, in the artifact's own repository, of the artifact whose layers are its signatures as cosign 2 has
/// them. Bundles are referrers of the artifact instead.
///
/// # Errors
///
/// [`InvalidDigest`].
pub fn tag(digest: &str) -> Result<String, InvalidDigest> {
    crate::digest::parse(digest)?;
    Ok(format!("{}.sig", digest.replace(':', "-")))
}

/// Which of the keys have signed the artifact with this digest: one at least.
///
/// # Errors
///
/// [`Unverified`] says what there is instead.
pub fn verify(
    signatures: &[Signature],
    keys: &[&PublicKey],
    digest: &str,
) -> Result<BTreeSet<KeyId>, Unverified> {
    crate::digest::parse(digest)?;
    if signatures.is_empty() {
        return Err(Unverified::Unsigned(digest.to_owned()));
    }
    let (by, flaws) = sort(signatures, keys, digest);
    if by.is_empty() {
        let (digest, flaws) = (digest.to_owned(), flaws.into_iter().collect());
        return Err(Unverified::NotBy { digest, flaws });
    }
    Ok(by)
}

/// The keys that signed, and why the other signatures do not count.
pub(crate) fn sort(
    signatures: &[Signature],
    keys: &[&PublicKey],
    digest: &str,
) -> (BTreeSet<KeyId>, BTreeSet<Flaw>) {
    let (mut by, mut flaws) = (BTreeSet::new(), BTreeSet::new());
    for signature in signatures {
        match signature.verify(keys, digest) {
            Ok(key) => {
                by.insert(key);
            }
            Err(flaw) => {
                flaws.insert(flaw);
            }
        }
    }
    (by, flaws)
}

pub(crate) fn list<'a>(flaws: impl IntoIterator<Item = &'a Flaw>) -> String {
    let flaws: Vec<String> = flaws.into_iter().map(ToString::to_string).collect();
    flaws.join("; ")
}

impl Signature {
    /// Which of the keys has signed the artifact with this digest.
    ///
    /// # Errors
    ///
    /// [`Flaw`] says why it does not count. What an error names is what is written there, true or not.
    pub fn verify(&self, keys: &[&PublicKey], digest: &str) -> Result<KeyId, Flaw> {
        let claim = match self.media_type.as_str() {
            simple_signing::MEDIA_TYPE => simple_signing::claim(self)?,
            bundle::MEDIA_TYPE => bundle::claim(self)?,
            other => return Err(Flaw::OtherKind(brief(other))),
        };
        claim.check(keys, digest)
    }
}
