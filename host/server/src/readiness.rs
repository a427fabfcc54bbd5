//! Whether a pipeline may be given frames.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::entry::Entry;
use crate::host::Host;
use crate::kind::Kind;
use crate::problem::Problem;

/// How long after a failed probe the next one is made: what it needs (memory, a device) may come back.
const AGAIN: Duration = Duration::from_secs(10);

/// Whether every stage of a pipeline has run its probe item; if not, why.
#[derive(Debug)]
pub(crate) struct Readiness(RwLock<Option<String>>);

impl Readiness {
    /// Not ready: nothing was probed.
    pub(crate) fn new() -> Self {
        Self(RwLock::new(Some(
            "its stages have not run a probe item yet".to_owned(),
        )))
    }

    /// Ready: whoever says so has probed it.
    pub(crate) fn ready() -> Self {
        Self(RwLock::new(None))
    }

    /// Why it is not ready; none if it is.
    pub(crate) fn lacking(&self) -> Option<String> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, lacking: Option<String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = lacking;
    }
}

impl Entry {
    /// Refuses a request that came before the pipeline was ready.
    pub(crate) fn check_ready(&self) -> Result<(), Problem> {
        match self.running().readiness.lacking() {
            None => Ok(()),
            Some(why) => {
                let detail = format!("the pipeline `{}` is not ready: {why}", self.name);
                Err(Problem::new(Kind::NotReady, "not-ready", detail))
            }
        }
    }
}

/// Probes the version of a pipeline that runs; why it is not ready, where it is not.
pub(crate) async fn probe(entry: &Arc<Entry>) -> Result<(), String> {
    // Where a version took its place meanwhile, that one was probed before it did.
    let running = entry.running();
    if running.readiness.lacking().is_none() {
        return Ok(());
    }
    let (probed, counted) = (running.clone(), entry.clone());
    let probe = spawn_blocking(move || {
        probed.pipeline.probe().map_err(|error| error.to_string())?;
        // One that was opened before it, and given up, may have been what members were held to.
        counted.hold_members();
        counted.count_members();
        Ok(())
    });
    let probed = probe.await.unwrap_or_else(|error| Err(error.to_string()));
    running.readiness.set(probed.clone().err());
    let pipeline = &entry.name;
    match &probed {
        Ok(()) => tracing::info!(pipeline, "every stage has run a probe item; ready"),
        Err(why) => tracing::error!(pipeline, why, "a stage failed on its probe item; not ready"),
    }
    probed
}

impl Host {
    /// Probes every pipeline, one after the other, until each is ready.
    pub(crate) async fn probe(&self) {
        for entry in self.pipelines() {
            while probe(&entry).await.is_err() {
                sleep(AGAIN).await;
            }
        }
    }

    /// A refusal for as long as a pipeline is not ready, which says why; and once the host is about to end.
    pub(crate) fn check_ready(&self) -> Result<(), Problem> {
        if self.draining() {
            let detail = "this host is about to end: send frames to another";
            return Err(Problem::new(Kind::NotReady, "stopping", detail));
        }
        self.check_awaited()?;
        let lacking: Vec<String> = self
            .pipelines()
            .filter_map(|entry| entry.check_ready().err())
            .map(|problem| problem.detail)
            .collect();
        if lacking.is_empty() {
            return Ok(());
        }
        Err(Problem::new(
            Kind::NotReady,
            "not-ready",
            lacking.join("; "),
        ))
    }
}
