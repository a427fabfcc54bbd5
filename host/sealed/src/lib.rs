//! A cache folder whose entries are trusted, as they are sealed with a key of this host.
//!
//! Compiled code is such an entry: to load it is to run it, so a host loads only what a host with its key has
//! written. [`Sealed::open`] makes the key in the folder, or reads it; [`Sealed::put`] writes an entry with a
//! seal, HMAC-SHA256 over its name, its length and its bytes; [`Sealed::get`] reads an entry to its end and
//! gives it out only if the seal fits. One that was altered, cut off, renamed or written with another key is
//! removed, and a warning says why. What is checked is what is given out: the bytes are in memory by then, and
//! nobody who may write to the folder can change them any more.
//!
//! # What it holds to
//!
//! - A cache must not stop a host: an entry that cannot be written is a warning, and a folder that may only be
//!   read is one whose entries can be used. Only a key that cannot be trusted or made is an error.
//! - An entry appears whole or not at all, whenever the process ends. What a process that was killed has left
//!   half-written is removed when the folder is opened next.
//! - Any number of processes may have the folder open. Those that start at once agree on one key.
//! - The folder has a limit ([`Sealed::with_limit`]): beyond it, the entries whose last use is longest ago are
//!   dropped, but none that this process has used.
//!
//! # The folder
//!
//! `key` has 32 random bytes and is its owner's alone. `NAME.sealed` is an entry; the time of its last change
//! is that of its last use. To move the cache to another host is to move the folder with the key; without it,
//! each entry is made anew.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod entry;
mod error;
mod folder;
mod key;
mod sealed;

pub use error::Error;
pub use sealed::{DEFAULT_LIMIT, Sealed};
