//! Why an image could not be made.

use std::io;
use std::path::{Path, PathBuf};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an image could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something in the file system.
    #[error("cannot {doing} {file}")]
    File {
        /// What was done.
        doing: &'static str,
        /// With which file.
        file: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("cannot run {program}: {advice}")]
    Start {
        /// The program.
        program: &'static str,
        /// What to do about it.
        advice: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// A program failed.
    #[error("{program} failed: {words}")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it said.
        words: String,
    },
    /// The host's program does not run on the image's libraries.
    #[error(
        "the host's program does not run on the image's libraries, which are Debian 12's: {words}; a program that was \
         built on a newer system wants newer ones: build it on Debian 12 (bookworm) or older"
    )]
    DoesNotRun {
        /// What the loader said.
        words: String,
    },
    /// A document could not be written as JSON.
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
}

/// Says what was done to a file that failed: `.to("write", path)`.
pub(crate) trait Doing<T> {
    fn to(self, doing: &'static str, file: &Path) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn to(self, doing: &'static str, file: &Path) -> Result<T> {
        self.map_err(|source| Error::File {
            doing,
            file: file.to_path_buf(),
            source,
        })
    }
}
