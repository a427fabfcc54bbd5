//! The artifacts that are pushed, of each kind.

use std::collections::BTreeMap;

use serde_json::json;

use crate::artifact::{Artifact, Blob};
use crate::component::Interface;
use crate::kind::{Kind, media_type};
use crate::{Digest, Error};

/// When what is made at no time was made: a config must say when, and the same stage must have the same digest.
const NO_TIME: &str = "1970-01-01T00:00:00Z";
/// The annotation for when it was made.
const CREATED: &str = "org.opencontainers.image.created";

/// The annotation for its name.
const TITLE: &str = "org.opencontainers.image.title";

/// What is said of an artifact, as `org.opencontainers.image.version`.
pub type Annotations = BTreeMap<String, String>;

impl Artifact {
    /// A stage, laid out as the CNCF's Wasm working group has it, so that other tools and hosts take it as well. With a
    /// title (`org.opencontainers.image.title`), its layer is the file `TITLE.wasm` to them.
    pub fn stage(component: Vec<u8>, annotations: Annotations) -> Result<Self, Error> {
        let Interface { imports, exports } = Interface::of(&component)?;
        let created = annotations.get(CREATED).map_or(NO_TIME, String::as_str);
        let config = json!({
            "created": created,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [Digest::of(&component)],
            "component": {"exports": exports, "imports": imports},
        });
        Ok(Self {
            artifact_type: None,
            config: Blob::new(media_type::WASM_CONFIG, config.to_string()),
            layers: vec![file(media_type::WASM, component, &annotations, "wasm")],
            annotations,
            subject: None,
        })
    }

    /// A model, with its card in TOML.
    pub fn model(card: &str, onnx: Vec<u8>, annotations: Annotations) -> Self {
        Self {
            artifact_type: Some(Kind::Model.artifact_type().to_owned()),
            config: Blob::new(media_type::MODEL_CARD, card),
            layers: vec![file(media_type::MODEL_ONNX, onnx, &annotations, "onnx")],
            annotations,
            subject: None,
        }
    }

    /// A gallery that was encrypted, with what is known of it in JSON.
    pub fn gallery(config: &str, sealed: Vec<u8>, annotations: Annotations) -> Self {
        Self {
            artifact_type: Some(Kind::Gallery.artifact_type().to_owned()),
            config: Blob::new(media_type::GALLERY_CONFIG, config),
            layers: vec![Blob::new(media_type::GALLERY_BLOB, sealed)],
            annotations,
            subject: None,
        }
    }

    /// The file of a pipeline.
    pub(crate) fn pipeline_file(toml: &str) -> Self {
        let mut layer = Blob::new(media_type::PIPELINE_TOML, toml);
        let name = "pipeline.toml".to_owned();
        layer.annotations.insert(TITLE.to_owned(), name);
        Self {
            artifact_type: Some(Kind::PipelineFile.artifact_type().to_owned()),
            config: Blob::empty(),
            layers: vec![layer],
            annotations: BTreeMap::new(),
            subject: None,
        }
    }
}

/// A layer that other tools write to a file, if the artifact has a title to name it after.
fn file(media_type: &str, bytes: Vec<u8>, annotations: &Annotations, extension: &str) -> Blob {
    let mut layer = Blob::new(media_type, bytes);
    if let Some(title) = annotations.get(TITLE) {
        let name = format!("{title}.{extension}");
        layer.annotations.insert(TITLE.to_owned(), name);
    }
    layer
}
