//! Stages, models and pipelines as OCI artifacts: fetched from registries and layouts into a store on disk, and pushed
//! there. This crate knows nothing of WebAssembly beyond a component's imports and what of it hosts take, and nothing of
//! inference.
//!
//! ```no_run
//! use footlight_artifacts::{Artifact, Artifacts, Options, Reference};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let artifacts = Artifacts::open("/var/lib/footlight/store".as_ref(), Options::default())?;
//! let target: Reference = "registry.example/stages/face-detection:1.0".parse()?;
//! let stage = Artifact::stage(std::fs::read("face-detection.wasm")?, Default::default())?;
//! let pushed = artifacts.push(stage, &target)?;
//! assert_eq!(artifacts.stage(&target)?.about.digest, pushed.digest);
//! # Ok(())
//! # }
//! ```
//!
//! # References
//!
//! A [`Reference`] names an artifact on a registry, or in an OCI image layout of this machine, a folder or its tar,
//! which stands for a registry where there is none. A tag is followed once ([`Artifacts::resolve`]); everything after
//! that goes by the digest. With the registry down, a tag leads to where it last led, if that is in the store, and
//! [`Origin::Store`] says so. What a registry refuses (401, 403, 404) is refused: it is not down.
//!
//! # Artifacts
//!
//! - A *stage* is laid out as the CNCF's Wasm working group has it: a config of `application/vnd.wasm.config.v0+json`,
//!   one layer of `application/wasm`.
//! - A *model* has its card as its config and the ONNX file as its layer, an encrypted *gallery* likewise.
//! - A *pipeline* is an index: of the manifest of its file and of those of all its stages and models, each annotated
//!   with the part that it is. All are in one repository, so that one digest says what runs, and every tool that copies
//!   an index takes all of it.
//!
//! What is made of the same input has the same digest, as nothing in it says when or where it was made.
//!
//! # The store
//!
//! Content by its digest, in a folder that any number of hosts share. Nothing is there under its name that is not whole;
//! what broke off goes on where it did, also in another process and on another day. All is hashed again when it is read
//! for use: what a disk altered is dropped and fetched anew. A store that can only be read serves what it has.
//!
//! [`Artifacts::collect`] drops what was not used for long. What a host runs it [holds](Artifacts::hold): a file in the
//! store lists the digests and is locked by the host, so that whoever collects knows what is in use and by a process
//! that lives. A digest holds all that it leads to, an index its manifests, those their blobs and signatures.
//!
//! # Trust
//!
//! A [`Judge`] is asked whether anything of a repository may be run before that is spoken to, and once for each artifact
//! that is fetched by its reference, with the signatures that cosign keeps
//! beside it: in a manifest with a tag, or in bundles that refer to it, as cosign 3 does. What a trusted index names by digest is trusted with it ([`Artifacts::stage_at`]). Signatures stay in the
//! store, so that a start without the registry can be judged, and those that suffice are not fetched again.
//!
//! # Registries
//!
//! All that a registry sends is bounded, by its descriptor or by [`Limits`]; none of it is believed without its digest.
//! What may pass (no answer, 429, 5xx, a connection that breaks off) is tried again as [`Patience`] says.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod archive;
mod artifact;
mod artifacts;
mod component;
mod copy;
mod digest;
mod error;
mod fetch;
mod judge;
mod kind;
mod layout;
mod make;
mod manifest;
mod options;
mod place;
mod pull;
mod push;
mod reference;
mod referrers;
mod registry;
mod retry;
mod signatures;
mod store;

pub use artifact::{Artifact, Blob};
pub use artifacts::{Artifacts, Origin, Resolved};
pub use component::Interface;
pub use digest::Digest;
pub use error::Error;
pub use judge::{Judge, Judgement, Signature, judged_name};
pub use kind::{Kind, media_type};
pub use make::Annotations;
pub use manifest::{ArtifactManifest, Descriptor, Index, Manifest};
pub use options::{Limits, Options, Patience, Progress};
pub use pull::{Fetched, Model, Pipeline, SealedGallery, Stage};
pub use push::{Part, Pushed};
pub use reference::{Location, Reference};
pub use store::{Collected, Keep, Lease, Report};
