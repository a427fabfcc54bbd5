//! Two machines on one: network namespaces with a link between them that is held to a rate.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::process::run as execute;

/// Where `ip netns` keeps namespaces.
const NAMESPACES: &str = "/run/netns";
/// How the names of ours begin; behind it is the process that made them.
const PREFIX: &str = "footlight-bench-";
/// The link's end in each namespace.
const LINK: &str = "link0";

/// Both namespaces, which go when this is dropped, with all that is in them.
pub struct Network {
    /// Where the registry is.
    pub registry: Namespace,
    /// Where stages or containers run.
    pub node: Namespace,
}

/// A machine's network of its own.
pub struct Namespace {
    name: String,
    /// Its address on the link.
    pub address: Ipv4Addr,
}

impl Network {
    /// What this lacks to make one, if anything.
    pub fn lacks() -> Option<String> {
        if !rustix::process::geteuid().is_root() {
            return Some("network namespaces are made by root alone: run it as root".to_owned());
        }
        let missing = ["ip", "tc"]
            .into_iter()
            .find(|program| Command::new(program).arg("-V").output().is_err())?;
        Some(format!(
            "there is no {missing} here: `apt-get install iproute2`"
        ))
    }

    /// Makes them, with a link of this many Mbit/s in each direction.
    pub fn open(rate: u32) -> Result<Network> {
        remove_left_behind()?;
        let name = |role: &str| format!("{PREFIX}{}-{role}", process::id());
        // Addresses that are for documentation alone (RFC 5737), so that nothing of this machine has them.
        let network = Network {
            registry: Namespace::new(name("registry"), Ipv4Addr::new(192, 0, 2, 1))?,
            node: Namespace::new(name("node"), Ipv4Addr::new(192, 0, 2, 2))?,
        };
        let (one, other) = (&network.registry.name, &network.node.name);
        ip(&[
            "link", "add", LINK, "netns", one, "type", "veth", "peer", "name", LINK, "netns", other,
        ])?;
        for end in [&network.registry, &network.node] {
            let address = format!("{}/24", end.address);
            ip(&["-n", &end.name, "addr", "add", &address, "dev", LINK])?;
            ip(&["-n", &end.name, "link", "set", "lo", "up"])?;
            ip(&["-n", &end.name, "link", "set", LINK, "up"])?;
            execute(Command::new("tc").args([
                "-n",
                &end.name,
                "qdisc",
                "add",
                "dev",
                LINK,
                "root",
                "tbf",
                "rate",
                &format!("{rate}mbit"),
                "burst",
                "64kb",
                "latency",
                "100ms",
            ]))?;
        }
        Ok(network)
    }

    /// How fast bytes of a plain connection get from the registry to the node, in Mbit/s.
    pub fn goodput(&self) -> Result<f64> {
        const BYTES: usize = 32 << 20;
        let listener = self
            .registry
            .within(|| Ok(TcpListener::bind((self.registry.address, 0))?))?;
        let address = listener.local_addr()?;
        thread::scope(|scope| {
            let sender = scope.spawn(move || -> Result<()> {
                let (mut connection, _) = listener.accept()?;
                let block = vec![0; 1 << 16];
                for _ in 0..BYTES / block.len() {
                    connection.write_all(&block)?;
                }
                Ok(())
            });
            let mut connection = self.node.within(|| Ok(TcpStream::connect(address)?))?;
            let began = Instant::now();
            let mut block = vec![0; 1 << 16];
            let mut received = 0;
            loop {
                match connection.read(&mut block)? {
                    0 => break,
                    count => received += count,
                }
            }
            let seconds = began.elapsed().as_secs_f64();
            match sender.join() {
                Ok(sent) => sent?,
                Err(_) => bail!("the sender panicked"),
            }
            Ok(received as f64 * 8.0 / seconds / 1e6)
        })
    }
}

impl Namespace {
    fn new(name: String, address: Ipv4Addr) -> Result<Namespace> {
        ip(&["netns", "add", &name])?;
        Ok(Namespace { name, address })
    }

    /// Does something in this namespace: connections that it opens and programs that it starts belong to it.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let file = File::open(self.file())?;
        thread::scope(|scope| {
            // A thread of its own, as the one that has moved does not come back.
            let worker = scope.spawn(move || {
                move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
                    .context("cannot move into a network namespace")?;
                work()
            });
            match worker.join() {
                Ok(done) => done,
                Err(_) => bail!("a worker in {} panicked", self.name),
            }
        })
    }

    /// The bytes that have come over the link so far, with all headers.
    pub fn received(&self) -> Result<u64> {
        let table = self.within(|| Ok(fs::read_to_string("/proc/thread-self/net/dev")?))?;
        received(&table).with_context(|| format!("{} has no counters for {LINK}", self.name))
    }

    fn file(&self) -> PathBuf {
        Path::new(NAMESPACES).join(&self.name)
    }
}

impl Drop for Namespace {
    /// The link goes with either end.
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.name]);
    }
}

/// The link's first counter in the kernel's table of interfaces.
fn received(table: &str) -> Option<u64> {
    let counters = table
        .lines()
        .find_map(|line| line.trim().strip_prefix(LINK)?.strip_prefix(':'))?;
    counters.split_whitespace().next()?.parse().ok()
}

/// Removes namespaces of processes that are gone: one that is killed cannot remove its own.
fn remove_left_behind() -> Result<()> {
    let Ok(entries) = fs::read_dir(NAMESPACES) else {
        return Ok(());
    };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            ip(&["netns", "del", &name])?;
        }
    }
    Ok(())
}

fn ip(arguments: &[&str]) -> Result<()> {
    execute(Command::new("ip").args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_links_counter_is_read() {
        let table = "Inter-|   Receive      |  Transmit\n face |bytes    packets errs\n\
            \x20   lo:       7       1    0    0    0     0          0         0       7       1\n\
            \x20link0: 33554432   22000    0    0    0     0          0         0    1234      12\n";
        assert_eq!(received(table), Some(33_554_432));
        assert_eq!(received("    lo: 7 1\n"), None);
    }
}
