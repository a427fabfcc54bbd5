//! What is tested: a backend on one of its devices.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use footlight_nn::{Backend, Error, Graph, OnnxRuntime, OpenVino, Tract};

/// The libraries, where a test has to know what one of them documents for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    OpenVino,
    OnnxRuntime,
    Tract,
}

pub struct Subject {
    /// What its tests are called by.
    pub name: &'static str,
    pub library: Library,
    pub device: &'static str,
    pub backend: Arc<dyn Backend>,
}

/// All of them; those that are not here with the reason.
pub fn all() -> Vec<(&'static str, Result<Arc<Subject>, Error>)> {
    [
        ("openvino", Library::OpenVino, "cpu"),
        ("onnxruntime", Library::OnnxRuntime, "cpu"),
        ("onnxruntime cuda", Library::OnnxRuntime, "cuda:0"),
        ("tract", Library::Tract, "cpu"),
    ]
    .into_iter()
    .map(|(name, library, device)| {
        let subject = library.load(None).and_then(|backend| {
            // A device that is not here is an error that says why.
            let one = crate::onnx::identity(footlight_nn::ElementType::F32, &[1]);
            backend.compile(&one, device)?;
            Ok(Arc::new(Subject {
                name,
                library,
                device,
                backend,
            }))
        });
        (name, subject)
    })
    .collect()
}

impl Library {
    /// Loads it, from a folder or from where it is found by itself.
    pub fn load(self, folder: Option<&Path>) -> Result<Arc<dyn Backend>, Error> {
        Ok(match self {
            Library::OpenVino => Arc::new(OpenVino::load(folder)?),
            Library::OnnxRuntime => Arc::new(OnnxRuntime::load(folder)?),
            Library::Tract => Arc::new(Tract::new()),
        })
    }
}

impl Subject {
    /// The same with the processor's threads arranged for two inferences at a time, where that has to
    /// be said.
    pub fn for_two(&self) -> Subject {
        let backend: Arc<dyn Backend> = match self.library {
            Library::OpenVino => {
                let two = NonZeroUsize::MIN.saturating_add(1);
                let folder = self.backend.library().and_then(Path::parent);
                let loaded = OpenVino::load(folder).and_then(|library| library.with_streams(two));
                Arc::new(loaded.unwrap())
            }
            _ => Arc::clone(&self.backend),
        };
        Subject { backend, ..*self }
    }

    /// Compiles for the device.
    pub fn try_compile(&self, model: &[u8]) -> Result<Arc<dyn Graph>, Error> {
        self.backend.compile(model, self.device)
    }
}
