//! What Prometheus reads.

use std::sync::atomic::Ordering;
use std::time::Duration;

use footlight_nn::BatchStats;
use footlight_peers::Peers;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::batches::Batches;
use crate::version_metrics::Versions;

/// The media type of [`Metrics::text`].
pub(crate) const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the buckets of every histogram, in seconds: a stage takes from less than a
/// millisecond (verification) to seconds (a large model on a busy core).
const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPipeline {
    pipeline: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStage {
    pipeline: String,
    stage: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithOutcome {
    pipeline: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByWay {
    pipeline: String,
    way: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ForReason {
    reason: String,
}

/// How a frame ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With an answer.
    Answered,
    /// It was not taken on, or is not one that can be worked on: a status of 4xx or 503.
    Refused,
    /// A stage or the host failed at it: any other 5xx.
    Failed,
    /// A newer frame of its live stream took its turn.
    Superseded,
    /// Its client went away before it was worked on.
    Abandoned,
}

impl Outcome {
    /// The outcome as a word, for labels and logs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Abandoned => "abandoned",
        }
    }
}

/// What a pipeline holds now.
pub(crate) struct Holdings {
    pub(crate) pipeline: String,
    pub(crate) instances: u64,
    pub(crate) host_bytes: u64,
    /// Versions of it that are open.
    pub(crate) versions: usize,
    /// Bytes of tensors that were moved, ever, by the way they went.
    pub(crate) moved: [(&'static str, u64); 4],
    /// The models whose callers share inferences.
    pub(crate) batches: Vec<(String, BatchStats)>,
    /// None for a pipeline without a gallery.
    pub(crate) members: Option<u64>,
}

/// All metrics of a server.
pub(crate) struct Metrics {
    registry: Registry,
    frames: Family<WithOutcome, Counter>,
    items: Family<OfStage, Counter>,
    stage_seconds: Histograms<OfStage>,
    frame_seconds: Histograms<OfPipeline>,
    refusals: Family<ForReason, Counter>,
    instances: Family<OfPipeline, Gauge>,
    memory: Family<OfPipeline, Gauge>,
    moved: Family<ByWay, Counter>,
    batches: Batches,
    pub(crate) versions: Versions,
    members: Family<OfPipeline, Gauge>,
    queue: Gauge,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    /// With what is counted of other hosts, where there are some.
    pub(crate) fn new(peers: Option<&Peers>) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("footlight"),
            frames: Family::default(),
            items: Family::default(),
            stage_seconds: Family::new_with_constructor(seconds),
            frame_seconds: Family::new_with_constructor(seconds),
            refusals: Family::default(),
            instances: Family::default(),
            memory: Family::default(),
            moved: Family::default(),
            batches: Batches::default(),
            versions: Versions::default(),
            members: Family::default(),
            queue: Gauge::default(),
        };
        metrics.register();
        if let Some(peers) = peers {
            peers.register(&mut metrics.registry);
        }
        metrics
    }

    /// The registry adds what OpenMetrics asks of a name: the unit, and `_total` to a counter.
    fn register(&mut self) {
        let registry = &mut self.registry;
        let frames = "Frames by how they ended: answered, refused, failed, superseded, abandoned";
        registry.register("frames", frames, self.frames.clone());
        registry.register("items", "Items that a stage was run on", self.items.clone());
        let stage = "Time that a stage took for all items of a frame";
        registry.register_with_unit("stage", stage, Unit::Seconds, self.stage_seconds.clone());
        let frame = "Time that a frame was worked on, without waiting for a worker";
        registry.register_with_unit("frame", frame, Unit::Seconds, self.frame_seconds.clone());
        let refusals = "Requests answered with a problem, by its reason";
        registry.register("refusals", refusals, self.refusals.clone());
        let instances = "Instances of stages that are alive now";
        registry.register("instances", instances, self.instances.clone());
        let memory = "Images and tensors that the host holds for stages now";
        registry.register_with_unit("host_memory", memory, Unit::Bytes, self.memory.clone());
        let moved = "Tensors moved: written from pixels, and from there into guests; results into guests; tensors from guests";
        registry.register_with_unit("moved", moved, Unit::Bytes, self.moved.clone());
        self.batches.register(registry);
        self.versions.register(registry);
        registry.register("members", "Members in the gallery", self.members.clone());
        let queue = "Requests that wait for a worker now";
        registry.register("queue_length", queue, self.queue.clone());
    }

    /// Counts a frame that ended.
    pub(crate) fn frame(&self, pipeline: &str, outcome: Outcome) {
        let labels = WithOutcome {
            pipeline: pipeline.to_owned(),
            outcome: outcome.word(),
        };
        self.frames.get_or_create(&labels).inc();
    }

    /// Counts the time that a frame was worked on.
    pub(crate) fn worked(&self, pipeline: &str, elapsed: Duration) {
        let labels = OfPipeline {
            pipeline: pipeline.to_owned(),
        };
        self.frame_seconds
            .get_or_create(&labels)
            .observe(elapsed.as_secs_f64());
    }

    /// Counts what a stage did for a frame.
    pub(crate) fn stage(&self, pipeline: &str, stage: &str, items: u64, elapsed: Duration) {
        let labels = OfStage {
            pipeline: pipeline.to_owned(),
            stage: stage.to_owned(),
        };
        self.items.get_or_create(&labels).inc_by(items);
        self.stage_seconds
            .get_or_create(&labels)
            .observe(elapsed.as_secs_f64());
    }

    /// Counts an answer that is a problem.
    pub(crate) fn refusal(&self, reason: &str) {
        let labels = ForReason {
            reason: reason.to_owned(),
        };
        self.refusals.get_or_create(&labels).inc();
    }

    /// All metrics as OpenMetrics text, with what is held now.
    pub(crate) fn text(
        &self,
        waiting: usize,
        holdings: &[Holdings],
    ) -> Result<String, std::fmt::Error> {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.queue.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        for held in holdings {
            let labels = OfPipeline {
                pipeline: held.pipeline.clone(),
            };
            self.instances
                .get_or_create(&labels)
                .set(gauge(held.instances));
            self.memory
                .get_or_create(&labels)
                .set(gauge(held.host_bytes));
            self.versions.set_open(&held.pipeline, held.versions);
            for (way, bytes) in held.moved {
                let labels = ByWay {
                    pipeline: held.pipeline.clone(),
                    way,
                };
                let counter = self.moved.get_or_create(&labels);
                counter.inner().store(bytes, Ordering::Relaxed);
            }
            for (model, stats) in &held.batches {
                self.batches.set(&held.pipeline, model, stats);
            }
            if let Some(members) = held.members {
                self.members.get_or_create(&labels).set(gauge(members));
            }
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt;

    #[test]
    fn the_text_has_every_metric_by_its_full_name() {
        let metrics = Metrics::new(None);
        metrics.frame("members", Outcome::Superseded);
        metrics.frame("members", Outcome::Answered);
        metrics.frame("members", Outcome::Answered);
        metrics.worked("members", Duration::from_millis(30));
        metrics.stage("members", "detect", 3, Duration::from_millis(20));
        metrics.refusal("not-an-image");
        metrics.versions.runs("members", "sha256:1");
        metrics
            .versions
            .attempted("members", attempt::Outcome::Switched);
        metrics.versions.runs("members", "sha256:2");
        let held = Holdings {
            pipeline: "members".to_owned(),
            instances: 2,
            host_bytes: 4096,
            versions: 2,
            moved: [
                ("written", 100),
                ("pixels-to-guest", 0),
                ("results-to-guest", 20),
                ("from-guest", 3),
            ],
            batches: vec![(
                "fr-feature".to_owned(),
                BatchStats {
                    inferences: 2,
                    rows: 7,
                    callers: 7,
                    waited: Duration::from_millis(1500),
                    retried: 0,
                    waiting: 1,
                },
            )],
            members: Some(5),
        };
        let text = metrics.text(4, &[held]).unwrap();
        for line in [
            "footlight_frames_total{pipeline=\"members\",outcome=\"answered\"} 2",
            "footlight_frames_total{pipeline=\"members\",outcome=\"superseded\"} 1",
            "footlight_items_total{pipeline=\"members\",stage=\"detect\"} 3",
            "footlight_stage_seconds_bucket{le=\"0.025\",pipeline=\"members\",stage=\"detect\"} 1",
            "footlight_stage_seconds_bucket{le=\"0.01\",pipeline=\"members\",stage=\"detect\"} 0",
            "footlight_frame_seconds_count{pipeline=\"members\"} 1",
            "footlight_refusals_total{reason=\"not-an-image\"} 1",
            "footlight_instances{pipeline=\"members\"} 2",
            "footlight_host_memory_bytes{pipeline=\"members\"} 4096",
            "footlight_moved_bytes_total{pipeline=\"members\",way=\"results-to-guest\"} 20",
            "footlight_batch_inferences_total{pipeline=\"members\",model=\"fr-feature\"} 2",
            "footlight_batch_rows_total{pipeline=\"members\",model=\"fr-feature\"} 7",
            "footlight_batch_waited_seconds_total{pipeline=\"members\",model=\"fr-feature\"} 1.5",
            "footlight_batch_waiting{pipeline=\"members\",model=\"fr-feature\"} 1",
            "footlight_members{pipeline=\"members\"} 5",
            "footlight_queue_length 4",
            "footlight_swaps_total{pipeline=\"members\",outcome=\"switched\"} 1",
            "footlight_pipeline_info{pipeline=\"members\",version=\"sha256:2\"} 1",
            "footlight_versions_open{pipeline=\"members\"} 2",
        ] {
            assert!(
                text.lines().any(|have| have == line),
                "no line {line:?} in\n{text}"
            );
        }
        assert!(!text.contains("sha256:1"), "a version that no longer runs");
        assert!(text.ends_with("# EOF\n"));
    }
}
