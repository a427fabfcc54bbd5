//! One pipeline on several nodes, as the paper places it: detection on the edge node, features on the node with a GPU, both in
//! the zone `site`; verification in the zone `cloud`.

use crate::identities;
use crate::kubectl;
use crate::members;
use crate::needs::CannotBeDone;
use crate::newnode;
use crate::objects;
use crate::pods::{self, Pod};
use crate::site::{self, root, until};
use footlight_tests::authority::{Authority, Good};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// By which nodes are told apart.
pub const TIER: &str = "footlight.dev/tier";
const ZONE: &str = "footlight.dev/zone";
const GPU: &str = "nvidia.com/gpu.present";
/// Nodes, and the zone of each.
const NODES: [(&str, &str); 3] = [("edge", "site"), ("gpu", "site"), ("cloud", "cloud")];
/// The pipeline.
pub const NAME: &str = "members";

/// The hosts of all zones.
pub struct Zones {
    pub authority: Authority,
}

impl Zones {
    /// Puts them there, once for all tests; the members are enrolled, and every stage is served when this returns.
    pub fn installed() -> Result<&'static Zones, CannotBeDone> {
        static INSTALLED: OnceLock<Zones> = OnceLock::new();
        static TRIED: AtomicBool = AtomicBool::new(false);
        let nodes = kubectl::items(&["nodes"]);
        let named = |name: &str| {
            let mut nodes = nodes.iter();
            nodes.find(|node| node["metadata"]["name"] == name)
        };
        let gpu = |name| named(name).map(|node| &node["status"]["capacity"]["nvidia.com/gpu"]);
        if named("cloud").is_none()
            || !["edge", "gpu"]
                .iter()
                .all(|name| gpu(name).is_some_and(Value::is_string))
        {
            let why = "it wants the nodes edge, gpu and cloud of ../shared/cluster";
            return Err(CannotBeDone(why.to_owned()));
        }
        // Each test would wait for it in vain.
        let again = TRIED.swap(true, Ordering::SeqCst);
        assert!(
            !again || INSTALLED.get().is_some(),
            "the zones are not there: see the first test that wanted them"
        );
        let zones = INSTALLED.get_or_init(|| {
            let zones = Zones::install();
            // Where one host enrols, all hosts that verify know.
            objects::run(&pipeline());
            let edge = host("edge");
            members::enrol(&edge);
            until("who was enrolled at the edge is known in the cloud", || {
                members::verdicts_by_now(&edge)
            });
            zones
        });
        zones.whole();
        Ok(zones)
    }

    fn install() -> Zones {
        site::clear();
        for (node, zone) in NODES {
            join(node, zone, node);
        }
        kubectl::says(&[
            "apply",
            "-k",
            &root().join("runtimeclass").display().to_string(),
        ]);
        // What is mounted must be there before the hosts are, or they start without.
        site::namespace();
        let authority = Authority::new().unwrap();
        for zone in ["site", "cloud"] {
            identities::give(&authority, zone, Good::ForLong);
        }
        identities::give_site_key();
        site::apply("across-zones");
        site::every_node_ready();
        Zones { authority }
    }

    /// Waits until nothing of what another test broke is broken: hosts are on all nodes, each stage is served, and the verdicts
    /// are right.
    pub fn whole(&self) {
        site::every_node_ready();
        objects::ready(NAME);
        until("verdicts are right", || {
            members::right_verdicts(&pods::on("edge")?)
        });
    }
}

/// Tells a node what it is.
pub fn join(node: &str, zone: &str, tier: &str) {
    let mut labels = vec![format!("{ZONE}={zone}"), format!("{TIER}={tier}")];
    // As NVIDIA's feature discovery would.
    if node != "cloud" {
        labels.push(format!("{GPU}=true"));
    }
    let mut words = vec!["label", "node", node, "--overwrite"];
    words.extend(labels.iter().map(String::as_str));
    kubectl::says(&words);
}

/// The pipeline, with each stage where the paper has it.
pub fn pipeline() -> Value {
    let mut object = objects::members_across_zones();
    objects::place(&mut object, "detect", TIER, "edge");
    objects::place(&mut object, "features", TIER, "gpu");
    object["spec"]["placement"]["features"]["gpu"] = json!(true);
    object
}

/// The pods' addresses of all hosts.
pub fn addresses() -> BTreeSet<Ipv4Addr> {
    let address = |pod: &Pod| pod.object.0["status"]["podIP"].as_str()?.parse().ok();
    pods::all().iter().filter_map(address).collect()
}

/// The host on a node.
pub fn host(node: &str) -> Pod {
    pods::on(node).unwrap()
}

/// Makes nodes again what they were.
pub fn leave() {
    newnode::leave();
    let (zone, gpu) = (format!("{ZONE}-"), format!("{GPU}-"));
    for (node, _) in NODES {
        let mut words = vec!["label", "node", node, zone.as_str()];
        // The cluster's script gives this one the label.
        if node == "edge" {
            words.push(&gpu);
        }
        let _ = kubectl::of_the_hosts(&words).output();
    }
}
