//! The network: a site with a camera and two machines, and a cloud for each side.
//!
//! ```text
//!  camera --- lan0 --- [ lan ] --- lan0 --- edge
//!  camera --- wan0 --- [ wan ]     lan0 --- gpu
//!  edge   --- wan0 --- [     ] === held to a rate === wan0 --- apart      (the cloud of stages apart)
//!  gpu    --- wan0 --- [     ] === held to a rate === wan0 --- together   (the cloud that does all)
//! ```
//!
//! Each machine of the site has an interface for the site and one for the way out, so that each link is counted alone; a
//! router at the site would carry the same. Each side has an uplink of its own, of the same rate: what hosts say to each other
//! while the other side has its turn is on neither's.

use std::fs;
use std::net::Ipv4Addr;

use anyhow::{Context, Result};

use crate::network::{Counters, Namespace, remove_left_behind};

/// The interface to the site's other machines.
const LAN: &str = "lan0";
/// The interface to the cloud, or from it to the site.
const WAN: &str = "wan0";
/// How fast a token bucket must be at least for a timer that is late by a millisecond, and the least that it takes: two
/// packets. Larger, and small things would leave at no rate at all.
const LATE: f64 = 1e-3;
const TWO_PACKETS: f64 = 3028.0;

/// The network, which goes when this is dropped.
pub struct Network {
    /// Where frames are made and sent from.
    pub camera: Machine,
    /// Where detection is.
    pub edge: Machine,
    /// Where features are computed.
    pub gpu: Machine,
    /// The cloud of the side whose stages are apart.
    pub apart: Machine,
    /// The cloud of the side that does all of it there.
    pub together: Machine,
    /// What joins them.
    switch: Namespace,
}

/// A machine.
pub struct Machine {
    /// Its network.
    pub namespace: Namespace,
    /// What it is called.
    pub role: &'static str,
    number: u8,
}

impl Machine {
    fn new(role: &'static str, number: u8) -> Result<Machine> {
        Ok(Machine {
            namespace: quiet(role)?,
            role,
            number,
        })
    }

    /// Its address at the site. Both are for documentation alone (RFC 5737), so that nothing of this machine has them.
    pub fn lan(&self) -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2, self.number)
    }

    /// Its address to the outside.
    pub fn wan(&self) -> Ipv4Addr {
        Ipv4Addr::new(198, 51, 100, self.number)
    }
}

impl Network {
    /// Makes it.
    pub fn open() -> Result<Network> {
        remove_left_behind()?;
        let network = Network {
            camera: Machine::new("camera", 1)?,
            edge: Machine::new("edge", 2)?,
            gpu: Machine::new("gpu", 3)?,
            apart: Machine::new("apart", 4)?,
            together: Machine::new("together", 5)?,
            switch: quiet("switch")?,
        };
        for bridge in ["lan", "wan"] {
            let switch = &network.switch;
            switch.ip(&["link", "add", bridge, "type", "bridge"])?;
            switch.ip(&["link", "set", bridge, "up"])?;
        }
        for machine in [&network.camera, &network.edge, &network.gpu] {
            network.join(machine, LAN, "lan", machine.lan())?;
            network.join(machine, WAN, "wan", machine.wan())?;
        }
        for machine in [&network.apart, &network.together] {
            network.join(machine, WAN, "wan", machine.wan())?;
        }
        Ok(network)
    }

    /// Joins a machine to a bridge.
    fn join(
        &self,
        machine: &Machine,
        interface: &str,
        bridge: &str,
        address: Ipv4Addr,
    ) -> Result<()> {
        let (switch, port) = (&self.switch, port(machine, bridge));
        machine.namespace.link(interface, (switch, &port))?;
        // What is counted is what a wire carries: packets of a wire's size, each with its headers, and not the large
        // ones that the kernel hands on inside a machine.
        for (namespace, end) in [(&machine.namespace, interface), (switch, &port)] {
            namespace.ip(&["link", "set", end, "gso_max_segs", "1"])?;
        }
        switch.ip(&["link", "set", &port, "master", bridge])?;
        switch.ip(&["link", "set", &port, "up"])?;
        machine.namespace.up(interface, address)
    }

    /// Holds both uplinks to this many Mbit/s in each direction.
    pub fn hold(&self, rate: u32) -> Result<()> {
        let burst = format!("{}", burst(rate));
        for machine in [&self.apart, &self.together] {
            machine.namespace.hold(WAN, rate, &burst)?;
            self.switch.hold(&port(machine, "wan"), rate, &burst)?;
        }
        Ok(())
    }

