//! Where the parts of a pipeline are: in files, or in artifacts.

use footlight_artifacts::Reference;
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a part of a pipeline is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, whose path starts at the pipeline file's folder.
    File(PathBuf),
    /// An artifact, on a registry or in an OCI layout.
    Artifact(Reference),
}

impl Place {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::File(path) => Some(path),
            Self::Artifact(_) => None,
        }
    }

    /// The artifact, where it is one.
    pub fn artifact(&self) -> Option<&Reference> {
        match self {
            Self::File(_) => None,
            Self::Artifact(reference) => Some(reference),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Artifact(reference) => reference.fmt(f),
        }
    }
}

/// Text that looks like a reference is one, and an error where it is not well-formed; all else is a path. What a
/// published pipeline file has beside it (see [`settle`](crate::settle)) is none before it is known where that is.
impl FromStr for Place {
    type Err = footlight_artifacts::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Reference::recognise(text) {
            None => Ok(Self::File(text.into())),
            Some(reference) => reference.map(Self::Artifact),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text.starts_with("@sha256:") {
            return Err(de::Error::custom(format!(
                "`{text}` is a part beside a published pipeline, and this is a file: write REGISTRY/REPOSITORY before \
                 it; `footlight pipeline inspect REFERENCE --file` does"
            )));
        }
        text.parse().map_err(de::Error::custom)
    }
}
