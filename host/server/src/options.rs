//! What a server may take on.

use std::thread::available_parallelism;
use std::time::Duration;

/// Limits of a server. The defaults suit a host on a trusted network; every limit is per server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The most bytes that the body of a request may have. 16 MiB by default.
    pub max_body: usize,
    /// The most pixels (width times height) that a picture may have; its header is checked before
    /// anything is decoded. The photos of one enrolment may have [`PHOTOS_PIXELS`] times as many
    /// together. 40 million by default.
    pub max_pixels: u64,
    /// How many frames are worked on at a time, at least one. What the machine can run in parallel by
    /// default.
    pub workers: usize,
    /// How many more may wait for a worker. One beyond that is refused. 32 by default.
    pub queue: usize,
    /// How many connections may be open at a time; the next ones wait in the kernel. 1024 by default.
    pub connections: usize,
    /// How long a client may take to send the head of a request, which is also how long an idle
    /// connection stays open. 10 seconds by default.
    pub head_timeout: Duration,
    /// How long a client may take to send the body of a request. 30 seconds by default.
    pub body_timeout: Duration,
    /// How long a frame may wait for other hosts, from when a worker begins with it. 10 seconds by default.
    pub frame_time: Duration,
    /// How long a version that is to run waits for other hosts to have it, too. One minute by default.
    pub others_ready: Duration,
    /// Whether a version runs only once every stage of it is ready on some host, and not only those that follow here: for
    /// hosts that all see each other. Then a version that cannot run as a whole is taken by none of them.
    pub whole_versions: bool,
    /// How long a server that was told to stop waits for what it holds. 30 seconds by default.
    pub grace: Duration,
}

/// How many times [`Options::max_pixels`] the photos of one enrolment may have together: they are in
/// memory at the same time.
pub const PHOTOS_PIXELS: u64 = 4;

impl Default for Options {
    fn default() -> Self {
        Self {
            max_body: 16 << 20,
            max_pixels: 40_000_000,
            workers: available_parallelism().map_or(1, std::num::NonZero::get),
            queue: 32,
            connections: 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            frame_time: Duration::from_secs(10),
            others_ready: Duration::from_secs(60),
            whole_versions: false,
            grace: Duration::from_secs(30),
        }
    }
}
