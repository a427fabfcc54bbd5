//! What a caller may choose.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::{Digest, Judge};

/// How registries are spoken to, and what is taken from them.
#[derive(Clone)]
pub struct Options {
    /// Registries that are spoken to without TLS, as they are written in references. Those of this machine
    /// (`localhost`, `127.0.0.1`, `[::1]`) always are.
    pub plain_http: Vec<String>,
    /// Files with certificates (PEM) to trust besides the system's.
    pub extra_root_certificates: Vec<PathBuf>,
    /// The folder with docker's `config.json`. Without it: `DOCKER_CONFIG`, else `.docker` in the home folder.
    pub docker_config: Option<PathBuf>,
    /// The most that is taken.
    pub limits: Limits,
    /// When a registry is given up.
    pub patience: Patience,
    /// Who says what may be run. Without a judge everything may.
    pub judge: Option<Arc<dyn Judge>>,
    /// Who is told what moves.
    pub progress: Arc<dyn Progress>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            plain_http: Vec::new(),
            extra_root_certificates: Vec::new(),
            docker_config: None,
            limits: Limits::default(),
            patience: Patience::default(),
            judge: None,
            progress: Arc::new(()),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("plain_http", &self.plain_http)
            .field("extra_root_certificates", &self.extra_root_certificates)
            .field("docker_config", &self.docker_config)
            .field("limits", &self.limits)
            .field("patience", &self.patience)
            .field("judge", &self.judge.is_some())
            .finish_non_exhaustive()
    }
}

/// The most bytes that are taken of each thing. What is larger by its descriptor is refused before any of it is
/// fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A manifest, an index, a signature's payload, a pipeline file or a model card.
    pub document: u64,
    /// A stage's component.
    pub stage: u64,
    /// A model or a gallery.
    pub model: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document: 4 << 20,
            stage: 64 << 20,
            model: 2 << 30,
        }
    }
}

/// How long a registry is waited for, and how often it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection to be made.
    pub connect: Duration,
    /// For the next bytes of an answer.
    pub idle: Duration,
    /// How often a request is made that fails in a way that may pass. A try that brought a mebibyte or more of a blob
    /// does not count.
    pub tries: u32,
    /// The pause before the second try; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause, also where a registry asks for a longer one: it is given up then.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            tries: 5,
            pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// Is told how far each blob is. Called from the threads that move them, several at once.
pub trait Progress: Send + Sync {
    /// So many bytes of a blob are here, or there, of so many.
    fn blob(&self, digest: &Digest, done: u64, total: u64);
}

/// Tells nobody.
impl Progress for () {
    fn blob(&self, _: &Digest, _: u64, _: u64) {}
}
