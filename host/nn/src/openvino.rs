//! The backend on OpenVINO.

mod convert;
mod device;
mod graph;
mod kept;
mod memory;
mod pool;
mod ports;
mod request;

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use footlight_sealed::Sealed;
use openvino::{Core, DeviceType, RwPropertyKey};
use tracing::debug;

use self::kept::Kept;
use crate::location::Library;
use crate::{Backend, Error, Graph, onnx};

/// OpenVINO, loaded at run time from its shared library.
///
/// Models are ONNX files. They run at the precision they were made with, also on processors where
/// OpenVINO would choose a lower one by itself: a threshold that was measured on one machine then
/// holds on another. Two types are computed with fewer bits than they have: `i64` with 32 (an input
/// with a number beyond them is refused), and `f64`, on most devices, with those of `f32`.
pub struct OpenVino {
    core: Mutex<Core>,
    library: PathBuf,
    version: String,
    kept: Option<Kept>,
}

/// How many kernels made for one shape are kept. By itself OpenVINO keeps 5000 for each model, and a
/// stage that gives a detector 400 different sizes then makes it hold 800 MB; with this, 200 MB more
/// than for one size. A detector has about a hundred, so that several sizes stay ready.
const KERNELS: &str = "512";

const LIBRARY: Library = Library {
    name: "the OpenVINO runtime",
    stem: "libopenvino_c",
    variable: "FOOTLIGHT_OPENVINO",
    cached: "openvino-",
    // As in the `libs` of a wheel, in an unpacked wheel, and in an archive as Intel gives it out.
    inside: &["libs", "openvino/libs", "runtime/lib/intel64"],
    installed: &["/opt/intel/openvino"],
    remedy: "`cargo xtask demo` fetches it",
};

/// The library that this process has loaded. The bindings keep one for ever.
static LOADED: Mutex<Option<PathBuf>> = Mutex::new(None);

impl OpenVino {
    /// Loads the library.
    ///
    /// With a folder, it is looked for there (as unpacked from OpenVINO's Python wheel, or in
    /// `runtime/lib/intel64` as in its archive). Without, in `$FOOTLIGHT_OPENVINO`; where that is not
    /// set, in `runtime/openvino-*` of the [cache folder](crate::cache_dir), then where the system
    /// keeps libraries.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is no library, with every place that was looked at; `Runtime` where
    /// there is one that cannot be used, or where this process has already loaded another one.
    pub fn load(dir: Option<&Path>) -> Result<OpenVino, Error> {
        let library = LIBRARY.find(dir)?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        match loaded.as_ref() {
            Some(other) if *other != library => {
                return Err(Error::runtime(format!(
                    "OpenVINO is already loaded from {}, and one process cannot load {} as well",
                    other.display(),
                    library.display()
                )));
            }
            Some(_) => {}
            None => {
                openvino_sys::library::load_from(&library).map_err(|error| {
                    Error::runtime(format!(
                        "OpenVINO cannot be loaded from {}: {error}; the whole folder `libs` of \
                         OpenVINO's Python wheel is needed, of version 2025.1 or later",
                        library.display()
                    ))
                })?;
                *loaded = Some(library.clone());
            }
        }
        drop(loaded);
        let mut core = Core::new().map_err(|error| {
            Error::runtime(format!(
                "OpenVINO, loaded from {}, does not start: {error}",
                library.display()
            ))
        })?;
        let version = openvino::version().build_number;
        let capacity = RwPropertyKey::Other(Cow::Borrowed("CPU_RUNTIME_CACHE_CAPACITY"));
        if let Err(error) = core.set_property(&DeviceType::CPU, &capacity, KERNELS) {
            debug!(%error, "openvino keeps its own limit of kernels for shapes");
        }
        debug!(library = %library.display(), version, "openvino loaded");
        Ok(OpenVino {
            core: Mutex::new(core),
            library,
            version,
            kept: None,
        })
    }

    /// Keeps what it makes of models in a folder, for [`Backend::compile_kept`] of the next start.
    pub fn keeping(self, compiled: Arc<Sealed>) -> OpenVino {
        OpenVino {
            kept: Some(Kept::new(compiled)),
            ..self
        }
    }

    /// How many threads the processor uses for one inference of the models compiled from now on. Not
    /// set, OpenVINO uses every core.
    ///
    /// # Errors
    ///
    /// `Runtime` where the library refuses.
    pub fn with_threads(self, threads: NonZeroUsize) -> Result<OpenVino, Error> {
        self.set_cpu(RwPropertyKey::InferenceNumThreads, threads)
    }

    /// Into how many groups the processor's threads are divided for the models compiled from now on,
    /// each working on another inference. Not set, OpenVINO has one group, which is best for the time
    /// that a single inference takes.
    ///
    /// # Errors
    ///
    /// `Runtime` where the library refuses.
    pub fn with_streams(self, streams: NonZeroUsize) -> Result<OpenVino, Error> {
        self.set_cpu(RwPropertyKey::NumStreams, streams)
    }

    fn set_cpu(self, key: RwPropertyKey, value: NonZeroUsize) -> Result<OpenVino, Error> {
        self.core()
            .set_property(&DeviceType::CPU, &key, &value.to_string())
            .map_err(|error| convert::runtime(&error).context(key.as_ref()))?;
        Ok(self)
    }

    fn compile_in(
        &self,
        kept: Option<&Kept>,
        model: &[u8],
        device: &str,
    ) -> Result<Arc<dyn Graph>, Error> {
        let names = onnx::read(model)?;
        let mut core = self.core();
        let device = device::choose(device, &device::available(&core)?).map_err(|error| {
            error.context(format_args!(
                "OpenVINO {}, loaded from {}",
                self.version,
                self.library.display()
            ))
        })?;
        let read = core
            .read_model_from_buffer(model, None)
            .map_err(|error| convert::model(&error).context("not a model that OpenVINO reads"))?;
        core.set_property(
            &DeviceType::from(device.as_str()),
            &RwPropertyKey::HintExecutionMode,
            "ACCURACY",
        )
        .map_err(|error| convert::runtime(&error).context("execution mode"))?;
        let compile =
            |core: &mut Core| core.compile_model(&read, DeviceType::from(device.as_str()));
        let compiled = match kept {
            Some(kept) => {
                let key = kept::key(&self.version, &device, model);
                kept.compile(&mut core, &device, &key, compile)
            }
            None => compile(&mut core),
        };
        let compiled = compiled.map_err(|error| {
            convert::unsupported(&error).context(format_args!(
                "the model cannot be compiled for {}",
                device.to_lowercase()
            ))
        })?;
        drop(core);
        Ok(Arc::new(graph::OpenVinoGraph::new(
            compiled, names, &device,
        )?))
    }

    fn core(&self) -> std::sync::MutexGuard<'_, Core> {
        // A panic in between leaves the library's own object as it was.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for OpenVino {
    fn name(&self) -> &str {
        "openvino"
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn library(&self) -> Option<&Path> {
        Some(&self.library)
    }

    fn devices(&self) -> Result<Vec<String>, Error> {
        device::available(&self.core())
    }

    fn compile(&self, model: &[u8], device: &str) -> Result<Arc<dyn Graph>, Error> {
        self.compile_in(None, model, device)
    }

    fn compile_kept(&self, model: &[u8], device: &str) -> Result<Arc<dyn Graph>, Error> {
        self.compile_in(self.kept.as_ref(), model, device)
    }
}

impl std::fmt::Debug for OpenVino {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenVino")
            .field("version", &self.version)
            .field("library", &self.library)
            .finish_non_exhaustive()
    }
}
