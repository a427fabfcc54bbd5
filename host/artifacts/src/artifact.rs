//! One artifact as it is made here: what the four kinds are built of.

use std::collections::BTreeMap;

use crate::kind::media_type;
use crate::manifest::ArtifactManifest;
use crate::{Descriptor, Digest};

/// Some bytes with their media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// What they are.
    pub media_type: String,
    /// They.
    pub bytes: Vec<u8>,
    /// What else is said of them.
    pub annotations: BTreeMap<String, String>,
}

impl Blob {
    /// Some bytes.
    pub fn new(media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            media_type: media_type.to_owned(),
            bytes: bytes.into(),
            annotations: BTreeMap::new(),
        }
    }

    /// The config of an artifact that needs none.
    pub fn empty() -> Self {
        Self::new(media_type::EMPTY, *b"{}")
    }

    fn descriptor(&self) -> Descriptor {
        Descriptor {
            annotations: self.annotations.clone(),
            ..Descriptor::of(&self.media_type, &self.bytes)
        }
    }
}

/// An artifact that can be pushed. The same artifact has the same digest, whoever makes it and whenever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// What it is; none where its config's media type says that.
    pub artifact_type: Option<String>,
    /// What describes it.
    pub config: Blob,
    /// Its content.
    pub layers: Vec<Blob>,
    /// What else is said of it, as `org.opencontainers.image.version`.
    pub annotations: BTreeMap<String, String>,
    /// The manifest that it says something about.
    pub subject: Option<Descriptor>,
}

impl Artifact {
    /// Its manifest's bytes.
    pub fn manifest(&self) -> Vec<u8> {
        let manifest = ArtifactManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.to_owned()),
            artifact_type: self.artifact_type.clone(),
            config: self.config.descriptor(),
            layers: self.layers.iter().map(Blob::descriptor).collect(),
            subject: self.subject.clone(),
            annotations: self.annotations.clone(),
        };
        // Strings and numbers: there is nothing in it that JSON has not.
        serde_json::to_vec(&manifest).unwrap_or_default()
    }

    /// Its digest: its manifest's.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest())
    }

    /// Config and layers, each once.
    pub(crate) fn into_blobs(self) -> impl Iterator<Item = (Descriptor, Vec<u8>)> {
        let mut seen = std::collections::HashSet::new();
        std::iter::once(self.config)
            .chain(self.layers)
            .map(|blob| (blob.descriptor(), blob.bytes))
            .filter(move |(descriptor, _)| seen.insert(descriptor.digest))
    }
}
