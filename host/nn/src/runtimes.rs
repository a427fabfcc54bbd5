//! The inference libraries of a host.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use footlight_sealed::Sealed;
use tracing::info;

use crate::device::Candidate;
use crate::{
    Backend, Compiled, DeviceSpec, Error, ErrorKind, Graph, Library, OnnxRuntime, OpenVino,
    PassedOver, Placement, Tract,
};

/// Where libraries are. Each that is not named here is looked for as its `load` says.
#[derive(Debug, Clone, Default)]
pub struct Folders {
    /// The folder of OpenVINO's library; see [`OpenVino::load`].
    pub openvino: Option<PathBuf>,
    /// The folder of ONNX Runtime's library; see [`OnnxRuntime::load`].
    pub onnxruntime: Option<PathBuf>,
    /// Where compiled models are kept between starts; none keeps none.
    pub compiled: Option<Arc<Sealed>>,
}

/// The inference libraries of a host. Each is loaded when it is first needed; one that cannot be loaded is
/// not tried again.
pub struct Runtimes {
    load: Box<Load>,
    loaded: [(Library, OnceLock<Loaded>); Library::ALL.len()],
}

type Loaded = Result<Arc<dyn Backend>, Error>;
type Load = dyn Fn(Library) -> Loaded + Send + Sync;

impl Runtimes {
    /// The libraries that this program is built with. None is loaded yet.
    pub fn new(folders: Folders) -> Runtimes {
        Runtimes::with(move |library| match library {
            Library::OpenVino => {
                let library = OpenVino::load(folders.openvino.as_deref())?;
                Ok(Arc::new(match &folders.compiled {
                    Some(compiled) => library.keeping(Arc::clone(compiled)),
                    None => library,
                }))
            }
            Library::OnnxRuntime => {
                Ok(Arc::new(OnnxRuntime::load(folders.onnxruntime.as_deref())?))
            }
            Library::Tract => Ok(Arc::new(Tract::new())),
        })
    }

    fn with(load: impl Fn(Library) -> Loaded + Send + Sync + 'static) -> Runtimes {
        Runtimes {
            load: Box::new(load),
            loaded: Library::ALL.map(|library| (library, OnceLock::new())),
        }
    }

    /// A library, which is loaded now where it is not yet.
    ///
    /// # Errors
    ///
    /// `NotFound` where it is not there, with every place that was looked at; `Runtime` where it cannot be
    /// used.
    pub fn library(&self, library: Library) -> Result<Arc<dyn Backend>, Error> {
        let Some((_, place)) = self.loaded.iter().find(|(name, _)| *name == library) else {
            return (self.load)(library);
        };
        place
            .get_or_init(|| {
                let backend = (self.load)(library)?;
                info!(
                    %library,
                    version = backend.version(),
                    path = backend.library().map(|path| path.display().to_string()),
                    "inference library loaded"
                );
                Ok(backend)
            })
            .clone()
    }

    /// Makes a model ready to run, on the device that is asked for; where that cannot be had, on the first
    /// of `fallback` that can. This is slow (up to seconds).
    ///
    /// A device is passed over where it or its library is absent or fails, or cannot do what the model asks
    /// for. A model that is invalid ends the search: it is so on every device.
    ///
    /// # Errors
    ///
    /// As [`Backend::compile`]; where several devices were asked for, of the kind of the first, with the
    /// reason of each.
    pub fn compile(
        &self,
        model: &[u8],
        device: &DeviceSpec,
        fallback: &[DeviceSpec],
    ) -> Result<Compiled, Error> {
        self.search(device, fallback, |backend, device| {
            backend.compile(model, device)
        })
    }

    /// The same for a model that is no secret; see [`Backend::compile_kept`].
    ///
    /// # Errors
    ///
    /// As [`Runtimes::compile`].
    pub fn compile_kept(
        &self,
        model: &[u8],
        device: &DeviceSpec,
        fallback: &[DeviceSpec],
    ) -> Result<Compiled, Error> {
        self.search(device, fallback, |backend, device| {
            backend.compile_kept(model, device)
        })
    }

    fn search(
        &self,
        device: &DeviceSpec,
        fallback: &[DeviceSpec],
        compile: impl Fn(&dyn Backend, &str) -> Result<Arc<dyn Graph>, Error>,
    ) -> Result<Compiled, Error> {
        let mut passed_over = Vec::new();
        for spec in std::iter::once(device).chain(fallback) {
            match self.compile_on(spec, &compile) {
                Ok((library, graph)) => {
                    let placement = Placement {
                        library,
                        device: graph.device().to_owned(),
                        asked: device.clone(),
                        passed_over,
                    };
                    return Ok(Compiled { graph, placement });
                }
                Err(reason) if is_of_the_device(&reason) => passed_over.push(PassedOver {
                    device: spec.clone(),
                    reason,
                }),
                Err(error) => return Err(error),
            }
        }
        Err(match passed_over.as_slice() {
            [only] => only
                .reason
                .clone()
                .context(format_args!("the device `{}` cannot be used", only.device)),
            all => together(
                "of the devices asked for, none can be used",
                all.iter().map(|passed| (&passed.device, &passed.reason)),
            ),
        })
    }

