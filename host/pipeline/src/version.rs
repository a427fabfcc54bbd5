//! What exactly runs, by digest.

use crate::file::PipelineFile;
use crate::parts::OpenStage;
use footlight_nn::{Registry, Snapshot, sha256_hex};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a pipeline is made of. Every digest is written `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// One digest for all of it: two pipelines of one digest do the same.
    pub pipeline: String,
    /// The component of each stage.
    pub stages: BTreeMap<String, String>,
    /// Each model, by the name that the pipeline has for it.
    pub models: BTreeMap<String, String>,
}

impl Version {
    /// The version of a pipeline of this file, these components and these models. The gallery is not among
    /// them yet: who is enrolled is data, and changes with no other version of the pipeline.
    ///
    /// `pipeline` is the digest of the artifact that the pipeline came as.
    pub(crate) fn named(pipeline: String, stages: &[OpenStage], models: &Registry) -> Self {
        let component = |stage: &OpenStage| {
            let digest = &stage.stage.component().inspection().digest;
            (stage.name.clone(), sha256(digest))
        };
        Self {
            pipeline,
            stages: stages.iter().map(component).collect(),
            models: models_of(&models.snapshot()),
        }
    }

    /// The digest of a canonical text: a line for each part, sorted.
    pub(crate) fn digest(&self, file: &PipelineFile) -> String {
        let mut text = format!("footlight pipeline\nfile {}\n", sha256(&file.digest));
        for (kind, parts) in [("stage", &self.stages), ("model", &self.models)] {
            for (name, digest) in parts {
                // Writing to a string does not fail.
                let _ = writeln!(text, "{kind} {name:?} {digest}");
            }
        }
        sha256(&sha256_hex(text.as_bytes()))
    }

    /// The same, with the models of a snapshot: those that a frame saw, the gallery's among them.
    pub(crate) fn with_models(&self, models: &Snapshot) -> Self {
        let mut version = self.clone();
        version.models.extend(models_of(models));
        version
    }
}

fn models_of(models: &Snapshot) -> BTreeMap<String, String> {
    let digest =
        |model: &std::sync::Arc<footlight_nn::Model>| (model.name.clone(), sha256(&model.digest));
    models.iter().map(digest).collect()
}

pub(crate) fn sha256(hex: &str) -> String {
    format!("sha256:{hex}")
}
