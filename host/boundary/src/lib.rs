//! Which class of data may leave which zone, in what form and how often; and what follows from it.
//!
//! A *zone* is where hosts are that may show each other everything: a site, a region. Frames enter in a zone, each
//! stage may run in some, and an item goes to where the stage is that takes it. A pipeline file's [`Layout`] says all
//! that. What no [`Rule`] lets out of a zone stays in it, and for images there is no rule: see [`check`].
//!
//! It is asked four times, and nothing here reads a clock, a file or the network:
//!
//! 1. when a pipeline is applied: [`check`] goes all ways that items could take, and gives a [`Plan`] or every
//!    [`Finding`];
//! 2. when a stage is placed: [`Plan::may_run`];
//! 3. when an item leaves a host: [`Departure::admit`] makes a [`Parcel`] of it, which holds what the rule says and
//!    not a bit more;
//! 4. when it arrives: [`Arrival::admit`] knows the sender's zone from its certificate, and makes an item of it again.
//!
//! What a form leaves room for is counted in bits: [`Form::bits`], and [`Bound`] for all that may leave a zone.
//! `docs/boundary.md` says what is claimed with it, and what is not.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod arrival;
mod bucket;
mod check;
mod count;
mod departure;
mod form;
mod item;
mod pipeline;
mod plan;
mod refusal;
mod report;
mod rules;
mod trace;
mod values;
mod vector;
mod zone;

pub use arrival::{Arrival, Arrived, Content};
pub use check::check;
pub use departure::{Departure, Frame};
pub use form::Form;
pub use item::{Item, Labels, Packed, Parcel, Payload, Sent, Value};
pub use pipeline::{Class, Element, Gallery, Pipeline, Stage};
pub use plan::Plan;
pub use refusal::Refusal;
pub use report::{Bound, Consumer, Finding, Findings, Note, Path, Report, Way};
pub use rules::{Layout, Rule, ValueForm, Zones};
pub use vector::Quantise;
pub use zone::{InvalidZone, Zone};
