//! What goes over a node's link: every packet, as it is on the wire.

use crate::machine;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::{Child, Stdio};
use tempfile::TempDir;

/// The length of an Ethernet header.
const ETHERNET: usize = 14;
/// What of a picture must not be found anywhere: as many of its bytes in a row.
const RUN: usize = 8;
/// Where hosts speak to each other.
const PEERS: u16 = 7421;

/// Where the cluster's script has its registry and its API server.
const CONTROL: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 77, 0, 1), Ipv4Addr::new(10, 96, 0, 1)];

/// Captures until it is ended.
pub struct Capture {
    child: Child,
    folder: TempDir,
}

/// Packets between two addresses.
pub struct Traffic {
    packets: Vec<Packet>,
}

struct Packet {
    from: (Ipv4Addr, u16),
    to: (Ipv4Addr, u16),
    tcp: bool,
    sequence: u32,
    payload: Vec<u8>,
    /// With all headers, as the link carries it.
    size: usize,
}

impl Capture {
    /// Captures what a node receives and sends.
    pub fn start(node: &str) -> Capture {
        let folder = tempfile::tempdir().unwrap();
        let mut command = machine::command_on(node, "python3");
        command.args(["-c", include_str!("capture.py"), "e0"]);
        command.arg(folder.path().join("packets"));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        assert_eq!(line, "capturing\n");
        Capture { child, folder }
    }

