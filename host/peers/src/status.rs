//! What a host says of itself to another.

use serde::{Deserialize, Serialize};

/// What a host runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The node that it is on, by name; empty where nobody has said.
    pub node: String,
    /// How much it has to do: what is worked on and what waits.
    pub load: u64,
    /// Whether it takes no new work, as it is about to end.
    pub stopping: bool,
    /// The versions of pipelines that it has ready.
    pub runs: Vec<Runs>,
}

/// A version of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// The pipeline.
    pub pipeline: String,
    /// The version, as a digest.
    pub version: String,
    /// The stages that it runs of it.
    pub stages: Vec<String>,
}

impl Status {
    /// Whether it runs a stage of a version.
    pub fn runs(&self, pipeline: &str, version: &str, stage: &str) -> bool {
        self.runs.iter().any(|runs| {
            runs.pipeline == pipeline
                && runs.version == version
                && runs.stages.iter().any(|name| name == stage)
        })
    }
}
