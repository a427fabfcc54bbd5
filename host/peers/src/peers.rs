//! The other hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use footlight_boundary::Zone;
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::choice::{Candidate, rank};
use crate::errand::OfFrame;
use crate::identity::Identity;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::peer::Peer;
use crate::status::Runs;
use crate::trace::Trace;

/// How often the files of the certificate are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The other hosts that this one knows.
#[derive(Debug)]
pub struct Peers {
    pub(crate) identity: Arc<Identity>,
    pub(crate) options: Options,
    pub(crate) runtime: Handle,
    pub(crate) metrics: Arc<Metrics>,
    node: String,
    known: Mutex<BTreeMap<String, Known>>,
    turn: AtomicUsize,
    refresh: JoinHandle<()>,
}

#[derive(Debug)]
struct Known {
    peer: Arc<Peer>,
    keeps: JoinHandle<()>,
}

impl Drop for Known {
    fn drop(&mut self) {
        self.keeps.abort();
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.refresh.abort();
    }
}

/// Another host, as people are told of it.
#[derive(Debug, Clone, Serialize)]
pub struct PeerInfo {
    /// Where it listens.
    pub address: String,
    /// Its zone, as its certificate names it; none while there is no connection.
    pub zone: Option<String>,
    /// Its node, where it says one.
    pub node: String,
    /// Why nothing is sent to it; none where it is there.
    pub away: Option<String>,
    /// What it runs, as it said last.
    pub runs: Vec<Runs>,
}

impl Peers {
    /// None yet. `node` is the name of the node that this host is on, empty where nobody has said. Must be called
    /// within a tokio runtime, which it goes on to use.
    pub fn new(identity: Arc<Identity>, node: String, options: Options) -> Arc<Self> {
        let refreshed = identity.clone();
        let refresh = tokio::spawn(async move { refresh(&refreshed).await });
        let metrics = Metrics::new(identity.zone().clone(), node.clone());
        Arc::new(Self {
            identity,
            options,
            runtime: Handle::current(),
            metrics: Arc::new(metrics),
            node,
            known: Mutex::default(),
            turn: AtomicUsize::new(0),
            refresh,
        })
    }

    /// The zone that this host is in.
    pub fn zone(&self) -> &Zone {
        self.identity.zone()
    }

    /// Who this host is.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// The node that this host is on; empty where nobody has said.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Has the hosts at these addresses, each `HOST:PORT`, be all that are known. Connections to those that were known
    /// stay as they are.
    pub fn set(&self, addresses: &BTreeSet<String>) {
        let mut known = self.lock();
        known.retain(|address, _| addresses.contains(address));
        for address in addresses {
            known.entry(address.clone()).or_insert_with(|| {
                let peer = Arc::new(Peer::new(address.clone()));
                let (kept, identity) = (peer.clone(), self.identity.clone());
                let (options, metrics) = (self.options.clone(), self.metrics.clone());
                let keeps = async move { kept.keep(&identity, &options, &metrics).await };
                Known {
                    peer,
                    keeps: self.runtime.spawn(keeps),
                }
            });
        }
    }

    /// All that are known.
    pub fn list(&self) -> Vec<PeerInfo> {
        let info = |peer: Arc<Peer>| {
            let (status, zone, away) = peer.last();
            PeerInfo {
                address: peer.address.clone(),
                zone: zone.map(String::from),
                node: status.node,
                away,
                runs: status.runs,
            }
        };
        self.all().map(info).collect()
    }

    /// Whether any of them runs a stage of a version now.
    pub fn run(&self, pipeline: &str, version: &str, stage: &str) -> bool {
        self.all().any(|peer| {
            peer.ready()
                .is_some_and(|(_, status, _)| status.runs(pipeline, version, stage))
        })
    }

    /// What is counted of them.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Has what is counted be among what is collected.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// Brings what is counted up to date with how they are now.
    pub fn measure(&self) {
        self.metrics.states(self.all().map(|peer| peer.state()));
    }

    /// Sends work on a frame: for as long as this time, with the frame's id and its trace for the logs of the hosts that
    /// work on it.
    pub fn of_frame(self: &Arc<Self>, frame: &str, trace: &Trace, until: Instant) -> OfFrame {
        OfFrame {
            peers: self.clone(),
            frame: frame.to_owned(),
            trace: trace.clone(),
            until,
        }
    }

    /// Those that run a stage of a version, and to whose zones its items may go, in the order in which to ask them.
    pub(crate) fn candidates(
        &self,
        pipeline: &str,
        version: &str,
        stage: &str,
        may_go: impl Fn(&Zone) -> bool,
    ) -> Vec<Candidate<Arc<Peer>>> {
        let candidates = self.all().filter_map(|peer| {
            let (zone, status, load) = peer.ready()?;
            let fits = status.runs(pipeline, version, stage) && may_go(&zone);
            fits.then_some(Candidate {
                peer,
                zone,
                node: status.node,
                load,
            })
        });
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        rank(candidates.collect(), self.zone(), &self.node, turn)
    }

    fn all(&self) -> impl Iterator<Item = Arc<Peer>> + use<> {
        let known: Vec<_> = self
            .lock()
            .values()
            .map(|known| known.peer.clone())
            .collect();
        known.into_iter()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a new certificate when there is one.
async fn refresh(identity: &Identity) {
    let mut every = interval(LOOK_EVERY);
    let (mut said, mut trouble) = (None, None);
    loop {
        every.tick().await;
        match identity.refresh() {
            Ok(true) => {
                tracing::info!("the certificate for other hosts was replaced");
                said = None;
            }
            Ok(false) => said = None,
            Err(error) => {
                let error = error.to_string();
                if said.as_ref() != Some(&error) {
                    tracing::error!(error, "a new certificate for other hosts is not taken");
                    said = Some(error);
                }
            }
        }
        let found = identity.trouble();
        if found != trouble {
            match &found {
                Some(why) => tracing::error!(why, "other hosts do not speak with this one"),
                None => tracing::info!("the certificate for other hosts is right again"),
            }
            trouble = found;
        }
    }
}
