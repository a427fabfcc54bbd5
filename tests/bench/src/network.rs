//! Machines on one machine: network namespaces, with links between them that are held to a rate.

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

/// What this lacks to make a network, if anything.
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

/// A machine's network of its own, which goes when this is dropped, with all that is in it.
pub struct Namespace {
    name: String,
}

/// The bytes that an interface has seen, with all headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Those that came.
    pub received: u64,
    /// Those that went.
    pub sent: u64,
}

impl Namespace {
    /// One with nothing but itself in it.
    pub fn new(role: &str) -> Result<Namespace> {
        let name = format!("{PREFIX}{}-{role}", process::id());
        ip(&["netns", "add", &name])?;
        let namespace = Namespace { name };
        namespace.ip(&["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    /// Runs `ip` on what is in it.
    pub fn ip(&self, arguments: &[&str]) -> Result<()> {
        ip(&[&["-n", &self.name], arguments].concat())
    }

    /// Adds a link from an interface of this one to an interface of another.
    pub fn link(&self, interface: &str, to: (&Namespace, &str)) -> Result<()> {
        let (other, its) = to;
        ip(&[
            "link",
            "add",
            interface,
            "netns",
            &self.name,
            "type",
            "veth",
            "peer",
            "name",
            its,
            "netns",
            &other.name,
        ])
    }

    /// Gives an interface its address, and puts it into use.
    pub fn up(&self, interface: &str, address: Ipv4Addr) -> Result<()> {
        self.ip(&["addr", "add", &format!("{address}/24"), "dev", interface])?;
        self.ip(&["link", "set", interface, "up"])
    }

    /// Holds what an interface sends to this many Mbit/s. What `burst` says may leave at once, if nothing has left for long.
    pub fn hold(&self, interface: &str, rate: u32, burst: &str) -> Result<()> {
        execute(Command::new("tc").args([
            "-n",
            &self.name,
            "qdisc",
            "replace",
            "dev",
            interface,
            "root",
            "tbf",
            "rate",
            &format!("{rate}mbit"),
            "burst",
            burst,
            "latency",
            "100ms",
        ]))
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

    /// The bytes that an interface has seen so far.
    pub fn counters(&self, interface: &str) -> Result<Counters> {
        let table = self.within(|| Ok(fs::read_to_string("/proc/thread-self/net/dev")?))?;
        counters(&table, interface)
            .with_context(|| format!("{} has no counters for {interface}", self.name))
    }

    /// How fast this many bytes of a plain connection get from here to an address of another, in Mbit/s.
    pub fn goodput(&self, other: &Namespace, address: Ipv4Addr, bytes: usize) -> Result<f64> {
        let listener = other.within(|| Ok(TcpListener::bind((address, 0))?))?;
        let address = listener.local_addr()?;
        thread::scope(|scope| {
            let receiver = scope.spawn(move || -> Result<f64> {
                let (mut connection, _) = listener.accept()?;
                let began = Instant::now();
                let mut block = vec![0; 1 << 16];
                let mut received = 0;
                loop {
                    match connection.read(&mut block)? {
                        0 => break,
                        count => received += count,
                    }
                }
                Ok(received as f64 * 8.0 / began.elapsed().as_secs_f64() / 1e6)
            });
            let mut connection = self.within(|| Ok(TcpStream::connect(address)?))?;
            connection.write_all(&vec![0; bytes])?;
            drop(connection);
            match receiver.join() {
                Ok(rate) => rate,
                Err(_) => bail!("the receiver panicked"),
            }
        })
    }

    fn file(&self) -> PathBuf {
        Path::new(NAMESPACES).join(&self.name)
    }
}

impl Drop for Namespace {
    /// Links go with either end.
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.name]);
    }
}

/// An interface's counters in the kernel's table: the first and the ninth number.
fn counters(table: &str, interface: &str) -> Option<Counters> {
    let counters = table
        .lines()
        .find_map(|line| line.trim().strip_prefix(interface)?.strip_prefix(':'))?;
    let mut numbers = counters.split_whitespace();
    let received = numbers.next()?.parse().ok()?;
    let sent = numbers.nth(7)?.parse().ok()?;
    Some(Counters { received, sent })
}

/// Removes namespaces of processes that are gone: one that is killed cannot remove its own.
pub fn remove_left_behind() -> Result<()> {
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
    fn an_interfaces_counters_are_read() {
        let table = "Inter-|   Receive      |  Transmit\n face |bytes    packets errs\n\
            \x20   lo:       7       1    0    0    0     0          0         0       7       1    0\n\
            \x20link0: 33554432   22000    0    0    0     0          0         0    1234      12    0\n\
            \x20link01:      5       1    0    0    0     0          0         0       6       1    0\n";
        let link = Counters {
            received: 33_554_432,
            sent: 1234,
        };
        assert_eq!(counters(table, "link0"), Some(link));
        assert_eq!(counters(table, "link01").map(|link| link.sent), Some(6));
        assert_eq!(counters("    lo: 7 1\n", "link0"), None);
    }
}
