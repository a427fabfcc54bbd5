//! What is counted of other hosts.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use footlight_boundary::{Refusal, Zone};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds of the buckets, in seconds: a round trip takes from a tenth of a millisecond on one machine to
/// seconds where a network is in trouble.
const SECONDS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
/// So many nodes are told apart. What a host calls its node is its own word, and each is a set of series for whoever
/// collects them.
const NODES: usize = 128;
/// And so much of a node's name.
const NAME: usize = 253;
/// What all other nodes are called.
const OTHER: &str = "(other)";

type Histograms = Family<OfHost, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfHost {
    zone: String,
    node: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithOutcome {
    zone: String,
    node: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    zone: String,
    node: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Moved {
    link: &'static str,
    direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Unpassed {
    pipeline: String,
    code: &'static str,
}

/// What came of asking a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did the work.
    Done,
    /// Something did not pass the boundary, in whichever direction.
    Refused,
    /// It has too much to do.
    Busy,
    /// There is nobody for the stage, or for one that follows.
    Nobody,
    /// It does not have the stage that it had said it has.
    NotHere,
    /// The connection broke.
    Gone,
    /// The time was over.
    Late,
    /// A stage or the host failed.
    Failed,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Nobody => "nobody",
            Self::NotHere => "not-here",
            Self::Gone => "gone",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

/// How another host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    There,
    /// It said that it is about to end.
    Stopping,
    /// It is left alone for a while, as it fails.
    Failing,
    Away,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Stopping => "stopping",
            Self::Failing => "failing",
            Self::Away => "away",
        }
    }
}

/// What bytes went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link(&'static str);

/// What is counted of other hosts.
#[derive(Debug)]
pub struct Metrics {
    zone: Zone,
    node: String,
    /// The nodes that are told apart.
    nodes: Mutex<BTreeSet<(Zone, String)>>,
    peers: Family<InState, Gauge>,
    errands: Family<WithOutcome, Counter>,
    retries: Family<OfHost, Counter>,
    items: Family<OfHost, Counter>,
    errand_seconds: Histograms,
    round_trip: Histograms,
    bytes: Family<Moved, Counter>,
    refusals: Family<Unpassed, Counter>,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    pub(crate) fn new(zone: Zone, node: String) -> Self {
        Self {
            zone,
            node,
            nodes: Mutex::default(),
            peers: Family::default(),
            errands: Family::default(),
            retries: Family::default(),
            items: Family::default(),
            errand_seconds: Family::new_with_constructor(seconds),
            round_trip: Family::new_with_constructor(seconds),
            bytes: Family::default(),
            refusals: Family::default(),
        }
    }

