//! What artifacts there are, and the media types that tell them apart.

use std::fmt;

/// The media types of OCI images and of what we put into them.
pub mod media_type {
    /// An OCI manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An OCI index.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// The config of an artifact that needs none.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// The config of a WebAssembly artifact.
    pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
    /// A component.
    pub const WASM: &str = "application/wasm";
    /// A model artifact.
    pub const MODEL: &str = "application/vnd.footlight.model.v1";
    /// A model's card, in TOML.
    pub const MODEL_CARD: &str = "application/vnd.footlight.model.card.v1+toml";
    /// A model, in ONNX.
    pub const MODEL_ONNX: &str = "application/vnd.footlight.model.onnx.v1";
    /// A gallery artifact.
    pub const GALLERY: &str = "application/vnd.footlight.gallery.v1";
    /// What is known of a gallery, in JSON.
    pub const GALLERY_CONFIG: &str = "application/vnd.footlight.gallery.config.v1+json";
    /// A gallery, encrypted.
    pub const GALLERY_BLOB: &str = "application/vnd.footlight.gallery.encrypted.v1";
    /// A pipeline: an index.
    pub const PIPELINE: &str = "application/vnd.footlight.pipeline.v1";
    /// The artifact of a pipeline's file, and the file.
    pub const PIPELINE_FILE: &str = "application/vnd.footlight.pipeline.file.v1";
    /// A pipeline's file, in TOML.
    pub const PIPELINE_TOML: &str = "application/vnd.footlight.pipeline.file.v1+toml";
    /// The config of an image, which cosign gives its signatures.
    pub const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// What cosign signs.
    pub const SIGNATURE_PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
    /// A bundle of sigstore's, and the type of the artifact that has one, as cosign writes them since version 3.
    pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
}

/// What an artifact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A WebAssembly component.
    Stage,
    /// A model with its card.
    Model,
    /// An encrypted gallery.
    Gallery,
    /// A pipeline with all its parts.
    Pipeline,
    /// The file of a pipeline, as a part of it.
    PipelineFile,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Stage,
        Self::Model,
        Self::Gallery,
        Self::Pipeline,
        Self::PipelineFile,
    ];

    /// The artifact type. A stage's manifest has none of its own, as others write none: its config's type stands for
    /// it, as OCI's specification has it.
    pub fn artifact_type(self) -> &'static str {
        match self {
            Self::Stage => media_type::WASM_CONFIG,
            Self::Model => media_type::MODEL,
            Self::Gallery => media_type::GALLERY,
            Self::Pipeline => media_type::PIPELINE,
            Self::PipelineFile => media_type::PIPELINE_FILE,
        }
    }

    /// The kind with this artifact type.
    pub fn of(artifact_type: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.artifact_type() == artifact_type)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stage => "a stage",
            Self::Model => "a model",
            Self::Gallery => "a gallery",
            Self::Pipeline => "a pipeline",
            Self::PipelineFile => "a pipeline's file",
        })
    }
}
