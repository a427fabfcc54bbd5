//! The other hosts: work that is sent to them, and work that they send.
//!
//! Work of other hosts has workers of its own. Were they those of frames, two hosts that wait for each other could
//! fill them, and neither would go on.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use footlight_peers::{
    About, Metrics, OfFrame, Order, PeerInfo, Peers, Refused, Runs, Status, Trace, Worker,
};
use footlight_pipeline::{Elsewhere, Errand, Failure, Nowhere, Pipeline, Worked};
use serde::{Deserialize, Serialize};
use tokio::time::timeout_at;
use tracing::{Instrument, field};
use utoipa::ToSchema;

use crate::answer::milliseconds;
use crate::host::Host;
use crate::workers::Hand;

/// Other hosts, asked from a worker. While it waits for them, another frame is worked on.
pub(crate) struct Others<'a> {
    hand: &'a Hand,
    of_frame: Option<OfFrame>,
}

impl<'a> Others<'a> {
    /// For a frame whose time is over at `until`.
    pub(crate) fn new(
        host: &Host,
        hand: &'a Hand,
        frame: &str,
        trace: &Trace,
        until: Instant,
    ) -> Self {
        Self {
            hand,
            of_frame: host
                .peers
                .as_ref()
                .map(|peers| peers.of_frame(frame, trace, until)),
        }
    }
}

impl Elsewhere for Others<'_> {
    fn work(&self, errand: &Errand<'_>) -> Result<Worked, Failure> {
        match &self.of_frame {
            Some(of_frame) => self.hand.rest(|| of_frame.work(errand)),
            None => Nowhere.work(errand),
        }
    }
}

/// This host, for the others.
pub(crate) struct ForOthers {
    pub(crate) host: Arc<Host>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Worker for ForOthers {
    fn status(&self) -> Status {
        let host = &self.host;
        let next = host.pipelines().filter_map(|entry| entry.offered());
        let next = next.map(|pipeline| {
            let stages = ready_stages(host, &pipeline);
            runs(&pipeline, stages)
        });
        let running = host.pipelines().flat_map(|entry| entry.ready_versions());
        let running = running.map(|pipeline| {
            let stages = pipeline.stages().into_iter().map(|stage| stage.name);
            runs(&pipeline, stages.collect())
        });
        Status {
            node: host
                .peers
                .as_ref()
                .map_or_else(String::new, |peers| peers.node().to_owned()),
            load: (host.workers.busy() + host.for_others.busy()) as u64,
            stopping: host.draining(),
            runs: running.chain(next).collect(),
        }
    }

    async fn work(&self, order: Order) -> Result<Vec<u8>, Refused> {
        let host = self.host.clone();
        if host.stopping() {
            return Err(Refused::busy("stopping", "this host is about to end"));
        }
        let about = order.about()?;
        let entry = host
            .pipeline(&about.pipeline)
            .map_err(|problem| Refused::not_here(problem.detail))?;
        let versions = entry.ready_versions().chain(entry.offered());
        let pipeline = fitting(versions, &about)?;
        let place = host
            .for_others
            .admit()
            .map_err(|problem| Refused::busy(&problem.reason, problem.detail))?;
        let until = order.until;
        let span = tracing::info_span!(
            "errand",
            pipeline = about.pipeline,
            frame = order.frame,
            trace = order.trace.id(),
            part = order.trace.part_id(),
            stage = about.stage,
            outcome = field::Empty,
            ms = field::Empty,
        );
        let began = Instant::now();
        let scope = span.clone();
        let worked = place.run(move |hand| {
            let _entered = scope.enter();
            if Instant::now() >= until {
                return Err(Refused::late());
            }
            let others = Others::new(&host, hand, &order.frame, &order.trace, until);
            order.carry_out(&pipeline, &others)
        });
        let worked = timeout_at(until.into(), worked.instrument(span.clone())).await;
        let worked = match worked {
            Ok(Ok(worked)) => worked,
            Ok(Err(problem)) => Err(Refused::failed(&problem.reason, problem.detail)),
            Err(_) => Err(Refused::late()),
        };
        let outcome = worked
            .as_ref()
            .map_or_else(|refused| &*refused.code, |_| "done");
        span.record("outcome", outcome);
        span.record("ms", milliseconds(began.elapsed()));
        span.in_scope(|| tracing::info!("errand {outcome}"));
        worked
    }

    fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }
}

