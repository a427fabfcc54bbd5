//! The library that this process has loaded.

use std::error::Error as _;
use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::LoadDynamicError;
use ort::environment::Environment;
use ort::logging::LogLevel;
use tracing::{debug, warn};

use super::convert;
use crate::Error;
use crate::location::Library;

const LIBRARY: Library = Library {
    name: "the ONNX runtime",
    stem: "libonnxruntime",
    variable: "FOOTLIGHT_ONNXRUNTIME",
    cached: "onnxruntime-",
    // As in an archive, and in a wheel's folder from outside and inside.
    inside: &["lib", "onnxruntime/capi", "capi"],
    installed: &["/opt/onnxruntime"],
    remedy: "`cargo xtask test` fetches it",
};

/// ONNX Runtime as this process has it.
#[derive(Clone)]
pub(super) struct Loaded {
    pub path: PathBuf,
    pub version: String,
    /// What all sessions share. ONNX Runtime and its bindings allow one for a process, ever.
    pub environment: Environment,
}

static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// Finds and loads it, or gives what is loaded already.
pub(super) fn load(dir: Option<&Path>) -> Result<Loaded, Error> {
    let path = LIBRARY.find(dir)?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    match loaded.as_ref() {
        Some(there) if there.path == path => Ok(there.clone()),
        Some(other) => Err(Error::runtime(format!(
            "ONNX Runtime is already loaded from {}, and one process cannot load {} as well",
            other.path.display(),
            path.display()
        ))),
        None => {
            let fresh = open(path)?;
            debug!(library = %fresh.path.display(), version = fresh.version, "onnx runtime loaded");
            Ok(loaded.insert(fresh).clone())
        }
    }
}

fn open(path: PathBuf) -> Result<Loaded, Error> {
    let environment = ort::init_from(&path)
        .map_err(|error| {
            Error::runtime(format!(
                "ONNX Runtime cannot be loaded from {}: {}; version 1.{} or later is needed",
                path.display(),
                why(&error),
                ort::MINOR_VERSION
            ))
        })?
        .with_name("footlight")
        // Nothing of what people do here is told to anybody.
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build()
        .map_err(|error| {
            convert::runtime(&error).context(format_args!(
                "ONNX Runtime, loaded from {}, does not start",
                path.display()
            ))
        })?;
    environment.set_log_level(LogLevel::Warning);
    Ok(Loaded {
        version: version(&path).unwrap_or_else(|| "unknown".to_owned()),
        path,
        environment,
    })
}

/// Why it was not loaded, where the bindings say no more than that it was not.
fn why(error: &LoadDynamicError) -> String {
    match error {
        LoadDynamicError::Dlopen { error, .. } => error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string),
        other => other.to_string(),
    }
}

/// What it says goes where the host's own words go. Failures come back as errors, too, so that none of
/// this needs more than a warning.
fn log(level: LogLevel, _category: &str, _id: &str, place: &str, message: &str) {
    match level {
        LogLevel::Fatal => warn!(place, "onnx runtime: {message}"),
        _ => debug!(place, "onnx runtime: {message}"),
    }
}

/// Its version, which the bindings read and keep to themselves.
#[allow(unsafe_code)]
fn version(path: &Path) -> Option<String> {
    // SAFETY: the library is already loaded, so that nothing of it runs at its opening.
    let library = unsafe { libloading::Library::new(path) }.ok()?;
    // SAFETY: this is the function's type in every version, by which the bindings have called it.
    let base = unsafe {
        library.get::<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase>(b"OrtGetApiBase")
    }
    .ok()?;
    // SAFETY: it gives a structure that is there for as long as the library, or null.
    let base = unsafe { base().as_ref() }?;
    // SAFETY: it gives a text that ends in a null byte and is there for as long as the library.
    let text = unsafe { CStr::from_ptr((base.GetVersionString)()) };
    Some(text.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_file_that_is_no_library_is_named_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("libonnxruntime.so.1.99.0");
        std::fs::write(&file, "not a library").unwrap();
        let error = load(Some(folder.path())).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Runtime);
        for word in [file.to_str().unwrap(), "file too short", "1.24"] {
            assert!(error.to_string().contains(word), "{word} not in: {error}");
        }
    }
}
