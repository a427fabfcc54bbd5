//! What can go wrong with artifacts.

use std::path::PathBuf;
use std::time::Duration;

use crate::{Digest, Kind};

/// What can go wrong with artifacts. `place` is always a repository, `REGISTRY/REPOSITORY` or `oci:PATH`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is no reference.
    #[error("`{text}` is not a reference to an artifact: {detail}")]
    Reference {
        /// The text.
        text: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A text is no digest.
    #[error("`{text}` is not a digest: `sha256:` and 64 lower-case hexadecimal digits")]
    Digest {
        /// The text.
        text: String,
    },
    /// The registry cannot be spoken to, or fell silent.
    #[error(
        "the registry of {place} cannot be reached ({detail}): check its name, the network and that it runs"
    )]
    Unreachable {
        /// The repository.
        place: String,
        /// What happened.
        detail: String,
    },
    /// The registry says that it cannot answer now.
    #[error(
        "the registry of {place} cannot answer now (HTTP {status}{detail}): try again later, or ask who runs it"
    )]
    Unavailable {
        /// The repository.
        place: String,
        /// How long it asks to wait.
        after: Option<Duration>,
        /// The HTTP status.
        status: u16,
        /// What the registry adds.
        detail: String,
    },
    /// The registry had enough of requests.
    #[error(
        "the registry of {place} had too many requests (HTTP 429{}): try again later{}",
        after.map(|wait| format!("; it asks to wait {} s", wait.as_secs())).unwrap_or_default(),
        if *anonymous { ", or run `docker login` for it, as it may allow more to who is known" } else { "" }
    )]
    TooMany {
        /// The repository.
        place: String,
        /// How long it asks to wait.
        after: Option<Duration>,
        /// Whether it was asked without credentials.
        anonymous: bool,
    },
    /// The registry wants credentials, or others.
    #[error(
        "the registry refuses access to {place} (HTTP 401), asked {used}: run `docker login {host}` with an account \
         that may do this"
    )]
    Unauthorized {
        /// The repository.
        place: String,
        /// The registry.
        host: String,
        /// Which credentials it was asked with.
        used: String,
    },
    /// The registry does not let this account do this.
    #[error(
        "the registry forbids this for {place} (HTTP 403{detail}), asked {used}: ask who runs it for the right to"
    )]
    Forbidden {
        /// The repository.
        place: String,
        /// Which credentials it was asked with.
        used: String,
        /// What the registry adds.
        detail: String,
    },
    /// There is no such thing.
    #[error("{place} has no {what}: check the repository's name and its tags, or push it there")]
    NotFound {
        /// The repository.
        place: String,
        /// What was asked for.
        what: String,
    },
    /// The registry's answer is none that its protocol has.
    #[error("the registry of {place} answers what no registry should: {detail}")]
    BadAnswer {
        /// The repository.
        place: String,
        /// What is wrong.
        detail: String,
    },
    /// The content is not what was asked for.
    #[error(
        "{place} gave content with the digest {found} for {wanted}: it was damaged or exchanged, and was not used"
    )]
    WrongDigest {
        /// The repository.
        place: String,
        /// The digest that was asked for.
        wanted: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// More is announced than may be fetched.
    #[error(
        "the {what} {digest} of {place} has {size} bytes, and at most {limit} are taken: nothing of it was fetched"
    )]
    TooLarge {
        /// The repository.
        place: String,
        /// What it is.
        what: &'static str,
        /// Its digest.
        digest: Digest,
        /// Its size as its descriptor has it.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// More came than was announced.
    #[error(
        "{place} sends more than the {size} bytes that {what} has: it was cut off and not used"
    )]
    TooLong {
        /// The repository.
        place: String,
        /// What it was to be.
        what: String,
        /// How many bytes it was to have.
        size: u64,
    },
    /// An artifact of another kind.
    #[error("{place} is {found}; {expected} was expected")]
    WrongKind {
        /// The artifact.
        place: String,
        /// What it is.
        found: String,
        /// What was wanted.
        expected: Kind,
    },
    /// A manifest that cannot be used.
    #[error("the manifest {digest} of {place} cannot be used: {detail}")]
    Manifest {
        /// The repository.
        place: String,
        /// The manifest.
        digest: Digest,
        /// What is wrong with it.
        detail: String,
    },
    /// What should be pushed, or was pulled, is not what it should be.
    #[error("{what} cannot be used: {detail}")]
    Content {
        /// What it is.
        what: String,
        /// What is wrong.
        detail: String,
    },
    /// The trust policy does not let this run.
    #[error("{place}@{digest} is not trusted: {reason}")]
    Untrusted {
        /// The repository.
        place: String,
        /// The artifact.
        digest: Digest,
        /// The policy's words.
        reason: String,
    },
    /// The trust policy lets nothing run that is from there.
    #[error("{place} is not trusted: {reason}")]
    NeverTrusted {
        /// The repository.
        place: String,
        /// The policy's words.
        reason: String,
    },
    /// A blob in the store was damaged, and there is no other to be had.
    #[error("the blob {digest} in the store {} is damaged and could not be fetched anew: {cause}", folder.display())]
    Damaged {
        /// The store.
        folder: PathBuf,
        /// The blob.
        digest: Digest,
        /// Why there is no other.
        cause: String,
    },
    /// The store's folder cannot be used.
    #[error("{} cannot be {doing} ({detail}){advice}", path.display())]
    Disk {
        /// The folder or file.
        path: PathBuf,
        /// What failed.
        doing: &'static str,
        /// What the system says.
        detail: String,
        /// What to do.
        advice: String,
    },
    /// An OCI layout that is none.
    #[error("{} is not an OCI image layout: {detail}", path.display())]
    Layout {
        /// The folder or tar.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A blob of a layout that is not all there.
    #[error(
        "the blob {digest} of the layout {} is cut short ({detail}): copy the layout here once more",
        path.display()
    )]
    CutShort {
        /// The folder or tar.
        path: PathBuf,
        /// The blob.
        digest: Digest,
        /// How much of it there is.
        detail: String,
    },
    /// A certificate that cannot be used.
    #[error("the certificates for registries cannot be used: {detail}")]
    Certificates {
        /// What is wrong.
        detail: String,
    },
    /// Docker's configuration or a credential helper does not work.
    #[error("the credentials for {host} cannot be read: {detail}")]
    Credentials {
        /// The registry.
        host: String,
        /// What is wrong.
        detail: String,
    },
}

