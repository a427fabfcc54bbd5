//! The boundary as those see it who use it: plans that hold, plans that do not, and items on their way.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod findings;
mod items;
mod members;
mod plans;
