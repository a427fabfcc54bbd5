//! The metrics of versions.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::attempt::Outcome;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPipeline {
    pipeline: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVersion {
    pipeline: String,
    version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithOutcome {
    pipeline: String,
    outcome: &'static str,
}

/// Which versions run, and how often they were changed.
#[derive(Default)]
pub(crate) struct Versions {
    swaps: Family<WithOutcome, Counter>,
    info: Family<OfVersion, Gauge>,
    open: Family<OfPipeline, Gauge>,
    /// By pipeline, the version that `info` has: of each only one runs.
    running: Mutex<BTreeMap<String, OfVersion>>,
}

impl Versions {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let swaps = "Attempts to change a version by how they ended: switched, unchanged, refused";
        registry.register("swaps", swaps, self.swaps.clone());
        let info = "The version that runs; always 1";
        registry.register("pipeline_info", info, self.info.clone());
        let open = "Versions that are open: the one that runs, the one before it, those with frames to finish";
        registry.register("versions_open", open, self.open.clone());
    }

    /// Counts an attempt to change the version.
    pub(crate) fn attempted(&self, pipeline: &str, outcome: Outcome) {
        let labels = WithOutcome {
            pipeline: pipeline.to_owned(),
            outcome: outcome.word(),
        };
        self.swaps.get_or_create(&labels).inc();
    }

    /// Says which version runs from now on.
    pub(crate) fn runs(&self, pipeline: &str, version: &str) {
        let labels = OfVersion {
            pipeline: pipeline.to_owned(),
            version: version.to_owned(),
        };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = running.insert(pipeline.to_owned(), labels.clone()) {
            self.info.remove(&before);
        }
        self.info.get_or_create(&labels).set(1);
    }

    /// Takes over how many versions of a pipeline are open.
    pub(crate) fn set_open(&self, pipeline: &str, open: usize) {
        let labels = OfPipeline {
            pipeline: pipeline.to_owned(),
        };
        let open = i64::try_from(open).unwrap_or(i64::MAX);
        self.open.get_or_create(&labels).set(open);
    }
}
