//! What answers say of pipelines, stages and models.

use footlight_nn::TensorInfo;
use footlight_pipeline::{Place, StageInfo};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::attempt::Attempt;
use crate::entry::Entry;
use crate::version::Version;

/// Pipelines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pipelines {
    /// By name.
    pub pipelines: Vec<Pipeline>,
}

/// A pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pipeline {
    /// Its name, part of the address that frames are sent to.
    pub name: String,
    /// Whether every stage has run a probe item, so that frames are taken.
    pub ready: bool,
    /// Whether it keeps members.
    pub gallery: bool,
    /// Its stages, in the order in which they run.
    pub stages: Vec<String>,
    /// The lists in its answers.
    pub lists: Vec<String>,
    /// What exactly runs; the gallery, which changes with every enrolment, is not among these models.
    pub version: Version,
    /// Since when it runs, in seconds since 1970-01-01T00:00:00Z.
    pub since: u64,
    /// Where other versions come from: a path, a reference.
    #[schema(example = "guests/members.toml")]
    pub source: String,
    /// Whether the host looks for changes there by itself.
    pub watched: bool,
    /// The digest of the version that ran before, which a rollback goes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The last attempts to change the version, the newest first.
    pub attempts: Vec<Attempt>,
    /// Where its members are enrolled, if not on this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Follows>,
    /// Where its members are kept, if several hosts share them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "objects `members.footlight.dev` in the namespace `footlight`")]
    pub shared: Option<String>,
}

/// A gallery that is enrolled on another host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Follows {
    /// Where it comes from: a reference.
    #[schema(example = "registry.example/site/members:current")]
    pub source: String,
    /// The digest of the artifact that is in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// The last attempts to take a newer one, the newest first.
    pub attempts: Vec<Attempt>,
}

/// Stages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stages {
    /// By pipeline, and then in the order in which they run.
    pub stages: Vec<Stage>,
}

/// A stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// The pipeline.
    pub pipeline: String,
    /// Its name there.
    pub name: String,
    /// The component's file, without its folder.
    #[schema(example = "face-detection.wasm")]
    pub component: String,
    /// The SHA-256 of the component, in hex.
    pub digest: String,
    /// The component's size.
    pub bytes: u64,
    /// All that it imports, which is all that it can reach.
    pub imports: Vec<Import>,
    /// The class of the items that it works on.
    pub input: String,
    /// The classes of the items that it may yield.
    pub yields: Vec<String>,
    /// What it may use for an item.
    pub limits: Limits,
}

/// An import of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Import {
    /// The interface, with its version.
    #[schema(example = "wasi:nn/graph@0.2.0-rc-2024-10-28")]
    pub name: String,
    /// What it may do with it, in words.
    pub meaning: String,
}

/// What a stage may use for one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// Memory of its own, in bytes.
    pub guest_memory: u64,
    /// Images and tensors that it holds in the host, in bytes.
    pub host_memory: u64,
    /// Wall time, in milliseconds.
    pub milliseconds: u64,
    /// Items that it may yield.
    pub items: u32,
    /// Bytes of one item that it yields.
    pub item_bytes: u64,
}

/// Models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Models {
    /// By pipeline and name.
    pub models: Vec<Model>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Model {
    /// The pipeline that it is loaded for.
    pub pipeline: String,
    /// Its name there.
    pub name: String,
    /// The SHA-256 of the model's file, in hex: its version.
    pub digest: String,
    /// The inference library that runs it.
    #[schema(example = "openvino")]
    pub library: String,
    /// The device that it runs on, by the library's own name.
    #[schema(example = "cpu")]
    pub device: String,
    /// The device that the pipeline file asks for.
    #[schema(example = "auto")]
    pub asked: String,
    /// Where it runs on a fallback: the devices asked for before it, which cannot be had. The host's log
    /// says why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["cuda:0"]))]
    pub fallback_from: Vec<String>,
    /// The licence that its publisher declares; none for a model that the host made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What it does; none for a model that the host made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What it takes.
    pub inputs: Vec<Tensor>,
    /// What it gives.
    pub outputs: Vec<Tensor>,
    /// How many rows of its output have a label. In a gallery, that is the number of members.
    pub labels: u64,
}

/// A tensor that a model takes or gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Tensor {
    /// The model's own name for it.
    pub name: String,
    /// The type of its elements.
    #[serde(rename = "type")]
    #[schema(example = "f32")]
    pub element: String,
    /// The size of each dimension, outermost first; null where it varies.
    pub shape: Vec<Option<u32>>,
}

impl Pipeline {
    pub(crate) fn of(entry: &Entry) -> Self {
        let running = entry.running();
        let pipeline = &running.pipeline;
        Self {
            name: entry.name.clone(),
            ready: running.readiness.lacking().is_none(),
            gallery: pipeline.file().gallery.is_some(),
            stages: pipeline
                .stages()
                .into_iter()
                .map(|stage| stage.name)
                .collect(),
            lists: pipeline.file().answer.keys().cloned().collect(),
            version: pipeline.version().clone().into(),
            since: running.since,
            source: entry.source().describe(),
            watched: entry.watched,
            previous: entry
                .previous()
                .map(|previous| previous.version().pipeline.clone()),
            attempts: entry.history.attempts(),
            follows: Follows::of(entry),
            shared: entry.deployment.shared_in(),
        }
    }
}

impl Follows {
    fn of(entry: &Entry) -> Option<Self> {
        let following = entry.deployment.following()?;
        Some(Self {
            source: following.reference.to_string(),
            artifact: following.artifact.map(|digest| digest.to_string()),
            attempts: entry.galleries.attempts(),
        })
    }
}

impl Stage {
    pub(crate) fn of(pipeline: &str, stage: StageInfo) -> Self {
        // A path is this machine's own affair, its last part is not.
        let component = match &stage.component {
            Place::File(path) => path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
                .into_owned(),
            Place::Artifact(reference) => reference.to_string(),
        };
        let imports = stage.inspection.imports.into_iter().map(|import| Import {
            name: import.name,
            meaning: import.meaning.to_owned(),
        });
        let limits = stage.limits;
        Self {
            pipeline: pipeline.to_owned(),
            name: stage.name,
            component,
            digest: stage.inspection.digest,
            bytes: stage.inspection.bytes,
            imports: imports.collect(),
            input: stage.input,
            yields: stage.yields,
            limits: Limits {
                guest_memory: limits.guest_memory,
                host_memory: limits.host_memory,
                milliseconds: u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX),
                items: limits.items,
                item_bytes: limits.item_bytes,
            },
        }
    }
}

impl Model {
    pub(crate) fn of(pipeline: &str, model: &footlight_nn::Model) -> Self {
        let card = model.card.as_deref();
        let placement = &model.placement;
        let passed = placement.passed_over.iter();
        Self {
            pipeline: pipeline.to_owned(),
            name: model.name.clone(),
            digest: model.digest.clone(),
            library: placement.library.to_string(),
            device: placement.device.clone(),
            asked: placement.asked.to_string(),
            fallback_from: passed.map(|passed| passed.device.to_string()).collect(),
            licence: card.map(|card| card.licence.clone()),
            summary: card.map(|card| card.summary.clone()),
            inputs: model.graph.inputs().iter().map(Tensor::of).collect(),
            outputs: model.graph.outputs().iter().map(Tensor::of).collect(),
            labels: model.labels.len() as u64,
        }
    }
}

impl Tensor {
    fn of(info: &TensorInfo) -> Self {
        Self {
            name: info.name.clone(),
            element: info.element.to_string(),
            shape: info.shape.clone(),
        }
    }
}
