//! The inference libraries: where they are, and loading them once for the process.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::execution_providers::{CUDAExecutionProvider, ExecutionProvider};

/// A library that a test cannot do without.
#[derive(Clone, Copy)]
pub enum Need {
    OpenVino,
    Onnx,
    /// ONNX Runtime as it comes for machines without a GPU.
    OnnxWithoutGpu,
}

/// What came of loading a library, which is not tried a second time.
type Loaded = OnceLock<Result<(), String>>;

impl Need {
    /// Why it is not there.
    pub fn missing(self) -> Option<String> {
        static OPENVINO: Loaded = OnceLock::new();
        static ONNX: Loaded = OnceLock::new();
        match self {
            Need::OpenVino => OPENVINO.get_or_init(openvino).clone().err(),
            Need::Onnx => ONNX.get_or_init(onnx).clone().err(),
            Need::OnnxWithoutGpu => Need::Onnx.missing().or_else(gpu),
        }
    }
}

fn openvino() -> Result<(), String> {
    openvino_sys::library::load_from(find("openvino-", "libopenvino_c.so")?)
}

fn onnx() -> Result<(), String> {
    let library = find("onnxruntime-", "libonnxruntime.so")?;
    ort::init_from(library.display())
        .commit()
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn gpu() -> Option<String> {
    let there = CUDAExecutionProvider::default().is_available();
    there
        .unwrap_or(true)
        .then(|| "the ONNX Runtime here is built for GPUs".to_owned())
}

/// The newest library of this name, in the folders of `runtime` in the cache that begin so.
fn find(folder: &str, name: &str) -> Result<PathBuf, String> {
    let runtimes = cache().join("runtime");
    let begins = |path: &PathBuf, with: &str| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(with))
    };
    let mut versions = entries(&runtimes);
    versions.retain(|path| begins(path, folder));
    versions.sort();
    let libraries = versions.iter().rev().flat_map(|version| {
        // As a wheel has them, and as they are unpacked.
        ["", "libs", "onnxruntime/capi"].map(|inside| version.join(inside))
    });
    libraries
        .flat_map(|folder| entries(&folder))
        .find(|path| begins(path, name))
        .ok_or_else(|| {
            format!(
                "there is no {folder}*/{name}* in {}: run `cargo xtask fetch`",
                runtimes.display()
            )
        })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

/// Where `cargo xtask` keeps what it fetches.
fn cache() -> PathBuf {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    variable("FOOTLIGHT_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&variable("XDG_CACHE_HOME")?).join("footlight")))
        .or_else(|| Some(Path::new(&variable("HOME")?).join(".cache/footlight")))
        .unwrap_or_default()
}
