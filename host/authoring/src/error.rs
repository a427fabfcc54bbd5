//! Why a stage could not be made.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::{fmt, io};

use crate::process::{in_words, last_lines};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a stage could not be made, in the author's words. What a variant does not say its source does.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something in the file system: what was done, and with which file.
    #[error("cannot {0}")]
    File(String, #[source] io::Error),
    /// A program could not be started.
    #[error("cannot run `{0}`")]
    Start(String, #[source] io::Error),
    /// A program failed.
    #[error("`{command}` failed ({status}):\n{words}")]
    Failed {
        /// The program, as one would type it.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of what it wrote.
        words: String,
    },
    /// Anything else: what is wrong and what would be right.
    #[error("{0}")]
    Refused(String),
    /// What was tried when the source came up.
    #[error("{0}")]
    While(String, #[source] Box<Error>),
}

impl Error {
    /// What is wrong and what would be right.
    pub(crate) fn refused(words: impl Into<String>) -> Error {
        Error::Refused(words.into())
    }

    pub(crate) fn failed(command: &Command, status: ExitStatus, output: &[u8]) -> Error {
        Error::Failed {
            command: in_words(command),
            status,
            words: last_lines(&String::from_utf8_lossy(output)),
        }
    }

    /// With what was tried.
    pub(crate) fn during(self, doing: impl fmt::Display) -> Error {
        Error::While(doing.to_string(), Box::new(self))
    }

    /// The error and all that is behind it, in one text.
    pub(crate) fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(source) = next {
            text.push_str(&format!(": {source}"));
            next = source.source();
        }
        text
    }
}

/// Says what was done to a file that failed: `.to("write", path)`.
pub(crate) trait Doing<T> {
    fn to(self, doing: &str, path: &Path) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn to(self, doing: &str, path: &Path) -> Result<T> {
        self.map_err(|error| Error::File(format!("{doing} {}", path.display()), error))
    }
}