    /// How fast bytes of a plain connection get up an uplink, in Mbit/s.
    pub fn goodput(&self, bytes: usize) -> Result<f64> {
        let to = &self.together;
        let from = &self.camera.namespace;
        from.goodput(&to.namespace, to.wan(), bytes)
    }

    /// What all links have carried so far.
    pub fn carried(&self) -> Result<Carried> {
        let lan = |machine: &Machine| machine.namespace.counters(LAN);
        let wan = |machine: &Machine| machine.namespace.counters(WAN);
        Ok(Carried {
            camera: lan(&self.camera)?,
            gpu: lan(&self.gpu)?,
            apart: wan(&self.apart)?,
            together: wan(&self.together)?,
        })
    }

    /// How TCP finds its rate here.
    pub fn congestion_control(&self) -> Result<String> {
        self.camera.namespace.within(|| {
            let name = fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control")?;
            Ok(name.trim().to_owned())
        })
    }
}

/// What the links have carried.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    /// The camera's, at the site.
    camera: Counters,
    /// That of the features' host, at the site.
    gpu: Counters,
    /// The uplinks, as the cloud sees them.
    apart: Counters,
    together: Counters,
}

/// Bytes on each link, in some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bytes {
    /// From the camera to the host with detection.
    pub camera_to_edge: f64,
    /// From there to the host with features.
    pub edge_to_gpu: f64,
    /// And back.
    pub gpu_to_edge: f64,
    /// Up and down the uplink of stages apart.
    pub apart: [f64; 2],
    /// Up and down the uplink of all in the cloud.
    pub together: [f64; 2],
}

impl Carried {
    /// What was carried since, by each of so many frames or seconds.
    pub fn since(&self, before: &Carried, by: f64) -> Bytes {
        let each = |now: u64, before: u64| now.saturating_sub(before) as f64 / by;
        let uplink = |now: &Counters, before: &Counters| {
            [
                each(now.received, before.received),
                each(now.sent, before.sent),
            ]
        };
        Bytes {
            camera_to_edge: each(self.camera.sent, before.camera.sent),
            edge_to_gpu: each(self.gpu.received, before.gpu.received),
            gpu_to_edge: each(self.gpu.sent, before.gpu.sent),
            apart: uplink(&self.apart, &before.apart),
            together: uplink(&self.together, &before.together),
        }
    }
}

/// A bridge's port for a machine.
fn port(machine: &Machine, bridge: &str) -> String {
    format!("{bridge}-{}", machine.role)
}

/// What may leave at once, in bytes.
fn burst(rate: u32) -> u32 {
    (f64::from(rate) * 1e6 / 8.0 * LATE).max(TWO_PACKETS) as u32
}

/// A namespace in which nothing speaks of its own accord, as IPv6 does about routers.
fn quiet(role: &str) -> Result<Namespace> {
    let namespace = Namespace::new(role)?;
    namespace.within(|| {
        for which in ["all", "default"] {
            let file = format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6");
            if fs::exists(&file)? {
                fs::write(&file, "1").with_context(|| format!("cannot write {file}"))?;
            }
        }
        Ok(())
    })?;
    Ok(namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(received: u64, sent: u64) -> Counters {
        Counters { received, sent }
    }

    #[test]
    fn bytes_are_those_since_and_by_frame() {
        let before = Carried {
            camera: seen(1, 1000),
            gpu: seen(500, 50),
            apart: seen(100, 10),
            together: seen(7, 8),
        };
        let after = Carried {
            camera: seen(2, 3000),
            gpu: seen(900, 90),
            apart: seen(300, 30),
            together: seen(7, 8),
        };
        let bytes = after.since(&before, 2.0);
        assert_eq!(bytes.camera_to_edge, 1000.0);
        assert_eq!((bytes.edge_to_gpu, bytes.gpu_to_edge), (200.0, 20.0));
        assert_eq!(bytes.apart, [100.0, 10.0]);
        assert_eq!(bytes.together, [0.0, 0.0]);
    }

    #[test]
    fn a_bucket_holds_a_millisecond_and_two_packets_at_least() {
        assert_eq!(burst(140), 17_500);
        assert_eq!(burst(20), 3028);
        assert_eq!(burst(5), 3028);
    }
}
