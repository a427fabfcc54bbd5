//! Footlight over HTTP.
//!
//! A [`Server`] gives frames to pipelines and answers with what they found. Every route is described at
//! `/v1/openapi.json`, which is derived from the handlers and from the types that they answer with; the
//! types are public here, for clients written in Rust.
//!
//! # A frame's way
//!
//! `frames` takes in the body (`intake`: so large, so long, so much together), asks for a place in the
//! queue (`workers`) and hands it to a blocking thread, which decodes it (`photo`) and calls the pipeline.
//! No thread that moves bytes ever decodes, infers or runs a stage. A queue that is full refuses at
//! once (503), and a newer frame of a live stream takes the turn of one that waits (`live`); a client that goes away gives its place back, though work that was begun is finished.
//! Work that panics is one answer of 500, and the next frame is served.
//!
//! # When something is wrong
//!
//! Every answer with a status of 400 or more is a [`Problem`] (RFC 9457). Its `type` is one of few kinds
//! (`kind`) with one status each; its `reason` is finer, and what the metrics count. 4xx is for what the
//! client can change, 500 for what a stage or the host did wrong, 503 for what passes by itself.
//!
//! # How a version is changed
//!
//! Each frame takes the version of its pipeline once, when a worker begins with it (`entry`). Another one is
//! opened and probed beside it, and takes its place where it works (`swap`): because the source has changed
//! (`watch`), or because somebody asks (`pipelines`). What became of it is kept (`attempt`). A gallery that is enrolled
//! on another host is followed in the same way (`follow`); that host gives it out encrypted (`gallery`).
//!
//! # Other hosts
//!
//! A pipeline may run on several hosts. Work for stages that run elsewhere is sent there by `footlight-peers`, and what
//! others send is worked on here (`others`).
//!
//! # How it ends
//!
//! [`Server::serve`] returns after the future that it was given: it accepts no more, finishes the
//! requests that it holds, and cuts off what takes longer than [`Options::grace`].

#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![allow(
    clippy::result_large_err,
    reason = "a problem ends its request; moving it costs nothing beside making it"
)]

mod album;
mod answer;
mod attempt;
mod batches;
mod catalogue;
mod courtesy;
mod entry;
mod error;
mod follow;
mod frame_id;
mod frames;
mod gallery;
mod host;
mod intake;
mod kind;
mod listing;
mod live;
mod member;
mod members;
mod metrics;
mod openapi;
mod options;
mod others;
mod photo;
mod pipelines;
mod problem;
mod readiness;
mod record;
mod refusal;
mod request;
mod routes;
mod server;
mod status;
mod swap;
mod version;
mod version_metrics;
mod watch;
mod workers;

pub use answer::{Face, FrameAnswer, Lists, Rect, Verdict};
pub use attempt::{Attempt, Cause, Outcome};
pub use entry::Served;
pub use error::Error;
pub use gallery::GALLERY_HEADER;
pub use host::Awaited;
pub use kind::ProblemType;
pub use listing::{
    Follows, Import, Limits, Model, Models, Pipeline, Pipelines, Stage, Stages, Tensor,
};
pub use member::{Member, Members, Quality, Template};
pub use options::{Options, PHOTOS_PIXELS};
pub use others::{Hosts, Peer, PeerRuns};
pub use problem::{FRAME_HEADER, PROBLEM_JSON, Problem, RefusedPhoto};
pub use server::Server;
pub use status::Health;
pub use version::Version;
