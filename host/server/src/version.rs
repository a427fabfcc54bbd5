//! What answers say of versions.

use std::collections::BTreeMap;

use footlight_pipeline as pipeline;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What exactly runs, or answered. Every digest is `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// One digest for the pipeline: its file, its components and its models, or the artifact that it came
    /// as. Who is enrolled in a gallery is no part of it.
    #[schema(example = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub pipeline: String,
    /// The component of each stage.
    pub stages: BTreeMap<String, String>,
    /// Each model. In the answer to a frame, the gallery is among them as the frame saw it.
    pub models: BTreeMap<String, String>,
}

impl From<pipeline::Version> for Version {
    fn from(version: pipeline::Version) -> Self {
        Self {
            pipeline: version.pipeline,
            stages: version.stages,
            models: version.models,
        }
    }
}
