//! The metrics of models whose callers share inferences.

use std::sync::atomic::{AtomicU64, Ordering};

use footlight_nn::BatchStats;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfModel {
    pipeline: String,
    model: String,
}

/// How inferences were put together, by model.
#[derive(Default)]
pub(crate) struct Batches {
    inferences: Family<OfModel, Counter>,
    rows: Family<OfModel, Counter>,
    callers: Family<OfModel, Counter>,
    retried: Family<OfModel, Counter>,
    waited: Family<OfModel, Counter<f64, AtomicU64>>,
    waiting: Family<OfModel, Gauge>,
}

impl Batches {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let inferences = "Inferences of a model whose callers share them";
        registry.register("batch_inferences", inferences, self.inferences.clone());
        let rows = "Rows that these had; by the number of inferences, the size of a batch";
        registry.register("batch_rows", rows, self.rows.clone());
        let callers = "Stages that waited for one of these";
        registry.register("batch_callers", callers, self.callers.clone());
        let retried = "Batches that failed, whose callers were then tried one by one";
        registry.register("batch_retried", retried, self.retried.clone());
        let waited = "Time that stages waited before their inference began, all together";
        registry.register_with_unit("batch_waited", waited, Unit::Seconds, self.waited.clone());
        let waiting = "Stages that wait for their inference to begin now";
        registry.register("batch_waiting", waiting, self.waiting.clone());
    }

    /// Takes over what a model has counted.
    pub(crate) fn set(&self, pipeline: &str, model: &str, stats: &BatchStats) {
        let labels = OfModel {
            pipeline: pipeline.to_owned(),
            model: model.to_owned(),
        };
        for (family, value) in [
            (&self.inferences, stats.inferences),
            (&self.rows, stats.rows),
            (&self.callers, stats.callers),
            (&self.retried, stats.retried),
        ] {
            let counter = family.get_or_create(&labels);
            counter.inner().store(value, Ordering::Relaxed);
        }
        let waited = self.waited.get_or_create(&labels);
        let seconds = stats.waited.as_secs_f64().to_bits();
        waited.inner().store(seconds, Ordering::Relaxed);
        let waiting = i64::try_from(stats.waiting).unwrap_or(i64::MAX);
        self.waiting.get_or_create(&labels).set(waiting);
    }
}
