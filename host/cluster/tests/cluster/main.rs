//! Hosts on a cluster whose API server does what real ones do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    // An answer of axum is as large as it is.
    clippy::result_large_err,
    // A list of one reads best as one.
    clippy::cloned_ref_to_slice_refs,
    missing_docs
)]

mod api;
mod members;
mod reports;
