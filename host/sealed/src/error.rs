//! Why a cache cannot be opened.

use std::io;
use std::path::PathBuf;

/// Why a cache cannot be opened. A host runs without one as well, only slower to start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such folder, and it cannot be made.
    #[error(
        "the cache folder {folder} cannot be made: {source}: name one that this user may write to"
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The key cannot be read, or a new one not written.
    #[error("the cache's key {key} cannot be {doing}: {source}")]
    Key {
        /// The key's file.
        key: PathBuf,
        /// What was tried: `read`, `made`.
        doing: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is no key.
    #[error(
        "the cache's key {key} is damaged (it is no file of 32 bytes): remove it, and a new one is made; \
         entries of the old one are then dropped and made anew"
    )]
    DamagedKey {
        /// The key's file.
        key: PathBuf,
    },
    /// Others may read or write the key.
    #[error(
        "the cache's key {key} is open to other users (mode {mode:04o}), and whoever knows it can have this \
         host run code of theirs: remove it, and a new one is made; or, if nobody has read it, `chmod 600 {key}`"
    )]
    OpenKey {
        /// The key's file.
        key: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Another user owns the key.
    #[error(
        "the cache's key {key} belongs to another user (uid {owner}, this is {user}), who can have this host \
         run code of theirs: run the host as that user, or name another cache folder"
    )]
    ForeignKey {
        /// The key's file.
        key: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        user: u32,
    },
}