    /// Has these be among what is collected.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let peers = "Other hosts by zone, node and how they are: there, stopping, failing (left alone for a while), away";
        registry.register("peers", peers, self.peers.clone());
        let errands = "Times that a host was asked to work on items, by what came of it";
        registry.register("errands", errands, self.errands.clone());
        let retries = "Times that a host was asked as another had not done it";
        registry.register("errand_retries", retries, self.retries.clone());
        let items = "Items that were sent to a host";
        registry.register("errand_items", items, self.items.clone());
        let time = "Time from sending items to having what was made of them";
        let all = self.errand_seconds.clone();
        registry.register_with_unit("errand", time, Unit::Seconds, all);
        let trip = "Time that a host took to say what it runs, which is a round trip";
        let all = self.round_trip.clone();
        registry.register_with_unit("peer_round_trip", trip, Unit::Seconds, all);
        let bytes = "Bytes of work and of what was made of it, by how near the other host is";
        registry.register_with_unit("peer", bytes, Unit::Bytes, self.bytes.clone());
        let refusals = "Times that something did not pass a boundary, by the code in the audit log";
        registry.register("boundary_refusals", refusals, self.refusals.clone());
    }

    pub(crate) fn asked(&self, zone: &Zone, node: &str, outcome: Outcome) {
        let OfHost { zone, node } = self.host(zone, node);
        let labels = WithOutcome {
            zone,
            node,
            outcome: outcome.word(),
        };
        self.errands.get_or_create(&labels).inc();
    }

    /// There was nobody to be asked.
    pub(crate) fn nobody(&self) {
        let labels = WithOutcome {
            zone: String::new(),
            node: String::new(),
            outcome: Outcome::Nobody.word(),
        };
        self.errands.get_or_create(&labels).inc();
    }

    /// A host is asked as another has not done it.
    pub(crate) fn again(&self, zone: &Zone, node: &str) {
        self.retries.get_or_create(&self.host(zone, node)).inc();
    }

    pub(crate) fn items(&self, zone: &Zone, node: &str, items: usize) {
        let labels = self.host(zone, node);
        self.items.get_or_create(&labels).inc_by(items as u64);
    }

    pub(crate) fn took(&self, zone: &Zone, node: &str, elapsed: Duration) {
        let labels = self.host(zone, node);
        let histogram = self.errand_seconds.get_or_create(&labels);
        histogram.observe(elapsed.as_secs_f64());
    }

    pub(crate) fn round_trip(&self, zone: &Zone, node: &str, elapsed: Duration) {
        let labels = self.host(zone, node);
        let histogram = self.round_trip.get_or_create(&labels);
        histogram.observe(elapsed.as_secs_f64());
    }

    /// The link to a host.
    pub(crate) fn link(&self, zone: &Zone, node: &str) -> Link {
        match *zone == self.zone {
            false => Link("other-zone"),
            true if !node.is_empty() && node == self.node => Link("same-node"),
            true => Link("same-zone"),
        }
    }

    pub(crate) fn bytes_sent(&self, link: Link, bytes: usize) {
        self.moved(link, "sent", bytes);
    }

    pub(crate) fn bytes_received(&self, link: Link, bytes: usize) {
        self.moved(link, "received", bytes);
    }

    fn moved(&self, link: Link, direction: &'static str, bytes: usize) {
        let labels = Moved {
            link: link.0,
            direction,
        };
        self.bytes.get_or_create(&labels).inc_by(bytes as u64);
    }

    pub(crate) fn refusal(&self, pipeline: &str, refusal: &Refusal) {
        let labels = Unpassed {
            pipeline: pipeline.to_owned(),
            code: refusal.code(),
        };
        self.refusals.get_or_create(&labels).inc();
    }

    /// Says how the other hosts are now. Those that are not among them are none any more.
    pub(crate) fn states(&self, all: impl Iterator<Item = (Option<Zone>, String, State)>) {
        self.peers.clear();
        for (zone, node, state) in all {
            // A host that was never there has said nothing of where it is.
            let OfHost { zone, node } = match zone {
                Some(zone) => self.host(&zone, &node),
                None => OfHost {
                    zone: String::new(),
                    node: String::new(),
                },
            };
            let state = state.word();
            let labels = InState { zone, node, state };
            self.peers.get_or_create(&labels).inc();
        }
    }

    fn host(&self, zone: &Zone, node: &str) -> OfHost {
        let node: String = node.chars().take(NAME).collect();
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = (zone.clone(), node);
        let known = nodes.contains(&pair) || nodes.len() < NODES && nodes.insert(pair.clone());
        OfHost {
            zone: zone.to_string(),
            node: if known { pair.1 } else { OTHER.to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn text(metrics: &Metrics) -> String {
        let mut registry = Registry::with_prefix("footlight");
        metrics.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn what_happens_with_other_hosts_is_counted_by_its_full_name() {
        let (site, cloud) = (zone("site"), zone("cloud"));
        let metrics = Metrics::new(site.clone(), "edge".to_owned());
        metrics.asked(&cloud, "c", Outcome::Busy);
        metrics.asked(&cloud, "d", Outcome::Done);
        metrics.nobody();
        metrics.items(&cloud, "d", 3);
        metrics.again(&cloud, "d");
        metrics.took(&cloud, "d", Duration::from_millis(3));
        metrics.round_trip(&cloud, "d", Duration::from_micros(400));
        for (zone, node) in [(&site, "edge"), (&site, "gpu"), (&cloud, "edge")] {
            metrics.bytes_sent(metrics.link(zone, node), 10);
        }
        metrics.bytes_received(metrics.link(&site, ""), 7);
        let refusal = Refusal::Image {
            class: "frame".to_owned(),
            from: site.clone(),
            to: cloud.clone(),
        };
        metrics.refusal("members", &refusal);
        let state = |zone: &Zone, state| (Some(zone.clone()), "n".to_owned(), state);
        metrics.states([state(&cloud, State::Away)].into_iter());
        let now = [
            state(&site, State::There),
            state(&site, State::There),
            (None, String::new(), State::Away),
        ];
        metrics.states(now.into_iter());
        let text = text(&metrics);
        for line in [
            r#"footlight_errands_total{zone="cloud",node="c",outcome="busy"} 1"#,
            r#"footlight_errands_total{zone="cloud",node="d",outcome="done"} 1"#,
            r#"footlight_errands_total{zone="",node="",outcome="nobody"} 1"#,
            r#"footlight_errand_items_total{zone="cloud",node="d"} 3"#,
            r#"footlight_errand_retries_total{zone="cloud",node="d"} 1"#,
            r#"footlight_errand_seconds_bucket{le="0.005",zone="cloud",node="d"} 1"#,
            r#"footlight_errand_seconds_bucket{le="0.0025",zone="cloud",node="d"} 0"#,
            r#"footlight_peer_round_trip_seconds_bucket{le="0.0005",zone="cloud",node="d"} 1"#,
            r#"footlight_peer_bytes_total{link="same-node",direction="sent"} 10"#,
            r#"footlight_peer_bytes_total{link="same-zone",direction="sent"} 10"#,
            r#"footlight_peer_bytes_total{link="other-zone",direction="sent"} 10"#,
            r#"footlight_peer_bytes_total{link="same-zone",direction="received"} 7"#,
            r#"footlight_boundary_refusals_total{pipeline="members",code="boundary-image"} 1"#,
            r#"footlight_peers{zone="site",node="n",state="there"} 2"#,
            r#"footlight_peers{zone="",node="",state="away"} 1"#,
        ] {
            assert!(
                text.lines().any(|have| have == line),
                "no line {line:?} in\n{text}"
            );
        }
        let cloud = r#"footlight_peers{zone="cloud""#;
        assert!(!text.contains(cloud), "one that is known no more");
    }

    #[test]
    fn hosts_that_name_ever_new_nodes_do_not_make_ever_new_series() {
        let (metrics, cloud) = (Metrics::new(zone("site"), String::new()), zone("cloud"));
        for number in 0..1000 {
            metrics.asked(&cloud, &format!("node-{number}"), Outcome::Done);
        }
        metrics.asked(&cloud, "node-1", Outcome::Done);
        let text = text(&metrics);
        let series = text.matches("footlight_errands_total{").count();
        assert_eq!(series, NODES + 1, "{text}");
        assert!(text.contains(r#"node="(other)",outcome="done"} 872"#));
        assert!(text.contains(r#"node="node-1",outcome="done"} 2"#));
    }
}