    /// Compiles for the first device that is there of those that are meant. What goes wrong on one that is
    /// there is an error, so that it does not depend on an accident which one is taken.
    fn compile_on(
        &self,
        spec: &DeviceSpec,
        compile: impl Fn(&dyn Backend, &str) -> Result<Arc<dyn Graph>, Error>,
    ) -> Result<(Library, Arc<dyn Graph>), Error> {
        let mut absent: Vec<(Candidate, Error)> = Vec::new();
        for candidate in spec.candidates() {
            let device = candidate.device.to_string();
            let graph = self
                .library(candidate.library)
                .and_then(|backend| compile(backend.as_ref(), &device));
            match graph {
                Ok(graph) => return Ok((candidate.library, graph)),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    absent.push((candidate, error))
                }
                Err(error) => return Err(error.context(candidate)),
            }
        }
        Err(match absent.as_slice() {
            [(_, only)] => only.clone(),
            all => together(
                "of what has it, nothing is there",
                all.iter().map(|(candidate, error)| (candidate, error)),
            ),
        })
    }
}

/// Whether another device may do where this went wrong.
fn is_of_the_device(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::Unsupported | ErrorKind::Runtime
    )
}

/// One error of several, each on a line of its own.
fn together<'a, T: fmt::Display + 'a>(
    what: &str,
    reasons: impl Iterator<Item = (T, &'a Error)>,
) -> Error {
    let mut kind = None;
    let mut message = format!("{what}:");
    for (device, reason) in reasons {
        kind.get_or_insert(reason.kind());
        // What is a list itself stands below its own heading.
        let reason = reason.to_string().replace('\n', "\n  ");
        message.push_str(&format!("\n  {device}: {reason}"));
    }
    Error::new(kind.unwrap_or(ErrorKind::NotFound), message)
}

impl fmt::Debug for Runtimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaded = self
            .loaded
            .iter()
            .filter_map(|(library, place)| Some((library, place.get()?.is_ok())));
        f.debug_map().entries(loaded).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use super::*;
    use crate::{Tensor, TensorInfo};

    /// A library that has some devices, and cannot compile a model called `hard`.
    struct Fake(&'static str, &'static [&'static str]);

    struct FakeGraph(String);

    impl Backend for Fake {
        fn name(&self) -> &str {
            self.0
        }

        fn library(&self) -> Option<&Path> {
            None
        }

        fn version(&self) -> String {
            "1".to_owned()
        }

        fn devices(&self) -> Result<Vec<String>, Error> {
            Ok(self.1.iter().map(|&device| device.to_owned()).collect())
        }

        fn compile(&self, model: &[u8], device: &str) -> Result<Arc<dyn Graph>, Error> {
            if !self.1.contains(&device) {
                return Err(Error::not_found(format!("{} has no {device}", self.0)));
            }
            match model {
                b"broken" => Err(Error::model("not a model")),
                b"hard" if device != "cpu" => Err(Error::unsupported("too hard")),
                _ => Ok(Arc::new(FakeGraph(device.to_owned()))),
            }
        }
    }

    impl Graph for FakeGraph {
        fn inputs(&self) -> &[TensorInfo] {
            &[]
        }

        fn outputs(&self) -> &[TensorInfo] {
            &[]
        }

        fn device(&self) -> &str {
            &self.0
        }

        fn infer(
            &self,
            _: Vec<(String, Tensor)>,
            _: Option<Instant>,
        ) -> Result<Vec<(String, Tensor)>, Error> {
            Ok(Vec::new())
        }

        fn copied(&self) -> u64 {
            0
        }
    }

    type Devices = Option<&'static [&'static str]>;

    /// A host on which these libraries have these devices.
    fn host(openvino: Devices, onnxruntime: Devices, tract: Devices) -> Runtimes {
        Runtimes::with(move |library| {
            let devices = match library {
                Library::OpenVino => openvino,
                Library::OnnxRuntime => onnxruntime,
                Library::Tract => tract,
            };
            match devices {
                Some(devices) => Ok(Arc::new(Fake(library.name(), devices))),
                None => Err(Error::not_found(format!("{library} is not in /lib"))),
            }
        })
    }

    fn specs(devices: &[&str]) -> Vec<DeviceSpec> {
        devices.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn compile(host: &Runtimes, model: &[u8], devices: &[&str]) -> Result<Placement, Error> {
        let specs = specs(devices);
        let (first, rest) = specs.split_first().unwrap();
        Ok(host.compile(model, first, rest)?.placement)
    }

    fn taken(host: &Runtimes, devices: &[&str]) -> String {
        compile(host, b"model", devices).unwrap().to_string()
    }

    #[test]
    fn the_first_library_that_is_there_is_taken() {
        let all = host(Some(&["cpu"]), Some(&["cpu"]), Some(&["cpu"]));
        assert_eq!(taken(&all, &["cpu"]), "openvino/cpu");
        assert_eq!(taken(&all, &["tract/cpu"]), "tract/cpu");
        let few = host(None, None, Some(&["cpu"]));
        assert_eq!(taken(&few, &["cpu"]), "tract/cpu");
        assert!(!compile(&few, b"model", &["cpu"]).unwrap().is_fallback());
    }

    #[test]
    fn auto_is_the_best_that_is_there() {
        let all = host(Some(&["cpu", "gpu"]), Some(&["cpu", "cuda:0"]), None);
        assert_eq!(taken(&all, &["auto"]), "onnxruntime/cuda:0");
        assert_eq!(taken(&all, &["gpu"]), "onnxruntime/cuda:0");
        let intel = host(Some(&["cpu", "gpu"]), Some(&["cpu"]), None);
        assert_eq!(taken(&intel, &["auto"]), "openvino/gpu");
        assert_eq!(taken(&intel, &["gpu"]), "openvino/gpu");
        let bare = host(None, Some(&["cpu"]), None);
        assert_eq!(taken(&bare, &["auto"]), "onnxruntime/cpu");
    }

    #[test]
    fn what_is_absent_is_an_error_that_says_where_each_was_looked_for() {
        let host = host(Some(&["cpu"]), None, None);
        let error = compile(&host, b"model", &["gpu"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            "the device `gpu` cannot be used: of what has it, nothing is there:\n  \
             onnxruntime/cuda:0: onnxruntime is not in /lib\n  \
             openvino/gpu: openvino has no gpu"
        );
    }

    #[test]
    fn fallbacks_are_tried_in_their_order_and_said() {
        let host = host(Some(&["cpu", "gpu"]), None, None);
        let placement = compile(&host, b"model", &["cuda:1", "npu", "gpu", "cpu"]).unwrap();
        assert_eq!(placement.to_string(), "openvino/gpu");
        assert!(placement.is_fallback());
        assert_eq!(placement.asked.to_string(), "cuda:1");
        let passed: Vec<_> = placement
            .passed_over
            .iter()
            .map(|passed| passed.device.to_string())
            .collect();
        assert_eq!(passed, ["cuda:1", "npu"]);
        assert!(placement.passed_over[0].to_string().contains("/lib"));
        let error = compile(&host, b"model", &["cuda:1", "npu"]).unwrap_err();
        for words in [
            "none can be used",
            "\n  cuda:1: ",
            "\n  npu: ",
            "is not in /lib",
        ] {
            assert!(error.to_string().contains(words), "{error}");
        }
        let error = compile(&host, b"model", &["cuda:1"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the device `cuda:1` cannot be used: onnxruntime is not in /lib"
        );
    }

    #[test]
    fn a_model_that_the_device_cannot_do_goes_on_to_a_fallback_and_nowhere_else() {
        let host = host(Some(&["cpu", "gpu"]), None, None);
        for device in ["gpu", "auto"] {
            let error = compile(&host, b"hard", &[device]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(
                error.to_string().contains("openvino/gpu: too hard"),
                "{error}"
            );
            let placement = compile(&host, b"hard", &[device, "cpu"]).unwrap();
            assert_eq!(placement.to_string(), "openvino/cpu");
            assert!(placement.is_fallback());
        }
    }

    #[test]
    fn an_invalid_model_is_tried_once() {
        let host = host(Some(&["cpu", "gpu"]), None, None);
        let error = compile(&host, b"broken", &["gpu", "cpu"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidModel);
    }

    #[test]
    fn a_library_that_is_broken_is_passed_over_only_where_the_operator_says_so() {
        let host = Runtimes::with(|library| match library {
            Library::OpenVino => Err(Error::runtime("it does not start")),
            _ => Ok(Arc::new(Fake(library.name(), &["cpu"]))),
        });
        let error = compile(&host, b"model", &["cpu"]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("openvino/cpu: it does not start"),
            "{error}"
        );
        assert_eq!(taken(&host, &["openvino/cpu", "tract/cpu"]), "tract/cpu");
    }

    #[test]
    fn a_library_is_loaded_once_and_only_when_needed() {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let host = Runtimes::with(move |library| {
            counted.fetch_add(1, Ordering::Relaxed);
            Err(Error::not_found(format!("{library} is absent")))
        });
        assert_eq!(loads.load(Ordering::Relaxed), 0);
        for _ in 0..3 {
            assert!(compile(&host, b"model", &["cuda:0"]).is_err());
        }
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }
}