impl Error {
    /// Whether the same may succeed a moment later.
    pub(crate) fn passes(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Unavailable { .. } | Self::TooMany { .. }
        )
    }

    /// Whether the same may succeed at another time, with the artifact as it is: the registry answers again, what is
    /// missing is pushed, a signature added, space made. What is wrong with the artifact itself stays wrong.
    pub fn may_pass(&self) -> bool {
        !matches!(
            self,
            Self::Reference { .. }
                | Self::Digest { .. }
                | Self::TooLarge { .. }
                | Self::WrongKind { .. }
                | Self::Manifest { .. }
                | Self::Content { .. }
                | Self::NeverTrusted { .. }
        )
    }

    /// What the file system said about a file, with what to do.
    pub(crate) fn disk(
        path: impl Into<PathBuf>,
        doing: &'static str,
        error: &std::io::Error,
    ) -> Self {
        use std::io::ErrorKind;
        let advice = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                ": free some space there, drop from the store what is not used any more, or use a store on another disk"
            }
            ErrorKind::ReadOnlyFilesystem => {
                ": the disk can only be read, so what is not in the store already cannot be fetched; use a store on a \
                 disk that can be written"
            }
            ErrorKind::PermissionDenied => {
                ": let this user read and write there, or use another folder as the store"
            }
            _ => "",
        };
        Self::Disk {
            path: path.into(),
            doing,
            detail: error.to_string(),
            advice: advice.to_owned(),
        }
    }
}