    /// What was captured of hosts' pods with whomever, the API server and the registry excepted.
    pub fn end(mut self, pods: &BTreeSet<Ipv4Addr>) -> Traffic {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        let bytes = fs::read(self.folder.path().join("packets")).unwrap();
        let mut rest = bytes.as_slice();
        let mut packets = Vec::new();
        while let Some((length, more)) = rest.split_first_chunk::<4>() {
            let (packet, more) = more.split_at(u32::from_be_bytes(*length) as usize);
            packets.push(Packet::read(packet));
            rest = more;
        }
        packets.retain(|packet| {
            let ends = [packet.from.0, packet.to.0];
            ends.iter().any(|end| pods.contains(end))
                && !ends.iter().any(|end| CONTROL.contains(end))
        });
        Traffic { packets }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Packet {
    fn read(frame: &[u8]) -> Packet {
        let ip = &frame[ETHERNET..];
        let header = usize::from(ip[0] & 15) * 4;
        let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        let address = |at: usize| Ipv4Addr::new(ip[at], ip[at + 1], ip[at + 2], ip[at + 3]);
        let inner = &ip[header..total];
        let tcp = ip[9] == 6;
        let port = |at: usize| match inner.get(at..at + 2) {
            Some(port) if tcp => u16::from_be_bytes([port[0], port[1]]),
            _ => 0,
        };
        let payload = match tcp {
            true => &inner[usize::from(inner[12] >> 4) * 4..],
            false => inner,
        };
        Packet {
            from: (address(12), port(0)),
            to: (address(16), port(2)),
            tcp,
            sequence: inner
                .get(4..8)
                .map_or(0, |it| u32::from_be_bytes(it.try_into().unwrap())),
            payload: payload.to_owned(),
            size: frame.len(),
        }
    }
}

impl Traffic {
    /// All bytes on the link, with the headers of Ethernet, IP and TCP.
    pub fn bytes(&self) -> usize {
        self.packets.iter().map(|packet| packet.size).sum()
    }

    /// The bytes of each connection, of the largest first.
    pub fn connections(&self) -> Vec<String> {
        let mut sizes = BTreeMap::<_, usize>::new();
        for packet in &self.packets {
            *sizes.entry((packet.from, packet.to)).or_default() += packet.size;
        }
        let mut sizes: Vec<_> = sizes.into_iter().collect();
        sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        let line = |((from, to), size)| format!("{size} bytes from {from:?} to {to:?}");
        sizes.into_iter().map(line).collect()
    }

    /// What each connection carried in each direction, in order; what was sent again is there once.
    fn streams(&self) -> Vec<Vec<u8>> {
        let mut streams = BTreeMap::<_, Vec<&Packet>>::new();
        for packet in &self.packets {
            streams
                .entry((packet.from, packet.to))
                .or_default()
                .push(packet);
        }
        streams.into_values().map(joined).collect()
    }

    /// What is not of one host's connection to another under TLS: nothing, if all is well.
    pub fn strangers(&self) -> Vec<String> {
        let mut strangers: Vec<String> = self
            .packets
            .iter()
            .filter(|packet| !(packet.tcp && [packet.from.1, packet.to.1].contains(&PEERS)))
            .map(|packet| {
                format!(
                    "{:?} to {:?}, {} bytes",
                    packet.from,
                    packet.to,
                    packet.payload.len()
                )
            })
            .collect();
        let streams = self.streams();
        strangers.extend(streams.iter().filter_map(|stream| not_tls(stream).err()));
        strangers
    }

    /// What looks like a picture, in whatever connection: the first bytes of any JPEG or PNG, or some bytes in a row of those
    /// that are given.
    pub fn pictures(&self, sent: &[Vec<u8>]) -> Vec<String> {
        let runs: HashSet<&[u8]> = sent
            .iter()
            .flat_map(|picture| picture.windows(RUN))
            .collect();
        let mut found = Vec::new();
        for stream in self.streams() {
            for (at, bytes) in stream.windows(RUN).enumerate() {
                // FF D8 FF and a marker that comes first. Three bytes alone are among a few million of any kind.
                if bytes.starts_with(&[0xff, 0xd8, 0xff])
                    && matches!(bytes[3], 0xdb | 0xe0 | 0xe1 | 0xee)
                {
                    found.push(format!("the first bytes of a JPEG at {at}"));
                }
                if bytes == b"\x89PNG\r\n\x1a\n" {
                    found.push(format!("the first bytes of a PNG at {at}"));
                }
                if runs.contains(bytes) {
                    found.push(format!("bytes of a frame at {at}"));
                }
            }
        }
        found
    }
}

/// The bytes of one direction, from the first that was seen on.
fn joined(packets: Vec<&Packet>) -> Vec<u8> {
    let Some(first) = packets.first().map(|packet| packet.sequence) else {
        return Vec::new();
    };
    // Sequence numbers go round; what was sent before the first that was seen is not asked for.
    let place = |packet: &Packet| packet.sequence.wrapping_sub(first).cast_signed();
    let mut packets: Vec<_> = packets
        .into_iter()
        .filter(|packet| !packet.payload.is_empty())
        .collect();
    packets.sort_by_key(|packet| place(packet));
    let mut bytes = Vec::new();
    let mut next = i64::from(i32::MIN);
    for packet in packets {
        let (at, length) = (
            i64::from(place(packet)),
            i64::try_from(packet.payload.len()).unwrap(),
        );
        let known = (next - at).clamp(0, length);
        bytes.extend(&packet.payload[usize::try_from(known).unwrap()..]);
        next = next.max(at + length);
    }
    bytes
}

/// Reads records of TLS, whose lengths lead from each to the next. A capture may begin within one; then it is looked for
/// the first place from which they do.
fn not_tls(stream: &[u8]) -> Result<(), String> {
    let records = |mut rest: &[u8]| {
        let mut count = 0;
        while let [20..=23, 3, 1..=3, high, low, more @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if length > 16640 {
                return None;
            }
            count += 1;
            rest = more.get(length..).unwrap_or_default();
        }
        (rest.len() < 5 && count > 0).then_some(count)
    };
    if stream.is_empty() {
        return Ok(());
    }
    let within = stream.len().min(16640);
    match (0..=within).find_map(|at| records(&stream[at..])) {
        Some(_) => Ok(()),
        None => Err(format!(
            "a connection with {} bytes that are not TLS",
            stream.len()
        )),
    }
}
