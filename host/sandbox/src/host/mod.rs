//! The functions behind a stage's imports, one module an import.

mod convert;
mod media;
mod nn;
mod print;
mod surroundings;
mod wasi;

use crate::bindings::nn::{errors, graph, inference, tensor};
use crate::bindings::{log, media as media_interface, models, settings, values};
use crate::state::State;
use footlight_media::Image;
use std::sync::Arc;
use wasmtime::component::{HasSelf, Linker};

pub(crate) use convert::{lift, lower};
pub use nn::{HeldContext, HeldGraph, HeldTensor, NnError};
pub(crate) use wasi::add_to_linker as add_wasi_to_linker;

/// An image that a stage holds a handle to, and the bytes that its budget was charged for it: none
/// for the image that came in.
pub struct HeldImage {
    image: Arc<Image>,
    charged: u64,
}

/// Everything but WASI.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    values::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    media_interface::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    settings::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    models::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    graph::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    tensor::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    inference::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    errors::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}
