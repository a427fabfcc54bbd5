//! Connections between hosts: items go to where their stage runs, and what was made of them comes back.
//!
//! Two hosts have one HTTP/2 connection in each direction in which there is work to send, with mutual TLS. Who a host
//! is stands in its certificate ([`Identity`]): the zone that it is in. A [`Peers`] knows the other hosts, asks each
//! what it runs, and sends work to the nearest that does ([`Peers::of_frame`]); a [`Listener`] takes work in and hands
//! it to whatever does it ([`Worker`]).
//!
//! What crosses from one zone to another is decided by `footlight-boundary`, which makes a parcel of each item; within
//! a zone items travel whole. `wire` is how both are written.
//!
//! Where to read on: `identity` (who a host is), `peers` (which hosts there are), `peer` (one of them, and its
//! connection), `choice` (which one gets an errand), `errand` (how one is sent, and sent again), `listener` (how it is
//! taken in), `order` (how it is done), `wire` (how it is written), `trace` (which request it belongs to), `metrics` (what is counted).
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod choice;
mod circuit;
mod connection;
mod errand;
mod error;
mod identity;
mod listener;
mod metrics;
mod options;
mod order;
mod peer;
mod peers;
mod said;
mod status;
mod trace;
mod wire;

#[cfg(test)]
mod harness;
#[cfg(test)]
mod tests;

pub use errand::OfFrame;
pub use error::IdentityError;
pub use identity::{Identity, zone_of};
pub use listener::{Listener, Worker};
pub use metrics::Metrics;
pub use options::Options;
pub use order::{About, Order, Refused};
pub use peers::{PeerInfo, Peers};
pub use status::{Runs, Status};
pub use trace::{TRACEPARENT, Trace};
