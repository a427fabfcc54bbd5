//! What all handlers share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use axum::body::Bytes;
use footlight_peers::Peers;

use crate::entry::{Entry, Served};
use crate::frame_id::FrameIds;
use crate::intake::Intake;
use crate::kind::Kind;
use crate::metrics::{Holdings, Metrics};
use crate::openapi;
use crate::problem::Problem;
use crate::workers::Workers;
use crate::{Error, Options};

/// What is to be served and is not there, where pipelines come while a host runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Awaited {
    /// Why the host is not ready as a whole; none where it is.
    pub unready: Option<String>,
    /// Pipelines that are not there, each with why: that is what their frames are told.
    pub pipelines: BTreeMap<String, String>,
}

/// What all handlers share.
pub(crate) struct Host {
    /// Where pipelines come and go while the host runs, frames that were begun keep theirs.
    pipelines: ArcSwap<BTreeMap<String, Arc<Entry>>>,
    /// Pipelines that are to be served and are not there, each with why.
    awaited: ArcSwap<Awaited>,
    pub(crate) options: Options,
    /// Who works on frames.
    pub(crate) workers: Workers,
    /// Who works on what other hosts send.
    pub(crate) for_others: Workers,
    /// The other hosts, where this one knows any.
    pub(crate) peers: Option<Arc<Peers>>,
    pub(crate) intake: Intake,
    pub(crate) metrics: Metrics,
    pub(crate) ids: FrameIds,
    /// The description of the API, as JSON.
    pub(crate) description: Bytes,
    draining: AtomicBool,
    stopping: AtomicBool,
}

impl Host {
    pub(crate) fn new(
        pipelines: Vec<Served>,
        options: Options,
        peers: Option<Arc<Peers>>,
    ) -> Result<Self, Error> {
        let metrics = Metrics::new(peers.as_deref());
        let mut entries = BTreeMap::new();
        for served in pipelines {
            let entry = Entry::new(served)?;
            let name = entry.name.clone();
            let running = entry.running();
            let version = &running.pipeline.version().pipeline;
            metrics.versions.runs(&name, version);
            if entries.insert(name.clone(), Arc::new(entry)).is_some() {
                return Err(Error::SameName(name));
            }
        }
        let together = options.workers.max(1).saturating_add(options.queue);
        Ok(Self {
            pipelines: ArcSwap::from_pointee(entries),
            awaited: ArcSwap::default(),
            workers: Workers::new(options.workers, options.queue),
            for_others: Workers::new(options.workers, options.queue),
            peers,
            intake: Intake::new(options.max_body, options.body_timeout, together),
            metrics,
            ids: FrameIds::new(),
            description: openapi::document().into(),
            options,
            draining: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        })
    }

    /// Says that the host is about to end, while it goes on to take in what still comes.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the host has said that it is about to end.
    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Has nothing new be begun: the host is about to end.
    pub(crate) fn stop(&self) {
        self.drain();
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the host is about to end.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Waits until nothing is worked on and no version is being changed.
    pub(crate) async fn rest(&self) {
        self.workers.rest().await;
        self.for_others.rest().await;
        for entry in self.pipelines() {
            drop(entry.turn.lock().await);
        }
    }

    /// All pipelines, in the order of their names.
    pub(crate) fn pipelines(&self) -> impl Iterator<Item = Arc<Entry>> + use<> {
        let all: Vec<_> = self.pipelines.load().values().cloned().collect();
        all.into_iter()
    }

    /// Serves one more pipeline, in the place of one of the same name.
    pub(crate) fn add(&self, entry: Arc<Entry>) {
        let running = entry.running();
        let version = &running.pipeline.version().pipeline;
        self.metrics.versions.runs(&entry.name, version);
        self.pipelines.rcu(|pipelines| {
            let mut pipelines = BTreeMap::clone(pipelines);
            pipelines.insert(entry.name.clone(), entry.clone());
            pipelines
        });
    }

    /// Serves a pipeline no more; it, where there was one.
    pub(crate) fn remove(&self, name: &str) -> Option<Arc<Entry>> {
        let before = self.pipelines.rcu(|pipelines| {
            let mut pipelines = BTreeMap::clone(pipelines);
            pipelines.remove(name);
            pipelines
        });
        before.get(name).cloned()
    }

    /// Says which pipelines are to be served and are not there.
    pub(crate) fn expect(&self, awaited: Awaited) {
        self.awaited.store(Arc::new(awaited));
    }

    /// Refuses for as long as the host is not to be given frames.
    pub(crate) fn check_awaited(&self) -> Result<(), Problem> {
        match &self.awaited.load().unready {
            None => Ok(()),
            Some(why) => Err(Problem::new(Kind::NotReady, "not-ready", why.clone())),
        }
    }

    /// The pipeline of this name.
    pub(crate) fn pipeline(&self, name: &str) -> Result<Arc<Entry>, Problem> {
        let pipelines = self.pipelines.load();
        pipelines.get(name).cloned().ok_or_else(|| {
            let awaited = self.awaited.load();
            if let Some(why) = awaited.pipelines.get(name) {
                let detail = format!("the pipeline `{name}` is not ready: {why}");
                return Problem::new(Kind::NotReady, "not-ready", detail);
            }
            // It may be one of those that the host has still to hear of.
            if let Some(why) = &awaited.unready {
                return Problem::new(Kind::NotReady, "not-ready", why.clone());
            }
            let shown: String = name.chars().take(80).collect();
            let detail = format!(
                "there is no pipeline {shown:?}; {}",
                listed(pipelines.keys())
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
        let pipelines = self.pipelines.load();
        let mut with = pipelines.iter().filter(|(_, entry)| entry.has_gallery());
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
        let pipelines = self.pipelines.load();
        pipelines
            .iter()
            .map(|(name, entry)| {
                let usage = entry.deployment.usage();
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
                    versions: entry.deployment.versions(),
                    batches: entry
                        .running()
                        .pipeline
                        .models()
                        .iter()
                        .filter_map(|model| {
                            Some((model.name.clone(), model.batched.as_ref()?.stats()))
                        })
                        .collect(),
                    members: entry.members(),
                }
            })
            .collect()
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
