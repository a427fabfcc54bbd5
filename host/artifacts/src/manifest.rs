//! Manifests and indexes, as OCI's image specification has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kind::{Kind, media_type};
use crate::{Digest, Error};

/// Says what some content is without having it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// What else is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Of a manifest: the kind of its artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

impl Descriptor {
    /// Describes these bytes.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            annotations: BTreeMap::new(),
            artifact_type: None,
        }
    }
}

/// The manifest of one artifact: its config and its layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactManifest {
    /// 2, always.
    pub schema_version: u32,
    /// [`media_type::MANIFEST`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What the artifact is; where there is none, the config's media type says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What describes the content.
    pub config: Descriptor,
    /// The content.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one says something about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// What else is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A manifest of manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// 2, always.
    pub schema_version: u32,
    /// [`media_type::INDEX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What the whole is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The manifests.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// What else is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// An index of these.
    pub(crate) fn of(manifests: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(media_type::INDEX.to_owned()),
            artifact_type: None,
            manifests,
            annotations: BTreeMap::new(),
        }
    }

    /// As it is written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        // Strings and numbers: there is nothing in it that JSON has not.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// What a digest or a tag leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// One artifact.
    Artifact(Box<ArtifactManifest>),
    /// Several.
    Index(Index),
}

/// What tells the two apart: an index has `manifests`, an artifact a `config`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    #[serde(default)]
    media_type: Option<String>,
    manifests: Option<serde::de::IgnoredAny>,
    config: Option<serde::de::IgnoredAny>,
}

impl Manifest {
    /// Reads one.
    pub(crate) fn parse(place: &str, bytes: &[u8]) -> Result<Self, Error> {
        let fails = |detail: String| Error::Manifest {
            place: place.to_owned(),
            digest: Digest::of(bytes),
            detail,
        };
        let json =
            |error: serde_json::Error| fails(format!("it is no manifest of OCI's ({error})"));
        let shape: Shape = serde_json::from_slice(bytes).map_err(json)?;
        let manifest = match (&shape.manifests, &shape.config) {
            (Some(_), None) => Self::Index(serde_json::from_slice(bytes).map_err(json)?),
            (None, Some(_)) => Self::Artifact(serde_json::from_slice(bytes).map_err(json)?),
            // Read as the one here and as the other elsewhere, it would be two things under one digest.
            (Some(_), Some(_)) => {
                return Err(fails("it is a manifest and an index at once".into()));
            }
            (None, None) => return Err(fails("it has neither a config nor manifests".into())),
        };
        if let Some(claimed) = shape.media_type
            && claimed != manifest.media_type()
            && !claimed.starts_with("application/vnd.docker.distribution.manifest.")
        {
            return Err(fails(format!("its media type is `{claimed}`")));
        }
        Ok(manifest)
    }

    /// What it is put somewhere with: what it says itself, else what it is.
    pub(crate) fn content_type(&self) -> &str {
        let said = match self {
            Self::Artifact(manifest) => &manifest.media_type,
            Self::Index(index) => &index.media_type,
        };
        said.as_deref().unwrap_or(self.media_type())
    }

    /// The media type of what it is.
    pub fn media_type(&self) -> &'static str {
        match self {
            Self::Artifact(_) => media_type::MANIFEST,
            Self::Index(_) => media_type::INDEX,
        }
    }

    /// The type of the artifact: what the manifest says, else its config's.
    pub fn artifact_type(&self) -> Option<&str> {
        match self {
            Self::Artifact(manifest) => Some(
                manifest
                    .artifact_type
                    .as_deref()
                    .unwrap_or(&manifest.config.media_type),
            ),
            Self::Index(index) => index.artifact_type.as_deref(),
        }
    }

    /// What the artifact is, where it is one of ours.
    pub fn kind(&self) -> Option<Kind> {
        self.artifact_type().and_then(Kind::of)
    }

    /// What is said of the artifact.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Artifact(manifest) => &manifest.annotations,
            Self::Index(index) => &index.annotations,
        }
    }

    /// All that it names: config and layers, or manifests.
    pub fn names(&self) -> impl Iterator<Item = &Descriptor> {
        let (config, rest) = match self {
            Self::Artifact(manifest) => (Some(&manifest.config), &manifest.layers),
            Self::Index(index) => (None, &index.manifests),
        };
        config.into_iter().chain(rest)
    }

    /// In words: what was found where something else was expected.
    pub(crate) fn described(&self) -> String {
        match (self.kind(), self) {
            (Some(kind), _) => kind.to_string(),
            (None, Self::Index(_)) => match self.artifact_type() {
                Some(other) => format!("an index of the type `{other}`"),
                None => "an index of container images".to_owned(),
            },
            (None, Self::Artifact(_)) => match self.artifact_type() {
                Some(
                    media_type::IMAGE_CONFIG | "application/vnd.docker.container.image.v1+json",
                ) => "a container image".to_owned(),
                other => format!("an artifact of the type `{}`", other.unwrap_or_default()),
            },
        }
    }

    /// The artifact's manifest, if it is of this kind.
    pub(crate) fn expect_artifact(
        self,
        place: &str,
        expected: Kind,
    ) -> Result<ArtifactManifest, Error> {
        let kind = self.kind();
        match self {
            Self::Artifact(manifest) if kind == Some(expected) => Ok(*manifest),
            other => Err(other.unexpected(place, expected)),
        }
    }

    /// The index, if it is a pipeline.
    pub(crate) fn expect_pipeline(self, place: &str) -> Result<Index, Error> {
        match self {
            Self::Index(index) if index.artifact_type.as_deref() == Some(media_type::PIPELINE) => {
                Ok(index)
            }
            other => Err(other.unexpected(place, Kind::Pipeline)),
        }
    }

    fn unexpected(&self, place: &str, expected: Kind) -> Error {
        Error::WrongKind {
            place: place.to_owned(),
            found: self.described(),
            expected,
        }
    }
}
