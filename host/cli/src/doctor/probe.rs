//! A small model to try devices with.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use footlight_gallery::{Gallery, GalleryModel};
use footlight_nn::{Backend, Error, Tensor};

/// The numbers of a feature.
const DIMENSION: u32 = 4;

/// The graph of a gallery without members: a model that every host has.
pub fn model() -> Result<Vec<u8>> {
    let gallery = Gallery::in_memory("", DIMENSION as usize);
    let model = gallery.and_then(|gallery| gallery.model());
    Ok(model
        .context("a small model to try devices with cannot be made")?
        .onnx)
}

/// Compiles and runs the model: a device that is listed need not work. How long it ran.
pub fn run(backend: &dyn Backend, model: &[u8], device: &str) -> Result<Duration, Error> {
    let graph = backend.compile(model, device)?;
    let feature = Tensor::from_f32(vec![1, DIMENSION], &[0.0; DIMENSION as usize])?;
    let started = Instant::now();
    graph.infer(vec![(GalleryModel::FEATURE.to_owned(), feature)], None)?;
    Ok(started.elapsed())
}
