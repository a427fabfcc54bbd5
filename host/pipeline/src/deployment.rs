//! A pipeline as a host keeps it: what its versions have in common.

use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::gallery::SharedGallery;
use crate::node::NodeFacts;
use crate::open::{Locations, Pipeline};
use footlight_nn::Runtimes;
use footlight_sandbox::{Sandbox, Usage};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A pipeline as its author wrote it, before anything of it is opened.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The pipeline file.
    pub file: PipelineFile,
    /// The digest of the artifact that it came as, `sha256:` and 64 hexadecimal digits; none for a file.
    pub version: Option<String>,
    /// Where it came from, as people are told: a path, a reference.
    pub origin: String,
}

impl Definition {
    /// Reads a pipeline file.
    ///
    /// # Errors
    /// [`OpenError`] with the file's name, and the line where that helps.
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            file: PipelineFile::read(path)?,
            version: None,
            origin: path.display().to_string(),
        })
    }
}

/// A pipeline as a host keeps it: versions of it are opened one after the other, and share the engine, the
/// gallery and what is counted.
pub struct Deployment {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) runtimes: Arc<Runtimes>,
    pub(crate) locations: Locations,
    pub(crate) usage: Arc<Usage>,
    /// Opened by the first version that has one, and open from then on: a file can be opened only once, and
    /// a version without a gallery may be followed by one that has it again.
    pub(crate) gallery: Mutex<Option<Arc<SharedGallery>>>,
    /// Held by the version that opens it.
    pub(crate) opening_gallery: Mutex<()>,
    /// What is known of the node, where stages are placed by that.
    node: Mutex<Option<NodeFacts>>,
    /// One of these is held by each version.
    pub(crate) held: Arc<()>,
}

impl Deployment {
    /// One of which no version is open yet.
    pub fn new(sandbox: Arc<Sandbox>, runtimes: Arc<Runtimes>, locations: Locations) -> Self {
        Self {
            sandbox,
            runtimes,
            locations,
            usage: Arc::default(),
            gallery: Mutex::default(),
            opening_gallery: Mutex::default(),
            node: Mutex::default(),
            held: Arc::default(),
        }
    }

    /// Opens a version: compiles its components and models, and reads the gallery. What a version in `reuse`
    /// has already is not compiled again, so that changing one stage costs the compilation of one stage. Two versions may be
    /// opened at the same time.
    ///
    /// # Errors
    /// Whatever the file gets wrong or is missing, in the words of whoever wrote it.
    pub fn open(&self, definition: Definition, reuse: &[&Pipeline]) -> Result<Pipeline, OpenError> {
        let origin = definition.origin.clone();
        Pipeline::from_definition(self, definition, reuse)
            .map_err(|error| error.within(format_args!("{origin}: ")))
    }

    /// Says what the node is that the host is on. It counts from the next version on that is opened; before this was said,
    /// stages are placed by zones alone.
    pub fn on_node(&self, facts: NodeFacts) {
        *self.node.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts);
    }

    pub(crate) fn node(&self) -> Option<NodeFacts> {
        self.node
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What stages of all versions hold right now.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// How many versions are open: some may only be finishing their last frames.
    pub fn versions(&self) -> usize {
        Arc::strong_count(&self.held).saturating_sub(1)
    }
}
