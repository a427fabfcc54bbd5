//! The contract as Rust types, with the resources as what they are in this host.
#![allow(missing_docs, clippy::indexing_slicing)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "footlight:stage/stage",
    imports: { default: trappable },
    with: {
        "footlight:stage/media.image": crate::host::HeldImage,
        "wasi:nn/tensor.tensor": crate::host::HeldTensor,
        "wasi:nn/graph.graph": crate::host::HeldGraph,
        "wasi:nn/inference.graph-execution-context": crate::host::HeldContext,
        "wasi:nn/errors.error": crate::host::NnError,
    },
});

pub(crate) use exports::footlight::stage::processing as contract;
pub(crate) use footlight::stage::{log, media, models, settings, values};
pub(crate) use wasi::nn;
