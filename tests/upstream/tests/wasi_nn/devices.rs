//! 5 and 6: another device than the one asked for.

use std::path::Path;
use std::sync::{Arc, Mutex};

use libtest_mimic::Trial;
use wasmtime_wasi_nn::backend::{BackendError, BackendFromDir, BackendInner};
use wasmtime_wasi_nn::wit::{ExecutionTarget, GraphEncoding};
use wasmtime_wasi_nn::{Graph, InMemoryRegistry, preload};

use crate::runtimes::Need;
use crate::{compute, floats, models, still, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "wasi-nn 5: a model that is preloaded is compiled for the CPU, and cannot be for another device",
            &[],
            preloaded,
        ),
        trial(
            "wasi-nn 6: where there is no GPU, a model for it runs on the CPU, and nothing says so",
            &[Need::OnnxWithoutGpu],
            absent,
        ),
    ]
}

/// A backend for graphs in folders that keeps what it was asked for.
struct Asked(Arc<Mutex<Vec<ExecutionTarget>>>);

impl BackendInner for Asked {
    fn encoding(&self) -> GraphEncoding {
        GraphEncoding::Onnx
    }

    fn load(&mut self, _: &[&[u8]], target: ExecutionTarget) -> Result<Graph, BackendError> {
        self.0.lock().unwrap().push(target);
        Err(BackendError::UnsupportedTensorType("any".to_owned()))
    }

    fn as_dir_loadable(&mut self) -> Option<&mut dyn BackendFromDir> {
        Some(self)
    }
}

impl BackendFromDir for Asked {
    fn load_from_dir(&mut self, _: &Path, target: ExecutionTarget) -> Result<Graph, BackendError> {
        self.load(&[], target)
    }
}

/// Neither the registry nor the words that `wasmtime` takes for it have a place for a device.
fn preloaded() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Arc::default();
    let loaded = InMemoryRegistry::new().load(&mut Asked(Arc::clone(&asked)), folder.path());
    assert!(loaded.is_err());
    let asked = asked.lock().unwrap();
    still(
        matches!(**asked, [ExecutionTarget::Cpu]),
        format!("it was compiled for {asked:?}"),
    );
    let path = folder.path().display().to_string();
    for kind in ["onnx:gpu", "onnx-gpu", "onnx@gpu", "onnx,gpu"] {
        let refusal = preload(&[(kind.to_owned(), path.clone())]).err();
        let said = refusal.map(|error| error.to_string()).unwrap_or_default();
        still(said.contains("unknown graph encoding"), said);
    }
}

fn absent() {
    for target in [ExecutionTarget::Gpu, ExecutionTarget::Tpu] {
        let graph = models::onnx(&models::identity(models::F32), target);
        still(graph.is_ok(), format!("{target:?} was refused"));
        let mut context = graph.unwrap().init_execution_context().unwrap();
        let given = floats(&[2], &[1.0, 2.0]);
        let outputs = compute(&mut context, "given", given.clone()).unwrap();
        assert_eq!(outputs[0].tensor, given);
    }
}
