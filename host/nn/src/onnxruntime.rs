//! The backend on ONNX Runtime.

mod alarm;
mod convert;
mod device;
mod driver;
mod graph;
mod library;
mod placement;
mod ports;
mod run;
mod turn;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::SessionBuilder;
use tracing::debug;

use crate::contain::contain;
use crate::{Backend, Error, Graph, onnx};
use device::{Device, Devices};
use library::Loaded;

/// ONNX Runtime, loaded at run time from its shared library, of version 1.24 or later.
///
/// It computes on the processor (`cpu`), and, with a build for it, on NVIDIA's GPUs: through CUDA
/// (`cuda:0`) or TensorRT (`tensorrt:0`, which makes an engine for a model and shape first, for minutes
/// perhaps, and has CUDA compute what it cannot).
///
/// Models are ONNX files, and run at the precision they were made with; TensorRT alone may multiply
/// `f32` with fewer bits. On the processor any number of inferences run at the same time, on a GPU one
/// of each model.
pub struct OnnxRuntime {
    loaded: Loaded,
    threads: Option<NonZeroUsize>,
    devices: OnceLock<Devices>,
}

impl OnnxRuntime {
    /// Loads the library.
    ///
    /// With a folder, it is looked for there (as unpacked from a Python wheel, or in `lib` as in an
    /// archive). Without, in `$FOOTLIGHT_ONNXRUNTIME`; where that is not set, in `runtime/onnxruntime-*`
    /// of the [cache folder](crate::cache_dir), of which `onnxruntime-gpu-*` is taken first where both
    /// are of one version, then where the system keeps libraries.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is no library, with every place that was looked at; `Runtime` where
    /// there is one that cannot be used, or where this process has already loaded another one.
    pub fn load(dir: Option<&Path>) -> Result<OnnxRuntime, Error> {
        Ok(OnnxRuntime {
            loaded: library::load(dir)?,
            threads: None,
            devices: OnceLock::new(),
        })
    }

    /// How many threads the processor uses for one inference of the models compiled from now on. Not
    /// set, ONNX Runtime uses every core.
    #[must_use]
    pub fn with_threads(self, threads: NonZeroUsize) -> OnnxRuntime {
        OnnxRuntime {
            threads: Some(threads),
            ..self
        }
    }

    fn known_devices(&self) -> &Devices {
        // Looking for them loads the driver, so it is done when somebody asks.
        self.devices.get_or_init(|| Devices::find(&self.loaded))
    }

    fn builder(&self, device: Device) -> Result<SessionBuilder, Error> {
        let failed = |error: ort::Error<SessionBuilder>| convert::runtime(&error.into());
        let mut builder = Session::builder(&self.loaded.environment)
            .map_err(|error| convert::runtime(&error))?
            .with_log_level(LogLevel::Warning)
            .map_err(failed)?;
        if let Some(threads) = self.threads {
            builder = builder.with_intra_threads(threads.get()).map_err(failed)?;
        }
        device.register(placement::record(builder)?)
    }
}

impl Backend for OnnxRuntime {
    fn name(&self) -> &str {
        "onnxruntime"
    }

    fn version(&self) -> String {
        self.loaded.version.clone()
    }

    fn library(&self) -> Option<&Path> {
        Some(&self.loaded.path)
    }

    fn devices(&self) -> Result<Vec<String>, Error> {
        Ok(self.known_devices().names())
    }

    fn compile(&self, model: &[u8], device: &str) -> Result<Arc<dyn Graph>, Error> {
        let names = onnx::read(model)?;
        run::check_names(&names)?;
        let device = self.choose(device).map_err(|error| {
            error.context(format_args!(
                "ONNX Runtime {}, loaded from {}",
                self.loaded.version,
                self.loaded.path.display()
            ))
        })?;
        // The bindings panic at kinds of values that they do not know.
        let session = contain("the interface of ONNX Runtime", || {
            self.builder(device)?
                .commit_from_memory(model)
                .map_err(|error| {
                    convert::model(&error)
                        .context(format_args!("not a model that runs on {device}"))
                })
        })?;
        placement::check(&session, device)?;
        debug!(%device, "model compiled by onnx runtime");
        Ok(Arc::new(graph::OnnxGraph::new(session, &names, device)?))
    }
}

impl OnnxRuntime {
    fn choose(&self, asked: &str) -> Result<Device, Error> {
        match Device::parse(asked) {
            // What is always there does not have the driver looked for.
            Some(Device::Cpu) => Ok(Device::Cpu),
            device => self.known_devices().choose(asked, device),
        }
    }
}

impl std::fmt::Debug for OnnxRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnnxRuntime")
            .field("version", &self.loaded.version)
            .field("library", &self.loaded.path)
            .finish_non_exhaustive()
    }
}
