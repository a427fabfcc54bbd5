//! What connections between hosts may take.

use std::time::Duration;

/// Limits of connections between hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The most bytes of one message: the items of a frame for one stage, or what was made of them. 64 MiB by default.
    pub max_message: usize,
    /// How often each peer is asked what it runs. Every 500 ms by default.
    pub ask_every: Duration,
    /// How long a peer may take to accept a connection, or to answer that question, before it counts as away. 2 s by
    /// default.
    pub away_after: Duration,
    /// After how long a connection is replaced by a new one, for which both certificates are looked at again. One
    /// minute by default.
    pub renew_after: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_message: 64 << 20,
            ask_every: Duration::from_millis(500),
            away_after: Duration::from_secs(2),
            renew_after: Duration::from_secs(60),
        }
    }
}