/// The pipeline that an errand is for: of its version, and with its stage. A version may be there twice, before and
/// after the stages that run here were others.
fn fitting(
    versions: impl Iterator<Item = Arc<Pipeline>>,
    about: &About,
) -> Result<Arc<Pipeline>, Refused> {
    let of_version = |pipeline: &Arc<Pipeline>| pipeline.version().pipeline == about.version;
    let mut versions = versions.filter(of_version);
    let fitting = versions.find(|pipeline| pipeline.runs(&about.stage));
    fitting.ok_or_else(|| about.not_here())
}

fn runs(pipeline: &Pipeline, stages: Vec<String>) -> Runs {
    Runs {
        pipeline: pipeline.name().to_owned(),
        version: pipeline.version().pipeline.clone(),
        stages,
    }
}

/// Of the stages that run here, those after which an item can go on: each that follows runs here and can go on, or runs
/// on a host that says the same of it. So a host never says of a version that works in part that it works.
pub(crate) fn ready_stages(host: &Host, pipeline: &Pipeline) -> Vec<String> {
    let (name, version) = (pipeline.name(), &pipeline.version().pipeline);
    let elsewhere = |stage: &str| {
        let peers = host.peers.as_ref();
        peers.is_some_and(|peers| peers.run(name, version, stage))
    };
    let mut ready: Vec<String> = Vec::new();
    // Those that follow come first.
    for stage in pipeline.stages().into_iter().rev() {
        let mut followers = pipeline.followers(&stage.name);
        if followers.all(|next| ready.iter().any(|name| name == next) || elsewhere(next)) {
            ready.push(stage.name.clone());
        }
    }
    ready
}

/// A stage that keeps a version from running here: one that runs here and whose items could not go on, or one that frames
/// enter by, here, and that no host has ready; where versions are taken whole, any stage that no host has ready. A host
/// that runs a stage no more keeps it until another one has it.
pub(crate) fn lacking(host: &Host, pipeline: &Pipeline) -> Option<String> {
    let ready = ready_stages(host, pipeline);
    let (name, version) = (pipeline.name(), &pipeline.version().pipeline);
    let here = pipeline.stages().into_iter().map(|stage| stage.name);
    let here: Vec<String> = here.collect();
    let waits = here.iter().find(|stage| !ready.contains(stage));
    let elsewhere = |stage: &&str| {
        let peers = host.peers.as_ref();
        peers.is_some_and(|peers| peers.run(name, version, stage))
    };
    let whole = host.options.whole_versions;
    let all = pipeline.file().stages.keys().map(String::as_str);
    let mut wanted = pipeline.entrances().chain(all.filter(|_| whole));
    let mut absent =
        || wanted.find(|stage| !here.iter().any(|name| name == stage) && !elsewhere(stage));
    waits.cloned().or_else(|| absent().map(str::to_owned))
}

/// The other hosts that a host knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hosts {
    /// The zone that this host is in, as its certificate names it; none for a host that knows no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The node that this host is on, where somebody has said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// The others, by address.
    pub peers: Vec<Peer>,
}

/// Another host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Peer {
    /// Where it listens for other hosts.
    pub address: String,
    /// Its zone, as its certificate names it; none while there is no connection to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Its node, where it says one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// Why nothing is sent to it; none where it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<String>,
    /// What it runs, as it said last.
    pub runs: Vec<PeerRuns>,
}

/// A version of a pipeline that another host has ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerRuns {
    /// The pipeline.
    pub pipeline: String,
    /// The version.
    pub version: String,
    /// The stages of it that the host runs.
    pub stages: Vec<String>,
}

/// The other hosts.
///
/// Those that this host knows, with what each runs and why nothing is sent to it where that is so.
#[utoipa::path(
    get,
    path = "/v1/peers",
    operation_id = "listPeers",
    tag = "catalogue",
    responses((status = 200, description = "The other hosts", body = Hosts)),
)]
pub(crate) async fn list(State(host): State<Arc<Host>>) -> Json<Hosts> {
    Json(host.peers.as_ref().map_or_else(Hosts::default, hosts))
}

fn hosts(peers: &Arc<Peers>) -> Hosts {
    Hosts {
        zone: Some(peers.zone().to_string()),
        node: peers.node().to_owned(),
        peers: peers.list().into_iter().map(Peer::from).collect(),
    }
}

impl From<PeerInfo> for Peer {
    fn from(info: PeerInfo) -> Self {
        let runs = info.runs.into_iter();
        Self {
            address: info.address,
            zone: info.zone,
            node: info.node,
            away: info.away,
            runs: runs
                .map(|runs| PeerRuns {
                    pipeline: runs.pipeline,
                    version: runs.version,
                    stages: runs.stages,
                })
                .collect(),
        }
    }
}
