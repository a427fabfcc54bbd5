//! 10: models are loaded anew for every store.

use std::fs;

use libtest_mimic::Trial;
use wasmtime_wasi_nn::preload;
use wasmtime_wasi_nn::wit::WasiNnCtx;

use crate::runtimes::Need;
use crate::{models, still, trial};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "wasi-nn 10: what `wasmtime serve` does for every request reads and compiles all models",
        &[Need::Onnx],
        anew,
    )]
}

/// `wasmtime serve` has a new store for each request to a component of WASI 0.2, and for each store these two calls
/// (`ServeCommand::new_store`, in wasmtime's src/commands/serve.rs). What they give belongs to that store: it can be
/// neither cloned nor shared.
fn anew() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.onnx");
    fs::write(&model, models::identity(models::F32)).unwrap();
    let new_store = || {
        let graphs = [("onnx".to_owned(), folder.path().display().to_string())];
        preload(&graphs).map(|(backends, registry)| WasiNnCtx::new(backends, registry))
    };
    let first = new_store().unwrap();
    // Without the file, a second store could have the model only from the first.
    fs::remove_file(&model).unwrap();
    still(
        new_store().is_err(),
        "the second store had the first one's model",
    );
    drop(first);
}
