//! Stages, models and pipelines as OCI artifacts: where they are kept, fetched from and pushed to. This crate knows
//! nothing of WebAssembly beyond a component's imports, and nothing of inference.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod archive;
mod artifact;
mod component;
mod digest;
mod error;
mod judge;
mod kind;
mod layout;
mod manifest;
mod options;
mod place;
mod reference;
mod registry;
mod retry;
mod store;

pub use artifact::{Artifact, Blob};
pub use component::Interface;
pub use digest::Digest;
pub use error::Error;
pub use judge::{Judge, Judgement, Signature};
pub use kind::{Kind, media_type};
pub use manifest::{ArtifactManifest, Descriptor, Index, Manifest};
pub use options::{Limits, Options, Patience, Progress};
pub use reference::{Location, Reference};
pub use store::{Collected, Keep, Lease, Report};
