//! The registry's machine and the node's, with the one link between them.

use std::net::Ipv4Addr;
use std::ops::Deref;

use anyhow::Result;

use crate::network::{Namespace as AnyNamespace, remove_left_behind};

/// The link's end in each namespace.
const LINK: &str = "link0";
/// What may leave at once.
const BURST: &str = "64kb";

/// Both namespaces.
pub struct Network {
    /// Where the registry is.
    pub registry: Namespace,
    /// Where stages or containers run.
    pub node: Namespace,
}

/// A machine on the link.
pub struct Namespace {
    namespace: AnyNamespace,
    /// Its address on the link.
    pub address: Ipv4Addr,
}

impl Network {
    /// Makes them, with a link of this many Mbit/s in each direction.
    pub fn open(rate: u32) -> Result<Network> {
        remove_left_behind()?;
        let new = |role: &str, address| -> Result<Namespace> {
            let namespace = AnyNamespace::new(role)?;
            Ok(Namespace { namespace, address })
        };
        // Addresses that are for documentation alone (RFC 5737), so that nothing of this machine has them.
        let network = Network {
            registry: new("registry", Ipv4Addr::new(192, 0, 2, 1))?,
            node: new("node", Ipv4Addr::new(192, 0, 2, 2))?,
        };
        let (one, other) = (&network.registry, &network.node);
        one.link(LINK, (other, LINK))?;
        for end in [one, other] {
            end.up(LINK, end.address)?;
            end.hold(LINK, rate, BURST)?;
        }
        Ok(network)
    }

    /// How fast bytes of a plain connection get from the registry to the node, in Mbit/s.
    pub fn goodput(&self) -> Result<f64> {
        let to = &self.node;
        self.registry.goodput(to, to.address, 32 << 20)
    }
}

impl Namespace {
    /// The bytes that have come over the link so far, with all headers.
    pub fn received(&self) -> Result<u64> {
        Ok(self.counters(LINK)?.received)
    }
}

impl Deref for Namespace {
    type Target = AnyNamespace;

    fn deref(&self) -> &AnyNamespace {
        &self.namespace
    }
}
