//! What all handlers share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Bytes;
use footlight_pipeline::Pipeline;

use crate::answer::FrameAnswer;
use crate::frame_id::FrameIds;
use crate::intake::Intake;
use crate::kind::Kind;
use crate::metrics::{Holdings, Metrics};
use crate::openapi;
use crate::problem::Problem;
use crate::readiness::Readiness;
use crate::workers::Workers;
use crate::{Error, Options};

/// What all handlers share.
pub(crate) struct Host {
    pipelines: BTreeMap<String, Arc<Entry>>,
    pub(crate) options: Options,
    pub(crate) workers: Workers,
    pub(crate) intake: Intake,
    pub(crate) metrics: Metrics,
    pub(crate) ids: FrameIds,
    /// The description of the API, as JSON.
    pub(crate) description: Bytes,
}

/// A pipeline, and what the server knows of it.
pub(crate) struct Entry {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) readiness: Readiness,
    /// How many members its gallery had when it last changed.
    members: AtomicU64,
}

impl Host {
    pub(crate) fn new(pipelines: Vec<Arc<Pipeline>>, options: Options) -> Result<Self, Error> {
        let mut entries = BTreeMap::new();
        for pipeline in pipelines {
            check_names(&pipeline)?;
            let name = pipeline.name().to_owned();
            let entry = Entry {
                pipeline,
                readiness: Readiness::new(),
                members: AtomicU64::new(0),
            };
            if entries.insert(name.clone(), Arc::new(entry)).is_some() {
                return Err(Error::SameName(name));
            }
        }
        let together = options.workers.max(1).saturating_add(options.queue);
        Ok(Self {
            pipelines: entries,
            workers: Workers::new(options.workers, options.queue),
            intake: Intake::new(options.max_body, options.body_timeout, together),
            metrics: Metrics::new(),
            ids: FrameIds::new(),
            description: openapi::document().into(),
            options,
        })
    }

    /// All pipelines, by name.
    pub(crate) fn pipelines(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.pipelines.values()
    }

    /// The pipeline of this name.
    pub(crate) fn pipeline(&self, name: &str) -> Result<Arc<Entry>, Problem> {
        self.pipelines.get(name).cloned().ok_or_else(|| {
            let shown: String = name.chars().take(80).collect();
            let detail = format!(
                "there is no pipeline {shown:?}; {}",
                listed(self.pipelines.keys())
            );
            Problem::new(Kind::NotFound, "unknown-pipeline", detail)
        })
    }

    /// The pipeline whose gallery a request is about: the one it names, or the only one that has one.
    pub(crate) fn gallery(&self, wanted: Option<&str>) -> Result<Arc<Entry>, Problem> {
        if let Some(name) = wanted {
            let entry = self.pipeline(name)?;
            if entry.has_gallery() {
                return Ok(entry);
            }
            let detail = format!("the pipeline `{name}` has no gallery, so it has no members");
            return Err(Problem::new(Kind::NotFound, "no-gallery", detail));
        }
        let mut with = self
            .pipelines
            .iter()
            .filter(|(_, entry)| entry.has_gallery());
        match (with.next(), with.next()) {
            (Some((_, only)), None) => Ok(Arc::clone(only)),
            (None, _) => {
                let detail = "no pipeline of this host has a gallery, so there are no members";
                Err(Problem::new(Kind::NotFound, "no-gallery", detail))
            }
            (Some((one, _)), Some((other, _))) => {
                let names = [one, other].into_iter().chain(with.map(|(name, _)| name));
                let detail = format!(
                    "several pipelines have a gallery; say which with ?pipeline=NAME: {}",
                    listed(names)
                );
                Err(Problem::new(
                    Kind::MalformedRequest,
                    "which-pipeline",
                    detail,
                ))
            }
        }
    }

    /// What is held now.
    pub(crate) fn holdings(&self) -> Vec<Holdings> {
        self.pipelines
            .iter()
            .map(|(name, entry)| {
                let usage = entry.pipeline.usage();
                let members = entry.members.load(Ordering::Relaxed);
                Holdings {
                    pipeline: name.clone(),
                    instances: usage.instances(),
                    host_bytes: usage.host_bytes(),
                    moved: [
                        ("written", usage.written_bytes()),
                        ("pixels-to-guest", usage.pixel_bytes_to_guests()),
                        ("results-to-guest", usage.result_bytes_to_guests()),
                        ("from-guest", usage.bytes_from_guests()),
                    ],
                    batches: entry
                        .pipeline
                        .models()
                        .iter()
                        .filter_map(|model| {
                            Some((model.name.clone(), model.batched.as_ref()?.stats()))
                        })
                        .collect(),
                    members: entry.has_gallery().then_some(members),
                }
            })
            .collect()
    }
}

impl Entry {
    /// Whether the pipeline keeps members.
    pub(crate) fn has_gallery(&self) -> bool {
        self.pipeline.file().gallery.is_some()
    }

    /// Counts the members, for the metrics. Reads the gallery: not on an async thread.
    pub(crate) fn count_members(&self) {
        if !self.has_gallery() {
            return;
        }
        match self.pipeline.members() {
            Ok(members) => self.members.store(members.len() as u64, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "the members could not be counted"),
        }
    }
}

/// Refuses a pipeline whose names would be in the way of others in an answer.
fn check_names(pipeline: &Pipeline) -> Result<(), Error> {
    let file = pipeline.file();
    let list = file
        .answer
        .keys()
        .find(|name| FrameAnswer::FIELDS.contains(&name.as_str()));
    let stage = file
        .stages
        .keys()
        .find(|name| FrameAnswer::TIMES.contains(&name.as_str()));
    let taken = list.map(|name| ("list of the answer", name));
    match taken.or(stage.map(|name| ("stage", name))) {
        None => Ok(()),
        Some((what, name)) => Err(Error::NameTaken {
            pipeline: pipeline.name().to_owned(),
            what,
            name: name.clone(),
        }),
    }
}

/// Names as a sentence.
fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "there is none".to_owned(),
        [only] => format!("there is {only}"),
        _ => format!("there are {}", names.join(", ")),
    }
}
