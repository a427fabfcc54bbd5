//! What a host remembers of members, for when it starts and the API server is away.
//!
//! The file has what the objects have: it is encrypted, and of no use to whoever has no key of the site.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// The file in a host's cache folder.
const FILE: &str = "members.json";

/// A member as an object has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The object's name.
    pub(crate) name: String,
    pub(crate) pipeline: String,
    pub(crate) about: String,
    /// In base64.
    pub(crate) sealed: String,
}

/// Where they are remembered.
#[derive(Debug)]
pub(crate) struct MemberFile(PathBuf);

impl MemberFile {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.join(FILE))
    }

    /// What is remembered; nothing where there is no file, or none that can be read, which is said.
    pub(crate) fn read(&self) -> Vec<Line> {
        let bytes = match fs::read(&self.0) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => return self.unread(&error),
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| self.unread(&error))
    }

    /// Remembers these and no others. Whoever is killed in the middle leaves what was there before.
    pub(crate) fn write(&self, lines: &[Line]) -> io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut new = NamedTempFile::new_in(folder)?;
        new.write_all(&serde_json::to_vec(lines)?)?;
        new.as_file().sync_all()?;
        new.persist(&self.0)?;
        Ok(())
    }

    /// Where it is, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    fn unread(&self, error: &dyn std::fmt::Display) -> Vec<Line> {
        let file = self.0.display();
        tracing::warn!(%file, %error, "the members that were last known cannot be read");
        Vec::new()
    }
}
