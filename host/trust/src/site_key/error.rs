//! What can go wrong with the key of a site and what is sealed with it.

use std::io;
use std::path::PathBuf;

use super::PREFIX;

/// Why a site's key cannot be used, or a new one not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteKeyError {
    /// The file cannot be read.
    #[error("the site's key {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "the site's key {path} may be read by everybody, or written by others (mode {mode:04o}): `chmod 600` it, \
         and if somebody may have read it, make a new key"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The text is no key.
    #[error("this is no site's key, which is `{PREFIX}` and 72 digits of 0-9 and a-f: {0}")]
    NoKey(&'static str),
    /// What is in the file is no key.
    #[error("the site's key {path} cannot be used: {source}")]
    Flawed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<SiteKeyError>,
    },
    /// There is a file already.
    #[error(
        "{path} is there already, and a key is never written over another, as what was sealed with that could \
         not be opened any more: name another file"
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("the site's key {path} cannot be written: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
}

/// Why something cannot be sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
    /// There is too much of it.
    #[error("{0} bytes are too many to be sealed at once")]
    TooLarge(usize),
}

/// Why something does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It was never sealed with a site's key, or by a newer release.
    #[error("it was not sealed with a site's key, or by a release that is newer than this one")]
    NotSealed,
    /// Another key sealed it.
    #[error(
        "it was sealed with the key {found} of a site, and this site has {own}: get that key, or have it sealed anew with this one"
    )]
    OtherKey {
        /// Which key sealed it.
        found: String,
        /// Which key this is.
        own: String,
    },
    /// It is not what it is taken for.
    #[error(
        "it was sealed as something else than `{context}`: it belongs to another model or another artifact"
    )]
    OtherContext {
        /// What it was taken for.
        context: String,
    },
    /// A part of it is missing, or there is more.
    #[error("it has {found} bytes of {wanted}: fetch it again")]
    Length {
        /// How many it has.
        found: u64,
        /// How many there should be.
        wanted: u64,
    },
    /// It was changed.
    #[error("it was altered after it was sealed: fetch it again, from somebody you trust")]
    Altered,
}
