//! A frame's way through the stages of a pipeline.
//!
//! A [`PipelineFile`] names stages, models and data classes. [`Pipeline::open`] checks it, compiles its
//! components and models, and gives a [`Pipeline`]. [`Pipeline::process`] takes one frame through all
//! stages: each stage works on every item of its input class, and each item that a stage yields is
//! checked against its class before any other stage sees it. The [`Outcome`] is what the last stages
//! found, put together by the file's `[answer]`, and the [`Version`] that found it.
//!
//! A host that changes a pipeline while it runs opens one [`Pipeline`] for each version, all by one
//! [`Deployment`]: they share the engine and the gallery, and the new one takes over what it has in common
//! with the old. Where versions come from is a [`Source`].
//!
//! Everything here blocks: inference and stages run on the thread that calls. A host spreads its work
//! over frames, by calling from several threads.
//!
//! Where to read on: `file` (what can be written), `open` and `parts` (how it becomes a pipeline), `run` (the way
//! of a frame), `answer` (what comes out), `enrol` (how a member is made), `deployment` and `gallery` (what versions
//! share), `travel` and `followed` (how a gallery comes from one host to another), `members` (where hosts share theirs),
//! `leave` (what of a template goes to other zones).

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod answer;
mod artifact_source;
mod border;
mod class;
mod deployment;
mod elsewhere;
mod enrol;
mod error;
mod examine;
mod file;
mod file_source;
mod followed;
mod gallery;
mod leave;
mod members;
mod node;
mod object;
mod obtain;
mod open;
mod order;
mod parts;
mod pin;
mod place;
mod probe;
mod published;
mod reuse;
mod run;
mod source;
mod supply;
mod tag;
mod together;
mod travel;
mod version;
mod zones;

pub use artifact_source::{ArtifactSource, References};
pub use class::{Class, Misfit};
pub use deployment::{Definition, Deployment};
pub use elsewhere::{Elsewhere, Errand, Failure, Here, Made, Nowhere, Purpose, Worked};
pub use enrol::{EnrolError, Face, PhotoRefusal};
pub use error::{FrameError, OpenError};
pub use examine::{ByName, components, models, stages};
pub use file::{GallerySection, ModelSection, PipelineFile, StageSection};
pub use file_source::FileSource;
pub use members::{Members, MembersError};
pub use node::{NodeFacts, StagePlacement};
pub use object::{API_VERSION, KIND, Reason, Rejection};
pub use open::{Locations, Pipeline, StageInfo};
pub use pin::{pin, settle};
pub use place::Place;
pub use run::{Outcome, StageTiming};
pub use source::{NotAllowed, OperatorsOnly, Source, Sources};
pub use supply::Supply;
pub use travel::{Following, NoUpdate, Update};
pub use version::Version;
